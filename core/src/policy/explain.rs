//! The whole trace of a decision: every rule with what kept it from matching, and every step of the order of policy.

use ccc_protocol::{ActionName, GrantId, TicketId, Timestamp, UserName, bodies::Policy};
use serde::Serialize;

use super::{
    Decision, Needs, Question, Rule, Rulebook, Ruling, Standing,
    condition::Fit,
    decide::{decide, refused_grant, switched_off},
    rule::Miss,
};

/// What policy would do with a request, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// Whose request it would be, as if they had signed it.
    pub caller: UserName,
    /// What would be asked for.
    pub action: ActionName,
    /// What would happen: `accept`, `confine`, `queue` or `deny`.
    pub outcome: &'static str,
    /// The rules that decided, in the words of a ticket's `rule`.
    pub rule: String,
    /// What the agent would read, where it is denied.
    pub reason: Option<String>,
    /// Step 1: who froze the caller or switched the group off.
    pub switched_off: Option<String>,
    /// Step 2: a person's denial that still answers.
    pub denied_before: Option<DenialTrace>,
    /// Step 3: every rule, in the order of the config.
    pub rules: Vec<RuleTrace>,
    /// Step 3: an approver's override.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideTrace>,
    /// Step 3: the action's own policy.
    pub own: Policy,
    /// Step 3: true for a tool call that cannot be read whole and so is asked at least, or confined.
    pub unreadable: bool,
    /// Step 3: for a tool call that runs code, why `confine` counts as `queue`; none where it would be confined.
    pub not_confined: Option<&'static str>,
    /// Step 4: the action's floor.
    pub floor: Option<Policy>,
    /// What an approval would need.
    pub needs: Needs,
    /// Step 5: the caller's grants for the action.
    pub grants: Vec<GrantTrace>,
    /// The grant that would be used.
    pub grant: Option<GrantId>,
}

/// A denial that still answers.
#[derive(Debug, Clone, Serialize)]
pub struct DenialTrace {
    /// The ticket that a person denied.
    pub ticket: TicketId,
    /// From then on the same request is asked anew.
    pub until: Timestamp,
}

/// One rule, also where it did not match.
#[derive(Debug, Clone, Serialize)]
pub struct RuleTrace {
    /// As the config has it.
    pub name: String,
    /// What it would have happen.
    pub policy: Policy,
    /// How far it matches: one that matches in part can make policy stricter, never looser.
    pub matches: Fit,
    /// What kept it from matching, or from matching whole.
    pub why: Option<String>,
}

/// An approver's override.
#[derive(Debug, Clone, Serialize)]
pub struct OverrideTrace {
    /// The policy it puts in place of the action's own.
    pub policy: Policy,
    /// The approver who set it.
    pub by: UserName,
}

/// One live grant of the caller for the action.
#[derive(Debug, Clone, Serialize)]
pub struct GrantTrace {
    /// As `GET /grants` lists it.
    pub id: GrantId,
    /// Why it does not accept the request; none where it would.
    pub why_not: Option<&'static str>,
}

/// What [`decide`] would say, with all that leads there.
#[must_use]
pub fn explain(question: &Question<'_>, book: &Rulebook, standing: &Standing<'_>) -> Trace {
    let decision = decide(question, book, standing);
    let Question { caller, action, users, .. } = *question;
    let (outcome, reason) = outcome(&decision);
    Trace {
        caller: caller.clone(),
        action: action.name.clone(),
        outcome,
        reason,
        switched_off: switched_off(question, standing.overrides),
        denied_before: standing
            .denial
            .filter(|(_, until)| question.now < *until)
            .map(|(ticket, until)| DenialTrace { ticket, until }),
        rules: book.rules().iter().enumerate().map(|(index, rule)| rule_trace(index, rule, question, book)).collect(),
        overridden: standing
            .overrides
            .of_action(&action.name, caller, users)
            .map(|(policy, by)| OverrideTrace { policy, by: by.clone() }),
        own: action.policy,
        unreadable: !question.is_readable(),
        not_confined: question.action.is_judge_only().then(|| question.not_confined()).flatten(),
        floor: action.floor,
        grants: standing
            .grants
            .iter()
            .map(|grant| GrantTrace { id: grant.id, why_not: refused_grant(question, &decision.needs, grant) })
            .collect(),
        grant: decision.grant,
        rule: decision.rule,
        needs: decision.needs,
    }
}

fn outcome(decision: &Decision) -> (&'static str, Option<String>) {
    match &decision.ruling {
        Ruling::Accept => ("accept", None),
        Ruling::Confine => ("confine", None),
        Ruling::Queue => ("queue", None),
        Ruling::Deny { reason } => ("deny", Some(reason.clone())),
        Ruling::DeniedBefore { .. } => ("deny", Some(decision.rule.clone())),
    }
}

fn rule_trace(index: usize, rule: &Rule, question: &Question<'_>, book: &Rulebook) -> RuleTrace {
    let (matches, why) = match book.bound(index, &question.action.name) {
        None => (Fit::No, Some(why_not_about(index, question, book))),
        Some(bound) => match rule.fit(bound, question) {
            Ok(_) if rule.policy == Policy::Confine && !question.runs_code() => {
                (Fit::No, Some("`confine` is about calls that run code".to_owned()))
            }
            Ok(Fit::Whole) => (Fit::Whole, None),
            Ok(part) => (part, Some(why_in_part(question))),
            Err(Miss::Caller(callers)) => (Fit::No, Some(format!("`caller` wants {callers}"))),
            Err(Miss::Condition(condition)) => (Fit::No, Some(condition.to_string())),
        },
    };
    RuleTrace { name: rule.name.clone(), policy: rule.policy, matches, why }
}

fn why_not_about(index: usize, question: &Question<'_>, book: &Rulebook) -> String {
    let name = &question.action.name;
    let misfit = book.misfits().iter().find(|misfit| misfit.rule == index && misfit.action == *name);
    misfit.map_or_else(|| format!("`action` does not name `{name}`"), |misfit| misfit.why.clone())
}

fn why_in_part(question: &Question<'_>) -> String {
    let why = if question.asks_server() {
        "what a tool of an MCP server does is its server's affair: `where.tool` must name it to let it pass"
    } else if question.is_readable() {
        "it fits a part of the request alone, or does not name an internal host in full"
    } else {
        "the call cannot be read whole"
    };
    why.to_owned()
}
