//! The details of a ticket as rows: everything a person should know before deciding, whole.
//!
//! Every text of another's stands behind a gutter `│`, so that no line of it can pass for one of ours.

mod diff;
mod entry;
mod facts;
mod grant;
mod page;
mod plan;
mod preview;

pub use entry::entry;
pub use grant::{grant, uses};
pub use page::Page;
pub use preview::preview;
