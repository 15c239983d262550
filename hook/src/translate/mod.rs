//! Between a host's documents and ours, one file a host. Pure: bytes read and
//! bytes written are somebody else's business.

mod claude;
mod codex;
mod copilot;
mod cursor;
mod document;
mod gemini;
mod kimi;
mod nested;

use serde_json::{Map, Value};

pub use document::Problem;

use crate::event::Event;
use crate::host::{Host, Role};
use crate::verdict::{Answer, Reason, Verdict};
use document::Document;

/// A document understood, with the event by which the host wants its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The asking host.
    pub host: Host,
    /// The host's own name of the event.
    pub event: String,
    /// What it says.
    pub content: Event,
}

/// Understands one hook document. `told` is the event named on the command
/// line, which some hosts need because their documents do not name it.
///
/// # Errors
/// When the document is not one that this host sends for this event.
pub fn read(host: Host, told: Option<&str>, fields: &Map<String, Value>) -> Result<Question, Problem> {
    let document = Document::new(host, fields);
    let event = document.event(told)?;
    let role = role(host, &event).ok_or_else(|| Problem::UnknownEvent(event.clone()))?;
    document.fits(role)?;
    let content = match host {
        Host::Claude => claude::read(&document, role),
        Host::Codex => codex::read(&document, role),
        Host::Gemini => gemini::read(&document, role),
        Host::Copilot => copilot::read(&document, &event, role),
        Host::Kimi => kimi::read(&document, role),
        Host::Cursor => cursor::read(&document, &event, role),
    }?;
    Ok(Question { host, event, content })
}

/// What this host's event asks for; `None` for an event that is not known.
#[must_use]
pub fn role(host: Host, event: &str) -> Option<Role> {
    let table = match host {
        Host::Claude => claude::EVENTS,
        Host::Codex => codex::EVENTS,
        Host::Gemini => gemini::EVENTS,
        Host::Copilot => copilot::EVENTS,
        Host::Kimi => kimi::EVENTS,
        Host::Cursor => cursor::EVENTS,
    };
    table.iter().find(|(name, _)| *name == event).map(|(_, role)| *role)
}

/// Tells the host what was decided at one of its gates. An event that is no
/// gate of this host is blocked, whatever the verdict.
pub fn answer(host: Host, event: &str, verdict: &Verdict) -> Answer {
    if role(host, event) != Some(Role::Gate) {
        return Answer::block(&Reason::new(&format!("`{event}` is no gate of {host}")));
    }
    let form = match host {
        Host::Claude => claude::answer(event, verdict),
        Host::Codex => codex::answer(event, verdict),
        Host::Gemini => gemini::answer(verdict),
        Host::Copilot => copilot::answer(event, verdict),
        Host::Kimi => kimi::answer(event, verdict),
        Host::Cursor => cursor::answer(verdict),
    };
    Answer { objection: verdict.objection(), ..form }
}

/// Tells the host that an event was recorded and it may go on.
pub fn noted(host: Host, event: &str) -> Answer {
    match host {
        Host::Cursor => cursor::noted(event),
        _ => Answer::silent(),
    }
}

/// Stops the host because something failed here. Where the event is not known
/// to be a gate this is the form that blocks on all hosts.
pub fn blocked(host: Host, event: Option<&str>, reason: Reason) -> Answer {
    match event {
        Some(event) if role(host, event) == Some(Role::Gate) => answer(host, event, &Verdict::Deny(reason)),
        _ => Answer::block(&reason),
    }
}
