//! Lasting rules from what people approved again and again: the narrowest that cover them.
//!
//! [`Seen`] takes the log; [`suggest`] makes rules of it, each as the lines that go into the config, and [`rule_for`] one of the calls
//! that a person chose. Agents choose the names of
//! programs, tools and paths, so every character that a pattern would read is escaped. A rule is offered where, put behind the
//! config as it stands, it lets each of its calls pass, none that a person denied, and no grave example ([`grave`]) of its kind.
//! Nothing is offered of calls that are grave, were denied, or cannot be read whole; for a program that is not known, there are its
//! lines under `[programs]`, in which a person says what it does. [`add_lines`] puts lines behind a config whose own lines stay as they are.

mod add;
mod answered;
mod chosen;
mod conditions;
mod escape;
pub mod grave;
mod key;
mod make;
mod no_rule;

pub use add::add_lines;
pub use answered::Seen;
pub use chosen::{program_that, rule_for};
pub use escape::as_glob;
pub use make::{OFTEN, Suggestion, Tried, suggest};
pub use no_rule::NoRule;

#[cfg(test)]
mod tests;
