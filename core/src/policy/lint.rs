//! What looks wrong in rules and users and is still allowed: rules that never match, that another rule or a floor
//! outdoes, that let everything pass; people who could approve for each other; roles that nobody has.

use std::collections::BTreeSet;

use ccc_protocol::{UserName, bodies::Policy};

use super::{Rule, Rulebook, rule::NeverMatches};
use crate::{
    catalogue::{Action, Catalogue},
    user::{User, Users},
};

/// A sentence for each thing that somebody should look at.
#[must_use]
pub fn lint(book: &Rulebook, catalogue: &Catalogue, users: &Users) -> Vec<String> {
    let actions: Vec<&Action> = catalogue.iter().map(AsRef::as_ref).collect();
    let by_rule = |(index, rule)| of_rule(index, rule, book, &actions, users);
    let mut found: Vec<String> = book.rules().iter().enumerate().flat_map(by_rule).collect();
    found.extend(approval_cycles(users));
    found
}

fn of_rule(index: usize, rule: &Rule, book: &Rulebook, actions: &[&Action], users: &Users) -> Vec<String> {
    let named: Vec<&Action> =
        actions.iter().copied().filter(|action| rule.actions.fits(action.name.as_str())).collect();
    if named.is_empty() {
        return vec![format!("rule `{}` can never match: no action is named {}", rule.name, rule.actions)];
    }
    let misfits = book.misfits().iter().filter(|misfit| misfit.rule == index);
    let live: Vec<&Action> = named.into_iter().filter(|action| book.bound(index, &action.name).is_some()).collect();
    let found = misfits.map(|misfit| never_matches(rule, misfit)).chain(unknown_caller(rule, users));
    let found = found.chain(below_floor(rule, &live)).chain(shadowed(index, rule, book, &live));
    found.chain(accepts_everything(rule, &live)).chain(unmet_needs(rule, users)).collect()
}

fn never_matches(rule: &Rule, misfit: &NeverMatches) -> String {
    format!("rule `{}` can never match `{}`: {}", rule.name, misfit.action, misfit.why)
}

fn unknown_caller(rule: &Rule, users: &Users) -> Option<String> {
    let callers = rule.callers.as_ref()?;
    let nobody = !users.iter().any(|(name, _)| callers.fits(name.as_str()));
    nobody.then(|| format!("rule `{}` can never match: no user is named {callers}", rule.name))
}

fn below_floor(rule: &Rule, live: &[&Action]) -> Option<String> {
    let lifted = live.iter().find(|action| action.floor.is_some_and(|floor| rule.policy < floor))?;
    let floor = lifted.floor?;
    Some(format!(
        "rule `{}` says {}, but `{}` is never looser than its floor, {floor}",
        rule.name, rule.policy, lifted.name
    ))
}

/// A stricter rule without conditions, for the same callers, that is about every action of this one.
fn shadowed(index: usize, rule: &Rule, book: &Rulebook, live: &[&Action]) -> Option<String> {
    let outdoes = |(other_index, other): &(usize, &Rule)| {
        let stricter = other.policy > rule.policy
            || (other.policy == rule.policy && other.asks == rule.asks && *other_index < index);
        stricter
            && other.is_unconditional
            && covers_callers(other, rule)
            && live.iter().all(|action| other.actions.fits(action.name.as_str()))
    };
    let (_, other) = book
        .rules()
        .iter()
        .enumerate()
        .find(|(at, other)| !live.is_empty() && *at != index && outdoes(&(*at, other)))?;
    Some(format!("rule `{}` never decides: rule `{}` says {} for all it names", rule.name, other.name, other.policy))
}

fn covers_callers(wider: &Rule, narrower: &Rule) -> bool {
    match (&wider.callers, &narrower.callers) {
        (None, _) => true,
        (Some(globs), _) if globs.fits_anything() => true,
        (Some(wide), Some(narrow)) => wide.written() == narrow.written(),
        (Some(_), None) => false,
    }
}

fn accepts_everything(rule: &Rule, live: &[&Action]) -> Option<String> {
    let is_open = rule.policy == Policy::AutoAccept && rule.is_unconditional;
    if is_open && rule.actions.fits_anything() {
        return Some(format!("rule `{}` accepts every action without a condition", rule.name));
    }
    let wide = live.iter().find(|action| is_open && (action.is_judge_only() || action.irreversible))?;
    Some(format!("rule `{}` accepts every `{}` without a condition", rule.name, wide.name))
}

fn unmet_needs(rule: &Rule, users: &Users) -> Option<String> {
    let can_approve = |user: &User| !user.can_approve.is_empty() && rule.asks.roles.is_subset(&user.roles);
    let people = users.iter().filter(|(_, user)| can_approve(user)).count();
    let too_few = rule.policy == Policy::Queue && people < usize::try_from(rule.asks.count).unwrap_or(usize::MAX);
    let roles = rule.asks.roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let with_roles = if roles.is_empty() { String::new() } else { format!(" with the role {roles}") };
    too_few.then(|| {
        format!("rule `{}` asks for {} approvers{with_roles}, and there are {people}", rule.name, rule.asks.count)
    })
}

/// People who may, by way of others, approve for each other: together they can approve anything for themselves.
fn approval_cycles(users: &Users) -> Vec<String> {
    let mut seen: BTreeSet<&UserName> = BTreeSet::new();
    let mut found = vec![];
    for (name, _) in users.iter() {
        let circle: Vec<&UserName> =
            reach(users, name).into_iter().filter(|other| reach(users, other).contains(name)).collect();
        if circle.contains(&name) && !seen.contains(name) {
            let names = circle.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            found.push(format!("{names} may approve for each other: each can get anything done with the other's yes"));
            seen.extend(circle);
        }
    }
    found
}

/// Everybody for whom the user may approve, themselves or by way of others.
fn reach<'a>(users: &'a Users, from: &UserName) -> BTreeSet<&'a UserName> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&UserName> = users.named(from).into_iter().flat_map(|user| &user.can_approve).collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(users.named(next).into_iter().flat_map(|user| &user.can_approve));
        }
    }
    found
}
