//! A server that is killed under load: what its clients do, and how the books are compared at the end.

use std::{
    collections::BTreeMap,
    fs,
    ops::RangeInclusive,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_client::{CallError, Request, deadline_after};
use ccc_protocol::{
    TicketId,
    bodies::{ProblemType, QueueList, Status, Ticket},
};
use serde_json::json;

use crate::{
    bridge::{Bridge, PATIENCE, client_at},
    dice::Dice,
    wire::{fresh_key, now},
};

/// What clients were answered: the word they asked about and the ticket.
pub type Answered = Mutex<BTreeMap<String, TicketId>>;

/// How often the server is killed: `CCC_CRASH_KILLS`, or so often.
#[must_use]
pub fn kills(otherwise: u32) -> u32 {
    std::env::var("CCC_CRASH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(otherwise)
}

/// What happens when is random, and its seed is printed.
#[must_use]
pub fn dice() -> Dice {
    let given = std::env::var("CCC_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::try_from(now()).unwrap());
    println!("crash seed {seed}: again with CCC_CRASH_SEED={seed}");
    Dice::new(seed)
}

/// A while of at most so many milliseconds.
#[must_use]
pub fn a_while(dice: &mut Dice, most: u64) -> Duration {
    Duration::from_millis(dice.roll(most))
}

/// The table of an action whose effect can be counted: it appends its word to a file in `home`, and does `more` after.
#[must_use]
pub fn appending(home: &Path, policy: &str, more: &str) -> String {
    format!(
        "policy = \"{policy}\"\nparams.word = {{ type = \"string\", pattern = \"[a-z0-9-]+\", required = true }}\n\
         run = [\"sh\", \"-c\", \"echo \\\"$1\\\" >> '{}/effects'{more}\", \"append\", \"{{word}}\"]\nconfined = false\n",
        home.display()
    )
}

/// Asks until the answer is known, under one key for one word: what a client does whose connection breaks. `None` where it
/// was over before that.
///
/// # Panics
/// On an answer that a crash does not excuse. A denial is an answer.
#[must_use]
pub fn ask_until_answered(url: &str, user: &str, action: &str, word: &str, over: &AtomicBool) -> Option<TicketId> {
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

/// Tells everybody that it is over when it is dropped, also where a start failed: they would wait for a server for ever.
pub struct AtEnd<'a>(pub &'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every ticket there is, as `user` and `lead` see them. One that changes again further on stands on two pages.
#[must_use]
pub fn all_tickets(bridge: &Bridge) -> Vec<Ticket> {
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

/// Waits until nothing goes on any more.
///
/// # Panics
/// Where something never ends.
#[must_use]
pub fn settle(bridge: &Bridge) -> Vec<Ticket> {
    let begun = Instant::now();
    loop {
        let tickets = all_tickets(bridge);
        let goes_on = |ticket: &&Ticket| matches!(ticket.status, Status::Running | Status::Approved);
        let Some(ticket) = tickets.iter().find(goes_on) else { return tickets };
        drop(bridge.end_of(ticket.submitted_by.as_str(), ticket.id));
        assert!(begun.elapsed() < PATIENCE, "something never ends: {ticket:?}");
    }
}

/// How often each word was appended.
#[must_use]
pub fn effects(bridge: &Bridge) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(bridge.site().home().join("effects")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    text.lines().for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    counts
}

/// Holds what clients were answered and what happened against the tickets that stand: `may_have_happened` says how often the
/// word of a ticket that ended so may have been appended.
///
/// # Panics
/// Where they differ.
pub fn compare(
    answered: &BTreeMap<String, TicketId>,
    tickets: &[Ticket],
    effects: &BTreeMap<String, usize>,
    may_have_happened: impl Fn(&Ticket) -> RangeInclusive<usize>,
) {
    println!("{} answered, {} tickets, {} effects", answered.len(), tickets.len(), effects.len());
    assert!(answered.len() > 20, "too little happened to show anything");
    let mut by_word: BTreeMap<&str, Vec<&Ticket>> = BTreeMap::new();
    for ticket in tickets {
        by_word.entry(ticket.params["word"].as_str().unwrap()).or_default().push(ticket);
    }
    for (word, id) in answered {
        let found: Vec<_> = by_word.get(word.as_str()).into_iter().flatten().map(|ticket| ticket.id).collect();
        assert_eq!(found, [*id], "{word}: one key is one ticket, and it is the one that was answered");
    }
    for (word, found) in &by_word {
        assert_eq!(found.len(), 1, "{word}: a retry doubled it");
        let count = effects.get(*word).copied().unwrap_or(0);
        assert!(may_have_happened(found[0]).contains(&count), "{word} happened {count} times and is {:?}", found[0]);
    }
    assert!(effects.keys().all(|word| by_word.contains_key(word.as_str())), "an effect without a ticket");
}

/// The log of a bridge that has ended is whole.
///
/// # Panics
/// Where `ccc-audit verify` says otherwise.
pub fn log_verifies(bridge: &Bridge) {
    let verified = bridge.site().shell("ccc-audit verify --data data --key audit.key").output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert_eq!(verified.status.code(), Some(0), "{said}");
    println!("{said}");
}
