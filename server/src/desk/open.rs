//! Opens a desk over a data directory: restores what stands, finds what a stop left behind, starts clerk and worker.

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use ccc_core::{
    audit::AuditKey,
    clock::{Reading, Stretch},
    desk::{Change, Cx, Desk, Doubts, KnownUsers, MailPermissions},
    law::Law,
    risk::patterns::Patterns,
};
use ccc_protocol::bodies::{EntryKind, Status};
use serde_json::{Map, Value};
use tokio::sync::{broadcast, mpsc};

use crate::{
    clock::{self, Clock},
    exec::Effects,
    in_flight::Room,
    nonces::Nonces,
    store::{self, DataLock, Mark, Reserve, StoreError, Writer},
};

use super::{
    Front, Lawbook, Shelf,
    checkpoints::{self, CheckpointCommand, Checkpoints},
    clerk::{Clerk, carry},
    clock_word::{ClockWord, tell_out_of_step},
    config_fault::ConfigFault,
    disk::Disk,
    keep::{Archive, Keeping},
    pool::Pool,
    proof::Proof,
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
    /// The look at the whole database, to be run once the server listens: until its end what was approved before is held.
    pub proof: Proof,
    /// The hold on the data directory, to be kept until the clerk has ended.
    pub lock: DataLock,
}

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Tickets that wait for a person.
    pub queued: usize,
    /// Tickets that were running when the server stopped, or are not what the log says of them: their effect is unknown.
    pub lost: usize,
}

/// Opens the desk and starts it.
///
/// # Errors
/// Where the data directory is in use, or the database does not open, read or take the first commit.
pub fn open(site: Site) -> Result<Running, StoreError> {
    let lock = DataLock::take(&site.data)?;
    let reserve = Reserve::of(&site.data, &site.checkpoints, site.law.limits.reserve_bytes);
    let (disk, store) = Disk::open(reserve, &site.data)?;
    let latest = store.latest()?;
    let reading = clock::read();
    let begun = Stretch::begin(latest.stretch.as_ref(), latest.at, &clock::boot(), reading);
    let started = begun.time(reading);
    let mut desk = Desk::restore(store.books(started)?, &site.law);
    let nonces = store.nonces(started)?;
    let nonces = Arc::new(Nonces::remembering(&nonces, started.seconds()));
    let (found, mark) = recover(&mut desk, &store, &site, begun, reading)?;
    let proof = Proof::of(&desk, store::reader(&site.data)?, mark);
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
    let looks = Pool::of_threads(1).map_err(no_thread)?;
    let archive = Archive::new(store::reader(&site.data)?, pool.clone());
    tokio::spawn(make_ready(pool.clone(), Arc::clone(&site.law.patterns)));
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
    let disk_full = disk.disk_full();
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
        disk,
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
        disk_full,
        config_fault: ConfigFault::default(),
        pool,
        looks,
        bodies,
        mail_file: mail_file.map(Into::into),
    };
    let worker = Worker { front: front.clone(), effects: Arc::new(effects), stops };
    tokio::spawn(worker.run(inbox));
    Ok(Running { front, nonces, found, clerk, lock, proof })
}

/// What the first call would have to wait for is made ready beside it.
async fn make_ready(pool: Pool, patterns: Arc<Patterns>) {
    let made = pool.run(None, move || {
        patterns.make_ready();
        Ok(())
    });
    // Where it broke off, the first call makes them.
    let _ = made.await;
}

/// One commit before anybody is served: what was running is lost, what is over is ended, the owner's file is adopted.
fn recover(
    desk: &mut Desk,
    store: &Writer,
    site: &Site,
    begun: Stretch,
    reading: Reading,
) -> Result<(Found, Option<Mark>), StoreError> {
    let cx = Cx { law: &site.law, now: begun.time(reading), local: clock::local_now() };
    let mut change = Change::default();
    let running = desk.open_tickets().filter(|ticket| ticket.status() == Status::Running).map(|ticket| ticket.id());
    let running: HashSet<_> = running.collect();
    let marks = checkpoints::newest(&site.checkpoints, &site.audit_key);
    let reached = marks.last().map_or(0, |mark| mark.seq);
    let mark = marks.into_iter().rfind(|mark| mark.seq <= desk.chain().seq);
    // Held against the log as it was left, before the clock has moved anything.
    let doubts = store.doubts(desk, mark)?;
    tell(&doubts);
    desk.begin_time(begun, reading, cx, &mut change);
    let cx = Cx { now: desk.look_at_clock(reading, cx, &mut change), ..cx };
    if let Some(out_of_step) = desk.clock().out_of_step() {
        tell_out_of_step(out_of_step);
    }
    if reached > desk.chain().seq {
        tracing::error!(
            reached,
            stored = desk.chain().seq,
            "the database is older than its last checkpoint: the gap is declared in the audit log"
        );
    }
    desk.declare_gap(reached, cx, &mut change);
    desk.doubt(&doubts, cx, &mut change);
    desk.recover(cx, &mut change);
    desk.meet_users(site.users.clone(), cx, &mut change);
    if let Some((_, mail)) = &site.mail_file {
        desk.adopt_mail(mail.clone(), cx, &mut change);
    }
    desk.hold_approved();
    let lost = running.len() + doubts.disowned.iter().filter(|(id, _)| !running.contains(id)).count();
    let queued = desk.open_tickets().filter(|ticket| ticket.status() == Status::Queued).count();
    let detail = [("queued", queued), ("lost", lost)].map(|(key, count)| (key.to_owned(), Value::from(count)));
    desk.note(EntryKind::ServerStarted, Map::from_iter(detail), cx, &mut change);
    store.begin()?;
    store.write(&change, &[], &site.law.limits)?;
    store.commit()?;
    // What is approved is not started now: the proof lets it go.
    Ok((Found { queued, lost }, mark))
}

fn tell(doubts: &Doubts) {
    for (ticket, why) in &doubts.disowned {
        tracing::error!(%ticket, why, "a ticket's row in the database is not what the log says of it: it is lost, and does not run");
    }
    for (ticket, by) in &doubts.unvouched {
        let by: Vec<&str> = by.iter().map(ccc_protocol::UserName::as_str).collect();
        tracing::warn!(%ticket, ?by, "no checkpoint vouches for what approved it: it is asked again");
    }
    for grant in &doubts.grants {
        tracing::warn!(%grant, "no checkpoint vouches for this grant: it ends");
    }
}
