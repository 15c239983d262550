//! What time, restarts and changed users do to what stands.

use std::collections::BTreeSet;

use ccc_protocol::{
    UserName,
    bodies::{AuditEntry, EntryKind, Status},
};
use serde_json::{Map, Value};

use crate::ticket::{Event, Withdrawal};

use super::{Change, Cx, Desk, KnownUsers, MailPermissions, Setting, books::Due, grants::makers_have_the_right};

impl Desk {
    /// Ends everything whose time is over: tickets expire, grants end, denials stop answering.
    pub fn tick(&mut self, cx: Cx<'_>, change: &mut Change) {
        while let Some((_, due)) = self.due.first().copied().filter(|(at, _)| *at <= cx.now) {
            self.due.pop_first();
            match due {
                Due::Ticket(id) => {
                    if let Some(ticket) = self.open.get(&id).cloned() {
                        // The deadline has come, so the one refusal left is that the ticket has moved on.
                        let _ = self.advance(&ticket, Event::Expire, cx, change);
                    }
                }
                Due::Grant(id) => {
                    if let Some(grant) = self.grants.get(&id).cloned() {
                        self.end_grant(&grant, EntryKind::GrantExpired, None, cx, change);
                    }
                }
                Due::Denial(call) => {
                    if self.denials.get(&call).is_some_and(|denial| denial.until <= cx.now) {
                        self.denials.remove(&call);
                    }
                }
            }
        }
    }

    /// What a start finds: what was running is lost, what was approved and not started waits for the worker again,
    /// what was queued stays queued.
    pub fn recover(&mut self, cx: Cx<'_>, change: &mut Change) {
        let found: Vec<_> = self.open.values().cloned().collect();
        for ticket in found {
            match ticket.status() {
                Status::Running => {
                    // A running ticket can always be lost.
                    let _ = self.advance(&ticket, Event::Lose, cx, change);
                }
                Status::Approved if ticket.may_start() => change.to_start.push(ticket.id()),
                _ => {}
            }
        }
        self.tick(cx, change);
    }

    /// These are the users from now on. Whoever was known and is gone, or has another secret, is cut off: their open
    /// tickets and grants end, and their yes to others' tickets counts no longer. So it is with who lost the right. Gives who was cut
    /// off.
    pub fn meet_users(&mut self, users: KnownUsers, cx: Cx<'_>, change: &mut Change) -> BTreeSet<UserName> {
        let strangers =
            self.open.values().map(|ticket| ticket.submitted_by()).filter(|user| !users.contains_key(*user));
        let changed =
            self.known_users.iter().filter(|(user, known)| users.get(*user) != Some(*known)).map(|(user, _)| user);
        let cut_off: BTreeSet<UserName> = changed.chain(strangers).cloned().collect();
        self.cut_off(&cut_off, cx, change);
        self.uncount(&cut_off, cx, change);
        if self.known_users != users {
            let detail = Map::from_iter([("cut_off".to_owned(), serde_json::json!(cut_off))]);
            self.known_users = users;
            change.settings.push(Setting::KnownUsers(self.known_users.clone()));
            self.log(server_entry(EntryKind::UsersRead, detail, cx), change);
        }
        cut_off
    }

    fn cut_off(&mut self, changed: &BTreeSet<UserName>, cx: Cx<'_>, change: &mut Change) {
        let tickets: Vec<_> =
            self.open.values().filter(|ticket| changed.contains(ticket.submitted_by())).cloned().collect();
        for ticket in tickets {
            // What runs already ends as it ends.
            let _ = self.advance(&ticket, Event::Withdraw(Withdrawal::UserChanged), cx, change);
        }
        let ended = |grant: &&crate::grant::Grant| {
            changed.contains(&grant.user)
                || grant.made_by.iter().any(|maker| changed.contains(maker))
                || !makers_have_the_right(grant, cx)
        };
        let grants: Vec<_> = self.grants.values().filter(ended).cloned().collect();
        for grant in grants {
            self.end_grant(&grant, EntryKind::GrantEnded, None, cx, change);
        }
    }

    /// The owner's mail permission file says something else than what is kept: the file wins, and the log says so.
    pub fn adopt_mail(&mut self, file: MailPermissions, cx: Cx<'_>, change: &mut Change) {
        if file == self.mail {
            return;
        }
        let detail = |key: &str, entries: Vec<&super::MailPermission>| {
            (key.to_owned(), serde_json::to_value(entries).unwrap_or_default())
        };
        let added = file.allowed.difference(&self.mail.allowed).collect();
        let removed = self.mail.allowed.difference(&file.allowed).collect();
        let detail = Map::from_iter([detail("added", added), detail("removed", removed)]);
        self.mail = file;
        change.settings.push(Setting::Mail(self.mail.clone()));
        self.log(server_entry(EntryKind::MailPermissionsRead, detail, cx), change);
    }

    /// A checkpoint under the server's key says that the chain once reached further: the database is older than its own
    /// log. The gap is declared, and what is written from here on comes after it.
    pub fn declare_gap(&mut self, reached: u64, cx: Cx<'_>, change: &mut Change) {
        if reached <= self.chain.seq {
            return;
        }
        let detail = [("from", self.chain.seq + 1), ("to", reached)].map(|(key, seq)| (key.to_owned(), seq.into()));
        self.chain.seq = reached;
        self.log(server_entry(EntryKind::GapDeclared, Map::from_iter(detail), cx), change);
    }

    /// Writes down something the server itself did: a start, a stop, a reload.
    pub fn note(&mut self, kind: EntryKind, detail: Map<String, Value>, cx: Cx<'_>, change: &mut Change) {
        self.log(server_entry(kind, detail, cx), change);
    }
}

pub(super) fn server_entry(kind: EntryKind, detail: Map<String, Value>, cx: Cx<'_>) -> AuditEntry {
    AuditEntry { seq: 0, at: cx.now, kind, by: None, about: None, ticket: None, action: None, status: None, detail }
}
