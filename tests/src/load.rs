//! Callers at work while others hold connections: how long they wait, and what it costs in memory.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    bridge::{Bridge, Site},
    wire::{Ask, Peer},
};

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Event streams that are open and say nothing.
    pub streams: usize,
    /// Requests of which half the head has come.
    pub half_open: usize,
    /// Callers at work, each on a connection of its own.
    pub callers: usize,
    /// Requests of each caller.
    pub requests: usize,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// What half of the requests took at most.
    pub median: Duration,
    /// What 99 of 100 took at most.
    pub p99: Duration,
    /// What the server's process holds in memory, in kibibytes.
    pub resident_kib: u64,
}

/// Before anything else was there, and beside the idle ones.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// The callers alone.
    pub alone: Measured,
    /// The same beside idle streams and half-open requests.
    pub beside: Measured,
}

/// The most memory that a server of this size may hold, in kibibytes: a fixed part, and so much for each connection.
#[must_use]
pub fn resident_kib_max(size: Size) -> u64 {
    const FIXED: u64 = 64 * 1024;
    const PER_CONNECTION: u64 = 48;
    FIXED + PER_CONNECTION * (size.streams + size.half_open + size.callers) as u64
}

/// Measures callers alone and beside the idle ones.
#[must_use]
pub fn run(size: Size) -> Report {
    let limits = format!(
        "[limits]\nrequests_per_minute_max = 0\nstreams_per_user_max = {}\nhead_seconds_max = 600\n",
        size.streams + 1
    );
    let bridge = Site::new().config(limits).start();
    // The first requests pay for what is made once.
    let _ = measure(&bridge, size);
    let alone = measure(&bridge, size);
    let streams: Vec<Peer> = (0..size.streams).map(|_| stream(&bridge)).collect();
    let half_open: Vec<Peer> = (0..size.half_open).map(|_| half(&bridge)).collect();
    let beside = measure(&bridge, size);
    drop((streams, half_open));
    Report { alone, beside }
}

/// A stream of somebody whom the callers' tickets do not concern.
fn stream(bridge: &Bridge) -> Peer {
    let mut peer = bridge.peer();
    peer.send(Ask::get("/events").of("lead").bytes());
    peer.until("\r\n\r\n");
    peer
}

fn half(bridge: &Bridge) -> Peer {
    let mut peer = bridge.peer();
    peer.send("POST /action HTTP/1.1\r\nHost: localhost\r\nX-Half: ");
    peer
}

fn measure(bridge: &Bridge, size: Size) -> Measured {
    let mut took: Vec<Duration> = thread::scope(|scope| {
        let callers: Vec<_> = (0..size.callers).map(|_| scope.spawn(move || work(bridge, size.requests))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    took.sort_unstable();
    let at = |hundredths: usize| took[(took.len() - 1) * hundredths / 100];
    Measured { median: at(50), p99: at(99), resident_kib: resident_kib(bridge) }
}

/// Each request is a ticket that is opened and ended: a commit.
fn work(bridge: &Bridge, requests: usize) -> Vec<Duration> {
    let mut peer = bridge.peer();
    let body = json!({ "action": "list-actions" }).to_string();
    (0..requests)
        .map(|_| {
            let ask = Ask::post("/action", &body);
            let began = Instant::now();
            let reply = peer.send(ask.bytes()).reply();
            let took = began.elapsed();
            assert_eq!(reply.status, 200, "{}", reply.text());
            took
        })
        .collect()
}

fn resident_kib(bridge: &Bridge) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", bridge.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
