//! The server is killed under load while people stop runs and freeze users, secrets are rotated, rules are tightened, and the clock
//! is set, also between two starts of the machine: what was answered stands, nothing happens twice, nothing that was denied happens,
//! and the log verifies.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ccc_client::Identity;
use ccc_protocol::{
    TicketId,
    bodies::{Approve, Freeze, Status, Ticket},
    secrets::Secrets,
};
use ccc_tests::{
    bridge::{Bridge, Site, secret, secrets_of, write_private},
    dice::Dice,
    kills::{
        Answered, AtEnd, a_while, appending, ask_until_answered, compare, dice, effects, kills, log_verifies, settle,
    },
    stepped_clock::SteppedClock,
};
use rustix::process::Signal;

const EVERYBODY: [&str; 5] = ["agent", "other", "user", "dba", "lead"];
/// How many submit at a time.
const CLIENTS: usize = 12;

/// -`most` to `most` seconds.
fn seconds(dice: &mut Dice, most: i64) -> i64 {
    i64::try_from(dice.roll(2 * most.unsigned_abs())).unwrap() - most
}

/// An effect that is accepted, one that is asked, and one that goes on for a while after.
fn config(home: &Path, is_tight: bool) -> String {
    let rule = if is_tight {
        "[[rule]]\nname = \"two people\"\naction = [\"append-asked\", \"append\"]\npolicy = \"queue\"\napprove = { count = 2 }\n"
    } else {
        ""
    };
    format!(
        "[limits]\nqueued_per_user_max = 50000\nqueued_max = 100000\n[actions.append]\n{}\n[actions.append-asked]\n{}\n\
         [actions.append-slow]\n{}\n{rule}",
        appending(home, "auto-accept", ""),
        appending(home, "queue", ""),
        appending(home, "auto-accept", "; sleep 2")
    )
}

/// What is asked about a word: accepted, asked or slow.
fn action(client: usize) -> &'static str {
    ["append", "append-asked", "append-slow", "append-asked"][client % 4]
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
        let what = match self.dice.roll(7) {
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
        let config = config(home, is_tight);
        write_private(&home.join("config.toml"), &format!("secrets = \"secrets.json\"\ndata = \"data\"\n{config}\n"));
        self.bridge.signal(Signal::HUP);
        if is_tight { "rules tightened" } else { "rules loosened" }
    }

    fn rotate(&mut self) -> &'static str {
        let another =
            format!("{}-{:08}-", "dba", self.dice.roll(100_000_000)).chars().cycle().take(64).collect::<String>();
        let text = secrets_of(&EVERYBODY).replace(&secret("dba"), &another);
        write_private(&self.bridge.site().home().join("secrets.json"), &text);
        *self.secrets.lock().unwrap() = text;
        self.bridge.signal(Signal::HUP);
        "secret rotated"
    }

    fn set_clock(&mut self) -> &'static str {
        self.off = seconds(&mut self.dice, 1500);
        self.clock.set(self.off);
        "clock set"
    }

    fn accept_clock(&self) -> &'static str {
        let _ = self.bridge.site().shell("ccc-server clock accept --config config.toml").output();
        "clock accepted"
    }

    fn kill(&mut self, number: u32) {
        self.bridge.kill();
        let what = if self.dice.one_in(3) {
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
        let mut unrest = Unrest { bridge, clock, dice: dice(), secrets: &secrets, happened, off: 0 };
        for number in 0..kills {
            for _ in 0..unrest.dice.roll(4) {
                thread::sleep(a_while(&mut unrest.dice, 150));
                unrest.event();
            }
            thread::sleep(a_while(&mut unrest.dice, 200));
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
    let config = config(site.home(), false);
    let mut bridge = site.config(config).start();
    let answered = disturb(&mut bridge, &clock, kills(12));
    let tickets = settle(&bridge);
    let mut ends: BTreeMap<Status, usize> = BTreeMap::new();
    tickets.iter().for_each(|ticket| *ends.entry(ticket.status).or_default() += 1);
    println!("{ends:?}");
    compare(&answered, &tickets, &effects(&bridge), may_have_happened);
    assert!(bridge.stop().success());
    log_verifies(&bridge);
}
