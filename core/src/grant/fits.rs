//! Whether a request is more of the same.

use ccc_protocol::{
    Timestamp, UserName,
    actions::CAN,
    beneath::lies_beneath,
    bodies::{BESIDE_ARGUMENTS, Class, CommandFact, Difference, Facts},
};
use serde_json::Value;

use super::{Grant, reach, words};
use crate::{
    catalogue::{Action, Effect},
    params::value::{Arg, Args, UrlArg},
};

impl Grant {
    /// True where the grant is live and is leave for this very request: every parameter equals the approved one, or
    /// differs no further than the grant says.
    #[must_use]
    pub fn fits(&self, caller: &UserName, action: &Action, args: &Args, facts: Option<&Facts>, now: Timestamp) -> bool {
        let is_same_verb = self.user == *caller && self.action == action.name;
        is_same_verb && self.is_live(now) && self.fits_args(action, args, facts)
    }

    pub(super) fn fits_args(&self, action: &Action, args: &Args, facts: Option<&Facts>) -> bool {
        let request = Request { action, args, facts };
        // What the asking program can do with the answer is no part of what is asked.
        let counts = |name: &str| !(action.is_judge_only() && name == CAN);
        let nothing_left_out = self.params.keys().all(|name| !counts(name) || args.json.contains_key(name));
        nothing_left_out
            && args.json.iter().filter(|(name, _)| counts(name)).all(|(name, given)| match self.differ.get(name) {
                None => words::is_same(name, &self.params, &args.json),
                Some(difference) => request.is_within(name, given, difference, self),
            })
            && (self.differ.is_empty() || !action.is_judge_only() || self.reaches(args, facts))
    }

    /// Whichever word of a tool call may differ: what the call then does is no more than what was approved.
    fn reaches(&self, args: &Args, facts: Option<&Facts>) -> bool {
        let (Some(approved), Some(given)) = (&self.approved, facts) else { return false };
        reach::covers(approved, given) && words::beside_the_command_is_same(&self.params, &args.json)
    }
}

/// What a difference is judged by.
struct Request<'a> {
    action: &'a Action,
    args: &'a Args,
    facts: Option<&'a Facts>,
}

impl Request<'_> {
    fn is_within(&self, name: &str, given: &Value, difference: &Difference, grant: &Grant) -> bool {
        match (difference, self.args.named(name)) {
            (Difference::OneOf(values), _) => values.contains(given),
            (Difference::SameHost(wanted), Some(Arg::Url(url))) => origin(url) == *wanted,
            (Difference::Under(dir), Some(Arg::Path(path))) => {
                lies_beneath(&path.container, dir) && self.stays_beneath(name, dir)
            }
            (Difference::Between(least, most), Some(Arg::Integer(number))) => least <= number && number <= most,
            (Difference::SameRecipient(to), Some(Arg::Text(_))) => self.goes_to(to) && is_mail_text(name),
            (Difference::SameProgram(wanted), Some(Arg::Object(_))) => self.runs_only(wanted, grant),
            (Difference::FilesUnder(dir), Some(Arg::Object(_))) => self.touches_only(dir, grant),
            (Difference::SameClass(classes), Some(Arg::Object(_))) => self.does_only(classes, grant),
            // Which tool does it is as free as what it is told, and no freer.
            (Difference::SameClass(_), Some(Arg::Text(_))) => {
                is_tools_name(name) && grant.differ.get("input") == Some(difference)
            }
            (Difference::SameTool(wanted), Some(Arg::Object(_))) => {
                let approved = grant.params.get(name).and_then(|input| input.get(BESIDE_ARGUMENTS));
                given.get(BESIDE_ARGUMENTS) == approved && self.uses(wanted, grant)
            }
            _ => false,
        }
    }

    /// What the command puts behind the path may be a link that leads elsewhere.
    fn stays_beneath(&self, name: &str, dir: &str) -> bool {
        self.args
            .beneath
            .iter()
            .filter(|place| place.param == name)
            .all(|place| lies_beneath(&place.path.container, dir))
    }

    fn goes_to(&self, to: &str) -> bool {
        self.action.effect == Effect::Mail && self.text("to") == Some(to)
    }

    fn runs_only(&self, wanted: &str, grant: &Grant) -> bool {
        let Some(facts) = self.readable_facts() else { return false };
        let same = facts.commands.iter().all(|command| program_text(command) == wanted);
        is_pinned("tool", grant) && is_pinned("cwd", grant) && same && !facts.commands.is_empty()
    }

    fn uses(&self, wanted: &str, grant: &Grant) -> bool {
        let same_session = self.text("session").is_some_and(|session| !session.is_empty())
            && is_pinned("session", grant)
            && is_pinned("tool", grant);
        same_session && self.readable_facts().is_some() && self.text("tool") == Some(wanted)
    }

    fn touches_only(&self, dir: &str, grant: &Grant) -> bool {
        let Some(facts) = self.readable_facts() else { return false };
        let inside = facts.paths.iter().all(|path| lies_beneath(&path.path, dir));
        is_pinned("tool", grant) && is_pinned("cwd", grant) && inside && !facts.paths.is_empty()
    }

    fn does_only(&self, classes: &[Class], grant: &Grant) -> bool {
        let same_session = self.text("session").is_some_and(|session| !session.is_empty())
            && ["session", "cwd", "host"].into_iter().all(|name| is_pinned(name, grant));
        let Some(facts) = self.readable_facts() else { return false };
        same_session && facts.only(classes) && facts.only(&BY_CLASS) && !facts.classes.is_empty()
    }

    fn readable_facts(&self) -> Option<&Facts> {
        self.facts.filter(|facts| self.action.is_judge_only() && facts.is_readable())
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.args.named(name) {
            Some(Arg::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// The parameters that name a tool.
pub(super) fn is_tools_name(name: &str) -> bool {
    matches!(name, "tool" | "native")
}

/// Kinds of call that a grant may name as such: they stay in the project, tell nobody anything, and run no program of its own.
pub const BY_CLASS: [Class; 6] =
    [Class::Reads, Class::VcsQuery, Class::VcsChange, Class::Builds, Class::Writes, Class::Bookkeeping];

/// What a mail says, as against whom it goes to.
pub(super) fn is_mail_text(name: &str) -> bool {
    matches!(name, "subject" | "body")
}

/// True where the grant holds this parameter to the approved value.
fn is_pinned(name: &str, grant: &Grant) -> bool {
    grant.params.contains_key(name) && !grant.differ.contains_key(name)
}

/// Scheme, host and port of a URL, the port left out where it is the scheme's own.
#[must_use]
pub fn origin(url: &UrlArg) -> String {
    let UrlArg { scheme, host, .. } = url;
    let own_port = match scheme.as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    };
    match url.port.filter(|port| Some(*port) != own_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// A program and its subcommand in the words of [`Difference::SameProgram`]: `git status`, or `ls`.
#[must_use]
pub fn program_text(command: &CommandFact) -> &str {
    command.subcommand.as_deref().unwrap_or(&command.program)
}
