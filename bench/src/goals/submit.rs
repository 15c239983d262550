//! Goals 1, 2 and 3: a signed request on its whole road, against the least that it has to cost and against Node.

use std::path::Path;

use super::{Bench, hashing};
use crate::{
    load::{Contestant, Load, in_turn},
    report::Goal,
    sample::{Ratio, median, quantile, rate, time},
    server::{Home, Server, signer},
    sign::Ask,
    wire::Sample,
};

/// A figure of each turn.
fn each(turns: &[Load], of: impl Fn(&Load) -> f64) -> Vec<f64> {
    turns.iter().map(of).collect()
}

fn rates(turns: &[Load]) -> Vec<f64> {
    each(turns, |turn| turn.per_second)
}

fn medians(turns: &[Load]) -> Vec<f64> {
    each(turns, |turn| median(&turn.latencies))
}

/// Product, floor, the floor that speaks the product's protocol and, where it could be installed, peer, side by side on
/// one disk.
struct Field {
    bridge: Server,
    floor: Server,
    wire: Server,
    peer: Option<Server>,
    sample: Sample,
    _homes: [Home; 4],
}

impl Field {
    fn of(bench: &Bench, preload: Option<&Path>) -> Self {
        let builds = &bench.builds;
        let homes = [(); 4].map(|()| Home::new(builds));
        let bridge = homes[0].bridge(builds, preload);
        let sample = Sample::of_submission(&bridge);
        Self {
            bridge,
            floor: homes[1].floor(builds, "store", preload),
            wire: homes[2].wire_floor(builds, &sample, preload),
            peer: bench.peer.as_ref().ok().map(|peer| homes[3].peer(peer, preload)),
            sample,
            _homes: homes,
        }
    }

    /// The turns of product, floor and peer with so many connections.
    fn turns(&self, bench: &Bench, connections: usize) -> Turns {
        let signer = signer("agent");
        let seed = || signer.seed_signed(Ask::list_actions());
        let mut contestants = vec![
            Contestant::new(&self.bridge, || signer.signed(Ask::list_actions())),
            Contestant::new(&self.floor, seed),
            Contestant::new(&self.wire, || signer.signed(Ask::list_actions())),
        ];
        contestants.extend(self.peer.as_ref().map(|peer| Contestant::new(peer, seed)));
        let mut turns = in_turn(&contestants, connections, bench.wishes.turn, bench.wishes.rounds).into_iter();
        let mut next = || turns.next().unwrap_or_default();
        Turns { bridge: next(), floor: next(), wire: next(), peer: next() }
    }
}

struct Turns {
    bridge: Vec<Load>,
    floor: Vec<Load>,
    wire: Vec<Load>,
    peer: Vec<Load>,
}

impl Turns {
    fn figures(&self) -> String {
        let mut text = format!("{} / {}", rate(median(&rates(&self.bridge))), rate(median(&rates(&self.floor))));
        if !self.peer.is_empty() {
            text += &format!(" / {}", rate(median(&rates(&self.peer))));
        }
        text
    }

    fn against_floor(&self) -> Ratio {
        Ratio::of(&rates(&self.bridge), &rates(&self.floor))
    }

    fn against_peer(&self) -> Option<Ratio> {
        (!self.peer.is_empty()).then(|| Ratio::of(&rates(&self.bridge), &rates(&self.peer)))
    }
}

/// Goals 1 and 2.
pub fn actions(bench: &mut Bench) {
    let field = Field::of(bench, None);
    at_64(bench, &field);
    at_16(bench, &field);
    at_1(bench, &field);
    keyed(bench, &field);
    drop(field);
    slow_disk(bench);
}

fn at_64(bench: &mut Bench, field: &Field) {
    let turns = field.turns(bench, 64);
    let report = &mut bench.report;
    report.ratio(
        "1",
        "`POST /action`, 64 connections, throughput against the floor",
        turns.against_floor(),
        Goal::AtLeast(0.7),
        turns.figures(),
    );
    against_peer(bench, "64 connections", &turns, Goal::AtLeast(18.0));
    against_wire(bench, "1", "64 connections, throughput", &rates(&turns.bridge), &rates(&turns.wire), rate);
    let cpu = |turns: &[Load]| each(turns, |turn| turn.cpu);
    let (ours, theirs) = (cpu(&turns.bridge), cpu(&turns.floor));
    let figures = format!("{} / {}", time(median(&ours)), time(median(&theirs)));
    let what = "server CPU for each request at 64 connections";
    bench.report.ratio("2", format!("{what} against the floor"), Ratio::of(&ours, &theirs), Goal::AtMost(1.5), figures);
    against_wire(bench, "2", what, &ours, &cpu(&turns.wire), time);
    hashing::of(bench, "2", &field.sample);
    tail(bench, "64 connections", &turns.bridge, Goal::Shown);
}

fn at_16(bench: &mut Bench, field: &Field) {
    let turns = field.turns(bench, 16);
    bench.report.ratio("1", "16 connections against the floor", turns.against_floor(), Goal::Shown, turns.figures());
    against_peer(bench, "16 connections", &turns, Goal::AtLeast(12.0));
}

fn at_1(bench: &mut Bench, field: &Field) {
    let turns = field.turns(bench, 1);
    let (ours, theirs) = (medians(&turns.bridge), medians(&turns.floor));
    let figures = format!("{} / {}", time(median(&ours)), time(median(&theirs)));
    bench.report.ratio(
        "2",
        "median latency at 1 connection against the floor",
        Ratio::of(&ours, &theirs),
        Goal::AtMost(1.4),
        figures,
    );
    against_wire(bench, "2", "median latency at 1 connection", &ours, &medians(&turns.wire), time);
    tail(bench, "1 connection", &turns.bridge, Goal::AtMost(2.5));
}

/// Beside the floor that speaks the protocol: what is left is the bridge's own work.
fn against_wire(
    bench: &mut Bench,
    goal: &'static str,
    what: &str,
    ours: &[f64],
    theirs: &[f64],
    shown: fn(f64) -> String,
) {
    let figures = format!("{} / {}", shown(median(ours)), shown(median(theirs)));
    let what = format!("{what} against a floor that speaks the protocol");
    bench.report.ratio(goal, what, Ratio::of(ours, theirs), Goal::Shown, figures);
}

/// The slowest of a hundred against the median, turn by turn.
fn tail(bench: &mut Bench, connections: &str, turns: &[Load], goal: Goal) {
    let slow = each(turns, |turn| quantile(&turn.latencies, 0.99));
    let usual = medians(turns);
    let figures = format!("{} / {}", time(median(&slow)), time(median(&usual)));
    bench.report.ratio("2", format!("p99 against the median, {connections}"), Ratio::of(&slow, &usual), goal, figures);
}

/// Our own client sends an idempotency key, which is one row more.
fn keyed(bench: &mut Bench, field: &Field) {
    let signer = signer("agent");
    let contestants = [
        Contestant::new(&field.bridge, || signer.signed(Ask { keyed: true, ..Ask::list_actions() })),
        Contestant::new(&field.bridge, || signer.signed(Ask::list_actions())),
    ];
    let turns = in_turn(&contestants, 64, bench.wishes.turn, bench.wishes.rounds);
    let (with, without) = (rates(&turns[0]), rates(&turns[1]));
    let figures = format!("{} / {}", rate(median(&with)), rate(median(&without)));
    bench.report.ratio(
        "1",
        "with an idempotency key against without, 64 connections",
        Ratio::of(&with, &without),
        Goal::Shown,
        figures,
    );
}

fn slow_disk(bench: &mut Bench) {
    let shim = match &bench.shim {
        Ok(shim) => shim.clone(),
        Err(why) => {
            let why = why.clone();
            return bench.report.left_out("1", "on a disk whose sync takes 2 ms", why);
        }
    };
    let field = Field::of(bench, Some(&shim));
    for (connections, goal) in
        [(1, Goal::Shown), (16, Goal::Shown), (64, Goal::AtLeast(30.0)), (256, Goal::AtLeast(100.0))]
    {
        let turns = field.turns(bench, connections);
        let what = format!("a sync takes 2 ms, {connections} connections");
        bench.report.ratio(
            "1",
            format!("{what}, against the floor"),
            turns.against_floor(),
            Goal::Shown,
            turns.figures(),
        );
        against_peer(bench, &what, &turns, goal);
    }
}

fn against_peer(bench: &mut Bench, what: &str, turns: &Turns, goal: Goal) {
    let what = format!("{what}, against Node");
    match (turns.against_peer(), &bench.peer) {
        (Some(ratio), _) => bench.report.ratio("1", what, ratio, goal, turns.figures()),
        (None, Err(why)) => {
            let why = why.clone();
            bench.report.left_out("1", what, why);
        }
        (None, Ok(_)) => {}
    }
}

/// Goal 3.
pub fn reads(bench: &mut Bench) {
    let homes = [(); 3].map(|()| Home::new(&bench.builds));
    let bridge = homes[0].bridge(&bench.builds, None);
    let floor = homes[1].floor(&bench.builds, "fixed", None);
    let sample = Sample::of_reading(&bridge);
    let wire = homes[2].wire_floor(&bench.builds, &sample, None);
    let signer = signer("agent");
    let contestants = [
        Contestant::new(&bridge, || signer.signed(Ask::get("/queue"))),
        Contestant::new(&floor, || signer.seed_signed(Ask::get("/queue"))),
        Contestant::new(&wire, || signer.signed(Ask::get("/queue"))),
    ];
    let turns = in_turn(&contestants, 64, bench.wishes.turn, bench.wishes.rounds);
    let [ours, theirs, by_wire] = [0, 1, 2].map(|index| rates(&turns[index]));
    let figures = format!("{} / {}", rate(median(&ours)), rate(median(&theirs)));
    let what = "signed `GET /queue`, nothing pending, 64 connections";
    bench.report.ratio("3", what, Ratio::of(&ours, &theirs), Goal::AtLeast(0.7), figures);
    against_wire(bench, "3", what, &ours, &by_wire, rate);
    let [ours, theirs, by_wire] = [0, 1, 2].map(|index| each(&turns[index], |turn| turn.cpu));
    let figures = format!("{} / {}", time(median(&ours)), time(median(&theirs)));
    bench.report.ratio("3", "server CPU for each of these", Ratio::of(&ours, &theirs), Goal::Shown, figures);
    against_wire(bench, "3", "server CPU for each of these", &ours, &by_wire, time);
    hashing::of(bench, "3", &sample);
}
