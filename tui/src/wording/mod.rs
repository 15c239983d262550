//! What tickets and times are called in a line: the words that lists, pages, questions and commands have in common.

pub mod span;
pub mod summary;
