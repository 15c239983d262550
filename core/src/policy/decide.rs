//! The order of policy, as one pure function.
//!
//! 1. A frozen caller or a group that is switched off: denied.
//! 2. A person's denial of the same call, while it stands: denied again.
//! 3. The strictest of the matching rules and of an override to `queue` or `auto-deny`; with none of these an override
//!    to `auto-accept`, else the action's own policy. A rule that fits a part of the request alone can make it
//!    stricter, never looser; a tool call that cannot be read whole is asked at least.
//!    `confine`, whoever says it, stands for a call that runs code, says that it can be confined and is of nothing but
//!    what a confined program may do; of any other it is `queue`, and a rule that says it is not about calls without code.
//! 4. Never looser than the floor.
//! 5. Where that gives `queue`, a fitting grant makes it accept, unless floor or rule forbid grants.

use ccc_protocol::{
    UserName,
    bodies::{Level, Policy},
};
use ccc_toolcall::verdict;

use super::{
    Decision, Needs, Overrides, Question, Rulebook, Ruling, Standing,
    weigh::{Weighed, weigh},
};
use crate::grant::Grant;

/// What happens to the request.
pub fn decide(question: &Question<'_>, book: &Rulebook, standing: &Standing<'_>) -> Decision {
    if let Some(reason) = switched_off(question, standing.overrides) {
        return Decision::new(Ruling::Deny { reason: reason.clone() }, reason, Needs::plain(question.limits));
    }
    if let Some(denial) = standing.denial.filter(|(_, until)| question.now < *until) {
        let (ticket, until) = denial;
        let rule = format!("denied by a person before; the same request is answered so until {until}");
        return Decision::new(Ruling::DeniedBefore { ticket }, rule, Needs::plain(question.limits));
    }
    let fits = book.candidates(question).filter_map(|(rule, bound)| Some((rule, rule.fit(bound, question).ok()?)));
    let confines = confines(question, book, standing.overrides);
    let mut weighed = weigh(question.into(), fits, standing.overrides, confines);
    weighed.needs.care |= question.action.deserves_care() || weighed.policy == Policy::Queue && is_grave(question);
    match weighed.policy {
        Policy::AutoAccept => Decision::new(Ruling::Accept, weighed.rule_text(), weighed.needs),
        Policy::Confine => Decision::new(Ruling::Confine, weighed.rule_text(), weighed.needs),
        Policy::AutoDeny => {
            Decision::new(Ruling::Deny { reason: weighed.reason() }, weighed.rule_text(), weighed.needs)
        }
        Policy::Queue => by_grant(question, weighed, standing.grants),
    }
}

/// True for a call that nobody should approve in passing, whatever the rules say.
fn is_grave(question: &Question<'_>) -> bool {
    question.facts.is_some_and(|facts| verdict::needs_care(&question.args.json, facts))
        || question.risk.is_some_and(|risk| risk.told.level >= Level::High)
}

/// True where anything confines calls of this caller.
fn confines(question: &Question<'_>, book: &Rulebook, overrides: &Overrides) -> bool {
    let Question { caller, action, users, .. } = question;
    let overridden = overrides.of_action(&action.name, caller, users).map(|(policy, _)| policy);
    let said = [Some(action.policy), action.floor, overridden].contains(&Some(Policy::Confine));
    said || book.about(&action.name).any(|rule| rule.policy == Policy::Confine && rule.is_about(caller))
}

/// Why everything of this caller, or of this group, is refused.
pub(super) fn switched_off(question: &Question<'_>, overrides: &Overrides) -> Option<String> {
    let Question { caller, action, users, .. } = question;
    if let Some(by) = overrides.frozen_by(caller) {
        return Some(format!("{by} has frozen the requests of {caller}"));
    }
    let by = overrides.group_disabled_by(&action.group, caller, users)?;
    Some(format!("{by} has switched off the group `{}`", action.group))
}

fn by_grant(question: &Question<'_>, weighed: Weighed<'_>, grants: &[&Grant]) -> Decision {
    let accepts = |grant: &&&Grant| refused_grant(question, &weighed.needs, grant).is_none();
    // The one that ends first, so that it does not depend on the order of the list which one is used up.
    let Some(grant) = grants.iter().filter(accepts).min_by_key(|grant| (grant.until, grant.id)) else {
        return Decision::new(Ruling::Queue, weighed.rule_text(), weighed.needs);
    };
    Decision { grant: Some(grant.id), ..Decision::new(Ruling::Accept, grant.rule_text(), weighed.needs) }
}

/// Why this grant does not accept the request. It must fit, and must be one that could be made today.
pub(super) fn refused_grant(question: &Question<'_>, needs: &Needs, grant: &Grant) -> Option<&'static str> {
    let Question { caller, action, args, facts, now, users, .. } = *question;
    let has_right = |maker: &UserName| {
        users.may_approve(maker, caller) && needs.roles.iter().all(|role| users.has_role(maker, role))
    };
    let people = u32::try_from(grant.made_by.len()).unwrap_or(u32::MAX);
    if needs.grant_seconds_max == 0 {
        Some("floor or rule forbid grants")
    } else if !grant.fits(caller, action, args, facts, now) {
        Some("it has ended, or is for something else")
    } else if !grant.made_by.iter().all(has_right) || people < needs.count {
        Some("those who made it could not approve this now")
    } else if grant.made.plus_seconds(needs.grant_seconds_max) <= now {
        Some("it is older than grants may be here")
    } else {
        None
    }
}
