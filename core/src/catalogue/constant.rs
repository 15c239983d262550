//! The plans of actions whose parameters change nothing about what would happen: made once, when the catalogue takes the
//! action, for all requests.

use ccc_protocol::bodies::Plan;

use super::{action::Action, effect::Effect};
use crate::planned::Planned;

/// What would happen, whatever the parameters are; none where they matter.
pub(super) fn plan(action: &Action) -> Option<Planned> {
    let declaration = action.declaration;
    match action.effect {
        Effect::Bridge(service) => Some(Planned::of(Plan::Bridge { declaration, what: service.name().to_owned() })),
        Effect::Release => Some(Planned::of(Plan::Release { declaration })),
        Effect::Run(_) | Effect::Open(_) | Effect::Mail => None,
    }
}
