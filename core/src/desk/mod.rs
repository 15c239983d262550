//! The desk: everything that stands (open tickets, grants, overrides, permissions) and every way it can change.
//!
//! Pure: each use case takes what was asked, the law and the time, changes the books in memory, and writes into a
//! [`Change`] what must be committed. Whoever owns a desk commits each change before anybody is answered, and after a
//! failed commit throws the desk away and restores it from what is stored.
//!
//! INVARIANT: a use case that refuses has changed nothing. Checks stand before the first change.

mod again;
mod books;
mod change;
mod clock;
mod decisions;
mod grants;
mod hosts;
mod mail;
mod pairs;
mod pins;
mod policies;
mod progress;
mod proof;
mod risk;
mod services;
mod submit;
mod upkeep;

use ccc_protocol::Timestamp;

use crate::{law::Law, policy::LocalTime};

pub use again::{Again, again};
pub use books::{Books, Desk, KnownUsers};
pub use change::{Change, Setting};
pub use decisions::About;
pub use hosts::KnownHosts;
pub use mail::{MailPermission, MailPermissions};
pub use pins::{Pin, Pins};
pub use proof::Doubts;
pub use submit::{Asked, Prior, Submission, Submitted};

/// What every use case is told: the law in force and the time, which goes back behind the newest entry where the owner
/// accepts the clock, and never else.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// Config and secrets as read.
    pub law: &'a Law,
    /// The server's time.
    pub now: Timestamp,
    /// The time of day where the server stands.
    pub local: LocalTime,
}
