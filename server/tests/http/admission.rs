//! Who gets in: signatures, freshness, replay, and that no path was forgotten.

use ccc_protocol::signing::AnswerRefusal;
use ccc_server::parts::{ROUTES, Route, Verb};

use crate::{
    peer::{Ask, Peer, exchange, fresh_nonce, now, secret},
    served::Served,
};

const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";

/// A request for each line of the routing table, as somebody with rights would send it.
fn asks() -> Vec<Ask> {
    let ask = |route: &Route| {
        let segment = |segment: &'static str| if segment.starts_with('{') { ID } else { segment };
        let target = route.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        match route.method {
            Verb::Get => Ask::get(&target).of("user"),
            Verb::Post => Ask::post(&target, "{}").of("user"),
        }
    };
    ROUTES.iter().map(ask).collect()
}

fn is_the_one_refusal(ask: &Ask, served: &Served, bytes: &[u8]) -> String {
    let reply = Peer::connect(served.addr).send(bytes).reply();
    assert_eq!(reply.status, 401, "{} {}: {}", ask.method, ask.target, reply.text());
    assert_eq!(ask.verify(&reply), Err(AnswerRefusal::Unsigned));
    let mut problem = reply.json();
    problem.as_object_mut().unwrap().remove("instance").expect("a request id");
    problem.to_string()
}

#[test]
fn no_path_answers_a_request_without_a_right_signature_and_all_refuse_in_the_same_words() {
    let served = Served::start();
    let mut texts = std::collections::BTreeSet::new();
    for ask in asks() {
        let unsigned: String = ask
            .head()
            .lines()
            .filter(|line| !line.starts_with("Signature"))
            .map(|line| format!("{line}\r\n"))
            .collect();
        texts.insert(is_the_one_refusal(
            &ask,
            &served,
            &[unsigned.as_bytes(), ask.body.as_deref().unwrap_or_default()].concat(),
        ));
        let wrong_key = Ask { secret: secret("somebody else"), ..ask.clone() };
        texts.insert(is_the_one_refusal(&ask, &served, &wrong_key.bytes()));
        let unknown = Ask { user: "nobody", ..ask.clone() };
        texts.insert(is_the_one_refusal(&ask, &served, &unknown.bytes()));
    }
    assert_eq!(texts.len(), 1, "{texts:#?}");
}

#[test]
fn no_path_answers_a_replay() {
    let served = Served::start();
    for ask in asks() {
        let first = exchange(served.addr, &ask);
        ask.verify(&first).unwrap_or_else(|error| panic!("{} {}: {error}", ask.method, ask.target));
        let again = exchange(served.addr, &ask);
        assert_eq!(again.status, 401, "{} {}", ask.method, ask.target);
        ask.verify(&again).expect("signed, since its MAC was right");
    }
}

#[test]
fn no_path_answers_a_stale_request_and_the_answer_tells_the_time() {
    let served = Served::start();
    for ask in asks() {
        for created in [now() - 32, now() + 32] {
            let ask = Ask { created, ..ask.clone() };
            let reply = exchange(served.addr, &ask);
            assert_eq!((reply.status, &reply.json()["type"]), (401, &"urn:ccc:stale".into()), "{}", ask.target);
            assert!(ask.verify(&reply).expect("a signed answer").covers_date, "{}", ask.target);
            let date = ccc_protocol::http_date::parse(reply.field("date").unwrap()).unwrap();
            assert!((now() - 5..=now() + 1).contains(&date), "{date}");
        }
    }
}

#[test]
fn a_nonce_is_one_users_and_good_for_one_request_of_whatever_kind() {
    let served = Served::start();
    // Of one second, in which a nonce is remembered: the clock may tick between two requests.
    let (nonce, created) = (fresh_nonce(), now());
    let again = |ask: Ask| exchange(served.addr, &Ask { nonce: nonce.clone(), created, ..ask }).status;
    assert_eq!(again(Ask::get("/queue")), 200);
    assert_eq!(again(Ask::get("/actions")), 401);
    assert_eq!(again(Ask::get("/actions").of("user")), 200);
}

#[test]
fn a_signature_fits_its_own_request_alone() {
    let served = Served::start();
    let ask = Ask::post("/action", r#"{"action":"list-actions"}"#).with("Content-Type", "application/json");
    let text = String::from_utf8(ask.bytes()).unwrap();
    let swaps = [
        ("POST /action ", "GET /action "),
        ("POST /action ", "POST /freeze "),
        ("POST /action ", "POST /action?x=1 "),
        ("Host: localhost", "Host: 127.0.0.1"),
        ("nonce=\"", "nonce=\"0"),
    ];
    for (from, to) in swaps {
        let swapped = text.replacen(from, to, 1);
        assert_ne!(swapped, text);
        let status = Peer::connect(served.addr).send(swapped).reply().status;
        // GET with a body is refused before anything else; all others for their signature.
        assert_eq!(status, if to.starts_with("GET") { 400 } else { 401 }, "{to}");
    }
    assert_eq!(Peer::connect(served.addr).send(text).reply().status, 200);
}

#[test]
fn another_body_than_the_signed_one_does_nothing() {
    let served = Served::start();
    let ask = Ask::post("/action", r#"{"action":"list-actions"}"#);
    let forged = [ask.head().into_bytes(), br#"{"action":"list-actionz"}"#.to_vec()].concat();
    let reply = Peer::connect(served.addr).send(forged).reply();
    assert_eq!(reply.status, 401);
    ask.verify(&reply).expect("the head's signature was right");
}

#[test]
fn health_needs_no_signature_and_says_nothing_more() {
    let served = Served::start();
    let reply = Peer::connect(served.addr).send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").reply();
    assert_eq!((reply.status, reply.text().as_str()), (200, r#"{"status":"ok"}"#));
    assert!(reply.field("signature").is_none());
}

#[test]
fn the_seeds_headers_are_refused_unless_asked_for() {
    let served = Served::start();
    assert_eq!(legacy(&served, "POST /action", r#"{"action":"list-actions"}"#, 0).status, 401);
}

#[test]
fn the_seeds_headers_are_enough_for_two_paths_once_each_and_never_for_a_decision() {
    let served = Served::start_with(|settings| settings.legacy_signatures = true);
    let body = r#"{"action":"list-actions"}"#;
    let reply = legacy(&served, "POST /action", body, 0);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.field("signature").is_none(), "no key binds an answer to it");
    assert_eq!(legacy(&served, "POST /action", body, 0).status, 401, "used before");
    assert_eq!(legacy(&served, "GET /queue", "", 1).status, 200);
    assert_eq!(legacy(&served, "GET /queue?after=1", "", 2).status, 401);
    for path in ["/queue/0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f/approve", "/freeze", "/policies/group/email"] {
        assert_eq!(legacy(&served, &format!("POST {path}"), "{}", 3).status, 401, "{path}");
    }
    let permission = r#"{"action":"set-mail-permission","target_user":"agent","to":"a@example.com","allow":true}"#;
    assert_eq!(legacy(&served, "POST /action", permission, 4).status, 403);
    assert_eq!(legacy(&served, "POST /action", body, -40_000).status, 401, "too old");
}

/// A request as the seed's client signs it, `later` milliseconds from now.
fn legacy(served: &Served, line: &str, body: &str, later: i64) -> crate::peer::Reply {
    let timestamp = (served.started_ms + later).to_string();
    let key = ccc_protocol::signing::Key::new(secret("agent").as_bytes());
    let signature = ccc_protocol::legacy::sign(&key, &timestamp, body.as_bytes());
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nX-Conduit-User: agent\r\nX-Conduit-Timestamp: {timestamp}\r\nX-Conduit-Signature: {signature}\r\n{length}\r\n"
    );
    Peer::connect(served.addr).send(head + body).reply()
}
