//! What is asked of policy, and what people have said before that bears on it.

use ccc_protocol::{
    TicketId, Timestamp, UserName,
    actions::{CAN, CAN_CONFINE, CAN_NOT_NOW},
    bodies::{Class, Facts},
};

use super::{clock::LocalTime, overrides::Overrides};
use crate::{
    catalogue::action::Action,
    grant::Grant,
    limits::Limits,
    params::value::{Arg, Args},
    risk::Assessment,
    user::Users,
};

/// What a call does that a confined program may do as well: of each a program that runs code of its own can do no more than the
/// class says, and keeps no more than the project.
const WHEN_CONFINED: [Class; 9] = [
    Class::Reads,
    Class::VcsQuery,
    Class::Builds,
    Class::Writes,
    Class::Deletes,
    Class::Runs,
    Class::Bookkeeping,
    Class::Loopback,
    Class::Unknown,
];
/// What confinement stands in for: that code runs which nobody has read.
const RUNS_CODE: [Class; 3] = [Class::Builds, Class::Runs, Class::Unknown];

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
    /// Of a tool call, its risk beside what came before it, as far as that is known.
    pub risk: Option<&'a Assessment>,
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

    /// True where the call runs code that its text does not show: what `confine` is about. Where calls are confined, what goes by
    /// files of the project does: they may have been written confined.
    pub(super) fn runs_code(&self) -> bool {
        self.facts.is_some_and(|facts| facts.any(&RUNS_CODE)) || self.is_led()
    }

    /// True where a program of it goes by files that confined calls may have written.
    pub(super) fn is_led(&self) -> bool {
        self.can(CAN_CONFINE) && self.facts.is_some_and(|facts| facts.led)
    }

    /// True where a rule that says `confine` may fit the whole of it: all that is unknown about it is what some program does.
    pub(super) fn is_confinable(&self) -> bool {
        self.facts.is_some_and(|facts| {
            self.runs_code() && facts.only(&WHEN_CONFINED) && (facts.is_readable() || facts.is_unknown_code_alone())
        })
    }

    /// Why `confine` counts as `queue` for it; none where it stands.
    pub(super) fn not_confined(&self) -> Option<&'static str> {
        if !self.runs_code() {
            Some("the call runs no code: there is nothing to confine")
        } else if !self.is_confinable() {
            Some("the call does something beside running code of the project, or cannot be read whole")
        } else if !self.can(CAN_CONFINE) {
            Some("the asking program does not say that it can confine it")
        } else if self.can(CAN_NOT_NOW) {
            Some("the asking program cannot confine this call, or it was kept from something when it was")
        } else {
            None
        }
    }

    /// True where the asking program says this word of what it can do.
    fn can(&self, word: &str) -> bool {
        let Some(Arg::List(can)) = self.args.named(CAN) else { return false };
        self.action.is_judge_only() && can.contains(&Arg::Text(word.to_owned()))
    }

    /// True where a server does as it pleases with what the request says: nothing less than its tool's name can be judged.
    pub(super) fn asks_server(&self) -> bool {
        self.facts.is_some_and(|facts| facts.any(&[Class::Server]))
    }
}
