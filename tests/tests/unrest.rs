//! The server is killed under load while people stop runs and freeze users, secrets are rotated, rules are tightened, and the clock
//! is set, also between two starts of the machine: what was answered stands, nothing happens twice, nothing that was denied happens,
//! and the log verifies.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_client::{CallError, Identity, Request, deadline_after};
use ccc_protocol::{
    TicketId,
    bodies::{Approve, Freeze, ProblemType, QueueList, Status, Ticket},
    secrets::Secrets,
};
use ccc_tests::{
    bridge::{Bridge, PATIENCE, Site, client_at, secret, secrets_of, write_private},
    stepped_clock::SteppedClock,
    wire::{fresh_key, now},
};
use rustix::process::Signal;
use serde_json::json;

/// What clients were answered: the word they asked about and the ticket.
type Answered = Mutex<BTreeMap<String, TicketId>>;

const EVERYBODY: [&str; 5] = ["agent", "other", "user", "dba", "lead"];
/// How many submit at a time.
const CLIENTS: usize = 12;

/// How often the server is killed; `CCC_CRASH_KILLS=200` is the long form.
fn kills() -> u32 {
    std::env::var("CCC_CRASH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

fn seed() -> u64 {
    let given = std::env::var("CCC_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::try_from(now()).unwrap());
    println!("crash seed {seed}: again with CCC_CRASH_SEED={seed}");
    seed
}

/// A linear congruential generator: what happens when is random, and its seed is printed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn seconds(&mut self, most: i64) -> i64 {
        i64::try_from(self.below(2 * most.unsigned_abs())).unwrap() - most
    }
}

/// Effects that can be counted: each appends its word to a file of the host's, and a slow one goes on for a while after.
fn config(home: &str, is_tight: bool) -> String {
    let append = |policy: &str, more: &str| {
        format!(
            "policy = \"{policy}\"\nparams.word = {{ type = \"string\", pattern = \"[a-z0-9-]+\", required = true }}\n\
             run = [\"sh\", \"-c\", \"echo \\\"$1\\\" >> '{home}/effects'{more}\", \"append\", \"{{word}}\"]\nconfined = false\n"
        )
    };
    let rule = if is_tight {
        "[[rule]]\nname = \"two people\"\naction = [\"append-asked\", \"append\"]\npolicy = \"queue\"\napprove = { count = 2 }\n"
    } else {
        ""
    };
    format!(
        "[limits]\nqueued_per_user_max = 50000\nqueued_max = 100000\n[actions.append]\n{}\n[actions.append-asked]\n{}\n\
         [actions.append-slow]\n{}\n{rule}",
        append("auto-accept", ""),
        append("queue", ""),
        append("auto-accept", "; sleep 2")
    )
}

/// What is asked about a word: accepted, asked or slow.
fn action(client: usize) -> &'static str {
    ["append", "append-asked", "append-slow", "append-asked"][client % 4]
}

/// Asks until the answer is known, under one key for one word. A denial is an answer.
fn ask_until_answered(url: &str, user: &str, action: &str, word: &str, over: &AtomicBool) -> Option<TicketId> {
    let client = client_at(url, user);
    let (body, key) = (json!({ "action": action, "word": word }).to_string(), fresh_key());
    while !over.load(Ordering::Relaxed) {
        match client.submit_as(body.as_bytes(), &key, None).and_then(|answer| answer.ticket()) {
            Ok(ticket) => return Some(ticket.id),
            Err(CallError::Refused(problem)) => match (problem.kind, problem.ticket) {
                (ProblemType::Denied, Some(ticket)) => return Some(ticket.id),
                // Signed before the start, or by a clock that was set since.
                (ProblemType::Stale, _) => {}
                (kind, _) => panic!("no such refusal under this load: {kind:?} {}", problem.detail),
            },
            Err(CallError::Unreachable { .. } | CallError::Lost { .. } | CallError::RefusedUnverified { .. }) => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("a crash may cost an answer, never give a wrong one: {error}"),
        }
    }
    None
}

fn submitter(url: &str, client: usize, answered: &Answered, over: &AtomicBool) {
    let user = if client.is_multiple_of(2) { "agent" } else { "other" };
    for count in 0.. {
        let word = format!("{client}-{count}");
        let Some(id) = ask_until_answered(url, user, action(client), &word, over) else { return };
        answered.lock().unwrap().insert(word, id);
        if action(client) == "append-slow" {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Approves what waits, and stops some of what runs, until it is over. Whatever goes wrong is looked at in the books at the end.
fn approver(url: &str, user: &str, secrets: &Mutex<String>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let held = Secrets::parse(secrets.lock().unwrap().as_bytes()).unwrap();
        let client = ccc_client::Bridge::new(url.parse().unwrap(), Identity::choose(&held, Some(user)).unwrap());
        let tickets = client.queue(None).map(|queue| queue.tickets).unwrap_or_default();
        for ticket in tickets.iter().filter(|ticket| ticket.seq.is_multiple_of(2)) {
            match ticket.status {
                Status::Queued => {
                    drop(
                        client.approve(
                            ticket.id,
                            &Approve { digest: ticket.digest, note: None, grant: None, shown: None },
                        ),
                    );
                }
                Status::Running if ticket.seq.is_multiple_of(3) => drop(client.stop(ticket.id)),
                _ => {}
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What happens beside the load.
struct Unrest<'a> {
    bridge: &'a mut Bridge,
    clock: &'a SteppedClock,
    dice: Dice,
    secrets: &'a Mutex<String>,
    happened: BTreeMap<&'static str, u32>,
    off: i64,
}

impl Unrest<'_> {
    fn event(&mut self) {
        let what = match self.dice.below(7) {
            0 => self.freeze(true),
            1 => self.freeze(false),
            2 => self.rules(true),
            3 => self.rules(false),
            4 => self.rotate(),
            5 => self.set_clock(),
            _ => self.accept_clock(),
        };
        *self.happened.entry(what).or_default() += 1;
    }

    fn freeze(&self, frozen: bool) -> &'static str {
        let client = self.bridge.client("user");
        // It knows the server's time once it has read something.
        let _ = client.queue(None);
        let _ = client.freeze(&Freeze { users: None, frozen });
        if frozen { "freeze" } else { "thaw" }
    }

    fn rules(&self, is_tight: bool) -> &'static str {
        let home = self.bridge.site().home();
        let config = config(home.to_str().unwrap(), is_tight);
        write_private(&home.join("config.toml"), &format!("secrets = \"secrets.json\"\ndata = \"data\"\n{config}\n"));
        self.bridge.signal(Signal::HUP);
        if is_tight { "rules tightened" } else { "rules loosened" }
    }

    fn rotate(&mut self) -> &'static str {
        let another =
            format!("{}-{:08}-", "dba", self.dice.below(100_000_000)).chars().cycle().take(64).collect::<String>();
        let text = secrets_of(&EVERYBODY).replace(&secret("dba"), &another);
        write_private(&self.bridge.site().home().join("secrets.json"), &text);
        *self.secrets.lock().unwrap() = text;
        self.bridge.signal(Signal::HUP);
        "secret rotated"
    }

    fn set_clock(&mut self) -> &'static str {
        self.off = self.dice.seconds(1500);
        self.clock.set(self.off);
        "clock set"
    }

    fn accept_clock(&self) -> &'static str {
        let _ = self.bridge.site().shell("ccc-server clock accept --config config.toml").output();
        "clock accepted"
    }

    fn kill(&mut self, number: u32) {
        self.bridge.kill();
        let what = if self.dice.below(3) == 0 {
            self.clock.start_machine(&format!("boot {number}"));
            self.set_clock();
            "killed with the machine"
        } else {
            "killed"
        };
        *self.happened.entry(what).or_default() += 1;
        self.bridge.start_again();
    }

    /// Lets everything that may go on do so.
    fn calm_down(&mut self) {
        self.rules(false);
        self.accept_clock();
        self.freeze(false);
    }
}

/// Every ticket there is, as `user` and `lead` see them.
fn all_tickets(bridge: &Bridge) -> Vec<Ticket> {
    let mut found = BTreeMap::new();
    for user in ["user", "lead"] {
        let client = bridge.client(user);
        let mut after = 0;
        loop {
            let request = format!("/queue?after={after}&limit=5000");
            let page: QueueList = client.call(&Request::get(&request, deadline_after(None))).unwrap().read().unwrap();
            found.extend(page.tickets.into_iter().map(|ticket| (ticket.id, ticket)));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    found.into_values().collect()
}

fn settle(bridge: &Bridge) -> Vec<Ticket> {
    let begun = Instant::now();
    loop {
        let tickets = all_tickets(bridge);
        let goes_on = |ticket: &&Ticket| matches!(ticket.status, Status::Running | Status::Approved);
        if !tickets.iter().any(|ticket| goes_on(&ticket)) {
            return tickets;
        }
        assert!(begun.elapsed() < PATIENCE, "something never ends: {:?}", tickets.iter().find(goes_on));
        thread::sleep(Duration::from_millis(100));
    }
}

struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn disturb(bridge: &mut Bridge, clock: &SteppedClock, kills: u32) -> BTreeMap<String, TicketId> {
    let (answered, over) = (Answered::default(), AtomicBool::new(false));
    let (url, secrets) = (bridge.url().to_owned(), Mutex::new(secrets_of(&EVERYBODY)));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, answered, over) = (&url, &answered, &over);
            scope.spawn(move || submitter(url, client, answered, over));
        }
        for user in ["user", "dba", "lead"] {
            let (url, secrets, over) = (&url, &secrets, &over);
            scope.spawn(move || approver(url, user, secrets, over));
        }
        let _end = AtEnd(&over);
        let happened = BTreeMap::new();
        let mut unrest = Unrest { bridge, clock, dice: Dice(seed()), secrets: &secrets, happened, off: 0 };
        for number in 0..kills {
            for _ in 0..unrest.dice.below(4) {
                thread::sleep(Duration::from_millis(unrest.dice.below(150)));
                unrest.event();
            }
            thread::sleep(Duration::from_millis(unrest.dice.below(200)));
            unrest.kill(number);
        }
        unrest.calm_down();
        println!("{:?}", unrest.happened);
    });
    answered.into_inner().unwrap()
}

/// How often a word of a ticket that stands so may have happened.
fn may_have_happened(ticket: &Ticket) -> std::ops::RangeInclusive<usize> {
    let was_begun = |reason: &str| reason.starts_with("stopped by") || reason.contains("ended");
    match ticket.status {
        Status::Succeeded => 1..=1,
        Status::Lost => 0..=1,
        Status::Failed if ticket.reason.as_deref().is_some_and(was_begun) => 0..=1,
        Status::Failed | Status::Queued | Status::Denied | Status::Expired => 0..=0,
        other => panic!("{:?} is {other}: {:?}", ticket.params, ticket.reason),
    }
}

#[test]
fn killed_among_stops_freezes_rotations_tightened_rules_and_steps_of_the_clock_it_keeps_its_promises() {
    let clock = SteppedClock::new();
    let site = clock.of(Site::new().on_socket());
    let config = config(site.home().to_str().unwrap(), false);
    let mut bridge = site.config(config).start();
    let answered = disturb(&mut bridge, &clock, kills());
    let tickets = settle(&bridge);
    let text = fs::read_to_string(bridge.site().home().join("effects")).unwrap_or_default();
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    text.lines().for_each(|word| *effects.entry(word).or_default() += 1);
    let mut ends: BTreeMap<Status, usize> = BTreeMap::new();
    tickets.iter().for_each(|ticket| *ends.entry(ticket.status).or_default() += 1);
    println!("{} answered, {} tickets {ends:?}, {} effects", answered.len(), tickets.len(), effects.len());
    assert!(answered.len() > 20, "too little happened to show anything");

    let mut by_word: BTreeMap<&str, Vec<&Ticket>> = BTreeMap::new();
    for ticket in &tickets {
        by_word.entry(ticket.params["word"].as_str().unwrap()).or_default().push(ticket);
    }
    for (word, id) in &answered {
        let found: Vec<_> = by_word.get(word.as_str()).into_iter().flatten().map(|ticket| ticket.id).collect();
        assert_eq!(found, [*id], "{word}: one key is one ticket, and it is the one that was answered");
    }
    for (word, found) in &by_word {
        assert_eq!(found.len(), 1, "{word}: a retry doubled it");
        let count = effects.get(word).copied().unwrap_or(0);
        let ticket = found[0];
        assert!(may_have_happened(ticket).contains(&count), "{word} happened {count} times and is {ticket:?}");
    }
    assert!(effects.keys().all(|word| by_word.contains_key(word)), "an effect without a ticket");

    assert!(bridge.stop().success());
    let verified = bridge.site().shell("ccc-audit verify --data data --key audit.key").output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert_eq!(verified.status.code(), Some(0), "{said}");
    println!("{said}");
}
