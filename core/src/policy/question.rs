//! What is asked of policy, and what people have said before that bears on it.

use ccc_protocol::{
    TicketId, Timestamp, UserName,
    bodies::{Class, Facts},
};

use super::{clock::LocalTime, overrides::Overrides};
use crate::{catalogue::action::Action, grant::Grant, limits::Limits, params::value::Args, user::Users};

/// What is asked of policy.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who signed, and nobody whom the request names.
    pub caller: &'a UserName,
    /// The declaration in force, floor and group with it.
    pub action: &'a Action,
    /// Parameters after links are resolved: conditions are asked of where a path leads.
    pub args: &'a Args,
    /// What a tool call would do. A judge-only action without facts is one that could not be read.
    pub facts: Option<&'a Facts>,
    /// The time on the server's wall.
    pub local: LocalTime,
    /// The server's time.
    pub now: Timestamp,
    /// Who may approve for whom.
    pub users: &'a Users,
    /// Their longest grant bounds every rule's.
    pub limits: &'a Limits,
}

/// What people have said before, as far as it bears on this question.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// All approvers' settings.
    pub overrides: &'a Overrides,
    /// A person's denial of the same call by the same caller: the denied ticket, and until when it answers.
    pub denial: Option<(TicketId, Timestamp)>,
    /// The grants for this caller and action.
    pub grants: &'a [&'a Grant],
}

impl Question<'_> {
    /// True where everything that the request would do is known. Only tool calls can be otherwise.
    pub(super) fn is_readable(&self) -> bool {
        !self.action.is_judge_only() || self.facts.is_some_and(Facts::is_readable)
    }

    /// True where a server does as it pleases with what the request says: nothing less than its tool's name can be judged.
    pub(super) fn asks_server(&self) -> bool {
        self.facts.is_some_and(|facts| facts.any(&[Class::Server]))
    }
}
