//! Between a host's documents and ours. Pure: bytes read and bytes written are somebody else's business. What is particular to a host
//! stands in its profile.

mod document;

use serde_json::{Map, Value};

pub use document::{Document, Problem};

use crate::answer::{Answer, Reason, Reply};
use crate::event::Event;
use crate::host::{Host, Moment, Role};
use crate::tool;

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
    if document.is_of_another_agent() {
        return Err(Problem::OtherAgent);
    }
    let event = document.event(told)?;
    let role = host.role(&event).ok_or_else(|| Problem::UnknownEvent(event.clone()))?;
    document.fits(role)?;
    let mut content = (host.profile().read)(&document, &event, role)?;
    if let Event::Judge(call) = &mut content
        && call.asks_the_person()
        && host.profile().permission == Some(event.as_str())
    {
        call.tool = tool::in_the_persons_place(&call.tool);
    }
    Ok(Question { host, event, content })
}

/// Tells the host what was decided at one of its gates. An event that is no
/// gate of this host is blocked, whatever was decided.
pub fn reply(host: Host, event: &str, answer: &Answer) -> Reply {
    if host.role(event) != Some(Role::Gate) {
        return Reply::block(&Reason::new(&format!("`{event}` is no gate of {host}")));
    }
    Reply { objection: answer.objection(), ..(host.profile().reply)(event, answer) }
}

/// Tells the host that nothing speaks against a call by which its agent asks its own person: the host asks them.
pub fn aside(host: Host, event: &str) -> Reply {
    match host.role(event) {
        Some(Role::Gate) => (host.profile().aside)(),
        _ => blocked(host, None, Reason::new(&format!("`{event}` is no gate of {host}"))),
    }
}

/// Lets the call at this gate go on with another input, where the host knows such an answer and the gate is the one that it is asked at.
/// A host that does not is blocked: it would run the agent's own line.
pub fn rewritten(host: Host, event: &str, input: &Value) -> Reply {
    match &host.profile().rewrite {
        Some(rewrite) if event == host.profile().gate => (rewrite.reply)(event, input),
        _ => Reply::block(&Reason::new(&format!("{host} cannot be told to run a call confined"))),
    }
}

/// Tells the agent something beside what its call gave back.
pub fn told(host: Host, event: &str, words: &str) -> Reply {
    match &host.profile().rewrite {
        Some(rewrite) => (rewrite.told)(event, words),
        None => noted(host, event),
    }
}

/// Has the host show its model this in place of what a call gave back, where it can.
#[must_use]
pub fn masked(host: Host, event: &str, output: &Value) -> Option<Reply> {
    let form = host.profile().masked.filter(|_| host.role(event) == Some(Role::Record(Moment::PostTool)))?;
    Some(form(event, output))
}

/// Tells the host that an event was recorded and it may go on.
pub fn noted(host: Host, event: &str) -> Reply {
    (host.profile().noted)(event)
}

/// Stops the host because something failed here. Where the event is not known
/// to be a gate this is the form that blocks on all hosts.
pub fn blocked(host: Host, event: Option<&str>, reason: Reason) -> Reply {
    match event {
        Some(event) if host.role(event) == Some(Role::Gate) => reply(host, event, &Answer::Deny(reason)),
        _ => Reply::block(&reason),
    }
}
