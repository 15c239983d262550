//! Pages: the details of a ticket, everything a person should know before deciding, as rows and whole; and what else is scrolled through.
//!
//! Every text of another's stands behind a gutter `│`, so that no line of it can pass for one of ours.

mod call;
mod container;
mod diff;
mod entry;
mod facts;
mod grant;
mod help;
mod hook;
mod numbers;
mod page;
mod plan;
mod preview;
mod rule;

pub use container::{Container, container};
pub use entry::entry;
pub use grant::{grant, uses};
pub use help::help;
pub use hook::hook;
pub use numbers::numbers;
pub use page::Page;
pub use preview::{Ids, preview};
pub use rule::rule;
