//! What must hold whatever happens, checked on what was committed and on what is stored, not on what the desk says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ccc_core::{audit::chain, desk::Change};
use ccc_protocol::{
    Digest, TicketId,
    bodies::{AuditEntry, EntryKind, Status},
};
use ccc_server::parts::open_reader;

/// What was committed so far, as an outsider keeps it.
#[derive(Debug, Default)]
pub(super) struct Invariants {
    /// Every committed entry's hash, in order.
    log: Vec<Digest>,
    head: Option<Digest>,
    ran: BTreeSet<TicketId>,
    released: BTreeSet<TicketId>,
    ended: BTreeMap<TicketId, Status>,
    approved: BTreeMap<TicketId, (Digest, i64)>,
}

impl Invariants {
    pub(super) fn runs(&self) -> usize {
        self.ran.len()
    }

    /// A commit stands.
    pub(super) fn committed(&mut self, change: &Change, now: i64) {
        for sealed in &change.entries {
            let previous = self.head.unwrap_or_else(|| Digest::from_bytes([0; 32]));
            assert_eq!(
                sealed.hash,
                chain::link(previous, sealed.json.as_bytes()),
                "each entry is linked to the one before"
            );
            self.head = Some(sealed.hash);
            self.log.push(sealed.hash);
            self.follow(&sealed.entry, now);
        }
        for permit in &change.permits {
            assert!(self.ran.insert(permit.ticket()), "{} runs once", permit.ticket());
        }
        for ticket in &change.tickets {
            let runs = change.permits.iter().any(|permit| permit.ticket() == ticket.id());
            if runs {
                let permit = change.permits.iter().find(|permit| permit.ticket() == ticket.id());
                assert_eq!(
                    permit.map(|permit| permit.plan()),
                    Some(ticket.request().plan_digest),
                    "what runs is what was shown"
                );
                let by_rule = ticket.approvals().is_empty() && ticket.decided_by().is_none();
                let by_people =
                    self.approved.get(&ticket.id()).is_some_and(|(digest, _)| *digest == ticket.request().digest);
                assert!(
                    by_rule || by_people,
                    "{} runs by a rule, a grant or a person's yes to its digest",
                    ticket.id()
                );
            }
        }
    }

    fn follow(&mut self, entry: &AuditEntry, now: i64) {
        let (Some(id), Some(status)) = (entry.ticket, entry.status) else { return };
        if matches!(entry.kind, EntryKind::GrantUsed | EntryKind::GrantMade | EntryKind::Repeated) {
            return;
        }
        if let Some(earlier) = self.ended.get(&id) {
            panic!("{id} ended as {earlier} and then came {}", entry.kind);
        }
        if status.has_ended() {
            self.ended.insert(id, status);
        }
        if entry.kind == EntryKind::Approved {
            let digest =
                entry.detail.get("digest").and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok());
            self.approved.extend(digest.map(|digest| (id, (digest, now))));
        }
        if status == Status::Released {
            assert!(self.released.insert(id), "{id} is released once");
        }
    }

    /// What is stored is what was committed: the log is a true prefix of what happened.
    pub(super) fn hold(&self, data: &Path, at: &str) {
        let newest = u64::try_from(self.log.len()).unwrap_or(0).saturating_sub(200);
        let reader = open_reader(data).unwrap_or_else(|error| panic!("{at}: {error}"));
        let tail = reader.entries_after(newest, 1000).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(
            tail.len() as u64 + newest,
            self.log.len() as u64,
            "{at}: every committed entry is stored, and no other"
        );
        for entry in &tail {
            let index = usize::try_from(entry.seq).unwrap_or(0) - 1;
            let previous = index.checked_sub(1).and_then(|before| self.log.get(before)).copied();
            let previous = previous.unwrap_or_else(|| Digest::from_bytes([0; 32]));
            let hash = chain::link(previous, chain::canonical(entry).as_bytes());
            assert_eq!(Some(&hash), self.log.get(index), "{at}: entry {} is as it was committed", entry.seq);
        }
    }
}
