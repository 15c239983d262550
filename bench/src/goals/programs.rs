//! Goals 5 and 6: whole processes, from start to exit, spawned in turn.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use super::Bench;
use crate::{
    process::{file_kb, resident_peak_mb},
    report::Goal,
    sample::{Ratio, median, time},
    server::{Home, Server, signer},
    sign::{Ask, LIST_ACTIONS, Signer},
};

/// A call that the rules of the bench accept.
const CALL: &str = r#"{"session_id":"s","transcript_path":"/t","cwd":"/home/dev/project","permission_mode":"default","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"echo one","description":"one"},"tool_use_id":"toolu_1"}"#;

/// The rule that accepts it.
const CONFIG: &str = "[[rule]]\nname = \"the bench's calls\"\naction = [\"use-tool\"]\npolicy = \"auto-accept\"\n";

/// Programs, a bridge that they ask, and how they are called.
struct Rig {
    // Ended before its home is gone.
    bridge: Server,
    home: Home,
    signer: Signer,
    client: PathBuf,
    floor: PathBuf,
}

impl Rig {
    fn new(bench: &Bench) -> Self {
        let home = Home::new(&bench.builds).with_config(CONFIG);
        let bridge = home.bridge(&bench.builds, None);
        let hook = format!(r#"{{"url":"{}","secrets":"agent.json","hold_seconds":5}}"#, bridge.url());
        home.write("agent/hook.json", &hook);
        let (client, floor) = (bench.builds.edge("ccc-client"), bench.builds.edge("floor-client"));
        Self { bridge, home, signer: signer("agent"), client, floor }
    }

    fn client(&self, url: &str) -> Command {
        let mut command = Command::new(&self.client);
        command.arg("--secrets").arg(self.home.path("agent/agent.json")).args(["--url", url, LIST_ACTIONS]);
        command
    }

    fn floor(&self, place: &str) -> Command {
        let mut command = Command::new(&self.floor);
        command.arg(place).arg(self.home.path("agent/agent.secret"));
        command
    }

    fn socket(&self) -> String {
        self.home.path("sock").display().to_string()
    }

    /// curl with a request that was signed before the clock runs.
    fn curl(&self) -> Command {
        let mut command = Command::new("curl");
        command.args(["-sS", "-o", "/dev/null", "--fail", "--data-binary", LIST_ACTIONS]);
        let request = String::from_utf8(self.signer.signed(Ask::list_actions())).expect("text");
        let head = request.split("\r\n\r\n").next().unwrap_or_default();
        for field in head.lines().skip(1).filter(|line| !line.starts_with("Content-Length")) {
            command.args(["-H", field]);
        }
        command.arg(format!("{}/action", self.bridge.url()));
        command
    }
}

/// How long a process takes from start to exit, in seconds.
fn spawned(mut command: Command, stdin: Option<&str>) -> f64 {
    command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}: {command:?}"));
    if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
        pipe.write_all(text.as_bytes()).expect("a program that reads");
    }
    let status = child.wait().expect("an exit");
    let took = begun.elapsed().as_secs_f64();
    assert!(status.success(), "{status}: {command:?}");
    took
}

/// One contestant: its call, made anew each time.
type Call<'a> = &'a dyn Fn() -> f64;

/// Each in turn, so many times each.
fn in_turn<const N: usize>(calls: [Call<'_>; N], times: usize) -> [Vec<f64>; N] {
    let mut took = [const { vec![] }; N];
    for round in 0..times + 3 {
        for (call, took) in calls.iter().zip(&mut took) {
            let seconds = call();
            // The first few find nothing in the caches.
            if round >= 3 {
                took.push(seconds);
            }
        }
    }
    took
}

/// The ratio of the medians, its spread being that of the medians of tenths: single spawns scatter.
fn ratio(ours: &[f64], theirs: &[f64]) -> Ratio {
    let tenths = |took: &[f64]| took.chunks(took.len().div_ceil(10)).map(median).collect::<Vec<_>>();
    Ratio::of(&tenths(ours), &tenths(theirs))
}

fn figures(ours: &[f64], theirs: &[f64]) -> String {
    format!("{} / {}", time(median(ours)), time(median(theirs)))
}

/// Goal 5.
pub fn client(bench: &mut Bench) {
    let rig = Rig::new(bench);
    let (tcp, socket) = (rig.bridge.addr().to_string(), rig.socket());
    let (url, unix) = (rig.bridge.url(), format!("unix://{socket}"));
    let times = bench.wishes.pick(20, 200, 500);
    let [ours, floor] = in_turn([&|| spawned(rig.client(&url), None), &|| spawned(rig.floor(&tcp), None)], times);
    let report = &mut bench.report;
    report.ratio(
        "5",
        "`ccc-client` over TCP against a bare client",
        ratio(&ours, &floor),
        Goal::AtMost(1.5),
        figures(&ours, &floor),
    );
    let [over_unix, floor] =
        in_turn([&|| spawned(rig.client(&unix), None), &|| spawned(rig.floor(&socket), None)], times);
    report.ratio(
        "5",
        "`ccc-client` over a Unix socket against a bare client",
        ratio(&over_unix, &floor),
        Goal::AtMost(1.5),
        figures(&over_unix, &floor),
    );
    curl(bench, &rig, &url);
    node(bench, &rig, &url);
    size(bench, &rig);
}

fn curl(bench: &mut Bench, rig: &Rig, url: &str) {
    if Command::new("curl").arg("--version").output().is_err() {
        return bench.report.left_out("5", "`curl` against `ccc-client`", "there is no `curl`");
    }
    let times = bench.wishes.pick(10, 50, 100);
    let tcp = rig.bridge.addr().to_string();
    let calls: [Call<'_>; 3] =
        [&|| spawned(rig.curl(), None), &|| spawned(rig.client(url), None), &|| spawned(rig.floor(&tcp), None)];
    let [curl, ours, bare] = in_turn(calls, times);
    let report = &mut bench.report;
    let goal = Goal::AtLeast(10.0);
    report.ratio("5", "`curl` against `ccc-client`", ratio(&curl, &ours), goal, figures(&curl, &ours));
    report.ratio("5", "`curl` against the bare client", ratio(&curl, &bare), Goal::Shown, figures(&curl, &bare));
}

fn node(bench: &mut Bench, rig: &Rig, url: &str) {
    let peer = match &bench.peer {
        Ok(peer) => peer,
        Err(why) => {
            let why = why.clone();
            return bench.report.left_out("5", "a Node client against `ccc-client`", why);
        }
    };
    let node = || {
        let mut command = peer.node("client.mjs");
        command.arg(rig.bridge.addr().port().to_string()).arg(rig.home.path("agent/agent.secret"));
        spawned(command, None)
    };
    let tcp = rig.bridge.addr().to_string();
    let calls: [Call<'_>; 3] = [&node, &|| spawned(rig.client(url), None), &|| spawned(rig.floor(&tcp), None)];
    let [node, ours, bare] = in_turn(calls, bench.wishes.pick(5, 20, 40));
    let report = &mut bench.report;
    let goal = Goal::AtLeast(150.0);
    report.ratio("5", "a Node client against `ccc-client`", ratio(&node, &ours), goal, figures(&node, &ours));
    report.ratio("5", "a Node client against the bare client", ratio(&node, &bare), Goal::Shown, figures(&node, &bare));
}

fn size(bench: &mut Bench, rig: &Rig) {
    let what = if bench.builds.is_static() { "static" } else { "not static: the musl target is not installed" };
    let report = &mut bench.report;
    report.figure("5", format!("size of `ccc-client`, {what}"), file_kb(&rig.client), " kB", Goal::AtMost(900.0), "");
    report.figure("5", "`ccc-client` resident at most, while it waits", waiting_mb(rig), " MB", Goal::AtMost(2.0), "");
}

/// The memory of a client that waits for a person.
fn waiting_mb(rig: &Rig) -> f64 {
    let mut command = Command::new(&rig.client);
    command.arg("--secrets").arg(rig.home.path("agent/agent.json")).args(["--url", &rig.bridge.url(), "--wait", "60"]);
    command.arg(r#"{"action":"open-browser","url":"https://bench.example/"}"#);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a client");
    // Its request stands in the queue once it has done all it does before it waits.
    let mut line = crate::http::Line::to(rig.bridge.addr());
    while line.json(&rig.signer.signed(Ask::get("/queue")))["tickets"].as_array().is_none_or(Vec::is_empty) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let peak = resident_peak_mb(child.id());
    child.kill().expect("ended");
    child.wait().expect("ended");
    peak
}

/// Goal 6.
pub fn hook(bench: &mut Bench) {
    let rig = Rig::new(bench);
    let (url, program, empty) = (rig.bridge.url(), bench.builds.edge("ccc-hook"), bench.builds.edge("floor-empty"));
    let hook = || {
        let mut command = Command::new(&program);
        command.args(["--agent", "claude", "--config"]).arg(rig.home.path("agent/hook.json"));
        spawned(command, Some(CALL))
    };
    let calls: [Call<'_>; 3] =
        [&hook, &|| spawned(rig.client(&url), None), &|| spawned(Command::new(&empty), Some(""))];
    let [hook, client, empty] = in_turn(calls, bench.wishes.pick(20, 200, 500));
    let added = (median(&hook) - median(&empty)) * 1000.0;
    let report = &mut bench.report;
    report.figure(
        "6",
        "`ccc-hook`, an accepted call, longer than an empty program",
        added,
        " ms",
        Goal::AtMost(1.0),
        figures(&hook, &empty),
    );
    report.ratio(
        "6",
        "`ccc-hook` against `ccc-client`",
        ratio(&hook, &client),
        Goal::AtMost(1.3),
        figures(&hook, &client),
    );
    report.figure("6", "size of `ccc-hook`", file_kb(&program) / 1000.0, " MB", Goal::AtMost(1.3), "");
}

/// What a confined start costs beside a plain one.
pub fn confine(bench: &mut Bench) {
    let launcher = bench.builds.edge("ccc-confine");
    let times = bench.wishes.pick(20, 200, 500);
    for (level, network, goal) in
        [("full", "private", Goal::AtMost(5.0)), ("full", "host", Goal::Shown), ("files", "off", Goal::Shown)]
    {
        let what = format!("a start at level `{level}`, network `{network}`, longer than a plain one");
        let confined = || {
            let mut command = Command::new(&launcher);
            command.args(["run", &format!("--level={level}"), &format!("--network={network}")]);
            command.args(["--read=/usr", "--read=/bin", "--read=/lib", "--read=/lib64", "--directory=/usr"]);
            command.args(["--set=PATH=/usr/bin", "--", PLAIN]);
            command
        };
        let is_had = confined().stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !is_had {
            bench.report.left_out("confine", what, format!("level `{level}` cannot be had here"));
            continue;
        }
        let calls: [Call<'_>; 2] = [&|| spawned(confined(), None), &|| spawned(Command::new(PLAIN), None)];
        let [confined, plain] = in_turn(calls, times);
        let added = (median(&confined) - median(&plain)) * 1000.0;
        bench.report.figure("confine", what, added, " ms", goal, figures(&confined, &plain));
    }
}

/// A program that does nothing.
const PLAIN: &str = "/usr/bin/true";
