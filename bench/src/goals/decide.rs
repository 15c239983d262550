//! Goal 7: what a decision costs with many rules, what reading a tool call costs before it, and what a ticket's step costs, in this
//! process.

use std::{fmt::Write as _, hint::black_box, sync::Arc, time::Instant};

use ccc_core::{
    config,
    desk::{Asked, Books, Change, Cx, Desk, Submission},
    law::Law,
    params, plan,
    policy::{LocalTime, Overrides, Question, Standing, Weekday, decide},
    risk::TextSigns,
    ticket::{Event, Ticket},
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{TicketId, Timestamp, UserName, actions};
use ccc_toolcall::facts::{At, Knowledge, derive};
use serde_json::{Value, json};

use super::Bench;
use crate::{
    report::Goal,
    sample::{Ratio, median, time},
};

/// Repetitions whose mean is one figure.
const BATCH: u32 = 2000;

const LOCAL: LocalTime = LocalTime { weekday: Weekday::Wed, minute_of_day: 720 };

/// Goal 7.
pub fn decisions(bench: &mut Bench) {
    let (spread, same) = (World::with_rules(200, Rules::Spread), World::with_rules(200, Rules::AllAboutOne));
    let ten = World::with_rules(10, Rules::AllAboutOne);
    let rounds = bench.wishes.rounds * 5;
    let mut took = [const { vec![] }; 4];
    for _ in 0..rounds {
        for (world, took) in [&spread, &same, &ten].into_iter().zip(&mut took) {
            took.push(world.decision());
        }
        took[3].push(same.step());
    }
    let [of_spread, of_same, of_ten, of_step] = &took;
    let micros = |took: &[f64]| median(took) * 1e6;
    let report = &mut bench.report;
    report.figure(
        "7",
        "a decision, 200 rules of a usual config",
        micros(of_spread),
        " µs",
        Goal::AtMost(1.0),
        "a fifth of them about the action asked for",
    );
    report.figure(
        "7",
        "a decision, 200 rules all about the action asked for",
        micros(of_same),
        " µs",
        Goal::AtMost(1.0),
        "each compares the URL's host; none fits",
    );
    let figures = format!("{} / {}", time(median(of_same)), time(median(of_ten)));
    report.ratio("7", "200 such rules against 10", Ratio::of(of_same, of_ten), Goal::Shown, figures);
    let calls = Calls::with_rules(200);
    let took: Vec<f64> = (0..rounds).map(|_| calls.read_and_decided()).collect();
    report.figure(
        "7",
        "a tool call read and decided, 200 rules about tool calls",
        micros(&took),
        " µs",
        Goal::AtMost(50.0),
        "the mean of six usual calls",
    );
    report.figure("7", "a ticket's step (a denial)", micros(of_step), " µs", Goal::AtMost(1.0), "");
}

#[derive(Clone, Copy, PartialEq)]
enum Rules {
    /// As a config grows: about many actions.
    Spread,
    /// The worst: every one has to be compared.
    AllAboutOne,
}

struct World {
    law: Law,
    submission: Submission,
    queued: Arc<Ticket>,
}

impl World {
    fn with_rules(count: usize, rules: Rules) -> Self {
        let mut text = String::from("[desktop]\nbrowser = [\"/usr/bin/true\", \"{url}\"]\n");
        for n in 0..count {
            let action = match n % 5 {
                0 => actions::OPEN_BROWSER,
                _ if rules == Rules::AllAboutOne => actions::OPEN_BROWSER,
                1 => actions::EDIT_FILE,
                2 => actions::OPEN_TERMINAL,
                3 => actions::SEND_EMAIL,
                _ => actions::USE_TOOL,
            };
            let place = if action == actions::OPEN_BROWSER {
                format!("where.url.host = [\"*.host{n}.example\"]\n")
            } else {
                String::new()
            };
            let _ = write!(
                text,
                "[[rule]]\nname = \"rule {n}\"\naction = [\"{action}\"]\ncaller = [\"agent*\"]\n{place}policy = \"queue\"\n"
            );
        }
        let config = config::read(&text).expect("a config");
        let may = User { can_approve: [name("agent")].into(), ..User::default() };
        let users = Users::new([(name("agent"), User::default()), (name("user"), may)]);
        let volumes = Volumes::new(vec![], None).expect("no volumes");
        let law = config.law(users, volumes, |program| Some(program.to_owned())).expect("a law");
        let submission = submission(&law);
        let mut desk = Desk::restore(Books::default(), &law);
        let mut change = Change::default();
        let cx = Cx { law: &law, now: now(), local: LOCAL };
        let queued = desk.open_or_find(submission.clone(), None, cx, &mut change).expect("submitted").ticket;
        Self { submission, queued, law }
    }

    /// The mean time of a decision in one batch, in seconds.
    fn decision(&self) -> f64 {
        let Self { law, submission, .. } = self;
        let overrides = Overrides::default();
        let question = Question {
            caller: &submission.asked().caller,
            action: &submission.asked().action,
            args: &submission.asked().args,
            facts: None,
            risk: None,
            local: LOCAL,
            now: now(),
            users: &law.users,
            limits: &law.limits,
        };
        let standing = Standing { overrides: &overrides, denial: None, grants: &[] };
        batch(|| decide(black_box(&question), &law.rulebook, &standing))
    }

    /// The mean time of a ticket's step in one batch, in seconds.
    fn step(&self) -> f64 {
        let no = || Event::Deny { by: name("user"), reason: Some("not now".to_owned()), digest: None, seen: None };
        batch(|| black_box(&self.queued).step(no(), now()))
    }
}

/// Tool calls, and rules about nothing else.
struct Calls {
    law: Law,
    calls: Vec<(Value, params::value::Args)>,
}

/// What agents run all day, from a word to a pipeline.
const USUAL: &[&str] = &[
    "git status",
    "cargo test -p core --lib parser:: -- --nocapture 2>&1 | tail -40",
    "rg -n 'fn main' src tests --glob '*.rs' | head -20",
    "cd web && npm run build && git diff --stat HEAD~1",
    "for f in src/*.ts; do wc -l \"$f\"; done | sort -n",
    "python3 -c \"import json; print(json.load(open('package.json'))['version'])\"",
];

impl Calls {
    fn with_rules(count: usize) -> Self {
        let mut text = String::new();
        for n in 0..count {
            let _ = write!(
                text,
                "[[rule]]\nname = \"rule {n}\"\naction = [\"use-tool\"]\nwhere.class = [\"reads\", \"builds\", \"network\"]\n\
                 where.host = [\"*.host{n}.example\"]\nwhere.command = {{ program = [\"tool{n}\"] }}\npolicy = \"auto-accept\"\n"
            );
        }
        let config = config::read(&text).expect("a config");
        let users = Users::new([(name("agent"), User::default())]);
        let law = config.law(users, Volumes::new(vec![], None).expect("no volumes"), |_| None).expect("a law");
        let action = Arc::clone(law.catalogue.named(actions::USE_TOOL).expect("an action"));
        let args = |command: &str| {
            let given = json!({ "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command },
                "cwd": "/home/dev/project", "session": "s", "agent": "main" });
            let Value::Object(given) = given else { panic!("an object") };
            let draft = params::draft(&action, given.into_iter().collect(), &law.volumes).expect("right parameters");
            (json!({ "command": command }), draft.resolve(vec![]).expect("no paths"))
        };
        let calls = USUAL.iter().map(|command| args(command)).collect();
        Self { law, calls }
    }

    /// The mean time of one call, read and decided, in seconds.
    fn read_and_decided(&self) -> f64 {
        let (law, overrides, knowledge) = (&self.law, Overrides::default(), Knowledge::default());
        let action = Arc::clone(law.catalogue.named(actions::USE_TOOL).expect("an action"));
        let caller = name("agent");
        let mut sum = 0.0;
        for (input, args) in &self.calls {
            sum += batch(|| {
                let at = At { cwd: "/home/dev/project", project: Some("/home/dev/project") };
                let facts = derive("Bash", black_box(input), at, &knowledge);
                let question = Question {
                    caller: &caller,
                    action: &action,
                    args,
                    facts: Some(&facts),
                    risk: None,
                    local: LOCAL,
                    now: now(),
                    users: &law.users,
                    limits: &law.limits,
                };
                decide(&question, &law.rulebook, &Standing { overrides: &overrides, denial: None, grants: &[] })
            });
        }
        sum / self.calls.len() as f64
    }
}

fn batch<T>(work: impl Fn() -> T) -> f64 {
    let begun = Instant::now();
    for _ in 0..BATCH {
        black_box(work());
    }
    begun.elapsed().as_secs_f64() / f64::from(BATCH)
}

fn submission(law: &Law) -> Submission {
    let action = Arc::clone(law.catalogue.named(actions::OPEN_BROWSER).expect("an action"));
    let given = [("url".to_owned(), json!("https://docs.rs/serde"))].into_iter().collect();
    let draft = params::draft(&action, given, &law.volumes).expect("right parameters");
    let args = draft.resolve(vec![]).expect("no paths");
    let plan = plan::make(&action, &args, law).expect("a plan");
    let asked = Asked {
        id: TicketId::new(1, [1; 10]),
        caller: name("agent"),
        action,
        args,
        facts: None,
        signs: TextSigns::default(),
        plan,
    };
    Submission::new(asked, LOCAL, false)
}

fn name(text: &str) -> UserName {
    text.parse().expect("a name")
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}
