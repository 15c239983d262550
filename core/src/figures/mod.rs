//! How much is asked and how it is answered, counted from the log.
//!
//! [`Counting`] takes the log's entries in their order and becomes [`Figures`]. What a request came to is counted by the word of the
//! status that its entry has, so that a word of another version is counted under its own name.

mod counting;

use std::collections::BTreeMap;

use ccc_protocol::{Timestamp, UserName};
use ccc_toolcall::facts::Knowledge;
use serde::Serialize;

pub use counting::Counting;

/// With what tool calls are read where no config teaches more.
#[must_use]
pub fn shipped() -> Knowledge {
    Knowledge::default()
}

/// How much was asked, and how it was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Of what happened since then.
    pub since: Timestamp,
    /// Of everybody.
    pub all: Asking,
    /// Of each who asked.
    pub agents: BTreeMap<UserName, Asking>,
    /// How people answered.
    pub answers: Answers,
    /// What people were asked most, the most often first; at most [`SHAPES_TOLD`].
    pub most_asked: Vec<Shape>,
    /// How many requests each rule decided, alone or beside others. Where more than three decided one, the first three count.
    pub rules: BTreeMap<String, u64>,
    /// Entries that could not be read, and were not counted.
    pub unreadable: u64,
}

/// How many of the shapes that were asked are told.
pub const SHAPES_TOLD: usize = 10;

/// How much somebody asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Asking {
    /// How many requests.
    pub requests: u64,
    /// What they came to when they were made: `passed`, `confined`, `asked`, `denied`.
    pub outcomes: BTreeMap<String, u64>,
    /// In how many hours of the clock there was a request.
    pub active_hours: u64,
    /// How many questions an active hour had.
    pub asks_per_active_hour: f64,
}

/// How people answered what they were asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Answers {
    /// How many questions a person gave their word on.
    pub decided: u64,
    /// The median time from the question to the first person's word, in milliseconds.
    pub median_millis: Option<u64>,
    /// How many were decided in less than a second.
    pub under_one_second: u64,
    /// Which part of those decided that is, from 0 to 1.
    pub share_under_one_second: f64,
    /// How many expired without anybody's word. Whether somebody looked at them, the log does not know.
    pub expired_unseen: u64,
}

/// Questions of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// What they have in common, as agents wrote it.
    pub shape: String,
    /// How many there were.
    pub times: u64,
}

impl Asking {
    /// How many came to this.
    #[must_use]
    pub fn of(&self, outcome: &str) -> u64 {
        self.outcomes.get(outcome).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
