//! Opens a desk over a data directory: restores what stands, finds what a stop left behind, starts clerk and worker.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ccc_core::{
    audit::AuditKey,
    clock::{Reading, Stretch},
    desk::{Change, Cx, Desk, KnownUsers, MailPermissions},
    law::Law,
};
use ccc_protocol::bodies::{EntryKind, Status};
use serde_json::{Map, Value};
use tokio::sync::{broadcast, mpsc};

use crate::{
    clock::{self, Clock},
    exec::Effects,
    in_flight::Room,
    nonces::Nonces,
    store::{self, DataLock, StoreError, Writer},
};

use super::{
    Front, Lawbook, Shelf,
    checkpoints::{self, CheckpointCommand, Checkpoints},
    clerk::{Clerk, carry},
    clock_word::{ClockWord, tell_out_of_step},
    keep::{Archive, Keeping},
    pool::Pool,
    rooms::Rooms,
    stops::Stops,
    wait::Waiting,
    worker::Worker,
};

/// How many commits a listener may fall behind before it has to read the lists again.
const POSTS_WAITING_MAX: usize = 1024;

/// Where a desk works and with what.
#[derive(Debug)]
pub struct Site {
    /// The data directory: made where it is missing, and held for as long as [`Running::lock`] is.
    pub data: PathBuf,
    /// The law until the first reload.
    pub law: Law,
    /// Who there is, each with the fingerprint of the secret.
    pub users: KnownUsers,
    /// What runs programs and sends mail.
    pub effects: Effects,
    /// What checkpoints are signed with.
    pub audit_key: AuditKey,
    /// The file that checkpoints are appended to.
    pub checkpoints: PathBuf,
    /// A program of the owner's that gets each checkpoint.
    pub checkpoint_command: Option<CheckpointCommand>,
    /// How long new entries may stand without a checkpoint.
    pub checkpoint_every: Duration,
    /// The owner's mail permission file, and what it says.
    pub mail_file: Option<(PathBuf, MailPermissions)>,
}

/// A desk at work.
#[derive(Debug)]
pub struct Running {
    /// Its use cases, cheap to clone.
    pub front: Front,
    /// The nonces that no request may bring again, with those that a restart must still know.
    pub nonces: Arc<Nonces>,
    /// What this start found, for the log and the consoles.
    pub found: Found,
    /// The clerk, to be waited for at the end: it writes the last checkpoint.
    pub clerk: std::thread::JoinHandle<()>,
    /// The hold on the data directory, to be kept until the clerk has ended.
    pub lock: DataLock,
}

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Tickets that wait for a person.
    pub queued: usize,
    /// Tickets that were running when the server stopped: their effect is unknown.
    pub lost: usize,
}

/// Opens the desk and starts it.
///
/// # Errors
/// Where the data directory is in use, or the database does not open, read or take the first commit.
pub fn open(site: Site) -> Result<Running, StoreError> {
    let lock = DataLock::take(&site.data)?;
    let store = store::open(&site.data)?;
    let latest = store.latest()?;
    let reading = clock::read();
    let begun = Stretch::begin(latest.stretch.as_ref(), latest.at, &clock::boot(), reading);
    let started = begun.time(reading);
    let mut desk = Desk::restore(store.books(started)?, &site.law);
    let nonces = store.nonces(started)?;
    let nonces = Arc::new(Nonces::remembering(&nonces, started.seconds()));
    let (found, to_start) = recover(&mut desk, &store, &site, begun, reading)?;
    let clock = Arc::new(Clock::in_stretch(desk.clock()));
    let shelf = Arc::new(Shelf::of(&desk));

    let rooms = Rooms::new(site.law.limits.runs_max, site.law.limits.runs_per_user_max);
    let stops = Stops::default();
    let effects = site.effects.written_down(&site.data);
    let (posts, _) = broadcast::channel(POSTS_WAITING_MAX);
    let (work, inbox) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    let no_thread = |error| StoreError::File { path: site.data.clone(), error };
    let pool = Pool::of_threads(site.law.limits.pool_threads).map_err(no_thread)?;
    let archive = Archive::new(store::reader(&site.data)?, pool.clone());
    let bodies = Room::of_bytes(site.law.limits.body_bytes_in_flight_max);
    let checkpoints = Checkpoints::open(site.checkpoints, site.checkpoint_command).map_err(no_thread)?;
    let mail_file = site.mail_file.map(|(path, _)| path);
    let keeping = Keeping {
        key: site.audit_key,
        checkpoints,
        every: site.checkpoint_every,
        entries_max: site.law.limits.checkpoint_entries,
        mail_file: mail_file.clone(),
        last: (0, clock.now()),
    };
    let lawbook = Lawbook::new(site.law);
    let (answers, answered) = mpsc::unbounded_channel();
    tokio::spawn(carry(answered));
    let clerk = Clerk {
        desk,
        store,
        lawbook: lawbook.clone(),
        clock: Arc::clone(&clock),
        shelf: Arc::clone(&shelf),
        waiting: Arc::clone(&waiting),
        posts: posts.clone(),
        work: work.clone(),
        keeping,
        answers,
        failing: false,
        nonces: Arc::clone(&nonces),
        clock_word: ClockWord::in_directory(&site.data),
    };
    let (handle, clerk) = clerk.start().map_err(no_thread)?;
    let front = Front {
        clerk: handle,
        lawbook,
        clock,
        shelf,
        waiting,
        posts,
        archive,
        rooms,
        stops: stops.clone(),
        lists: Arc::default(),
        pool,
        bodies,
        mail_file: mail_file.map(Into::into),
    };
    let worker = Worker { front: front.clone(), effects: Arc::new(effects), stops };
    tokio::spawn(worker.run(inbox));
    for id in to_start {
        // The worker was just started.
        let _ = work.send(super::clerk::Work::Start(id));
    }
    Ok(Running { front, nonces, found, clerk, lock })
}

/// One commit before anybody is served: what was running is lost, what is over is ended, the owner's file is adopted.
fn recover(
    desk: &mut Desk,
    store: &Writer,
    site: &Site,
    begun: Stretch,
    reading: Reading,
) -> Result<(Found, Vec<ccc_protocol::TicketId>), StoreError> {
    let cx = Cx { law: &site.law, now: begun.time(reading), local: clock::local_now() };
    let mut change = Change::default();
    desk.begin_time(begun, reading, cx, &mut change);
    let cx = Cx { now: desk.look_at_clock(reading, cx, &mut change), ..cx };
    if let Some(out_of_step) = desk.clock().out_of_step() {
        tell_out_of_step(out_of_step);
    }
    let lost = desk.open_tickets().filter(|ticket| ticket.status() == Status::Running).count();
    let reached = checkpoints::reached(&site.checkpoints, &site.audit_key);
    if reached > desk.chain().seq {
        tracing::error!(
            reached,
            stored = desk.chain().seq,
            "the database is older than its last checkpoint: the gap is declared in the audit log"
        );
    }
    desk.declare_gap(reached, cx, &mut change);
    desk.recover(cx, &mut change);
    desk.meet_users(site.users.clone(), cx, &mut change);
    if let Some((_, mail)) = &site.mail_file {
        desk.adopt_mail(mail.clone(), cx, &mut change);
    }
    let queued = desk.open_tickets().filter(|ticket| ticket.status() == Status::Queued).count();
    let detail = [("queued", queued), ("lost", lost)].map(|(key, count)| (key.to_owned(), Value::from(count)));
    desk.note(EntryKind::ServerStarted, Map::from_iter(detail), cx, &mut change);
    store.begin()?;
    store.write(&change, &[], &site.law.limits)?;
    store.commit()?;
    Ok((Found { queued, lost }, change.to_start))
}
