//! What an attacker may write into the fields that sign a request or an
//! answer, and what comes of it.

use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::signing::{
    AnswerRefusal, AnswerShape, AnswerToSign, Key, ReceivedAnswer, Refusal, RequestHead, RequestMark, RequestToSign,
    SignatureOfRequest, Stamp, VerifiedAnswer, sign_answer, sign_request, verify_answer,
};

const MAC: &str = ":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
const PARAMS: &str = r#";created=1;keyid="agent";nonce="01234567""#;

fn key() -> Key {
    Key::new(b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
}

/// What becomes of a `GET target` with these fields: the status of the refusal,
/// or 0 when the rules that need no key let it through.
fn status(target: &str, fields: &[(&str, &str)]) -> u16 {
    let head = RequestHead { method: "GET", target, has_body: false, fields };
    match SignatureOfRequest::read(&head) {
        Ok(_) => 0,
        Err(refusal) => refusal.status(),
    }
}

fn with_input(input: &str) -> u16 {
    let signature = format!("a={MAC}");
    status("/queue", &[("host", "x"), ("signature-input", input), ("signature", &signature)])
}

fn with_signature(signature: &str) -> u16 {
    let input = format!(r#"a=("@method" "@path"){PARAMS}"#);
    status("/queue", &[("host", "x"), ("signature-input", &input), ("signature", signature)])
}

#[test]
fn signers_of_other_makes_are_read() {
    for input in [
        format!(r#"a=("@method" "@path"){PARAMS}"#),
        format!(r#"  a=( "@path"   "@method" ){PARAMS}  "#),
        format!(r#"a=("@method" "@target-uri"){PARAMS}"#),
        format!(r#"a=("@request-target" "@method" "@authority" "host" "accept";bs){PARAMS}"#),
        r#"a=("@method" "@path");nonce="with \"quotes\"";keyid="agent";created=1;expires=9;alg="hmac-sha256";tag="x""#
            .to_owned(),
    ] {
        assert_eq!(with_input(&input), 0, "{input}");
    }
}

#[test]
fn an_input_with_two_readings_or_none_is_400() {
    for input in [
        r#"a=("@method" "@path""#.to_owned(),
        "a".to_owned(),
        "a=1".to_owned(),
        r#"a="x""#.to_owned(),
        format!(r#"b=("@method" "@path"){PARAMS}"#),
        format!(r#"a=("@method" "@path"){PARAMS}, b=("@method" "@path"){PARAMS}"#),
        format!(r#"a=("@method" "@path"){PARAMS}, a=("@method" "@path"){PARAMS}"#),
        format!(r#"a=("@method" "@path"){PARAMS},"#),
        format!(r#"a=("@method" "@path" "@path"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "accept";bs "accept";bs){PARAMS}"#),
        format!(r#"a=("@method" "@path" date){PARAMS}"#),
        format!(r#"a=("@method" "@path" "Date"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "a\"b"){PARAMS}"#),
        format!(r#"a=("@method" "@path" ""){PARAMS}"#),
        format!(r#"a=("@method" "@path" "@status"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "@signature-params"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "@query-param";name="x"){PARAMS}"#),
        format!(r#"a=("@method";req "@path"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "accept";sf){PARAMS}"#),
        format!(r#"a=("@method" "@path" "accept";key="x"){PARAMS}"#),
        format!(r#"a=("@method" "@path" "accept";bs=?0){PARAMS}"#),
        format!(r#"a=("@method" "@path" "accept";tr){PARAMS}"#),
        format!(r#"a=("@method" "@path"){PARAMS};created=2"#),
        r#"a=("@method" "@path");created="1";keyid="agent";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1.0;keyid="agent";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=9999999999999999;keyid="agent";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;expires=x;keyid="agent";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid=agent;nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="a b";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="agent";nonce=01234567"#.to_owned(),
        format!(r#"a=("@method" "@path");created=1;keyid="{}";nonce="01234567""#, "k".repeat(65)),
        format!("a=(\"@method\"\t\"@path\"){PARAMS}"),
        format!("a=(\"@method\" \"@path\u{e9}\"){PARAMS}"),
    ] {
        assert_eq!(with_input(&input), 400, "{input}");
    }
}

#[test]
fn a_signature_that_binds_too_little_is_401() {
    for input in [
        format!("a=(){PARAMS}"),
        format!(r#"a=("@path"){PARAMS}"#),
        format!(r#"a=("@method"){PARAMS}"#),
        format!(r#"a=("@method" "@query"){PARAMS}"#),
        r#"a=("@method" "@path")"#.to_owned(),
        r#"a=("@method" "@path");keyid="agent";nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;nonce="01234567""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="agent""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="agent";nonce="0123456""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="agent";nonce="\"\"\"\"\"\"\"""#.to_owned(),
        format!(r#"a=("@method" "@path");created=1;keyid="agent";nonce="{}""#, "n".repeat(129)),
        r#"a=("@method" "@path");created=1;keyid="agent";nonce="01234567";alg="ed25519""#.to_owned(),
        r#"a=("@method" "@path");created=1;keyid="agent";nonce="01234567";alg=hmac-sha256"#.to_owned(),
        String::new(),
    ] {
        assert_eq!(with_input(&input), 401, "{input}");
    }
}

#[test]
fn a_signature_that_is_not_one_mac_is_400() {
    assert_eq!(with_signature(&format!("a={MAC}")), 0);
    for signature in [
        format!("b={MAC}"),
        format!("a={MAC}, b={MAC}"),
        format!("a={MAC};x"),
        format!("a=({MAC})"),
        "a=::".to_owned(),
        "a=:AAAA:".to_owned(),
        format!("a={}", MAC.replace('=', "")),
        "a=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=:".to_owned(),
        format!("a=:{}:", "A".repeat(4000)),
        "a=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        assert_eq!(with_signature(&signature), 400, "{signature}");
    }
}

#[test]
fn fields_that_decide_are_sent_once() {
    let input = format!(r#"a=("@method" "@path" "content-digest" "idempotency-key"){PARAMS}"#);
    let signature = format!("a={MAC}");
    let fields = [
        ("host", "x"),
        ("content-digest", "sha-256=:AA==:"),
        ("idempotency-key", "\"k\""),
        ("signature-input", input.as_str()),
        ("signature", signature.as_str()),
    ];
    assert_eq!(status("/queue", &fields), 0);
    for field in fields {
        let mut twice = fields.to_vec();
        twice.push(field);
        assert_eq!(status("/queue", &twice), 400, "{}", field.0);
    }
}

#[test]
fn without_a_signature_there_is_one_answer() {
    let input = format!(r#"a=("@method" "@path"){PARAMS}"#);
    let signature = format!("a={MAC}");
    for fields in [&[("host", "x")][..], &[("signature", signature.as_str())], &[("signature-input", input.as_str())]] {
        let head = RequestHead { method: "GET", target: "/queue", has_body: false, fields };
        assert_eq!(SignatureOfRequest::read(&head).unwrap_err(), Refusal::Unsigned);
    }
}

#[test]
fn what_is_sent_must_be_covered_without_parameters() {
    let signature = format!("a={MAC}");
    let covered_by = |covered: &str, target: &str, has_body: bool, extra: (&str, &str)| {
        let input = format!("a=({covered}){PARAMS}");
        let fields = [("host", "x"), extra, ("signature-input", input.as_str()), ("signature", signature.as_str())];
        let head = RequestHead { method: "POST", target, has_body, fields: &fields[..] };
        SignatureOfRequest::read(&head).is_ok()
    };
    let none = ("x-none", "");
    let digest = ("content-digest", "sha-256=:AA==:");
    let idempotency = ("idempotency-key", "\"k\"");
    let base = r#""@method" "@path""#;
    assert!(covered_by(base, "/a", false, none));
    assert!(!covered_by(base, "/a?b", false, none));
    assert!(!covered_by(base, "/a?", false, none));
    assert!(covered_by(r#""@method" "@path" "@query""#, "/a?b", false, none));
    assert!(covered_by(r#""@method" "@request-target""#, "/a?b", false, none));
    assert!(!covered_by(base, "/a", true, none));
    assert!(!covered_by(base, "/a", true, digest));
    assert!(!covered_by(base, "/a", false, digest));
    assert!(!covered_by(r#""@method" "@path" "content-digest";bs"#, "/a", true, digest));
    assert!(covered_by(r#""@method" "@path" "content-digest""#, "/a", true, digest));
    assert!(!covered_by(base, "/a", false, idempotency));
    assert!(!covered_by(r#""@method" "@path" "idempotency-key";bs"#, "/a", false, idempotency));
    assert!(covered_by(r#""@method" "@path" "idempotency-key""#, "/a", false, idempotency));
}

const DIGEST: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

/// A request of our own signer, as the fields that were sent.
fn signed(target: &str) -> Vec<(String, String)> {
    let request = RequestToSign {
        method: "POST",
        target,
        authority: "localhost:3015",
        content_type: Some("application/json"),
        content_digest: Some(DIGEST),
        idempotency_key: Some("\"k\""),
    };
    let stamp = Stamp { keyid: "agent", created: 1000, nonce: "0123456789abcdef" };
    let signed = sign_request(&key(), &request, &stamp);
    [
        ("host", "LOCALHOST:3015"),
        ("content-type", " application/json "),
        ("content-digest", DIGEST),
        ("idempotency-key", "\"k\""),
        ("signature-input", &signed.signature_input),
        ("signature", &signed.signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn verifies(method: &str, target: &str, fields: &[(String, String)]) -> bool {
    let head = RequestHead { method, target, has_body: true, fields };
    SignatureOfRequest::read(&head).is_ok_and(|signature| signature.verify(Some(&key()), &head))
}

#[test]
fn a_signature_fits_one_request_only() {
    let fields = signed("/action?x=1");
    assert!(verifies("POST", "/action?x=1", &fields));
    assert!(!verifies("GET", "/action?x=1", &fields));
    assert!(!verifies("POST", "/action?x=2", &fields));
    assert!(!verifies("POST", "/queue?x=1", &fields));
    for changed in ["host", "content-type", "content-digest", "idempotency-key"] {
        let mut fields = fields.clone();
        fields.iter_mut().find(|(name, _)| name == changed).unwrap().1 = "other".to_owned();
        assert!(!verifies("POST", "/action?x=1", &fields), "{changed}");
        fields.retain(|(name, _)| name != changed);
        assert!(!verifies("POST", "/action?x=1", &fields), "without {changed}");
    }
}

#[test]
fn every_bit_of_the_parameters_is_signed() {
    let fields = signed("/action");
    for (from, to) in [("1000", "1001"), ("agent", "user"), ("abcdef", "abcdee"), ("\"@path\" ", "")] {
        let mut changed = fields.clone();
        let input = &mut changed.iter_mut().find(|(name, _)| name == "signature-input").unwrap().1;
        assert!(input.contains(from));
        *input = input.replacen(from, to, 1);
        assert!(!verifies("POST", "/action", &changed), "{from}");
    }
}

#[test]
fn freshness_has_two_edges_and_an_end() {
    let signature = format!("a={MAC}");
    let fresh = |params: &str, now: i64| {
        let input = format!(r#"a=("@method" "@path");{params};keyid="agent";nonce="01234567""#);
        let fields = [("signature-input", input.as_str()), ("signature", signature.as_str())];
        let head = RequestHead { method: "GET", target: "/", has_body: false, fields: &fields[..] };
        SignatureOfRequest::read(&head).unwrap().is_fresh(now)
    };
    for (now, is) in [(969, false), (970, true), (1000, true), (1030, true), (1031, false)] {
        assert_eq!(fresh("created=1000", now), is, "{now}");
    }
    assert!(fresh("created=1000;expires=1010", 1010));
    assert!(!fresh("created=1000;expires=1010", 1011));
    assert!(!fresh("created=-999999999999999", i64::MAX));
}

const MARK: RequestMark<'static> = RequestMark { label: "ccc", value: ":cmVxdWVzdA==:" };

const PLAIN: VerifiedAnswer = VerifiedAnswer { created: 1000, covers_date: false };

type Received = (u16, Vec<(String, String)>, Vec<u8>);

fn answer(status: u16, date: Option<&str>, mark: RequestMark<'_>, keyid: &str) -> Received {
    let body = b"{}".to_vec();
    let digest = ContentDigest::of(&body).to_string();
    let answer = AnswerToSign { status, content_digest: Some(&digest), date, request: mark };
    let signed = sign_answer(&key(), keyid, &answer, 1000);
    let mut fields = vec![
        ("content-digest".to_owned(), digest),
        ("signature-input".to_owned(), signed.signature_input),
        ("signature".to_owned(), signed.signature),
    ];
    fields.extend(date.map(|date| ("date".to_owned(), date.to_owned())));
    (status, fields, body)
}

fn verdict(key: &Key, (status, fields, body): &Received) -> Result<VerifiedAnswer, AnswerRefusal> {
    let shape = AnswerShape::Whole(body);
    verify_answer(key, "agent", MARK, &ReceivedAnswer { status: *status, fields: &fields[..], shape })
}

fn is_forged(received: &Received) -> bool {
    matches!(verdict(&key(), received), Err(AnswerRefusal::Forged(_)))
}

#[test]
fn an_answer_holds_for_its_request_its_user_and_its_body_alone() {
    let honest = answer(200, None, MARK, "agent");
    assert_eq!(verdict(&key(), &honest), Ok(PLAIN));
    assert!(matches!(verdict(&Key::new(b"x"), &honest), Err(AnswerRefusal::Forged(_))));
    assert!(is_forged(&answer(200, None, MARK, "user")));
    assert!(is_forged(&answer(200, None, RequestMark { value: ":b3RoZXI=:", ..MARK }, "agent")));
    assert!(is_forged(&answer(200, None, RequestMark { label: "x", ..MARK }, "agent")));

    let mut other_status = honest.clone();
    other_status.0 = 202;
    assert!(is_forged(&other_status));
    let mut other_body = honest.clone();
    other_body.2 = b"{ }".to_vec();
    assert!(is_forged(&other_body));
    let mut other_digest = honest.clone();
    other_digest.1[0].1 = ContentDigest::of(b"{ }").to_string();
    other_digest.2 = b"{ }".to_vec();
    assert!(is_forged(&other_digest));
}

#[test]
fn an_answer_without_its_signature_is_unsigned() {
    for field in ["signature", "signature-input"] {
        let mut bare = answer(200, None, MARK, "agent");
        bare.1.retain(|(name, _)| name != field);
        assert_eq!(verdict(&key(), &bare), Err(AnswerRefusal::Unsigned), "{field}");
    }
}

#[test]
fn a_date_is_covered_in_a_401_alone() {
    let date = Some("Tue, 20 Apr 2021 02:07:55 GMT");
    assert_eq!(verdict(&key(), &answer(401, date, MARK, "agent")), Ok(VerifiedAnswer { covers_date: true, ..PLAIN }));
    assert_eq!(verdict(&key(), &answer(401, None, MARK, "agent")), Ok(PLAIN));
    assert!(is_forged(&answer(200, date, MARK, "agent")));
    let mut other_date = answer(401, date, MARK, "agent");
    other_date.1.last_mut().unwrap().1 = "Tue, 20 Apr 2021 02:07:56 GMT".to_owned();
    assert!(is_forged(&other_date));
}

/// Signs an answer whose base and input an attacker with the right key, such as
/// a faulty server, chose freely.
fn signed_freely(covered: &str, lines: &str, params: &str) -> Received {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let digest = ContentDigest::of(b"{}").to_string();
    let base = format!("{lines}\"@signature-params\": ({covered}){params}").replace("DIGEST", &digest);
    let mac = STANDARD.encode(key().mac(base.as_bytes()));
    let fields = [
        ("content-digest", digest),
        ("signature-input", format!("ccc=({covered}){params}")),
        ("signature", format!("ccc=:{mac}:")),
    ];
    (200, fields.map(|(name, value)| (name.to_owned(), value)).to_vec(), b"{}".to_vec())
}

#[test]
fn an_answer_that_covers_less_more_or_otherwise_is_none() {
    const STATUS: &str = "\"@status\": 200\n";
    const CONTENT: &str = "\"content-digest\": DIGEST\n";
    const REQUEST: &str = "\"signature\";req;key=\"ccc\": :cmVxdWVzdA==:\n";
    const PARAMS: &str = ";created=1000;keyid=\"agent\"";
    let all = r#""@status" "content-digest" "signature";req;key="ccc""#;
    let lines = format!("{STATUS}{CONTENT}{REQUEST}");
    assert_eq!(verdict(&key(), &signed_freely(all, &lines, PARAMS)), Ok(PLAIN));

    for (covered, lines) in [
        (r#""@status" "content-digest""#, format!("{STATUS}{CONTENT}")),
        (r#""content-digest" "signature";req;key="ccc""#, format!("{CONTENT}{REQUEST}")),
        (r#""@status" "signature";req;key="ccc""#, format!("{STATUS}{REQUEST}")),
        (
            r#""@status" "content-digest" "signature";key="ccc""#,
            format!("{STATUS}{CONTENT}\"signature\";key=\"ccc\": :cmVxdWVzdA==:\n"),
        ),
        (r#""@status" "@status" "content-digest" "signature";req;key="ccc""#, format!("{STATUS}{lines}")),
    ] {
        assert!(is_forged(&signed_freely(covered, &lines, PARAMS)), "{covered}");
    }
    for params in [
        "",
        ";created=1000",
        ";keyid=\"agent\"",
        ";created=1000;keyid=\"agent\";expires=2000",
        ";created=\"x\";keyid=\"agent\"",
        ";created=1000;keyid=\"user\"",
    ] {
        assert!(is_forged(&signed_freely(all, &lines, params)), "{params}");
    }
}

#[test]
fn a_stream_head_covers_status_and_request_alone() {
    let answer = AnswerToSign { status: 200, content_digest: None, date: None, request: MARK };
    let signed = sign_answer(&key(), "agent", &answer, 1000);
    let fields = [("signature-input", &signed.signature_input), ("signature", &signed.signature)];
    let as_shape =
        |shape| verify_answer(&key(), "agent", MARK, &ReceivedAnswer { status: 200, fields: &fields[..], shape });
    assert_eq!(as_shape(AnswerShape::StreamHead), Ok(PLAIN));
    assert!(as_shape(AnswerShape::Whole(b"")).is_err());
}
