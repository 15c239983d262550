//! The bridge on the host: listens, authenticates, routes; the use cases; the store; running what was allowed.
//!
//! A request's road is one screen: [`bridge::Bridge::answer`]. Requests reach the desk only as an
//! [`authenticate::Caller`], the desk alone commits, and nothing runs without the permit of a committed ticket.

pub mod answer;
pub mod args;
pub mod authenticate;
pub mod body;
pub mod bridge;
pub mod check;
pub mod clock;
pub mod connection;
pub mod desk;
pub mod endpoints;
pub mod events;
pub mod exec;
pub mod head;
pub mod idempotency;
pub mod import;
pub mod key_file;
pub mod keyring;
mod let_go;
pub mod link;
pub mod listen;
pub mod log;
pub mod mail;
pub mod nonces;
pub mod places;
pub mod programs;
pub mod query;
pub mod random;
pub mod reload;
pub mod route;
pub mod server;
pub mod setup;
pub mod shares;
pub mod socket_file;
pub mod store;
pub mod volumes;
