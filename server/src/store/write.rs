//! Writing: a transaction at a time, by the one thread that holds the desk.

use std::collections::HashSet;

use ccc_core::{
    clock::Stretch,
    desk::{Change, Desk, Doubts, Setting},
    limits::Limits,
    ticket::Ticket,
};
use ccc_protocol::{Digest, TicketId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::{
    Nonce, StoreError, clock, proof,
    proof::Mark,
    read::{self, number},
};

/// The database's one writer.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
}

/// How many pages of the write-ahead log are folded into the database at once: SQLite's own number.
const FOLD_PAGES: u32 = 1000;

/// An idempotency key as its user sent it, and what it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who sent it: another user's same key is another.
    pub user: UserName,
    /// As it was sent.
    pub key: String,
    /// The digest of the body that it was sent with: another body is a conflict.
    pub body: Digest,
}

/// What an idempotency key was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The digest of the body that it was first sent with.
    pub body: Digest,
    /// What it opened then, however it stands now.
    pub ticket: TicketId,
}

/// When the newest entry was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latest {
    /// By the server's time then; the epoch where there is none.
    pub at: Timestamp,
    /// None where versions before this was kept made it.
    pub stretch: Option<Stretch>,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")
    }

    /// Makes everything since `begin` durable, or nothing of it.
    ///
    /// # Errors
    /// Where the database refuses; nothing is kept.
    pub fn commit(&self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    /// Folds what can be of the write-ahead log into the database, and from now on nothing: commits need room in the log alone.
    pub(crate) fn fold_no_more(&self) {
        // On a full disk the folding fails, and all stays in the log.
        let _ = self.pragma("wal_checkpoint", "PASSIVE");
        self.told_of("wal_autocheckpoint", self.pragma("wal_autocheckpoint", 0));
    }

    /// The log is folded into the database again as it grows.
    pub(crate) fn fold_again(&self) {
        self.told_of("wal_autocheckpoint", self.pragma("wal_autocheckpoint", FOLD_PAGES));
    }

    fn pragma(&self, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
        self.connection.pragma_update_and_check(None, name, value, |_| Ok(()))
    }

    fn told_of(&self, what: &str, done: rusqlite::Result<()>) {
        if let Err(error) = done {
            tracing::warn!(%error, "{what} could not be set");
        }
    }

    /// Forgets everything since `begin`.
    pub fn roll_back(&self) {
        // There may be no transaction left to roll back: SQLite ends some by itself when they fail.
        if !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
    }

    /// Writes a change into the open transaction. A ticket that changed more than once is written once, as it last stood.
    ///
    /// # Errors
    /// Where the database refuses or a value has no JSON form.
    pub fn write(&self, change: &Change, nonces: &[(u64, Nonce)], limits: &Limits) -> Result<(), StoreError> {
        self.write_entries(change, nonces)?;
        // What is over does not begin again where time goes back.
        for back_from in change.stretches.iter().filter_map(|stretch| stretch.back_from) {
            self.connection
                .prepare_cached(
                    "UPDATE ticket SET denied_until = NULL WHERE denied_until IS NOT NULL AND denied_until <= ?1",
                )?
                .execute([back_from.millis()])?;
        }
        self.write_tickets(change, limits)?;
        for grant in &change.grants {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO standing_grant (id, body) VALUES (?1, ?2)")?
                .execute(params![grant.id.as_bytes(), json("grant", grant)?])?;
        }
        for id in &change.ended_grants {
            self.connection.prepare_cached("DELETE FROM standing_grant WHERE id = ?1")?.execute([id.as_bytes()])?;
        }
        change.stretches.iter().try_for_each(|stretch| clock::write(&self.connection, stretch))?;
        if change.moved_millis != 0 {
            self.connection
                .prepare_cached("UPDATE idempotency SET until = until + ?1")?
                .execute([change.moved_millis])?;
        }
        change.settings.iter().try_for_each(|setting| self.write_setting(setting))
    }

    /// What this user's key was answered with before, also earlier in the same transaction.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn answered(&self, key: &RequestKey) -> Result<Option<Written>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT body_digest, ticket FROM idempotency WHERE user = ?1 AND key = ?2")?;
        let row = statement
            .query_row(params![key.user.as_str(), key.key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row.map(|(body, ticket)| Written { body: Digest::from_bytes(body), ticket: TicketId::from_bytes(ticket) }))
    }

    /// Remembers what a key is answered with, in the open transaction.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn remember(&self, key: &RequestKey, ticket: TicketId, until: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO idempotency (user, key, body_digest, ticket, until) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key.user.as_str(), key.key, key.body.as_bytes(), ticket.as_bytes(), until.millis()])?;
        Ok(())
    }

    /// Forgets keys whose time is over and whose ticket has ended; at most so many at a time.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn forget_keys(&self, now: Timestamp, at_most: u32) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM idempotency WHERE (user, key) IN (
                    SELECT i.user, i.key FROM idempotency i JOIN ticket t ON t.id = i.ticket
                    WHERE i.until < ?1 AND t.status NOT IN ('queued', 'approved', 'running') LIMIT ?2)",
            )?
            .execute(params![now.millis(), at_most])?;
        Ok(())
    }

    /// A stored ticket, also as written earlier in the same transaction.
    ///
    /// # Errors
    /// Where the database refuses or the row does not read.
    pub fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        read::ticket(&self.connection, id)
    }

    /// Everything that stands, to restore a desk from.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub fn books(&self, now: Timestamp) -> Result<ccc_core::desk::Books, StoreError> {
        read::books(&self.connection, now)
    }

    /// Holds what a restored desk has against the log, and the log against this checkpoint.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub(crate) fn doubts(&self, desk: &Desk, mark: Option<Mark>) -> Result<Doubts, StoreError> {
        proof::doubts(&self.connection, desk, mark)
    }

    /// The time of the newest entry, and the stretch that it was made in.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub fn latest(&self) -> Result<Latest, StoreError> {
        read::latest(&self.connection)
    }

    /// The nonces that a restart must still know.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn nonces(&self, now: Timestamp) -> Result<Vec<Nonce>, StoreError> {
        read::nonces(&self.connection, now)
    }

    fn write_entries(&self, change: &Change, nonces: &[(u64, Nonce)]) -> Result<(), StoreError> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO audit (seq, entry, hash, ticket, nonce, nonce_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let mut nonces = nonces.iter().peekable();
        for sealed in &change.entries {
            let seq = sealed.entry.seq;
            let nonce = nonces.next_if(|(of, _)| *of == seq).map(|(_, nonce)| nonce);
            insert.execute(params![
                number(seq),
                sealed.json,
                sealed.hash.as_bytes(),
                sealed.entry.ticket.as_ref().map(TicketId::as_bytes),
                nonce.map(|nonce| nonce.tag),
                nonce.map(|nonce| nonce.until.millis()),
            ])?;
        }
        Ok(())
    }

    fn write_tickets(&self, change: &Change, limits: &Limits) -> Result<(), StoreError> {
        let mut upsert = self.connection.prepare_cached(
            "INSERT INTO ticket (id, status, denied_until, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET status = excluded.status, denied_until = excluded.denied_until, body = excluded.body",
        )?;
        let mut written = HashSet::with_capacity(change.tickets.len());
        for ticket in
            change.tickets.iter().rev().filter(|ticket| written.insert(ticket.id())).collect::<Vec<_>>().iter().rev()
        {
            let denied_until = ticket
                .answers_until(limits.denial_seconds)
                .filter(|_| !change.lifted.contains(&ticket.id()))
                .map(Timestamp::millis);
            upsert.execute(params![
                ticket.id().as_bytes(),
                ticket.status().as_str(),
                denied_until,
                json("ticket", &***ticket)?
            ])?;
        }
        for id in &change.lifted {
            self.connection
                .prepare_cached("UPDATE ticket SET denied_until = NULL WHERE id = ?1")?
                .execute([id.as_bytes()])?;
        }
        Ok(())
    }

    fn write_setting(&self, setting: &Setting) -> Result<(), StoreError> {
        let (name, body) = match setting {
            Setting::Overrides(overrides) => (read::OVERRIDES, json("overrides", overrides)?),
            Setting::Mail(mail) => (read::MAIL, json("mail permissions", mail)?),
            Setting::Pins(pins) => (read::PINS, json("pins", pins)?),
            Setting::Frozen(frozen) => (read::FROZEN, json("frozen sessions", frozen)?),
            Setting::KnownHosts(hosts) => (read::KNOWN_HOSTS, json("known hosts", hosts)?),
            Setting::KnownUsers(users) => (read::KNOWN_USERS, json("known users", users)?),
        };
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO setting (name, body) VALUES (?1, ?2)")?
            .execute(params![name, body])?;
        Ok(())
    }

    fn run(&self, statement: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    // Most tickets fit without growing.
    let mut text = Vec::with_capacity(2048);
    let written = serde_json::to_writer(&mut text, value);
    let text = written.and_then(|()| String::from_utf8(text).map_err(serde::ser::Error::custom));
    text.map_err(|error| StoreError::Row { what, error })
}
