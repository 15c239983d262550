//! What is promised and how it is measured, a file a group of goals.

pub mod against;
pub mod console;
pub mod decide;
pub mod frames;
pub mod growth;
pub mod hashing;
pub mod hindsight;
pub mod lists;
pub mod mcp;
pub mod programs;
pub mod resident;
pub mod risk;
pub mod store;
pub mod submit;

use std::path::PathBuf;

use crate::{args::Wishes, builds::Builds, peer::Peer, report::Report};

/// What every measurement works with.
#[derive(Debug)]
pub struct Bench {
    /// What was asked for.
    pub wishes: Wishes,
    /// The built programs.
    pub builds: Builds,
    /// The Node programs, or why there are none.
    pub peer: Result<Peer, String>,
    /// The slow disk, or why there is none.
    pub shim: Result<PathBuf, String>,
    /// The table so far.
    pub report: Report,
}
