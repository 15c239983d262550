//! The command line: what is asked for, as whom, and where; and why it was not done.

pub mod args;
pub(crate) mod connect;
mod stop;

pub(crate) use stop::Stop;
