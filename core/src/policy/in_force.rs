//! The policy in force where no rule with conditions matches, as lists of actions show it.

use ccc_protocol::{UserName, bodies::Policy};

use super::{
    Overrides, Rulebook,
    condition::Fit,
    weigh::{Confine, Scales, weigh},
};
use crate::{catalogue::action::Action, limits::Limits, user::Users};

/// What holds for this caller and action where no rule with conditions matches, and no grant.
#[must_use]
pub fn in_force(action: &Action, caller: &UserName, book: &Rulebook, overrides: &Overrides, users: &Users) -> Policy {
    let is_off =
        overrides.frozen_by(caller).is_some() || overrides.group_disabled_by(&action.group, caller, users).is_some();
    if is_off {
        return Policy::AutoDeny;
    }
    let limits = Limits::default();
    let scales = Scales {
        caller,
        action,
        users,
        limits: &limits,
        is_readable: true,
        asks_server: false,
        confine: Confine::Stands,
        is_led: false,
    };
    let always = book.about(&action.name).filter(|rule| rule.is_unconditional && rule.is_about(caller));
    weigh(scales, always.map(|rule| (rule, Fit::Whole)), overrides, false).policy
}
