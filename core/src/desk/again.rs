//! Policy asked again: what waits, was approved or was let in goes on by the law of now, as far as that is stricter.
//!
//! Looser rules change nothing: what people were shown to be needed stays needed. The ticket's own request is asked about, as it
//! was resolved; who denied or granted something since is not, but what let the ticket in counts until it is revoked or its time
//! is over.

use std::{collections::BTreeSet, sync::Arc};

use ccc_protocol::{GrantId, UserName, bodies::Status};

use crate::{
    grant::Approved,
    policy::{Decision, Needs, Overrides, Question, Ruling, Standing, decide},
    risk::Assessment,
    ticket::{Event, Ticket},
};

use super::{Change, Cx, Desk, decisions::lapsed};

/// What the law of now says to a ticket's own request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Today {
    /// It may go on with these needs met.
    Asks {
        /// What an approval needs: never less than the ticket needed before.
        needs: Needs,
        /// True where a rule, or the grant that let it in, spares it a person's yes.
        lets_in: bool,
        /// The rules that say so.
        rule: String,
    },
    /// It may not.
    Refuses {
        /// Why.
        reason: String,
    },
}

/// What the rules of now ask of a ticket that they do not refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// What an approval needs: never less than the ticket needed before.
    pub needs: Needs,
    /// True where a rule spares it a person's yes.
    pub accepts: bool,
    /// The rules that say so, in words.
    pub rule: String,
}

/// Asks the rules of now about the ticket's own request.
///
/// # Errors
/// Why they refuse it.
pub fn again(ticket: &Ticket, overrides: &Overrides, cx: Cx<'_>) -> Result<Again, String> {
    let name = &ticket.request().action;
    let Some(action) = cx.law.catalogue.named(name.as_str()) else {
        return Err(format!("there is no action `{name}` any more"));
    };
    let limits = &cx.law.limits;
    let asked = Approved::new(ticket, action, &cx.law.knowledge());
    let alone = || {
        let facts = asked.facts.as_deref()?;
        Some(Assessment::alone(ticket.submitted_by(), &asked.args.json, facts, &cx.law.risk))
    };
    // As it was when it was asked for; of a ticket of a version before, as if nothing had come before.
    let risk = ticket.request().assessed.clone().or_else(alone);
    let question = Question {
        caller: ticket.submitted_by(),
        action,
        args: &asked.args,
        facts: asked.facts.as_deref(),
        risk: risk.as_ref(),
        local: cx.local,
        now: cx.now,
        users: &cx.law.users,
        limits,
    };
    let standing = Standing { overrides, denial: None, grants: &[] };
    let Decision { ruling, rule, needs, .. } = decide(&question, &cx.law.rulebook, &standing);
    match ruling {
        Ruling::Accept => Ok(Again { needs: ticket.needs().clone(), accepts: true, rule }),
        // Who asked may not be there to confine it, and was shown that a person decides: it takes their yes.
        Ruling::Queue | Ruling::Confine => Ok(Again { needs: ticket.needs().and(&needs), accepts: false, rule }),
        Ruling::Deny { reason } => Err(reason),
        Ruling::DeniedBefore { ticket } => Err(format!("denied before, as ticket {ticket}")),
    }
}

impl Desk {
    pub(super) fn today(&self, ticket: &Ticket, cx: Cx<'_>) -> Today {
        match again(ticket, &self.overrides, cx) {
            Ok(Again { needs, accepts, rule }) => {
                Today::Asks { needs, lets_in: accepts || is_let_in(ticket, cx), rule }
            }
            Err(reason) => Today::Refuses { reason },
        }
    }

    /// Asks again about an approved ticket that is about to go on. None where it may; else how it stands instead: refused, or
    /// waiting for people.
    pub(super) fn held_back(&mut self, ticket: &Arc<Ticket>, cx: Cx<'_>, change: &mut Change) -> Option<Arc<Ticket>> {
        let event = match self.today(ticket, cx) {
            Today::Refuses { reason } => forbidden(&reason),
            Today::Asks { lets_in: true, .. } if ticket.was_let_in() => return None,
            Today::Asks { needs, rule, .. } => {
                let lapsed = lapsed(ticket, &needs, cx);
                if !ticket.was_let_in() && has_enough(ticket, &lapsed, &needs) {
                    return None;
                }
                requeue(lapsed, needs, format!("the rules of now ask for more: {rule}"), cx)
            }
        };
        self.advance(ticket, event, cx, change).ok()
    }

    /// Asks again about everything that has not started: what the law of now is stricter with is told at once, not when somebody
    /// next decides. What a freeze or a group that is switched off holds is left to those.
    pub fn tighten(&mut self, cx: Cx<'_>, change: &mut Change) {
        // What a grant was given for is read as calls are read now.
        let knowledge = cx.law.knowledge();
        self.grants.values_mut().for_each(|grant| *grant = grant.clone().read(&knowledge));
        for ticket in self.not_started() {
            if self.is_barred(&ticket, cx) {
                continue;
            }
            if ticket.status() == Status::Approved {
                self.held_back(&ticket, cx, change);
                continue;
            }
            let event = match self.today(&ticket, cx) {
                Today::Refuses { reason } => forbidden(&reason),
                Today::Asks { needs, rule, .. } => {
                    let lapsed = lapsed(&ticket, &needs, cx);
                    requeue(lapsed, needs, format!("the rules of now ask for more: {rule}"), cx)
                }
            };
            // Refused where nothing is other than before.
            let _ = self.advance(&ticket, event, cx, change);
        }
    }

    /// These people's secrets are others, or they are gone: their yes was by whoever held the old one. What they said yes to and
    /// nobody took waits again, and so does what a grant of theirs let in.
    pub(super) fn uncount(&mut self, changed: &BTreeSet<UserName>, cx: Cx<'_>, change: &mut Change) {
        for ticket in self.not_started() {
            let needs = ticket.needs().clone();
            let without_right = lapsed(&ticket, &needs, cx);
            let counts_no_longer = |by: &&UserName| without_right.contains(by) || changed.contains(*by);
            let voters = ticket.approvals().iter().map(|approval| &approval.by);
            let gone: Vec<UserName> = voters.filter(counts_no_longer).cloned().collect();
            let makers = ticket.request().let_in.iter().flat_map(|leave| &leave.made_by);
            let makers_may = |maker: &UserName| cx.law.users.may_approve(maker, ticket.submitted_by());
            let leave_ended =
                ticket.was_let_in() && makers.into_iter().any(|maker| changed.contains(maker) || !makers_may(maker));
            let waits = ticket.status() == Status::Queued;
            if !leave_ended && (gone.is_empty() || (!waits && has_enough(&ticket, &gone, &needs))) {
                continue;
            }
            let reason = "who approved it is gone, has another secret, or may no longer approve it".to_owned();
            let _ = self.advance(&ticket, requeue(gone, needs, reason, cx), cx, change);
        }
    }

    /// What this grant let in, and nobody started, waits for a person.
    pub(super) fn take_back(&mut self, grant: GrantId, cx: Cx<'_>, change: &mut Change) {
        for ticket in self.not_started() {
            let came_by_it = ticket.request().let_in.as_ref().is_some_and(|leave| leave.grant == grant);
            if came_by_it && ticket.was_let_in() {
                let reason = "the grant that let it in was taken back".to_owned();
                let _ = self.advance(&ticket, requeue(vec![], ticket.needs().clone(), reason, cx), cx, change);
            }
        }
    }

    fn not_started(&self) -> Vec<Arc<Ticket>> {
        let waits = |ticket: &&Arc<Ticket>| matches!(ticket.status(), Status::Queued | Status::Approved);
        self.open.values().filter(waits).cloned().collect()
    }
}

/// The time of the grant that let it in is not over, and who made it still may. That it was used up takes nothing away, and
/// where it was taken back the ticket waits already.
fn is_let_in(ticket: &Ticket, cx: Cx<'_>) -> bool {
    ticket.request().let_in.as_ref().is_some_and(|leave| {
        let maker_may = |maker: &UserName| cx.law.users.may_approve(maker, ticket.submitted_by());
        cx.now < leave.until.plus_millis(ticket.clock_moved_millis()) && leave.made_by.iter().all(maker_may)
    })
}

fn has_enough(ticket: &Ticket, lapsed: &[UserName], needs: &Needs) -> bool {
    let left = ticket.approvals().iter().filter(|approval| !lapsed.contains(&approval.by)).count();
    u32::try_from(left).unwrap_or(u32::MAX) >= needs.count
}

pub(super) fn requeue(lapsed: Vec<UserName>, needs: Needs, reason: String, cx: Cx<'_>) -> Event {
    let limit = cx.law.limits.queue_seconds_max;
    let seconds = needs.expires_seconds.map_or(limit, |own| own.min(limit));
    Event::Requeue { lapsed, needs, reason, until: cx.now.plus_seconds(seconds) }
}

fn forbidden(reason: &str) -> Event {
    Event::Forbid { reason: format!("the rules of now refuse it: {reason}") }
}
