//! What was asked, and what people said to it.

use std::collections::HashSet;

use ccc_protocol::{TicketId, Timestamp, UserName, bodies::EntryKind};
use serde::Deserialize;

use crate::replay::{Call, Gathered, Made, Outcome};

/// The requests of a log with people's answers.
#[derive(Debug, Default)]
pub struct Seen {
    gathered: Gathered,
    yes: HashSet<TicketId>,
    no: HashSet<TicketId>,
}

/// One call, and how often people said what to it.
#[derive(Debug)]
pub(super) struct Answered<'a> {
    pub(super) call: &'a Call,
    pub(super) first: &'a Made,
    pub(super) asked: u64,
    pub(super) yes: u64,
    pub(super) no: u64,
}

/// As much of an entry as is asked for.
#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    kind: EntryKind,
    by: Option<UserName>,
    about: Option<UserName>,
    ticket: Option<TicketId>,
}

impl Seen {
    /// Takes one entry in its canonical JSON, of those not before `since`.
    pub fn take(&mut self, json: &str, since: Timestamp) {
        self.gathered.take(json, since);
        let Ok(line) = serde_json::from_str::<Line>(json) else { return };
        let (Some(ticket), true) = (line.ticket, line.at >= since) else { return };
        if line.by.is_none() || line.by == line.about {
            return;
        }
        match line.kind {
            EntryKind::Approved => drop(self.yes.insert(ticket)),
            // A freeze and an edit are a person's no, too.
            EntryKind::Denied => drop(self.no.insert(ticket)),
            _ => {}
        }
    }

    /// Each call that a person was asked about.
    pub(super) fn asked(&self) -> impl Iterator<Item = Answered<'_>> {
        self.gathered.calls().filter_map(|(call, made)| {
            let asked = || made.iter().filter(|made| made.outcome == Outcome::Asked);
            let among = |said: &HashSet<TicketId>| count(asked().filter(|made| said.contains(&made.ticket)));
            let first = asked().min_by_key(|made| (made.at, made.ticket))?;
            Some(Answered { call, first, asked: count(asked()), yes: among(&self.yes), no: among(&self.no) })
        })
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}
