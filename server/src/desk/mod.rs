//! The use cases. [`Front`] is what endpoints call; it prepares a request (parameters, paths, plan), hands the change to
//! the clerk, who alone holds the desk and commits, and waits for what was committed.

mod audience;
mod checkpoints;
mod clerk;
mod clock_word;
mod config_fault;
mod disk;
mod enact;
mod explain;
mod front;
mod inbox;
mod keep;
mod lists;
mod look;
mod open;
mod page;
mod pool;
mod prepare;
mod presence;
mod preview;
mod proof;
mod readings;
mod rolling;
mod rooms;
mod shelf;
mod stops;
mod turns;
mod wait;
mod worker;

pub use checkpoints::CheckpointCommand;
pub use front::{Front, Patience, Sent};
pub use open::{Running, Site, open};

pub(crate) use clerk::{ClerkHandle, Sitting};
pub(crate) use clock_word::ClockWord;
pub(crate) use front::Lawbook;
pub(crate) use lists::Hints;
pub(crate) use open::Found;
pub(crate) use readings::{NO_RESULT, Shown};
pub(crate) use shelf::{Posted, Shelf};
