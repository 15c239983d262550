//! Whether there is room for anything new. A full disk gives up the reserve: from then on requests are refused and decisions go
//! on, until there is room and the reserve is kept again.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::EntryKind;

use crate::store::{self, Reserve, StoreError, Writer};

/// How often it is looked whether there is room again, or the reserve is whole.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked at the disk where nobody asks for anything.
const LOOK_IDLE_EVERY: Duration = Duration::from_secs(10);
/// How long a full disk is taken for full at least.
const REST: Duration = Duration::from_secs(2);
/// How long after a failure the reserve is tried again.
const UNKEPT_REST: Duration = Duration::from_secs(10);

/// What the clerk knows of the disk.
#[derive(Debug)]
pub(super) struct Disk {
    reserve: Reserve,
    is_short: DiskFull,
    /// What is still to be written down.
    untold: Option<EntryKind>,
    keeper: Keeper,
    looked: Instant,
    /// It was said that the reserve cannot be kept.
    is_told_unkept: bool,
}

/// Who takes the room of the reserve, away from the thread that serves everybody.
#[derive(Debug)]
enum Keeper {
    /// It is to be taken, not before this moment.
    Due(Instant),
    At(JoinHandle<io::Result<()>>),
    /// It is held, or none is to be.
    Done,
}

/// True while the disk is full: for whoever answers without the clerk.
#[derive(Debug, Clone, Default)]
pub(crate) struct DiskFull(Arc<AtomicBool>);

impl DiskFull {
    pub(crate) fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Disk {
    /// Opens the store of a data directory, where the disk is full with the room that was kept for that.
    ///
    /// # Errors
    /// Where the store does not open.
    pub(super) fn open(reserve: Reserve, data: &Path) -> Result<(Self, Writer), StoreError> {
        let keeper = if reserve.is_none() { Keeper::Done } else { Keeper::Due(Instant::now() + LOOK_EVERY) };
        let mut disk = Self {
            reserve,
            is_short: DiskFull::default(),
            untold: None,
            keeper,
            looked: Instant::now(),
            is_told_unkept: false,
        };
        let store = match store::open(data) {
            Err(error) if disk.reserve.is_full(&error) => {
                disk.reserve.give_up();
                let store = store::open(data)?;
                disk.run_short(&store, "the disk is full");
                store
            }
            opened => opened?,
        };
        disk.look(&store);
        Ok((disk, store))
    }

    /// For whoever answers without the clerk.
    pub(super) fn disk_full(&self) -> DiskFull {
        self.is_short.clone()
    }

    pub(super) fn is_short(&self) -> bool {
        self.is_short.holds()
    }

    /// Before a group: looks how much room there is.
    pub(super) fn look(&mut self, store: &Writer) {
        self.looked = Instant::now();
        if self.reserve.is_none() {
            return;
        }
        if !self.is_short() && self.reserve.is_low() {
            self.run_short(store, "the disk is almost full");
        }
        self.see_to_the_reserve(store);
    }

    /// After a failed commit.
    pub(super) fn met(&mut self, error: &StoreError, store: &Writer) {
        if !self.reserve.is_none() && !self.is_short() && self.reserve.is_full(error) {
            self.run_short(store, "the disk is full");
        }
    }

    /// What is to be written down with the next commit.
    pub(super) fn untold(&self) -> Option<EntryKind> {
        self.untold.clone()
    }

    /// It was.
    pub(super) fn told(&mut self) {
        self.untold = None;
    }

    /// True until somebody should look again.
    pub(super) fn is_quiet(&self) -> bool {
        self.looked.elapsed() < self.next_look()
    }

    /// How long it is until somebody should look.
    pub(super) fn next_look(&self) -> Duration {
        match (&self.keeper, &self.untold) {
            (Keeper::Done, None) if self.reserve.is_none() => Duration::MAX,
            (Keeper::Done, None) => LOOK_IDLE_EVERY,
            _ => LOOK_EVERY,
        }
    }

    fn run_short(&mut self, store: &Writer, why: &str) {
        // What can still be folded away leaves its room in the log.
        store.fold_no_more();
        self.reserve.give_up();
        self.is_short.0.store(true, Ordering::Relaxed);
        self.untold = Some(EntryKind::DiskFull);
        self.keeper = Keeper::Due(Instant::now() + REST);
        tracing::error!(
            "{why}: the reserve is given up, requests are refused with 507, decisions are still taken; free some space"
        );
    }

    fn see_to_the_reserve(&mut self, store: &Writer) {
        match std::mem::replace(&mut self.keeper, Keeper::Done) {
            Keeper::Done => {}
            Keeper::Due(at) if Instant::now() < at || (self.is_short() && !self.reserve.has_room()) => {
                self.keeper = Keeper::Due(at);
            }
            Keeper::Due(_) => self.begin_to_keep(),
            Keeper::At(work) if !work.is_finished() => self.keeper = Keeper::At(work),
            Keeper::At(work) => match work.join() {
                Ok(Ok(())) => self.has_room_again(store),
                Ok(Err(error)) => self.tell_unkept(&error),
                Err(_) => self.keeper = Keeper::Due(Instant::now() + UNKEPT_REST),
            },
        }
    }

    fn begin_to_keep(&mut self) {
        let reserve = self.reserve.clone();
        self.keeper = match std::thread::Builder::new().name("reserve".to_owned()).spawn(move || reserve.keep()) {
            Ok(work) => Keeper::At(work),
            Err(_) => Keeper::Due(Instant::now() + REST),
        };
    }

    fn tell_unkept(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_told_unkept, true) {
            tracing::warn!(%error, "the room that decisions need on a full disk cannot be kept");
        }
        self.keeper = Keeper::Due(Instant::now() + UNKEPT_REST);
    }

    fn has_room_again(&mut self, store: &Writer) {
        self.is_told_unkept = false;
        if !self.is_short() {
            return;
        }
        store.fold_again();
        self.is_short.0.store(false, Ordering::Relaxed);
        self.untold = Some(EntryKind::DiskRoom);
        tracing::info!("there is room on the disk again: requests are taken");
    }
}
