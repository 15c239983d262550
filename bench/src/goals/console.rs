//! Goal 8: from a commit to the console's screen, and from a person's key to the waiting agent's answer, with the real
//! console in a terminal of its own.

use std::{
    io::{Read as _, Write as _},
    num::NonZero,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ccc_queue::console::armed::HELD_MILLIS;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::Bench;
use crate::{
    http::Line,
    load::{Contestant, in_turn},
    report::Goal,
    sample::{Ratio, median, quantile, time},
    server::{Home, Server, signer},
    sign::{Ask, Signer},
};

/// How long anything may take to be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Goal 8.
pub fn live(bench: &mut Bench) {
    let home = Home::new(&bench.builds).with_config("[desktop]\nbrowser = [\"true\", \"{url}\"]\n");
    let bridge = home.bridge(&bench.builds, None);
    to_the_screen(bench, &bridge, &Console::open(bench, &home, &bridge));
    // A new one: the other still holds its cursor on a request that was withdrawn, until a person moves it.
    to_the_agent(bench, &bridge, &mut Console::open(bench, &home, &bridge));
}

/// Four agents ask and withdraw as fast as people could bear; the fifth is timed.
fn to_the_screen(bench: &mut Bench, bridge: &Server, console: &Console) {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU64::new(0));
    let others: Vec<_> = (2..=5)
        .map(|n| {
            let (addr, stop, asked) = (bridge.addr(), Arc::clone(&stop), Arc::clone(&asked));
            std::thread::spawn(move || {
                let (signer, mut line) = (signer(&format!("agent{n}")), Line::to(addr));
                while !stop.load(Ordering::Relaxed) {
                    ask_and_withdraw(&signer, &mut line, asked.fetch_add(1, Ordering::Relaxed), &format!("other{n}"));
                }
            })
        })
        .collect();
    let (signer, mut line) = (signer("agent1"), Line::to(bridge.addr()));
    let times: Vec<f64> =
        (0..bench.wishes.pick(30, 300, 1000)).map(|n| shown_after(&signer, &mut line, n, console)).collect();
    stop.store(true, Ordering::Relaxed);
    others.into_iter().for_each(|other| other.join().expect("an agent at work"));
    let p99 = quantile(&times, 0.99) * 1000.0;
    let figures = format!("median {}", time(median(&times)));
    bench.report.figure(
        "8",
        "from the answer to a request to its row on the console, 5 agents at work, p99",
        p99,
        " ms",
        Goal::AtMost(50.0),
        figures,
    );
}

fn page(number: u64, word: &str) -> String {
    format!(r#"{{"action":"open-browser","url":"https://{word}-{number}.example/"}}"#)
}

fn submit(signer: &Signer, line: &mut Line, body: &str) -> String {
    let ticket = line.json(&signer.signed(Ask::post("/action", body)));
    ticket["id"].as_str().expect("an id").to_owned()
}

fn withdraw(signer: &Signer, line: &mut Line, id: &str) {
    line.json(&signer.signed(Ask::post(&format!("/queue/{id}/cancel"), "{}")));
}

fn ask_and_withdraw(signer: &Signer, line: &mut Line, number: u64, word: &str) {
    let id = submit(signer, line, &page(number, word));
    // An agent that works asks a few times a second.
    std::thread::sleep(Duration::from_millis(100));
    withdraw(signer, line, &id);
}

fn shown_after(signer: &Signer, line: &mut Line, number: u64, console: &Console) -> f64 {
    let id = submit(signer, line, &page(number, "timed"));
    let begun = Instant::now();
    let seen = console.waits_for(|screen| screen.contains(&format!("timed-{number}.")));
    let took = seen.duration_since(begun).as_secs_f64();
    withdraw(signer, line, &id);
    took
}

/// A tool call is held until `y` is pressed: its answer comes without anything that has to run.
fn to_the_agent(bench: &mut Bench, bridge: &Server, console: &mut Console) {
    let agent = signer("agent");
    let alone = [Contestant::new(bridge, || agent.signed(Ask::list_actions()))];
    let turns = in_turn(&alone, 1, bench.wishes.turn, bench.wishes.rounds);
    let plain: Vec<f64> = turns.iter().flatten().map(|turn| median(&turn.latencies)).collect();
    // For so long a key that decides is held back on purpose, to be told from a paste.
    let held = ccc_queue::console::burst::BURST_MILLIS as f64 / 1000.0;
    let answered = |n| (answered_after(bridge, console, n) - held).max(0.0);
    let times: Vec<f64> = (0..bench.wishes.pick(5, 25, 50)).map(answered).collect();
    let usual = vec![median(&plain); times.len()];
    let figures = format!("{} / {}", time(median(&times)), time(median(&plain)));
    bench.report.ratio(
        "8",
        "from `y` to the waiting agent's answer, less the 30 ms that a key is held, against goal 2's median",
        Ratio::of(&times, &usual),
        Goal::AtMost(3.0),
        figures,
    );
}

fn answered_after(bridge: &Server, console: &mut Console, number: u64) -> f64 {
    let addr = bridge.addr();
    let answered = std::thread::spawn(move || {
        let body = format!(
            r#"{{"action":"use-tool","host":"claude","tool":"Bash","native":"Bash","input":{{"command":"echo held-{number}"}},"cwd":"/home/dev","session":"s","agent":""}}"#
        );
        let signer = signer("agent1");
        let ticket = Line::to(addr).json(&signer.signed(Ask { wait_seconds: Some(60), ..Ask::post("/action", &body) }));
        let now = Instant::now();
        assert_eq!(ticket["status"], "released", "the call was approved: {ticket}");
        now
    });
    let held = format!("echo held-{number}");
    console.waits_for(|screen| screen.contains(&held));
    if number > 0 {
        // No decision moves the cursor, and the key that decided must have been let go of.
        console.press("j");
        std::thread::sleep(Duration::from_millis(HELD_MILLIS));
    }
    let is_at_it = |screen: &str| screen.lines().any(|line| line.starts_with('▶') && line.contains(&held));
    console.waits_for(|screen| is_at_it(screen) && screen.contains("◆ ready"));
    let begun = Instant::now();
    console.press("y");
    let took = answered.join().expect("an answer").duration_since(begun).as_secs_f64();
    console.waits_for(|screen| !screen.contains("◆ ready"));
    took
}

/// What stands on a terminal, and news of more.
type Screen = Arc<(Mutex<vt100::Parser>, Condvar)>;

/// The real console in a pseudo-terminal.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn std::io::Write + Send>,
    screen: Screen,
    _master: Box<dyn MasterPty + Send>,
}

impl Console {
    fn open(bench: &Bench, home: &Home, bridge: &Server) -> Self {
        let (rows, cols) = (60, 200);
        let size = |cells| NonZero::new(cells).expect("a size");
        let pty = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a pty");
        let mut command = CommandBuilder::new(bench.builds.program("ccc-queue"));
        command.args([
            "--secrets",
            &home.path("secrets.json").display().to_string(),
            "--user",
            "user",
            "--url",
            &bridge.url(),
        ]);
        command.env("TERM", "xterm-256color");
        command.env("XDG_CONFIG_HOME", home.path("config"));
        let child = pty.slave.spawn_command(command).expect("a console");
        drop(pty.slave);
        let screen: Screen = Arc::new((Mutex::new(vt100::Parser::new(size(rows), size(cols), 0)), Condvar::new()));
        let (mut output, shown) = (pty.master.try_clone_reader().expect("its output"), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.0.lock().expect("a screen").process(&bytes[..count]);
                shown.1.notify_all();
            }
        });
        let keys = pty.master.take_writer().expect("its keys");
        Self { child, keys, screen, _master: pty.master }
    }

    /// Waits until the screen is so, and says when it was.
    fn waits_for(&self, is_so: impl Fn(&str) -> bool) -> Instant {
        let begun = Instant::now();
        let mut parser = self.screen.0.lock().expect("a screen");
        loop {
            let text = parser.screen().contents();
            if is_so(&text) {
                return Instant::now();
            }
            assert!(begun.elapsed() < PATIENCE, "the console does not show what it should:\n{text}");
            parser = self.screen.1.wait_timeout(parser, Duration::from_secs(1)).expect("a screen").0;
        }
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).expect("a console that reads");
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
