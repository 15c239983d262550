//! `ccc-hook` as a process: what hosts get for an answer, and what people's
//! commands do to their files.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests fail loudly")]

mod agents;
mod answers;
mod confine;
mod fence;
mod install;
mod rewriting;
mod session;
mod setup;
mod support;
mod traces;
mod twelve;
