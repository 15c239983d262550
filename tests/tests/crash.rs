//! The server is killed at random moments under the load of several clients: every answered ticket is there afterwards, and
//! nothing happened twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    os::unix::net::UnixListener,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_client::{CallError, deadline_after};
use ccc_protocol::{
    TicketId,
    bodies::{Approve, ProblemType, QueueList, Status, Ticket},
};
use ccc_tests::{
    bridge::{Bridge, PATIENCE, Site, client_at, program},
    wire::{Ask, fresh_key, now},
};
use serde_json::json;

/// What clients were answered: the word they asked about and the ticket.
type Answered = Mutex<BTreeMap<String, TicketId>>;

/// An action with an effect that can be counted: it appends a word to a file of the host's.
fn site() -> Site {
    let site = Site::new().on_socket();
    let append = |policy: &str| {
        format!(
            "policy = \"{policy}\"\nparams.word = {{ type = \"string\", pattern = \"[a-z0-9-]+\", required = true }}\n\
             run = [\"sh\", \"-c\", \"echo \\\"$1\\\" >> '{}/effects'\", \"append\", \"{{word}}\"]\nconfined = false\n",
            site.home().display()
        )
    };
    let config = format!(
        "[limits]\nrequests_per_minute_max = 0\nqueued_per_user_max = 50000\nqueued_max = 100000\n[actions.append]\n{}\n[actions.append-asked]\n{}",
        append("auto-accept"),
        append("queue")
    );
    site.config(config)
}

/// A linear congruential generator: what happens when is random, and its seed is printed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn seed() -> u64 {
    let given = std::env::var("CCC_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::try_from(now()).unwrap());
    println!("crash seed {seed}: again with CCC_CRASH_SEED={seed}");
    seed
}

/// How many submit at a time.
const CLIENTS: usize = 16;

/// How often the server is killed; `CCC_CRASH_KILLS=200` is the long form.
fn kills() -> u32 {
    std::env::var("CCC_CRASH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(15)
}

/// Asks until the answer is known, under one key for one word: what a client does whose connection breaks.
fn ask_until_answered(url: &str, user: &str, action: &str, word: &str, over: &AtomicBool) -> Option<Ticket> {
    let client = client_at(url, user);
    let (body, key) = (json!({ "action": action, "word": word }).to_string(), fresh_key());
    while !over.load(Ordering::Relaxed) {
        match client.submit_as(body.as_bytes(), &key, None) {
            Ok(answer) => match answer.ticket() {
                Ok(ticket) => return Some(ticket),
                // Signed before the start, and again before the next one.
                Err(CallError::Refused(problem)) if problem.kind == ProblemType::Stale => {}
                Err(error) => panic!("no refusal under this load: {error}"),
            },
            Err(error) => come_back(&error),
        }
    }
    None
}

fn come_back(error: &CallError) {
    let away =
        matches!(error, CallError::Unreachable { .. } | CallError::Lost { .. } | CallError::RefusedUnverified { .. });
    assert!(away, "a crash may cost an answer, never give a wrong one: {error}");
    thread::sleep(Duration::from_millis(5));
}

/// Submits word after word until it is over: half of them for two users each, half of them to be asked for.
fn submitter(url: &str, client: usize, answered: &Answered, over: &AtomicBool) {
    let user = if client.is_multiple_of(2) { "agent" } else { "other" };
    let action = if client % 4 < 2 { "append" } else { "append-asked" };
    for count in 0.. {
        let word = format!("{client}-{count}");
        let Some(ticket) = ask_until_answered(url, user, action, &word, over) else { return };
        answered.lock().unwrap().insert(word, ticket.id);
    }
}

/// Approves whatever waits, every second ticket of it, until it is over.
fn approver(url: &str, over: &AtomicBool) {
    let client = client_at(url, "user");
    while !over.load(Ordering::Relaxed) {
        let waiting = client.queue(None).map(|queue| queue.tickets).unwrap_or_default();
        for ticket in waiting.iter().filter(|ticket| ticket.status == Status::Queued && ticket.seq % 2 == 0) {
            // Lost on the way, or decided before the crash that hid the answer: the books are compared at the end.
            let _ = client.approve(ticket.id, &Approve { digest: ticket.digest, note: None, grant: None, shown: None });
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Every ticket there is, as `user` and `lead` see them. One that changes again further on stands on two pages.
fn all_tickets(bridge: &Bridge) -> Vec<Ticket> {
    let mut found = BTreeMap::new();
    for user in ["user", "lead"] {
        let mut after = 0;
        loop {
            let request = format!("/queue?after={after}&limit=5000");
            let answer = bridge.client(user).call(&ccc_client::Request::get(&request, deadline_after(None))).unwrap();
            let page: QueueList = answer.read().unwrap();
            found.extend(page.tickets.into_iter().map(|ticket| (ticket.id, ticket)));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    found.into_values().collect()
}

/// Waits until nothing goes on any more.
fn settle(bridge: &Bridge) -> Vec<Ticket> {
    let begun = Instant::now();
    loop {
        let tickets = all_tickets(bridge);
        let goes_on = |ticket: &&Ticket| matches!(ticket.status, Status::Running | Status::Approved);
        match tickets.iter().find(goes_on) {
            None => return tickets,
            Some(ticket) => drop(bridge.end_of(ticket.submitted_by.as_str(), ticket.id)),
        }
        assert!(begun.elapsed() < PATIENCE, "something never ends");
    }
}

fn effects(bridge: &Bridge) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(bridge.site().home().join("effects")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    text.lines().for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    counts
}

/// Tells everybody that it is over, also where a start failed: they would wait for a server for ever.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether somebody holds the data directory of a server that was killed.
fn is_held(bridge: &Bridge) -> bool {
    File::open(bridge.site().home().join("data/lock")).unwrap().try_lock().is_err()
}

/// Kills and starts the server again while clients work, then lets them finish.
fn crash_often(bridge: &mut Bridge, kills: u32, dice: &mut Dice) -> BTreeMap<String, TicketId> {
    let (answered, over) = (Answered::default(), AtomicBool::new(false));
    let url = bridge.url().to_owned();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, answered, over) = (&url, &answered, &over);
            scope.spawn(move || submitter(url, client, answered, over));
        }
        scope.spawn(|| approver(&url, &over));
        let _end = AtEnd(&over);
        let mut held = 0;
        for _ in 0..kills {
            thread::sleep(Duration::from_millis(dice.below(400)));
            bridge.kill();
            held += u32::from(is_held(bridge));
            bridge.start_again();
        }
        println!("{held} of {kills} killed servers left their lock to a child");
    });
    answered.into_inner().unwrap()
}

#[test]
fn killed_at_any_moment_it_loses_no_answered_ticket_and_repeats_no_effect() {
    let mut bridge = site().start();
    let answered = crash_often(&mut bridge, kills(), &mut Dice(seed()));
    let tickets = settle(&bridge);
    let effects = effects(&bridge);
    println!("{} answered, {} tickets, {} effects", answered.len(), tickets.len(), effects.len());
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
        let count = effects.get(*word).copied().unwrap_or(0);
        let fits = match found[0].status {
            Status::Succeeded => count == 1,
            Status::Lost => count <= 1,
            Status::Queued => count == 0,
            other => panic!("{word} is {other}: {:?}", found[0].reason),
        };
        assert!(fits, "{word} is {} and happened {count} times", found[0].status);
    }
    assert!(effects.keys().all(|word| by_word.contains_key(word.as_str())), "an effect without a ticket");
}

#[test]
fn the_audit_chain_verifies_after_crashes() {
    let mut bridge = site().start();
    crash_often(&mut bridge, 5, &mut Dice(seed()));
    settle(&bridge);
    assert!(bridge.stop().success());
    let home = bridge.site().home();
    let output = Command::new(program("ccc-audit"))
        .args(["verify", "--data", "data"])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Between `fork` and `exec` a child holds what the server held. Nobody can be killed at that moment on purpose, so this test
/// holds it in the child's place.
#[test]
fn what_a_killed_server_was_starting_keeps_no_server_from_starting() {
    let mut bridge = Site::new().on_socket().start();
    bridge.kill();
    let socket = bridge.site().home().join("ccc.sock");
    fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let lock = File::open(bridge.site().home().join("data/lock")).unwrap();
    lock.try_lock().unwrap();

    bridge.begin_again(&[]);
    let _ = bridge.hear("the socket is still held");
    drop(listener);
    let _ = bridge.hear("the data directory is still held");
    drop(lock);
    let _ = bridge.hear("listening on ");
    assert_eq!(bridge.get("agent", "/queue").status, 200);
}

#[test]
fn a_port_that_is_let_go_of_is_listened_on() {
    let mut bridge = Site::new().start();
    bridge.kill();
    let held = TcpListener::bind(bridge.url().strip_prefix("http://").unwrap()).unwrap();
    let port = held.local_addr().unwrap().port().to_string();

    bridge.begin_again(&["--port", &port]);
    let _ = bridge.hear("the address is still held");
    drop(held);
    let _ = bridge.hear(&format!("listening on {}", bridge.url()));
}

#[test]
fn a_request_that_was_captured_before_a_crash_is_no_good_after_it() {
    let mut bridge = site().start();
    let changing = Ask::post("/action", &json!({ "action": "append-asked", "word": "once" }).to_string());
    // A read leaves no trace to know it by: whatever was signed before the start is signed again by its client.
    let reading = Ask { created: now() - 2, ..Ask::get("/queue") };
    assert_eq!(bridge.send(&changing).status, 202);
    bridge.kill();
    bridge.start_again();
    // Known by its nonce, or refused as older than the server.
    assert_eq!(bridge.send(&changing).status, 401);
    bridge.send(&reading).refused(401, ProblemType::Stale);
    assert_eq!(all_tickets(&bridge).len(), 1);
    assert_eq!(bridge.client("agent").queue(None).unwrap().tickets.len(), 1, "our client signs again by itself");
}
