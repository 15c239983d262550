//! The proxy: everything passes byte for byte in order, except what it judges.
//!
//! ```text
//! client ──► client_sent ──► (judged: a thread a call) ──► upstream ──► server
//! client ◄── server_sent ◄── (tools, results: looked at) ◄──────────── server
//! ```
//!
//! Judged are `tools/call` (by the bridge) and the definitions in answers to `tools/list` (pinned). What has two readings goes
//! nowhere. A thread that waits for a person holds nobody else up.

mod call;
mod end;
mod from_client;
mod from_server;
mod http;
mod listing;
mod outbox;
mod process;
mod table;
mod tools;
mod waiting;

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde::Deserialize;

use crate::{
    answer,
    definition::ServerName,
    frame,
    id::Id,
    judge::Judge,
    log,
    message::{CONNECTION_CLOSED, Malformed},
    patience::Patience,
    results::SecretRule,
};

pub(crate) use end::wait_until;
pub(crate) use from_client::cancelled_id;
pub use http::{Endpoint, EndpointError, run as run_http};
pub use process::run as run_process;

use end::InHand;
use table::Table;
use tools::Tools;

/// What one proxy goes by.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How long a call waits for a person; `None`: as long as the client is known to wait, or a little less than most do.
    pub wait: Option<Duration>,
    /// Secrets that do not come back from a tool.
    pub secrets: Vec<SecretRule>,
    /// How much of anything.
    pub limits: Limits,
}

/// The limits of one proxy, as its config sets them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest line in either direction, in bytes.
    pub line_bytes_max: usize,
    /// The longest answer to a tool call, in bytes.
    pub result_bytes_max: usize,
    /// The client's requests without an answer.
    pub outstanding_max: usize,
    /// Calls and tool lists that are being looked at.
    pub judged_at_once_max: usize,
    /// Definitions that are asked about; a server that has more, or keeps changing them, must not fill the queue.
    pub definitions_asked_max: usize,
    /// How long the server may take to list its tools when the proxy asks.
    pub list_seconds_max: u64,
    /// How long the server may take no message while others wait.
    pub send_seconds_max: u64,
    /// How long the server may take to end once its input has, and again once it was asked to.
    pub end_seconds_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 16 << 20,
            result_bytes_max: 16 << 20,
            outstanding_max: 1024,
            judged_at_once_max: 128,
            definitions_asked_max: 512,
            list_seconds_max: 30,
            send_seconds_max: 30,
            // Clients in Python and TypeScript close the input and send SIGTERM 2 s later.
            end_seconds_max: 1,
        }
    }
}

/// Where messages to the server go.
pub trait Upstream: Send {
    /// Hands a message over, whole and in order.
    ///
    /// # Errors
    /// When the server can take no more.
    fn send(&mut self, line: &[u8]) -> io::Result<()>;
    /// Tells the server that nothing follows.
    fn close(&mut self);
}

/// One client, one server, and what lies between them.
///
/// Locks are taken in this order and never held while anybody decides: `listing`, `pinning`, `watching`,
/// `upstream`, `table`, `tools`. `client` is taken alone.
pub struct Proxy {
    server: ServerName,
    settings: Settings,
    judge: Box<dyn Judge>,
    client: Mutex<Box<dyn Write + Send>>,
    upstream: Mutex<Box<dyn Upstream>>,
    table: Mutex<Table>,
    tools: Mutex<Tools>,
    /// Held while definitions are compared, so that each is asked about once.
    pinning: Mutex<()>,
    /// Held while the proxy lists the tools for itself.
    listing: Mutex<()>,
    patience: Mutex<Patience>,
    judged_at_once: AtomicUsize,
    /// Messages that are being taken, and ends that are being told.
    in_hand: AtomicUsize,
    /// True while a thread listens for what people decide about definitions.
    watching: Mutex<bool>,
    /// True once the client began a session with `initialize`.
    initialized: AtomicBool,
    own_ids: AtomicUsize,
    definitions_asked: AtomicUsize,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy for `server` between a client that reads `client` and whatever `upstream` leads to.
    #[must_use]
    pub fn new(
        server: ServerName,
        settings: Settings,
        judge: Box<dyn Judge>,
        client: Box<dyn Write + Send>,
        upstream: Box<dyn Upstream>,
    ) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(Table::new(settings.limits.outstanding_max)),
            patience: Mutex::new(Patience::new(settings.wait)),
            server,
            settings,
            judge,
            client: Mutex::new(client),
            upstream: Mutex::new(upstream),
            tools: Mutex::default(),
            pinning: Mutex::default(),
            listing: Mutex::default(),
            judged_at_once: AtomicUsize::new(0),
            in_hand: AtomicUsize::new(0),
            watching: Mutex::new(false),
            initialized: AtomicBool::new(false),
            own_ids: AtomicUsize::new(0),
            definitions_asked: AtomicUsize::new(0),
        })
    }

    /// Passes a message on to the server. False, and noted, where it takes no more.
    fn tell_server(&self, line: &[u8]) -> bool {
        let sent = self.upstream().send(line);
        self.is_sent(&sent)
    }

    fn is_sent(&self, sent: &io::Result<()>) -> bool {
        if let Err(error) = sent {
            self.note(&format!("the server takes no message: {error}"));
        }
        sent.is_ok()
    }

    /// Answers a request that the server did not take.
    fn answer_unsent(&self, id: &Id) {
        let waits = self.table().answered(id).is_some();
        if waits {
            let what = format!("the MCP server `{}` takes no message", self.server.name);
            self.tell_client(&answer::error(Some(id), CONNECTION_CLOSED, &what));
        }
    }

    /// Passes a message on to the client. A client that takes no more closes its other side too, which is seen there.
    fn tell_client(&self, line: &[u8]) {
        let mut client = lock(&self.client);
        if let Err(error) = frame::write_line(&mut *client, line) {
            drop(client);
            self.note(&format!("the client takes no message: {error}"));
        }
    }

    /// A line for the person who looks at the client's log.
    fn note(&self, what: &str) {
        log::note(&self.server.name, what);
    }

    /// An answer to something unreadable. Its id is left out where it is that of another request that still waits.
    fn tell_client_malformed(&self, mut malformed: Malformed) {
        malformed.id = malformed.id.filter(|id| !self.table().contains(id));
        self.tell_client(&answer::malformed(&malformed));
    }

    /// Runs `work` on a thread of its own. False, and nothing run, when too many are at work.
    fn spawn(self: &Arc<Self>, work: impl FnOnce(&Arc<Self>) + Send + 'static) -> bool {
        let Some(place) = Place::take(self) else { return false };
        let begun = thread::Builder::new().spawn(move || work(&place.0));
        begun.is_ok()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    fn tools(&self) -> MutexGuard<'_, Tools> {
        lock(&self.tools)
    }

    fn upstream(&self) -> MutexGuard<'_, Box<dyn Upstream>> {
        lock(&self.upstream)
    }
}

/// One of the places for work at once; given back when dropped, also by a thread that failed.
struct Place(Arc<Proxy>);

impl Place {
    fn take(proxy: &Arc<Proxy>) -> Option<Self> {
        let place = Self(Arc::clone(proxy));
        let before = proxy.judged_at_once.fetch_add(1, Ordering::AcqRel);
        (before < proxy.settings.limits.judged_at_once_max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.judged_at_once.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A lock is never poisoned for good: each holder leaves what it guards whole at every step.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
