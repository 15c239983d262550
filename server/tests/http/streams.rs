//! Event streams and held answers: signed heads, hints, and places that come back.

use crate::{
    peer::{Ask, Peer, exchange},
    served::{QUEUED, Served},
};

fn listen(served: &Served, ask: &Ask) -> Peer {
    let mut peer = Peer::connect(served.addr);
    let reply = peer.send(ask.bytes()).reply();
    assert_eq!(reply.status, 200);
    ask.verify(&reply).expect("a signed head");
    peer
}

#[test]
fn a_stream_is_signed_at_its_head_and_tells_at_once_that_it_is_open() {
    let served = Served::start();
    listen(&served, &Ask::get("/events")).until(":\n\n");
}

#[test]
fn who_may_approve_hears_of_a_ticket_by_a_hint() {
    let served = Served::start();
    let mut approver = listen(&served, &Ask::get("/events").of("user"));
    approver.until(":\n\n");
    let ticket = exchange(served.addr, &Ask::post("/action", r#"{"action":"list-actions"}"#)).json();
    assert!(approver.until("data: ").contains("id: "));
    let data = approver.until("}");
    assert!(data.contains(ticket["id"].as_str().unwrap()), "{data}");
}

#[test]
fn a_users_streams_are_counted_and_a_place_comes_back_when_its_peer_has_gone() {
    let served = Served::start_with(|settings| settings.limits.streams_per_user_max = 1);
    let first = listen(&served, &Ask::get("/events"));
    assert_eq!(exchange(served.addr, &Ask::get("/events")).status, 429);
    listen(&served, &Ask::get("/events").of("user"));
    drop(first);
    served.until(|| exchange(served.addr, &Ask::get("/events")).status == 200);
}

#[test]
fn a_stream_ends_when_its_user_changes_and_others_go_on() {
    let served = Served::start();
    let mut agent = listen(&served, &Ask::get("/events"));
    let mut approver = listen(&served, &Ask::get("/events").of("user"));
    let mut other = listen(&served, &Ask::get("/events").of("other"));
    served.remove("agent");
    agent.until_closed_stream();
    approver.until_closed_stream();
    assert_eq!(exchange(served.addr, &Ask::get("/queue")).status, 401);
    served.still_open(&mut other, "other");
}

#[test]
fn a_stream_has_its_time() {
    let served = Served::start_with(|settings| settings.limits.stream_seconds_max = 1);
    listen(&served, &Ask::get("/events")).until_closed_stream();
}

#[test]
fn a_last_event_id_is_a_number() {
    let served = Served::start();
    assert_eq!(exchange(served.addr, &Ask::get("/events").with("Last-Event-ID", "x")).status, 400);
    listen(&served, &Ask::get("/events").with("Last-Event-ID", "0"));
}

impl Peer {
    /// Reads to the last chunk of a stream.
    fn until_closed_stream(&mut self) {
        self.until("0\r\n\r\n");
    }
}

impl Served {
    /// The stream still tells that it is alive or what happens.
    fn still_open(&self, peer: &mut Peer, user: &'static str) {
        exchange(self.addr, &Ask::post("/action", r#"{"action":"list-actions"}"#).of(user));
        peer.until("data:");
    }
}

#[test]
fn a_place_to_wait_comes_back_when_its_peer_has_gone() {
    let served = Served::start_with(|settings| settings.limits.waits_per_user_max = 1);
    let waiting = |seconds: u32| Ask::post("/action", QUEUED).with("Prefer", &format!("wait={seconds}"));
    let mut first = Peer::connect(served.addr);
    first.send(waiting(200).bytes());
    served.until(|| exchange(served.addr, &waiting(1)).status == 429);
    drop(first);
    served.until(|| exchange(served.addr, &waiting(1)).status != 429);
}
