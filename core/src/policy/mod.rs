//! What happens to an action: its own policy, rules that refine it, floors, overrides, grants, and the order in which they count.
//!
//! One pure function, [`decide`], gives the decision with the rules that said so; [`explain`] gives the same with the whole trace.

mod bind;
pub mod clock;
pub mod condition;
pub mod decide;
pub mod decision;
pub mod explain;
pub mod glob;
pub mod in_force;
mod index;
pub mod lint;
pub mod overrides;
pub mod question;
pub mod rule;
pub mod spec;
mod weigh;

pub(crate) use bind::conditions_of_tool_calls;
pub use clock::{LocalTime, Weekday};
pub use condition::Condition;
pub use decide::decide;
pub use decision::{Decision, Needs, Ruling};
pub use explain::{Trace, explain};
pub use in_force::in_force;
pub use lint::lint;
pub use overrides::{Overrides, Settings};
pub use question::{Question, Standing};
pub use rule::{Rule, Rulebook};
pub use spec::RuleSpec;

#[cfg(test)]
mod tests;
