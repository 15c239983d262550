//! What agents do, as it happens: each request by what became of it when it was made, and how many of each there were lately.

use ccc_core::replay::Outcome;
use ccc_protocol::{
    Timestamp,
    actions::RECORD_EVENT,
    bodies::{AuditEntry, EntryKind},
};

/// What became of what an entry says was asked for; none where it says something else. That something happened is no request.
#[must_use]
pub fn outcome(entry: &AuditEntry) -> Option<Outcome> {
    let asks =
        entry.kind == EntryKind::Submitted && entry.action.as_ref().is_none_or(|name| name.as_str() != RECORD_EVENT);
    entry.status.filter(|_| asks).and_then(|status| Outcome::of_opening(status.as_str()))
}

/// All outcomes, in the order in which they are told.
pub const OUTCOMES: [Outcome; 4] = [Outcome::Passed, Outcome::Confined, Outcome::Asked, Outcome::Denied];

/// How many requests there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    by_outcome: [usize; OUTCOMES.len()],
    /// The oldest entry that was looked at, where the span goes back further than what was read.
    pub cut_at: Option<Timestamp>,
}

/// For so long back requests are counted.
const SPAN_SECONDS: i64 = 24 * 60 * 60;

impl Counts {
    /// Of the last day, from entries that come newest first; `is_whole` where there are none older than those.
    #[must_use]
    pub fn of<'a>(newest: impl Iterator<Item = &'a AuditEntry>, now: Timestamp, is_whole: bool) -> Self {
        let since = now.plus_millis(-SPAN_SECONDS * 1000);
        let mut counts = Self::default();
        let mut oldest = None;
        for entry in newest {
            if entry.at < since {
                return counts;
            }
            oldest = Some(entry.at);
            if let Some(count) = outcome(entry).and_then(place).and_then(|at| counts.by_outcome.get_mut(at)) {
                *count += 1;
            }
        }
        Self { cut_at: oldest.filter(|_| !is_whole), ..counts }
    }

    /// How many came to this.
    #[must_use]
    pub fn come_to(&self, outcome: Outcome) -> usize {
        place(outcome).and_then(|at| self.by_outcome.get(at)).copied().unwrap_or_default()
    }
}

fn place(outcome: Outcome) -> Option<usize> {
    OUTCOMES.iter().position(|known| *known == outcome)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(minute: u32, kind: &str, status: &str) -> AuditEntry {
        let at = format!("2026-03-07T{:02}:{:02}:00Z", minute / 60, minute % 60);
        serde_json::from_value(json!({ "seq": minute, "at": at, "kind": kind, "status": status })).unwrap()
    }

    fn now() -> Timestamp {
        "2026-03-07T23:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_request_counts_once_by_what_became_of_it_when_it_was_made() {
        let mut noted = entry(10, "submitted", "succeeded");
        noted.action = Some(RECORD_EVENT.parse().unwrap());
        let entries = [
            noted,
            entry(9, "denied", "denied"),
            entry(8, "submitted", "queued"),
            entry(7, "released", "released"),
            entry(6, "submitted", "released"),
            entry(5, "confined", "confined"),
            entry(4, "submitted", "confined"),
            entry(3, "submitted", "denied"),
            entry(2, "submitted", "approved"),
            entry(1, "submitted", "denied"),
        ];
        let counts = Counts::of(entries.iter(), now(), true);
        assert_eq!(OUTCOMES.map(|outcome| counts.come_to(outcome)), [2, 1, 1, 2]);
        assert_eq!(counts.cut_at, None);
    }

    #[test]
    fn a_day_back_is_counted_and_what_was_not_read_is_told() {
        let later = now().plus_seconds(24 * 60 * 60 - 23 * 60 * 60 + 120);
        let entries = [entry(3, "submitted", "denied"), entry(1, "submitted", "denied")];
        let counts = Counts::of(entries.iter(), later, false);
        assert_eq!((counts.come_to(Outcome::Denied), counts.cut_at), (1, None), "the older one is of another day");
        let counts = Counts::of(entries.iter(), now(), false);
        assert_eq!(counts.cut_at, Some(entries[1].at), "older ones were not read");
    }
}
