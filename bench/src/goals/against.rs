//! This build of the server against another one, in turn: what a change brought, on a machine that is never quite quiet.

use std::path::Path;

use super::Bench;
use crate::{
    load::{Contestant, Load, in_turn},
    report::Goal,
    sample::{Ratio, median, rate, time},
    server::{Home, signer},
    sign::Ask,
};

/// `POST /action` as in goals 1 and 2, by both.
pub fn another_build(bench: &mut Bench, other: &Path) {
    compare(bench, other, "", None, &[1, 16, 64]);
    match bench.shim.clone() {
        Ok(shim) => compare(bench, other, "a sync takes 2 ms, ", Some(&shim), &[16, 64, 256]),
        Err(why) => bench.report.left_out("against", "on a disk whose sync takes 2 ms", why),
    }
}

fn compare(bench: &mut Bench, other: &Path, disk: &str, preload: Option<&Path>, connections: &[usize]) {
    let homes = [Home::new(&bench.builds), Home::new(&bench.builds)];
    let ours = homes[0].bridge(&bench.builds, preload);
    let theirs = homes[1].bridge_of(other, preload);
    let signer = signer("agent");
    let make = || signer.signed(Ask::list_actions());
    let contestants = [Contestant::new(&ours, make), Contestant::new(&theirs, make)];
    for connections in connections {
        let turns = in_turn(&contestants, *connections, bench.wishes.turn, bench.wishes.rounds);
        let figures = |of: fn(&Load) -> f64| [0, 1].map(|who: usize| turns[who].iter().map(of).collect::<Vec<_>>());
        let what = format!("{disk}{connections} connections");
        let [mine, its] = figures(|turn| turn.per_second);
        let shown = format!("{} / {}", rate(median(&mine)), rate(median(&its)));
        bench.report.ratio("against", format!("{what}: throughput"), Ratio::of(&mine, &its), Goal::Shown, shown);
        let [mine, its] = figures(|turn| turn.cpu);
        let shown = format!("{} / {}", time(median(&mine)), time(median(&its)));
        bench.report.ratio("against", format!("{what}: server CPU"), Ratio::of(&mine, &its), Goal::Shown, shown);
    }
}
