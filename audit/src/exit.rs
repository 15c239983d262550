//! The exit codes of `ccc-audit`, which scripts may rely on.

/// Nothing is wrong with what could be checked.
pub const INTACT: u8 = 0;

/// The command was called wrongly, or what it names cannot be read.
pub const USAGE: u8 = 2;

/// An entry was modified, added or deleted, or a ticket no longer says what the log says of it.
pub const MODIFIED: u8 = 10;

/// The end of the log was cut off.
pub const TRUNCATED: u8 = 11;

/// The entries are all there, in another order.
pub const REORDERED: u8 = 12;

/// The log is not the one that the checkpoints were made of.
pub const FORKED: u8 = 13;

/// No checkpoint vouches for the end of the log, though one should by now.
pub const UNSIGNED_TAIL: u8 = 14;

/// Entries are missing, and the log itself says so.
pub const DECLARED_GAP: u8 = 15;
