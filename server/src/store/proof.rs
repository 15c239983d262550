//! Whether the database is what the server left: somebody else may have written it while none ran. What stands is held against
//! the log, and the log against the newest checkpoint, which nobody makes without the audit key.

use std::collections::HashMap;

use ccc_core::{
    audit::{Link, chain::link},
    desk::{Desk, Doubts},
    grant::Grant,
    ticket::Ticket,
};
use ccc_protocol::{
    Digest, GrantId, TicketId, Timestamp, UserName,
    bodies::{Approval, AuditEntry, EntryKind, Status},
};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::{
    StoreError,
    read::{first_since, number, parse},
};

/// How many entries of one moment are looked through for one of them.
const SAME_MOMENT_MAX: usize = 10_000;

/// The word of a checkpoint: which hash the entry of a number had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) seq: u64,
    pub(crate) hash: Digest,
}

/// What a look at the whole of it found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// What SQLite says is wrong with its file.
    pub(crate) damage: Option<String>,
    /// The first entry whose hash does not fit.
    pub(crate) broken_at: Option<u64>,
    /// Tickets whose steps no server makes, each with what is wrong.
    pub(crate) illegal: Vec<(TicketId, String)>,
}

/// Holds what stands against the entries that it came by, and these against the checkpoint: what a start can afford before it
/// serves anybody, some look-ups for each open ticket and grant.
pub(super) fn doubts(connection: &Connection, desk: &Desk, mark: Option<Mark>) -> Result<Doubts, StoreError> {
    let log = Log { connection };
    let vouched_to = match mark {
        Some(mark) if log.hash(mark.seq)? == Some(mark.hash) => mark.seq,
        _ => 0,
    };
    let mut doubts = Doubts::default();
    for ticket in desk.open_tickets() {
        match log.standing_of(ticket, vouched_to)? {
            Standing::Differs(why) => doubts.disowned.push((ticket.id(), why)),
            Standing::Unvouched(by) => doubts.unvouched.push((ticket.id(), by)),
            Standing::Sound => {}
        }
    }
    for grant in desk.grants() {
        if log.made(grant)?.is_none_or(|seq| seq > vouched_to) {
            doubts.grants.push(grant.id);
        }
    }
    Ok(doubts)
}

/// Looks at the whole file, at the chain from this entry on, and at the steps behind the checkpoint.
pub(super) fn look(connection: &Connection, from: u64, mark: Option<Mark>) -> Result<Found, StoreError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Ok(Found { damage: Some(said), ..Found::default() });
    }
    let from = mark.map_or(from, |mark| from.min(mark.seq)).max(1);
    let (mut found, mut steps) = (Found::default(), Steps::default());
    let (before, mut head) = before(connection, from)?;
    let mut next = before + 1;
    let mut statement = connection.prepare("SELECT seq, entry, hash FROM audit WHERE seq >= ?1 ORDER BY seq")?;
    let mut rows = statement.query([number(from)])?;
    while let Some(row) = rows.next()? {
        let (seq, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(2)?);
        let (seq, hash) = (u64::try_from(seq).unwrap_or(0), Digest::from_bytes(hash));
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let is_behind = mark.is_none_or(|mark| seq > mark.seq);
        // A gap that the log declares itself is chained to the entry before it.
        let follows = link(head, text.as_bytes()) == hash && (seq == next || declares_gap(text, next, seq));
        let is_marked = mark.is_none_or(|mark| seq != mark.seq || mark.hash == hash);
        if !(follows && is_marked) {
            found.broken_at = found.broken_at.or(Some(seq));
        }
        if is_behind {
            steps.take(&parse("audit entry", text)?);
        }
        (head, next) = (hash, seq + 1);
    }
    found.illegal = steps.illegal;
    let mut by_id = connection.prepare("SELECT 1 FROM ticket WHERE id = ?1")?;
    for id in steps.last.keys() {
        if by_id.query_row([id.as_bytes()], |_| Ok(())).optional()?.is_none() {
            found.illegal.push((*id, "it has no row".to_owned()));
        }
    }
    Ok(found)
}

/// The entry before this one: its number and hash, or what the first one follows.
fn before(connection: &Connection, seq: u64) -> Result<(u64, Link), StoreError> {
    let query = "SELECT seq, hash FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT 1";
    let row: Option<(i64, [u8; 32])> =
        connection.query_row(query, [number(seq)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (seq, hash) = row.unwrap_or((0, [0; 32]));
    Ok((u64::try_from(seq).unwrap_or(0), Digest::from_bytes(hash)))
}

fn declares_gap(text: &str, next: u64, seq: u64) -> bool {
    let Ok(entry) = serde_json::from_str::<AuditEntry>(text) else { return false };
    let bound = |name: &str| entry.detail.get(name).and_then(Value::as_u64);
    entry.kind == EntryKind::GapDeclared && bound("from") == Some(next) && bound("to") == seq.checked_sub(1)
}

/// How an open ticket's row and the log agree.
enum Standing {
    Sound,
    Differs(String),
    /// These people's yes, or the leave of a grant, came behind the last checkpoint.
    Unvouched(Vec<UserName>),
}

struct Log<'c> {
    connection: &'c Connection,
}

impl Log<'_> {
    fn standing_of(&self, ticket: &Ticket, vouched_to: u64) -> Result<Standing, StoreError> {
        let differs = |why: &str| Ok(Standing::Differs(why.to_owned()));
        let Some(opened) = self.opening_of(ticket)? else { return differs("the log does not have its opening") };
        let latest = if opened.seq == ticket.seq() { None } else { self.entry(ticket.seq())? };
        if opened.seq != ticket.seq() && latest.is_none() {
            return differs("the log does not have the entry at which it stands");
        }
        if let Err(why) =
            is_as_opened(ticket, &opened).and_then(|()| is_as_left(ticket, latest.as_ref().unwrap_or(&opened)))
        {
            return differs(why);
        }
        let mut unvouched = vec![];
        for approval in ticket.approvals() {
            match self.vote(ticket, approval, latest.as_ref())? {
                None => return differs("the log does not have an approval of it"),
                Some(seq) if seq > vouched_to => unvouched.push(approval.by.clone()),
                Some(_) => {}
            }
        }
        let came_by_a_grant = ticket.was_let_in() && ticket.request().let_in.is_some();
        let is_unvouched = !unvouched.is_empty() || (came_by_a_grant && ticket.seq() > vouched_to);
        let has_a_yes = matches!(ticket.status(), Status::Approved | Status::Queued);
        Ok(if is_unvouched && has_a_yes { Standing::Unvouched(unvouched) } else { Standing::Sound })
    }

    /// The entry that opened the ticket.
    fn opening_of(&self, ticket: &Ticket) -> Result<Option<AuditEntry>, StoreError> {
        let is_it = |entry: &AuditEntry| entry.kind == EntryKind::Submitted && entry.ticket == Some(ticket.id());
        match ticket.opened() {
            Some(seq) => Ok(self.entry(seq)?.filter(is_it)),
            None => self.at_moment(ticket.request().created, is_it),
        }
    }

    /// The number of the entry by which this person said yes.
    fn vote(
        &self,
        ticket: &Ticket,
        approval: &Approval,
        latest: Option<&AuditEntry>,
    ) -> Result<Option<u64>, StoreError> {
        let is_it = |entry: &AuditEntry| {
            entry.kind == EntryKind::Approved
                && entry.ticket == Some(ticket.id())
                && entry.by.as_ref() == Some(&approval.by)
                && entry.at == approval.at
        };
        if let Some(latest) = latest.filter(|latest| is_it(latest)) {
            return Ok(Some(latest.seq));
        }
        Ok(self.at_moment(approval.at, is_it)?.map(|entry| entry.seq))
    }

    /// The number of the entry that made the grant as it stands.
    fn made(&self, grant: &Grant) -> Result<Option<u64>, StoreError> {
        let said = |value: Value| value.as_object().cloned().unwrap_or_default();
        let mut stands = said(serde_json::to_value(grant.view()).unwrap_or_default());
        let is_it = |entry: &AuditEntry| {
            let is_this = entry.kind == EntryKind::GrantMade && id_of(entry) == Some(grant.id);
            // How many uses are left is not what it was.
            if let Some(left) = entry.detail.get("uses_left").filter(|_| is_this) {
                stands.insert("uses_left".to_owned(), left.clone());
            }
            is_this && entry.detail == stands
        };
        Ok(self.at_moment(grant.made, is_it)?.map(|entry| entry.seq))
    }

    /// The entry of this moment that is meant.
    fn at_moment(
        &self,
        at: Timestamp,
        mut is_it: impl FnMut(&AuditEntry) -> bool,
    ) -> Result<Option<AuditEntry>, StoreError> {
        let from = first_since(self.connection, at)?;
        let mut statement = self.connection.prepare_cached("SELECT entry FROM audit WHERE seq >= ?1 ORDER BY seq")?;
        let mut rows = statement.query([from])?;
        for _ in 0..SAME_MOMENT_MAX {
            let Some(row) = rows.next()? else { return Ok(None) };
            let entry: AuditEntry = parse("audit entry", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            if is_it(&entry) {
                return Ok(Some(entry));
            }
            if entry.at > at {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn entry(&self, seq: u64) -> Result<Option<AuditEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT entry FROM audit WHERE seq = ?1")?;
        let mut rows = statement.query([number(seq)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        parse("audit entry", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?).map(Some)
    }

    fn hash(&self, seq: u64) -> Result<Option<Link>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?;
        let hash: Option<[u8; 32]> = statement.query_row([number(seq)], |row| row.get(0)).optional()?;
        Ok(hash.map(Digest::from_bytes))
    }
}

fn id_of(entry: &AuditEntry) -> Option<GrantId> {
    entry.detail.get("id")?.as_str()?.parse().ok()
}

/// What never changes about a ticket is what the entry that opened it says.
fn is_as_opened(ticket: &Ticket, opened: &AuditEntry) -> Result<(), &'static str> {
    let request = ticket.request();
    let text = |name: &str| opened.detail.get(name).and_then(Value::as_str);
    let same = [
        ("another action was asked for", opened.action.as_ref() == Some(&request.action)),
        ("somebody else asked for it", opened.about.as_ref() == Some(&request.submitted_by)),
        (
            "other parameters were asked for",
            opened.detail.get("params").and_then(Value::as_object) == Some(&request.params),
        ),
        ("it had another plan", text("plan") == Some(&request.plan_digest.text())),
        ("it had another digest", text("digest") == Some(&request.digest.text())),
    ];
    same.into_iter().find(|(_, same)| !same).map_or(Ok(()), |(why, _)| Err(why))
}

/// It stands as its newest entry says, and by a step that leads there.
fn is_as_left(ticket: &Ticket, latest: &AuditEntry) -> Result<(), &'static str> {
    if latest.ticket != Some(ticket.id()) {
        return Err("the entry at which it stands is another ticket's");
    }
    if latest.status != Some(ticket.status()) || !leads_to(&latest.kind, ticket.status()) {
        return Err("the log says another status");
    }
    let said_yes = ticket.approvals().iter().any(|approval| Some(&approval.by) == latest.by.as_ref());
    match latest.kind {
        EntryKind::Approved if !said_yes => Err("the log has an approval that it does not have"),
        EntryKind::Submitted if !ticket.approvals().is_empty() => Err("the log has no approval of it"),
        _ => Ok(()),
    }
}

/// Whether a server writes an entry of this kind about a ticket that then stands so.
fn leads_to(kind: &EntryKind, status: Status) -> bool {
    match status {
        Status::Queued => {
            matches!(kind, EntryKind::Submitted | EntryKind::Approved | EntryKind::Requeued | EntryKind::Tightened)
        }
        Status::Approved => matches!(kind, EntryKind::Submitted | EntryKind::Approved),
        Status::Running => matches!(kind, EntryKind::Submitted | EntryKind::Started | EntryKind::StopAsked),
        Status::Denied => matches!(kind, EntryKind::Submitted | EntryKind::Denied | EntryKind::Repeated),
        Status::Succeeded | Status::Released => *kind == EntryKind::Submitted || *kind == status.into(),
        Status::Failed | Status::Expired | Status::Cancelled | Status::Lost => *kind == status.into(),
    }
}

/// The steps of tickets, entry by entry.
#[derive(Default)]
struct Steps {
    last: HashMap<TicketId, Status>,
    illegal: Vec<(TicketId, String)>,
}

impl Steps {
    fn take(&mut self, entry: &AuditEntry) {
        let (Some(id), Some(status)) = (entry.ticket, entry.status) else { return };
        // It names a ticket and its status, and is no step of it.
        if entry.kind == EntryKind::DenialLifted {
            return;
        }
        let before = self.last.insert(id, status);
        let repeats = status == Status::Denied && entry.kind == EntryKind::Repeated;
        let goes_on = match before {
            None => true,
            Some(_) if entry.kind == EntryKind::Submitted => false,
            Some(before) => !before.has_ended() || (before == Status::Denied && repeats),
        };
        if !goes_on || !leads_to(&entry.kind, status) {
            self.illegal.push((id, format!("entry {} is no step of it", entry.seq)));
        }
    }
}
