//! The bridge on the host: listens, authenticates, routes; the use cases; the store; running what was allowed.
//!
//! A request's road is one screen: `Bridge::answer`. Requests reach the desk only as a `Caller`, the desk alone commits,
//! and nothing runs without the permit of a committed ticket.
//!
//! [`program::main`] is the whole program. Everything else is the crate's own, but for the [`parts`] of which tests and
//! the bench build a bridge.

mod answer;
mod args;
mod authenticate;
mod body;
mod bridge;
mod check;
mod clock;
mod clock_accept;
mod confine;
mod connection;
mod descriptors;
mod desk;
mod endpoints;
mod events;
mod exec;
mod head;
mod idempotency;
mod import;
mod in_flight;
mod key_file;
mod keyring;
mod known;
mod let_go;
mod link;
mod listen;
mod log;
mod nonces;
mod patterns;
mod places;
mod private_file;
pub mod program;
mod programs;
mod query;
mod random;
mod reload;
mod route;
mod server;
mod setup;
mod shares;
mod socket_file;
mod store;
mod volumes;

/// What tests and the bench build a bridge of, or a piece of one.
pub mod parts {
    pub use crate::{
        args::Wishes,
        authenticate::{Caller, Times, authenticate},
        bridge::Bridge,
        check::report,
        connection::http,
        desk::{CheckpointCommand, Front, Patience, Running, Sent, Site, open as open_desk},
        exec::Effects,
        head::{Head, Hosts},
        keyring::{Keyring, Keys},
        listen::{Listeners, serve},
        nonces::Nonces,
        places::Surroundings,
        route::{ROUTES, Route, Verb, Who},
        setup::{Setup, SetupError},
        store::{DataLock, Reader, StoreError, Writer, open as open_store, reader as open_reader},
    };
}
