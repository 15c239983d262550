//! A whole server: from a checked setup to the last answer.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use ccc_core::audit::AuditKey;
use rustix::process::Signal;
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
};

use crate::{
    bridge::Bridge,
    desk::{self, CheckpointCommand, Running, Site},
    exec::Effects,
    head::Hosts,
    key_file,
    keyring::{Keyring, Keys},
    let_go::once_let_go,
    listen::{self, Listeners},
    reload::Reload,
    setup::{Setup, SetupError},
    socket_file::SocketFile,
    store::DataLock,
};

/// Why a server did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// Config, secrets, rules or keys: the program ends with 2.
    #[error("{0}")]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
    #[error("{0}")]
    Socket(#[from] crate::socket_file::SocketError),
    #[error("cannot listen on {addr}: {error}; stop what listens there, or give another `--port`")]
    Address { addr: SocketAddr, error: io::Error },
}

/// How long what runs may go on running after the word to stop; what has not ended then is lost, and said to be.
const DRAIN: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted, per address.
const BACKLOG: u32 = 1024;
/// How long the desk may take over its last commit and checkpoint.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the server cannot start.
pub(crate) async fn run(reload: Reload) -> Result<Closing, ServerError> {
    let setup = &reload.setup;
    // Sockets first: with an address that is taken, nothing else is touched.
    let listeners = bind(setup)?;
    survive_file_size_limits();
    let audit_key =
        key_file::read_or_make(&setup.audit_key_file, setup.signed_log().as_deref()).map_err(SetupError::from)?;
    let keyring = Keyring::new(&setup.secrets, &Keyring::default());
    let Running { front, nonces, found, clerk, lock, proof } = open(setup, &keyring, audit_key.clone())?;
    let bridge = Arc::new(Bridge {
        keys: Keys::new(keyring),
        nonces,
        hosts: hosts(setup, &listeners),
        legacy_signatures: setup.legacy_signatures,
        front,
    });
    // Whoever reads where the server listens may send it a signal, or change a file, at once.
    let (stop, reasons) = (word_to_stop(), reload.reasons());
    tell(setup, &listeners, found);
    let front = bridge.front.clone();
    let proving = tokio::spawn(proof.run(front.clone()));
    let reloading = tokio::spawn(reload.keep(reasons, Arc::clone(&bridge), audit_key));
    listen::serve(listeners, bridge, stop).await;
    reloading.abort();
    proving.abort();
    front.drain(DRAIN).await;
    Ok(Closing { clerk, _lock: lock })
}

/// A server that answers nobody any more. What is left ends when the runtime does, with the desk's last checkpoint.
#[derive(Debug)]
pub(crate) struct Closing {
    clerk: JoinHandle<()>,
    _lock: DataLock,
}

impl Closing {
    /// Waits for the desk. To be called once the runtime is gone, and with it everybody who could ask the desk.
    pub(crate) fn wait(self) {
        let (ended, end) = mpsc::channel();
        // Ends with the desk, or with the process.
        std::thread::spawn(move || ended.send(self.clerk.join().is_ok()));
        match end.recv_timeout(CLOSE) {
            Ok(true) => tracing::info!("stopped"),
            _ => tracing::warn!("the desk did not close in time; what was committed stands"),
        }
    }
}

fn bind(setup: &Setup) -> Result<Listeners, ServerError> {
    let unix = setup.socket.as_ref().map(SocketFile::bind).transpose()?;
    let tcp = setup.tcp.map(|addr| bind_tcp(addr).map_err(|error| ServerError::Address { addr, error })).transpose()?;
    Ok(Listeners { tcp: tcp.into_iter().collect(), unix })
}

fn bind_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let listen = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What is left of connections of a server before is no server.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    once_let_go("the address", listen, |error| error.kind() == io::ErrorKind::AddrInUse)
}

fn open(setup: &Setup, keyring: &Keyring, audit_key: AuditKey) -> Result<Running, ServerError> {
    let site = Site {
        data: setup.data.clone(),
        law: setup.law.clone(),
        users: keyring.fingerprints(&audit_key),
        effects: Effects::new(setup.smtp.clone(), setup.dry_run).confined_by(setup.confine.clone()),
        audit_key,
        checkpoints: setup.checkpoint_file.clone(),
        checkpoint_command: setup.checkpoint_command.clone().map(|words| CheckpointCommand {
            words,
            time_max: Duration::from_secs(setup.law.limits.checkpoint_command_seconds_max),
        }),
        checkpoint_every: setup.checkpoint_every,
        mail_file: setup.mail.clone(),
    };
    Ok(desk::open(site)?)
}

fn hosts(setup: &Setup, listeners: &Listeners) -> Hosts {
    let bound = listeners.tcp.iter().filter_map(|tcp| tcp.local_addr().ok()).filter(|addr| !addr.ip().is_unspecified());
    let bound = bound.map(|addr| if addr.is_ipv6() { format!("[{}]", addr.ip()) } else { addr.ip().to_string() });
    Hosts::new(setup.hosts.iter().cloned().chain(bound))
}

/// Says on stderr where the server is to be found. `listening on URL` stands alone on its line, for programs to read.
fn tell(setup: &Setup, listeners: &Listeners, found: desk::Found) {
    for warning in &setup.warnings {
        tracing::warn!("{warning}");
    }
    if found.queued + found.lost > 0 {
        tracing::info!(queued = found.queued, lost = found.lost, "found from the run before");
    }
    if setup.dry_run {
        tracing::warn!("dry run: everything is decided, queued and audited, and nothing is run");
    }
    for url in listeners.urls() {
        eprintln!("listening on {url}");
    }
}

/// A write beyond `RLIMIT_FSIZE` is an error of that write, not the end of the server: SIGXFSZ, whose default ends the
/// process, is taken and left alone. Taken rather than ignored: programs that are started have the default again.
fn survive_file_size_limits() {
    if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
        tracing::warn!(%error, "a limit of file sizes would end this server");
    }
}

/// Over when somebody says to stop. Listens from the moment it is made.
fn word_to_stop() -> impl Future<Output = ()> {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            tracing::warn!("no signals: only SIGKILL stops this server");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    }
}
