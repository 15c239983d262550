//! The audit log: what happened, in one chain of hashes, with checkpoints that show a cut tail.

pub mod chain;
pub mod checkpoint;

pub use chain::{Chain, Link, Sealed};
pub use checkpoint::{AuditKey, Checkpoint};
