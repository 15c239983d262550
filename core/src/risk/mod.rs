//! Risk over time: what a call comes to beside what came before it.
//!
//! Pure: [`Sessions`] is fed with audit entries, live and again from the log at a start, so that both come to the same; [`assess`] gives
//! a call its level, and [`after`] is the last word about a ruling.
//!
//! INVARIANT: nothing here lets a call pass. [`after`] can only tighten what rules, overrides and grants said, and a rule that asks about
//! risk never stands in the place of an action's own policy (`policy/weigh.rs`). What decays, decays to what the rules say.

mod after;
mod assess;
mod effect;
mod key;
mod marks;
pub mod patterns;
mod read;
mod regard;
pub mod sequence;
mod sessions;
mod spec;
mod state;
mod text;

pub use after::{Last, after};
pub use assess::{Assessment, Call, assess};
pub use effect::{Effect, effects};
pub use key::Key;
pub use marks::{Follow, Marks, Sign};
pub use read::{Enforcement, RiskLaw, Then, Thresholds, Trust, Weights};
pub use regard::{Picture, SessionTest};
pub use sequence::Sequences;
pub use sessions::{Frozen, Sessions, may_hold};
pub(crate) use sessions::{may_freeze, session_of};
pub use spec::{RiskSpec, SequenceSpec};
pub use state::State;
pub use text::TextSigns;

#[cfg(test)]
mod tests;
