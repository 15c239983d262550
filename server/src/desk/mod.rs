//! The use cases. [`Front`] is what endpoints call; it prepares a request (parameters, paths, plan), hands the change to
//! the clerk, who alone holds the desk and commits, and waits for what was committed.

mod audience;
mod checkpoints;
mod clerk;
mod enact;
mod explain;
pub mod front;
mod inbox;
mod keep;
mod lists;
mod open;
mod prepare;
mod preview;
mod readings;
mod rolling;
mod shelf;
mod turns;
mod wait;
mod worker;

pub use clerk::{ClerkHandle, Sitting};
pub use front::{Front, Lawbook};
pub use keep::{Archive, Keeping};
pub use lists::Hints;
pub use open::{Found, Running, Site, open};
pub use readings::{NO_RESULT, Shown};
pub use shelf::{Posted, Published, Shelf};
