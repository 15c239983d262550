//! Changing a few places of a JSON file and not one byte of the rest: people
//! keep order, layout and, where the host allows them, comments in their
//! settings. Every edit is a splice, and its result is read again.

mod edit;
mod scan;

pub use edit::{append, insert_member, remove};
pub use scan::{Kind, Member, Node, Style, SyntaxError, plain, scan};
