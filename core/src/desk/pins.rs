//! The approved forms of MCP tools: a tool that changes its text after it was trusted is not the tool that was trusted.

use std::collections::BTreeMap;

use ccc_protocol::{Digest, TicketId, UserName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The one form of a tool that was approved last; an approval of another replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Of the server's command line and the tool's definition together.
    pub digest: Digest,
    /// The ticket that approved it.
    pub ticket: TicketId,
}

/// Approved tools by user, server and tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins(BTreeMap<UserName, BTreeMap<String, BTreeMap<String, Pin>>>);

impl Pins {
    /// The ticket that approved just this form of the tool for this user.
    #[must_use]
    pub fn approved_by(&self, user: &UserName, params: &Map<String, Value>) -> Option<TicketId> {
        let pin = self.standing(user, params)?;
        (pin.digest == digest(params)).then_some(pin.ticket)
    }

    /// The form of this tool that is approved for this user, be it this one or another.
    #[must_use]
    pub fn standing(&self, user: &UserName, params: &Map<String, Value>) -> Option<&Pin> {
        self.0.get(user)?.get(text(params, "server")?)?.get(text(params, "tool")?)
    }

    /// The same pins with this form of the tool approved in place of any other.
    #[must_use]
    pub fn with(&self, user: &UserName, params: &Map<String, Value>, ticket: TicketId) -> Self {
        let mut changed = self.clone();
        if let (Some(server), Some(tool)) = (text(params, "server"), text(params, "tool")) {
            let of_server = changed.0.entry(user.clone()).or_default().entry(server.to_owned()).or_default();
            of_server.insert(tool.to_owned(), Pin { digest: digest(params), ticket });
        }
        changed
    }
}

/// What is compared: the server's command line and the whole definition.
fn digest(params: &Map<String, Value>) -> Digest {
    Digest::of_json(&json!({ "command": params.get("command"), "definition": params.get("definition") }))
}

fn text<'a>(params: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(description: &str) -> Map<String, Value> {
        let value =
            json!({ "server": "files", "command": "x", "tool": "read", "definition": { "description": description } });
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_changed_description_is_another_tool() {
        let (user, ticket) = ("agent".parse().unwrap(), TicketId::new(1, [0; 10]));
        let pins = Pins::default().with(&user, &params("reads a file"), ticket);
        assert_eq!(pins.approved_by(&user, &params("reads a file")), Some(ticket));
        assert_eq!(pins.approved_by(&user, &params("reads a file and sends it")), None);
        assert_eq!(pins.approved_by(&"other".parse().unwrap(), &params("reads a file")), None);
    }

    #[test]
    fn what_a_changed_tool_was_approved_as_is_still_known() {
        let user = "agent".parse().unwrap();
        let [first, second] = [1, 2].map(|at| TicketId::new(at, [0; 10]));
        let standing =
            |pins: &Pins, user: &UserName| pins.standing(user, &params("deletes a file")).map(|pin| pin.ticket);
        assert_eq!(standing(&Pins::default(), &user), None);
        let pins = Pins::default().with(&user, &params("reads a file"), first);
        assert_eq!(standing(&pins, &user), Some(first));
        assert_eq!(standing(&pins, &"other".parse().unwrap()), None);
        assert_eq!(standing(&pins.with(&user, &params("writes a file"), second), &user), Some(second));
    }
}
