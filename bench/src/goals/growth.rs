//! Goals 12 and 13: how long a start takes, and what a request costs, as more and more is stored.

use super::{
    Bench,
    lists::{RAISED, RAISED_WORDS, fill_queue},
    resident::{fill, fill_bridge},
};
use crate::{
    load::Contestant,
    report::Goal,
    sample::{Ratio, median, rate},
    server::{Home, Server, signer},
    sign::Ask,
};

const CONFIG: &str = "[desktop]\nbrowser = [\"true\", \"{url}\"]\n";

/// Goal 12.
pub fn starts(bench: &mut Bench) {
    let empty = Home::new(&bench.builds);
    let took = times_to_health(bench, &empty);
    bench.report.figure("12", "start to the first `GET /health`, empty, median", took, " ms", Goal::AtMost(30.0), "");
    let (entries, pending) = bench.wishes.pick((10_000, 1000), (200_000, 10_000), (1_000_000, 10_000));
    let home = Home::new(&bench.builds).with_config(&format!("{RAISED}{CONFIG}"));
    fill(bench, &home, entries - pending, None);
    let bridge = home.bridge(&bench.builds, None);
    fill_queue(&bridge, &signer("agent"), 0, pending);
    drop(bridge);
    let took = times_to_health(bench, &home);
    let what = format!("start to the first `GET /health`, {entries} audit entries, {pending} pending, median");
    bench.report.figure("12", what, took, " ms", Goal::AtMost(300.0), RAISED_WORDS);
}

/// The first start makes the files and is not counted.
fn times_to_health(bench: &Bench, home: &Home) -> f64 {
    let _ = home.time_to_health(&bench.builds);
    let took: Vec<f64> =
        (0..bench.wishes.rounds).map(|_| home.time_to_health(&bench.builds).as_secs_f64() * 1000.0).collect();
    median(&took)
}

/// Requests of one turn: few enough not to change what is stored by much.
const TURN: usize = 5000;

/// Goal 13.
pub fn throughput(bench: &mut Bench) {
    let sizes: &[usize] = bench.wishes.pick(&[10, 1000], &[10, 1000, 100_000], &[10, 1000, 100_000, 1_000_000]);
    let homes: Vec<Home> = sizes.iter().map(|_| Home::new(&bench.builds)).collect();
    let servers: Vec<Server> = homes.iter().map(|home| home.bridge(&bench.builds, None)).collect();
    for (server, size) in servers.iter().zip(sizes) {
        fill_bridge(server, *size);
    }
    let signer = signer("agent");
    let mut rates = vec![vec![]; sizes.len()];
    // Fewer turns than elsewhere: each makes the small stores larger.
    for _ in 0..bench.wishes.rounds.min(5) {
        for (server, rates) in servers.iter().zip(&mut rates) {
            let contestant = Contestant::new(server, || signer.signed(Ask::list_actions()));
            rates.push(contestant.turn(64, TURN).per_second);
        }
    }
    let base = &rates[0];
    for (size, larger) in sizes.iter().zip(&rates).skip(1) {
        let figures = format!("{} / {}", rate(median(larger)), rate(median(base)));
        let what = format!("throughput with {size} tickets stored against 10, 64 connections");
        bench.report.ratio("13", what, Ratio::of(larger, base), Goal::AtLeast(0.9), figures);
    }
    bench.report.note(format!(
        "goal 13: each turn stores {TURN} tickets more, so the smallest store grows to {} in the end",
        10 + TURN * bench.wishes.rounds.min(5)
    ));
}
