//! The sans-IO core of the bridge: what may be asked for, what policy says to it, how a ticket goes on, what the audit log holds.
//!
//! It decides and does nothing: no files, no network, no clock, no randomness. Time, ids and random bytes are arguments
//! (`clippy.toml` beside this crate forbids the calls), so that the same input always gives the same decision.

pub mod audit;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod desk;
pub mod fence;
pub mod figures;
pub mod grant;
pub mod import;
pub mod law;
pub mod limits;
pub mod params;
pub mod pattern;
pub mod plan;
pub mod planned;
pub mod policy;
pub mod refusal;
pub mod replay;
pub mod risk;
pub mod suggest;
pub mod ticket;
pub mod user;
pub mod volume;
pub mod written;
