//! What tickets, grants, entries and times are called in a line: the words that lists, pages, questions and commands have in common.

mod difference;
mod entry;
mod fate;
mod risk;
pub mod span;
pub mod summary;
pub mod verdict;
mod waiting;
pub mod words;

pub use difference::difference;
pub use entry::entry;
pub use fate::{fate, status};
pub use risk::{held, risk};
pub use waiting::waiting;
