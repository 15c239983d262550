//! The command line: what is asked for, as whom, and where; and why it was not done.

mod args;
pub(crate) mod connect;
mod stop;
mod task;
mod wrong;

pub use args::parse;
pub(crate) use stop::Stop;
pub use task::{Asked, Connect, Environment, Invocation, Suggest, Task, Terms};
