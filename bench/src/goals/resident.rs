//! Goal 11: the server's memory, idle, with much stored, and over many requests.

use std::{path::Path, time::Duration};

use super::{
    Bench,
    lists::{RAISED, RAISED_WORDS, fill_queue},
};
use crate::{
    load::{Contestant, paced},
    process::resident_mb,
    report::Goal,
    sample::median,
    server::{Home, Server, signer},
    sign::Ask,
};

/// How long a nonce is remembered at most, with the time that the server's clock takes to be past it.
const NONCES_LAST: Duration = Duration::from_secs(33);

/// Goal 11.
pub fn memory(bench: &mut Bench) {
    idle(bench);
    stored(bench);
    flat(bench);
}

fn idle(bench: &mut Bench) {
    let home = Home::new(&bench.builds);
    let bridge = home.bridge(&bench.builds, None);
    assert!(bridge.is_up(), "it takes connections");
    std::thread::sleep(Duration::from_secs(1));
    let resident = resident_mb(bridge.pid());
    bench.report.figure("11", "resident memory, idle", resident, " MB", Goal::AtMost(12.0), "");
}

fn stored(bench: &mut Bench) {
    let (stored, pending) = (bench.wishes.pick(10_000, 100_000, 100_000), 1000);
    let home = Home::new(&bench.builds).with_config(&format!("{RAISED}[desktop]\nbrowser = [\"true\", \"{{url}}\"]\n"));
    fill(bench, &home, stored - pending, None);
    let bridge = home.bridge(&bench.builds, None);
    fill_queue(&bridge, &signer("agent"), 0, pending);
    drop(bridge);
    // Started anew once the nonces of the filling do not matter any more: what is measured is what is stored.
    std::thread::sleep(if bench.wishes.quick { Duration::from_secs(1) } else { NONCES_LAST });
    let bridge = home.bridge(&bench.builds, None);
    assert!(bridge.is_up(), "it takes connections");
    std::thread::sleep(Duration::from_secs(1));
    let resident = resident_mb(bridge.pid());
    let what = format!("resident memory, {stored} tickets stored, {pending} of them pending, after a start");
    bench.report.figure("11", what, resident, " MB", Goal::AtMost(20.0), RAISED_WORDS);
}

/// Fills a store with tickets that ended, in turns short enough for their signatures to stay fresh.
pub fn fill(bench: &Bench, home: &Home, tickets: usize, preload: Option<&Path>) {
    let bridge = home.bridge(&bench.builds, preload);
    fill_bridge(&bridge, tickets);
}

/// The same through a running server.
pub fn fill_bridge(bridge: &Server, mut tickets: usize) {
    let signer = signer("agent");
    let contestant = Contestant::new(bridge, || signer.signed(Ask::list_actions()));
    while tickets > 0 {
        let some = tickets.min(50_000);
        let connections = some.min(64);
        let _ = contestant.turn(connections, some);
        tickets -= some;
    }
}

fn flat(bench: &mut Bench) {
    let (per_second, seconds) = bench.wishes.pick((2000, 5), (10_000, 20), (10_000, 100));
    let home = Home::new(&bench.builds);
    let bridge = home.bridge(&bench.builds, None);
    let signer = signer("agent");
    let make = || signer.signed(Ask::list_actions());
    if !bench.wishes.quick {
        // Until the nonce window is full.
        let _ = paced(&bridge, &make, per_second, NONCES_LAST + Duration::from_secs(7));
    }
    let mut tenths = vec![];
    let mut answered = 0;
    for _ in 0..10 {
        let mut samples = vec![];
        for _ in 0..5 {
            answered += paced(&bridge, &make, per_second, Duration::from_secs(seconds) / 50);
            samples.push(resident_mb(bridge.pid()));
        }
        tenths.push(median(&samples));
    }
    let (first, last) = (tenths[0], tenths[9]);
    let growth = (last / first - 1.0) * 100.0;
    let what = format!(
        "growth of resident memory over {answered} requests at {per_second}/s, the nonce window full, first to last tenth"
    );
    bench.report.figure("11", what, growth, " %", Goal::AtMost(5.0), format!("{first:.1} MB / {last:.1} MB"));
}
