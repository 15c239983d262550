//! The bridge as an MCP server: its actions are the tools.
//!
//! [`Desk`] is the way to the bridge, `catalogue` makes tools of actions, `session` answers messages and `waiting` carries calls out;
//! `stdio` and `http` are the transports.

mod catalogue;
mod desk;
mod handshake;
mod http;
mod outcome;
mod session;
mod stdio;
mod waiting;

use std::{io, sync::Arc};

pub use desk::{BridgeDesk, Desk};

use crate::{args::Listen, proxy::Settings};
use session::Session;

/// Serves at the place given until the client has gone; at a socket or an address, for good.
///
/// # Errors
/// When the place cannot be had.
pub fn run(desk: impl Desk + 'static, settings: &Settings, listen: &Listen) -> io::Result<()> {
    let desk: Arc<dyn Desk> = Arc::new(desk);
    match listen {
        Listen::Stdio => stdio::run(&desk, settings),
        Listen::Socket(path) => http::run_socket(&desk, settings, path),
        Listen::Loopback(address, token) => http::run_loopback(&desk, settings, *address, token),
    }
}

#[cfg(test)]
mod tests;
