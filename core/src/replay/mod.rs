//! The log's requests, decided again under a law: what it would have said to what was asked before.
//!
//! Rules, floors and the actions' own policies alone decide here. What people had said at the time (grants, overrides, freezes,
//! denials, pins) is not in the law, so entries that one of these decided are counted apart. Reading entries and deciding them
//! are two steps, so that the caller can give each to several threads: [`Gathered`] takes lines of the log and joins with others of its
//! kind, then [`compare`] decides each different call once.

mod apart;
mod call;
mod compare;
mod gather;
mod outcome;
mod under;

pub use apart::Apart;
pub use call::{Call, described, shape};
pub use compare::{Case, Compared, Counts, compare};
pub use gather::{Gathered, Made, Unread};
pub use outcome::Outcome;
pub use under::{Ready, Under};

#[cfg(test)]
mod tests;
