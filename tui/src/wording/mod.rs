//! What tickets, grants, entries and times are called in a line: the words that lists, pages, questions and commands have in common.

mod difference;
mod entry;
mod fate;
mod happened;
mod risk;
pub mod span;
pub mod summary;
pub mod verdict;
mod waiting;
pub mod words;

pub use difference::difference;
pub use entry::entry;
pub use fate::{fate, status};
pub use happened::{Happened, happened};
pub use risk::{held, risk};
pub use waiting::waiting;
