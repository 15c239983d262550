//! Goal 21: what risk costs beside the facts, with sessions full and with long texts, and what the fence does, in this process.

use std::{hint::black_box, sync::Arc, time::Instant};

use ccc_core::{
    config,
    desk::{Asked, Books, Change, Cx, Desk, Submission},
    fence::{self, Output},
    law::Law,
    params, plan,
    policy::{LocalTime, Overrides, Question, Standing, Weekday, decide},
    risk::TextSigns,
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{
    Digest, TicketId, Timestamp, UserName, actions,
    bodies::{Facts, FenceAnswer, Finding, FindingKind, Level},
    signing::Key,
};
use ccc_toolcall::facts;
use serde_json::{Map, Value, json};

use super::Bench;
use crate::{
    report::Goal,
    sample::{Ratio, median, time},
};

/// Repetitions whose mean is one figure.
const BATCH: u32 = 500;
/// More sessions than are kept.
const SESSIONS: usize = 100_000;

const LOCAL: LocalTime = LocalTime { weekday: Weekday::Wed, minute_of_day: 720 };

/// Goal 21.
pub fn risk(bench: &mut Bench) {
    let world = World::new();
    let call = world.read("curl -o a.json https://docs.example/a.json && jq . a.json");
    let rounds = bench.wishes.rounds * 5;
    let beside: Vec<f64> = (0..rounds).map(|_| (world.weighed(&call) - world.decided(&call)).max(0.0)).collect();
    let report = &mut bench.report;
    report.figure(
        "21",
        "risk of a call beside its facts",
        median(&beside) * 1e6,
        " µs",
        Goal::AtMost(20.0),
        "level, rules that ask, sequences, last word; 100,000 sessions were heard of",
    );
    let padded = |bytes: usize| world.call(&format!("echo {}; ls", "x".repeat(bytes)));
    let took = |params: &Map<String, Value>| -> Vec<f64> { (0..rounds).map(|_| world.signs(params)).collect() };
    let (short, long) = (took(&padded(100_000)), took(&padded(1_000_000)));
    let figures = format!("{} / {}", time(median(&long)), time(median(&short)));
    report.ratio("21", "patterns and facts in 1 MB against 100 KB", Ratio::of(&long, &short), Goal::Shown, figures);
    fence(bench);
}

/// Texts that detectors begin much with and end little of.
const HOSTILE: [&str; 18] = [
    "<!--", "[//]: # (", "display:none ", "-----BEGIN RSA PRIVATE KEY-----\n", "ignore previous ", "token=",
    "![x](https://a.b/?", "A", "\\x41", "\u{e0041}", "\u{200b}", "send api key ", "eval(", "а", "ghp_", "</",
    "curl .env ", "1,",
];

/// What a hook hands over at the most, looked at, filled with each of these: the slowest, and how it grows.
fn fence(bench: &mut Bench) {
    const MOST: usize = 128 << 10;
    let key = Key::new(b"an agent's secret");
    let took = |unit: &str, bytes: usize| -> Vec<f64> {
        let text = unit.repeat(bytes / unit.len());
        let once = || {
            let begun = Instant::now();
            black_box(fence::look(Output { parts: &[&text], place: "a page" }, &key));
            begun.elapsed().as_secs_f64()
        };
        (0..bench.wishes.rounds).map(|_| once()).collect()
    };
    let of_each = HOSTILE.map(|unit| (took(unit, MOST), took(unit, MOST / 8)));
    let slowest = of_each.iter().map(|(most, _)| median(most)).fold(0.0, f64::max);
    let most_grown = of_each.iter().max_by(|one, other| {
        let grown = |(most, eighth): &(Vec<f64>, Vec<f64>)| median(most) / median(eighth);
        grown(one).total_cmp(&grown(other))
    });
    let report = &mut bench.report;
    let what = "the slowest of 18 hostile outputs of 128 KiB";
    report.figure("21", what, slowest * 1e3, " ms", Goal::Shown, "looked at on a thread of its own");
    if let Some((most, eighth)) = most_grown {
        let figures = format!("{} / {}", time(median(most)), time(median(eighth)));
        let what = "the one that grows most, 128 KiB against 16 KiB";
        report.ratio("21", what, Ratio::of(most, eighth), Goal::AtMost(12.0), figures);
    }
}

struct World {
    law: Law,
    desk: Desk,
}

struct Read {
    submission: Submission,
}

impl World {
    fn new() -> Self {
        let config = config::read(config::starter()).expect("the starter rules");
        let may = User { can_approve: [name("agent")].into(), ..User::default() };
        let users = Users::new([(name("agent"), User::default()), (name("user"), may)]);
        let law = config.law(users, Volumes::default(), |program| Some(program.to_owned())).expect("a law");
        law.patterns.make_ready();
        let mut desk = Desk::restore(Books::default(), &law);
        let cx = Cx { law: &law, now: now(), local: LOCAL };
        let place = "a.md".to_owned();
        let digest = Digest::of(b"found");
        let found = [Finding { kind: FindingKind::Injection, severity: Level::High, place, digest }];
        for n in 0..SESSIONS {
            let session = format!("session {n}");
            desk.found(&name("agent"), &session, &found, FenceAnswer::Monitor, cx, &mut Change::default());
        }
        Self { law, desk }
    }

    fn call(&self, command: &str) -> Map<String, Value> {
        let call = json!({
            "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command }, "cwd": "/home/dev/p",
            "project": "/home/dev/p", "session": format!("session {}", SESSIONS - 1), "agent": "main",
        });
        call.as_object().cloned().unwrap_or_default()
    }

    fn facts(&self, params: &Map<String, Value>) -> Facts {
        facts::of_request(params, &self.law.knowledge())
    }

    fn read(&self, command: &str) -> Read {
        let action = Arc::clone(self.law.catalogue.named(actions::USE_TOOL).expect("an action"));
        let draft = params::draft(&action, self.call(command), &self.law.volumes).expect("right parameters");
        let args = draft.resolve(vec![]).expect("no paths");
        let plan = plan::make(&action, &args, &self.law).expect("a plan");
        let facts = Some(self.facts(&args.json));
        let id = TicketId::new(1, [1; 10]);
        let asked = Asked { id, caller: name("agent"), action, args, facts, signs: TextSigns::default(), plan };
        Read { submission: Submission::new(asked, LOCAL, false) }
    }

    /// The mean time of rules alone, in seconds.
    fn decided(&self, read: &Read) -> f64 {
        let overrides = Overrides::default();
        let standing = Standing { overrides: &overrides, denial: None, grants: &[] };
        batch(|| decide(black_box(&self.question(read)), &self.law.rulebook, &standing))
    }

    /// The mean time of rules with risk around them, in seconds.
    fn weighed(&self, read: &Read) -> f64 {
        let overrides = Overrides::default();
        let standing = Standing { overrides: &overrides, denial: None, grants: &[] };
        let cx = Cx { law: &self.law, now: now(), local: LOCAL };
        batch(|| self.desk.weigh(black_box(&self.question(read)), &read.submission.asked().signs, &standing, cx))
    }

    /// The time of reading a call and its text once, in seconds.
    fn signs(&self, params: &Map<String, Value>) -> f64 {
        let begun = Instant::now();
        let facts = self.facts(params);
        black_box(self.law.patterns.matched(params, &facts, usize::MAX));
        begun.elapsed().as_secs_f64()
    }

    fn question<'a>(&'a self, read: &'a Read) -> Question<'a> {
        let asked = read.submission.asked();
        Question {
            caller: &asked.caller,
            action: &asked.action,
            args: &asked.args,
            facts: asked.facts.as_ref(),
            risk: None,
            local: LOCAL,
            now: now(),
            users: &self.law.users,
            limits: &self.law.limits,
        }
    }
}

fn batch<T>(work: impl Fn() -> T) -> f64 {
    let begun = Instant::now();
    for _ in 0..BATCH {
        black_box(work());
    }
    begun.elapsed().as_secs_f64() / f64::from(BATCH)
}

fn name(text: &str) -> UserName {
    text.parse().expect("a name")
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}
