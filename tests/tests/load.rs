//! Under load: who is idle costs callers nothing, one user's flood leaves another its share, and approvals pass. A short form
//! of `cargo run --release -p ccc-tests --bin load`.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use ccc_protocol::bodies::ProblemType;
use ccc_tests::{
    bridge::Bridge,
    load::{Size, resident_kib_max, run},
    wire::{Ask, Peer},
};
use serde_json::{Value, json};

#[test]
fn idle_streams_and_half_open_requests_hold_nobody_up() {
    let size = Size { streams: 250, half_open: 60, callers: 8, requests: 40 };
    let report = run(size);
    println!("{size:?}: {report:?}, memory bound {} KiB", resident_kib_max(size));
    // How long callers wait is measured by the long form: a shared machine would fail or pass this by its own load.
    assert!(report.beside.resident_kib <= resident_kib_max(size), "{report:?}");
}

/// An action that waits for a person and then does nothing.
const NOTHING: &str = "[actions.nothing]\npolicy = \"queue\"\nparams.word = { type = \"string\", required = true }\nrun = [\"true\", \"{word}\"]\nconfined = false\n";

fn nothing(word: &str) -> Value {
    json!({ "action": "nothing", "word": word })
}

fn bridge(limits: &str) -> Bridge {
    Bridge::with_config(format!("[limits]\n{limits}\n{NOTHING}"))
}

/// The agent asks as fast as it can from several connections until it is over; gives how often it was refused.
fn flood(bridge: &Bridge, over: &AtomicBool, refused: &AtomicUsize) {
    let mut peer = bridge.peer();
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let ask = Ask::post(
            "/action",
            &nothing(&format!("{:?}-{number}", thread::current().id()).replace(['(', ')'], "")).to_string(),
        );
        let Some(reply) = peer.try_send(ask.bytes()).ok().and_then(|()| peer.try_reply()) else {
            peer = bridge.peer();
            continue;
        };
        refused.fetch_add(usize::from(reply.status == 429), Ordering::Relaxed);
    }
}

/// Does something while the agent floods, and waits until the flood has met its limit.
fn beside_a_flood(bridge: &Bridge, work: impl FnOnce()) {
    let (over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| flood(bridge, &over, &refused));
        }
        // However it ends, the flood ends too.
        let _end = End(&over);
        while refused.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        work();
    });
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn one_callers_flood_leaves_another_its_share() {
    let bridge = bridge("queued_per_user_max = 40\nstreams_per_user_max = 2");
    let listen = || Ask::get("/events");
    let mut streams: Vec<Peer> = (0..2)
        .map(|_| {
            let mut peer = bridge.peer();
            peer.send(listen().bytes()).until("\r\n\r\n");
            peer
        })
        .collect();
    bridge.send(&listen()).refused(429, ProblemType::Limit);
    beside_a_flood(&bridge, || {
        for number in 0..20 {
            let reply = bridge.submit("other", &nothing(&format!("other-{number}")));
            assert_eq!(reply.status, 202, "{}", reply.text());
        }
        let mut stream = bridge.peer();
        assert_eq!(stream.send(listen().of("other").bytes()).until("\r\n\r\n").lines().next(), Some("HTTP/1.1 200 OK"));
    });
    let full = bridge.submit("agent", &nothing("one-more"));
    full.refused(429, ProblemType::Limit);
    assert!(full.field("retry-after").is_some(), "it says when to come again");
    streams.clear();
}

#[test]
fn an_approval_is_never_refused_because_an_agent_floods() {
    let bridge = bridge(
        "queued_per_user_max = 40\nconnections_max = 40\napprover_connections_reserved = 10\nhead_seconds_max = 600",
    );
    let tickets: Vec<_> =
        (0..20).map(|number| bridge.submit("agent", &nothing(&format!("kept-{number}"))).ticket()).collect();
    let _half_open: Vec<Peer> = (0..40)
        .map(|_| {
            let mut peer = bridge.peer();
            peer.send("GET / HTTP/1.1\r\n");
            peer
        })
        .collect();
    beside_a_flood(&bridge, || {
        for ticket in &tickets {
            // Each on a connection of its own, as a console that comes and goes.
            let reply = bridge.approve("user", ticket);
            assert!(matches!(reply.status, 200 | 202), "{}", reply.text());
        }
    });
}
