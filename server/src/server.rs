//! A whole server: from a checked setup to the last answer.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{
    bridge::Bridge,
    desk::{self, Running, Site},
    exec::Effects,
    head::Hosts,
    key_file,
    keyring::{Keyring, Keys},
    listen::{self, Listeners},
    nonces::Nonces,
    reload::Reload,
    setup::{Setup, SetupError},
    socket_file::SocketFile,
};

/// Why a server did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Something that was read is not fit.
    #[error("{0}")]
    Setup(#[from] SetupError),
    /// The data cannot be served.
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
    /// The socket's file cannot be had.
    #[error("{0}")]
    Socket(#[from] crate::socket_file::SocketError),
    /// The address cannot be had.
    #[error("cannot listen on {addr}: {error}; stop what listens there, or give another `--port`")]
    Address {
        /// Which.
        addr: std::net::SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// How long the desk may take over its last commit and checkpoint.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the server cannot start.
pub async fn run(reload: Reload) -> Result<(), ServerError> {
    let setup = &reload.setup;
    // Sockets first: with an address that is taken, nothing else is touched.
    let listeners = bind(setup).await?;
    let Running { front, nonces, found, clerk, lock } = open(setup)?;
    let started = front.clock().now();
    let bridge = Arc::new(Bridge {
        keys: Keys::new(Keyring::new(&setup.secrets, &Keyring::default())),
        nonces: Nonces::remembering(&nonces, started.seconds()),
        hosts: hosts(setup, &listeners),
        legacy_signatures: setup.legacy_signatures,
        started,
        front,
    });
    tell(setup, &listeners, found);
    let reloading = tokio::spawn(reload.keep(Arc::clone(&bridge)));
    listen::serve(listeners, Arc::clone(&bridge), word_to_stop()).await;
    reloading.abort();
    drop(bridge);
    close(clerk).await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

async fn bind(setup: &Setup) -> Result<Listeners, ServerError> {
    let unix = setup.socket.as_ref().map(SocketFile::bind).transpose()?;
    let mut tcp = vec![];
    if let Some(addr) = setup.tcp {
        tcp.push(TcpListener::bind(addr).await.map_err(|error| ServerError::Address { addr, error })?);
    }
    Ok(Listeners { tcp, unix })
}

fn open(setup: &Setup) -> Result<Running, ServerError> {
    let audit_key = key_file::read_or_make(&setup.audit_key_file).map_err(SetupError::from)?;
    let site = Site {
        data: setup.data.clone(),
        law: setup.law.clone(),
        effects: Effects::new(setup.smtp.clone(), setup.dry_run),
        audit_key,
        checkpoints: setup.checkpoint_file.clone(),
        checkpoint_command: setup.checkpoint_command.clone(),
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
#[expect(clippy::print_stderr, reason = "the one word of a server to whoever started it, whatever is logged")]
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

async fn word_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::warn!("no signals: only SIGKILL stops this server");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
}

/// The clerk ends when nobody holds its handle any more; it writes the last checkpoint.
async fn close(clerk: std::thread::JoinHandle<()>) {
    let ended = tokio::task::spawn_blocking(move || clerk.join());
    if !matches!(timeout(CLOSE, ended).await, Ok(Ok(Ok(())))) {
        tracing::warn!("the desk did not close in time; what was committed stands");
    }
}
