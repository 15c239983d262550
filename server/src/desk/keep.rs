//! What is written beside the database: checkpoints of the audit chain, the owner's mail permission file; and the archive,
//! through which readers see what has ended.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ccc_core::{
    audit::{AuditKey, Chain, Checkpoint},
    desk::{Change, MailPermissions, Setting},
    refusal::Refusal,
    ticket::Ticket,
};
use ccc_protocol::{
    TicketId, Timestamp, UserName,
    bodies::{AuditEntry, EntryKind},
};

use crate::{
    places::resolved,
    store::{Reader, StoreError},
};

use super::{
    Posted,
    checkpoints::Checkpoints,
    page::{Page, listed},
    pool::Pool,
};

/// Where checkpoints and mail permissions go.
#[derive(Debug)]
pub(super) struct Keeping {
    pub key: AuditKey,
    pub checkpoints: Checkpoints,
    /// How long new entries may stand without a checkpoint.
    pub every: Duration,
    /// How many entries there are at most between two checkpoints.
    pub entries_max: u64,
    /// The owner's mail permission file, rewritten when a person changes who may mail whom.
    pub mail_file: Option<PathBuf>,
    /// How far the last checkpoint reached, and when it was written.
    pub last: (u64, Timestamp),
}

impl Keeping {
    /// Before a commit: mail permissions as they will be, written beside the owner's file. The file wins over the store, so
    /// that a permission that cannot be written is not granted, and one that cannot be taken out is not said to be taken
    /// back.
    ///
    /// # Errors
    /// Where they cannot be written: nothing is to be committed.
    pub(super) fn before_commit(&self, change: &Change) -> Result<(), StoreError> {
        let (Some(path), Some(mail)) = (&self.mail_file, mail_of(change)) else { return Ok(()) };
        let path = beside(&resolved(path));
        write_synced(&path, mail).map_err(|error| StoreError::File { path, error })
    }

    /// After a commit, before anybody is told of it: what was written beside the owner's file takes its place.
    pub(super) fn before_answers(&self, change: &Change) {
        let (Some(path), Some(_)) = (&self.mail_file, mail_of(change)) else { return };
        let path = resolved(path);
        if let Err(error) = std::fs::rename(beside(&path), &path) {
            tracing::error!(%error, path = %path.display(), "mail permissions could not be put in place; the store has them");
        }
    }

    /// After a commit: a checkpoint behind every person's decision, every step of the clock and every so many entries.
    pub(super) fn after(&mut self, change: &Change, chain: &Chain, now: Timestamp) {
        let decided = change.entries.iter().any(|sealed| is_to_be_vouched_for(&sealed.entry));
        if decided || chain.seq >= self.last.0 + self.entries_max || self.is_late(chain, now) {
            self.checkpoint(chain, now);
        }
    }

    /// At the end: a checkpoint behind the last entry, and all of them written.
    pub(super) fn close(mut self, chain: &Chain, now: Timestamp) {
        if chain.seq > self.last.0 {
            self.checkpoint(chain, now);
        }
        self.checkpoints.close();
    }

    /// With nothing new for a while: new entries get their checkpoint all the same.
    pub(super) fn look(&mut self, chain: &Chain, now: Timestamp) {
        if self.is_late(chain, now) {
            self.checkpoint(chain, now);
        }
    }

    /// How long it is until somebody should look.
    pub(super) fn next_look(&self) -> Duration {
        self.every.max(Duration::from_secs(1))
    }

    fn is_late(&self, chain: &Chain, now: Timestamp) -> bool {
        chain.seq > self.last.0 && u128::from(now.millis_since(self.last.1)) >= self.every.as_millis()
    }

    fn checkpoint(&mut self, chain: &Chain, now: Timestamp) {
        self.checkpoints.write(&Checkpoint::of(chain, now, &self.key));
        self.last = (chain.seq, now);
    }
}

/// What the clock did is vouched for at once, too: how far times may be off is told by it.
fn is_to_be_vouched_for(entry: &AuditEntry) -> bool {
    is_a_persons_decision(entry) || entry.kind.is_about_the_clock()
}

fn is_a_persons_decision(entry: &AuditEntry) -> bool {
    entry.by.is_some() && entry.by != entry.about && entry.kind != EntryKind::Submitted
}

/// Mail permissions as this change leaves them.
fn mail_of(change: &Change) -> Option<&MailPermissions> {
    change.settings.iter().rev().find_map(|setting| match setting {
        Setting::Mail(mail) => Some(mail),
        _ => None,
    })
}

/// Written beside, synced, renamed: a reader sees the old file or the new one. A link stays, and what it leads to is replaced.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn write_synced(path: &Path, mail: &MailPermissions) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(serde_json::to_string_pretty(mail)?.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Readers' way to what is stored. One connection, used by one reader at a time, away from the thread that serves everybody.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    reader: Arc<Mutex<Reader>>,
    pool: Pool,
}

/// The most audit rows that one question reads.
const ROWS_MAX: u64 = 5000;
/// The most bytes of entries that one question reads: a page of lists, or of hints, is made of a few MB of them as a rule.
const READ_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Archive {
    #[must_use]
    pub(super) fn new(reader: Reader, pool: Pool) -> Self {
        Self { reader: Arc::new(Mutex::new(reader)), pool }
    }

    pub(super) async fn ticket(&self, by: Option<&UserName>, id: TicketId) -> Result<Option<Arc<Ticket>>, Refusal> {
        self.ask(by, move |reader| reader.ticket(id)).await.map(|ticket| ticket.map(Arc::new))
    }

    /// The tickets that changed after `seq`, not later than `until`, and how far this reading came.
    pub(super) async fn changed_after(
        &self,
        by: &UserName,
        seq: u64,
        until: u64,
    ) -> Result<(Vec<(u64, TicketId)>, u64), Refusal> {
        let mut changed = self.ask(Some(by), move |reader| reader.changed_after(seq, ROWS_MAX)).await?;
        changed.retain(|(at, _)| *at <= until);
        let full = u64::try_from(changed.len()).unwrap_or(u64::MAX) >= ROWS_MAX;
        let read_to = changed.last().filter(|_| full).map_or(until, |(at, _)| *at);
        Ok((changed, read_to))
    }

    /// A page of the entries after `seq` that `is_shown`, of `limit` that are looked at, and the last that was.
    pub(super) async fn entries_after(
        &self,
        by: &UserName,
        seq: u64,
        limit: u64,
        bytes_max: u64,
        mut is_shown: impl FnMut(&mut AuditEntry) -> bool + Send + 'static,
    ) -> Result<(Vec<AuditEntry>, Option<u64>), Refusal> {
        self.ask(Some(by), move |reader| {
            let (mut page, mut read_to) = (Page::new(limit, bytes_max), None);
            reader.each_after(seq, limit, READ_BYTES_MAX, |mut entry| {
                let at = entry.seq;
                let goes_on = !is_shown(&mut entry) || page.take(listed(entry));
                if goes_on {
                    read_to = Some(at);
                }
                goes_on
            })?;
            Ok((page.into_entries(), read_to))
        })
        .await
    }

    /// What the streams would have told after `seq`. More than is read at once is passed over: whoever comes back reads what
    /// stands before anything else, and hints are never more than that.
    pub(super) async fn posted_after(&self, by: &UserName, seq: u64, limit: u64) -> Result<Vec<Posted>, Refusal> {
        self.ask(Some(by), move |reader| {
            let mut posted = vec![];
            reader.each_after(seq, limit, READ_BYTES_MAX, |entry| {
                posted.push(Posted::of_entry(&entry));
                true
            })?;
            Ok(posted)
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        by: Option<&UserName>,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let reader = Arc::clone(&self.reader);
        self.pool
            .run(by, move || {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                question(&reader).map_err(|error| Refusal::unavailable("the store does not answer").because(error))
            })
            .await
    }
}
