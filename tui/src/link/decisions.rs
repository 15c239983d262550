//! Decisions and settings, sent in order, each once.

use std::sync::mpsc::Receiver;

use ccc_client::{Bridge, CallError};
use ccc_protocol::{
    TicketId,
    bodies::{Approve, Beside, Deny, Edit, Freeze, GrantRequest, SetGroup, SetPolicy, Ticket},
};

use super::shared::Shared;
use crate::console::message::{Command, Deed, News, Trouble, Verb};

pub(super) fn decide_all(shared: &Shared, asked: &Receiver<Command>) {
    for command in asked {
        if let Some(news) = decide(&shared.bridge, command) {
            shared.post(news);
        }
    }
}

fn decide(bridge: &Bridge, command: Command) -> Option<News> {
    Some(match command {
        Command::Approve { leave, beside, note, grant, shown } => {
            let shown_beside = beside.iter().map(|leave| Beside { id: leave.id(), digest: leave.digest() });
            let grant = grant.map(|grant| GrantRequest { beside: shown_beside.collect(), ..grant });
            let answer = bridge.approve(leave.id(), &Approve { digest: leave.digest(), note, grant, shown });
            decided(Verb::Approve, leave.id(), answer)
        }
        Command::Deny { leave, reason, shown } => {
            let answer = bridge.deny(leave.id(), &Deny { reason, digest: Some(leave.digest()), shown });
            decided(Verb::Deny, leave.id(), answer)
        }
        Command::Edit { leave, params } => {
            let answer = bridge.edit(leave.id(), &Edit { digest: leave.digest(), params });
            decided(Verb::Edit, leave.id(), answer)
        }
        Command::Revoke(id) => done(Deed::Revoke(id), bridge.revoke(id)),
        Command::RevokeFrom(id) => done(Deed::RevokeFrom(id), revoke_from(bridge, id)),
        Command::Lift(id) => done(Deed::Lift(id), bridge.lift(id)),
        Command::Stop(id) => done(Deed::Stop(id), stop(bridge, id)),
        Command::Freeze { users, frozen } => {
            let users = (!users.is_empty()).then_some(users);
            done(Deed::Freeze(frozen), bridge.freeze(&Freeze { users, frozen }))
        }
        Command::SetGroup { group, enabled } => {
            let answer = bridge.set_group(&group, &SetGroup { enabled });
            done(Deed::Group(group, enabled), answer)
        }
        Command::SetPolicy { action, policy } => {
            let answer = bridge.set_policy(&action, &SetPolicy { policy });
            done(Deed::Override(action, policy), answer)
        }
        _ => return None,
    })
}

fn decided(verb: Verb, id: TicketId, answer: Result<Ticket, CallError>) -> News {
    let answer = answer.map(Box::new).map_err(|error| match error {
        CallError::Refused(problem) => Trouble { why: problem.detail, ticket: problem.ticket },
        other => Trouble { why: other.to_string(), ticket: None },
    });
    News::Decided(verb, id, answer)
}

fn done(deed: Deed, answer: Result<(), CallError>) -> News {
    News::Done(deed, answer.map_err(|error| error.to_string()))
}

/// Ends a run; one that had just ended by itself is no failure.
fn stop(bridge: &Bridge, id: TicketId) -> Result<(), CallError> {
    match bridge.stop(id) {
        Err(CallError::Refused(problem)) if problem.ticket.as_ref().is_some_and(|ticket| ticket.status.has_ended()) => {
            Ok(())
        }
        answer => answer.map(drop),
    }
}

/// Ends every grant that this ticket's approval carried.
fn revoke_from(bridge: &Bridge, id: TicketId) -> Result<(), CallError> {
    let grants = bridge.grants()?.grants;
    grants.iter().filter(|grant| grant.from == id).try_for_each(|grant| bridge.revoke(grant.id))
}
