//! The command line: what is asked for, as whom, and where.

pub mod args;
pub(crate) mod connect;
