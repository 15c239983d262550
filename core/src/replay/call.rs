//! One call as the log has it, and how it is told to a person.

use std::collections::BTreeSet;

use ccc_protocol::{ActionName, UserName, actions::USE_TOOL, bodies::Facts};
use serde_json::{Map, Value};

/// Who asked for what: calls that are equal are decided once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// Who asked.
    pub caller: UserName,
    /// For what.
    pub action: ActionName,
    /// With what, as the log has it: defaults filled in, paths after links.
    pub params: Map<String, Value>,
}

/// Of one value, that much is told, in characters.
const TOLD_CHARS_MAX: usize = 160;
/// Of a shape's programs, so many are told.
const PROGRAMS_MAX: usize = 4;

impl Call {
    /// A text parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// A text of a tool call's input.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&str> {
        self.params.get("input").and_then(|input| input.get(name)).and_then(Value::as_str)
    }
}

/// The call in one line: a tool with its command or file, an action with its parameters. It holds what an agent wrote: show it
/// through `visible`.
#[must_use]
pub fn described(call: &Call) -> String {
    if call.action.as_str() != USE_TOOL {
        let params = call.params.iter().map(|(name, value)| format!(" {name}={}", cut(&plain(value))));
        return params.fold(call.action.to_string(), |text, param| text + &param);
    }
    let tool = call.text("tool").unwrap_or_default();
    let said = ["command", "file_path", "path", "notebook_path", "url", "pattern", "query"];
    match said.into_iter().find_map(|name| call.input(name)) {
        Some(said) => format!("{tool} {}", cut(said)),
        None => format!("{tool} {}", cut(&plain(call.params.get("input").unwrap_or(&Value::Null)))),
    }
}

/// What calls of one kind have in common: `Bash git push`, `Edit`, `open-browser docs.rs`. It holds what an agent wrote.
#[must_use]
pub fn shape(call: &Call, facts: Option<&Facts>) -> String {
    if let Some(facts) = facts {
        let told = |command: &ccc_protocol::bodies::CommandFact| {
            command.subcommand.clone().unwrap_or_else(|| command.program.clone())
        };
        let programs: BTreeSet<String> = facts.commands.iter().map(told).collect();
        let named: Vec<&str> = programs.iter().take(PROGRAMS_MAX).map(String::as_str).collect();
        let more = if programs.len() > PROGRAMS_MAX { ", …" } else { "" };
        let shape = format!("{} {}{more}", call.text("tool").unwrap_or_default(), named.join(", "));
        return cut(shape.trim_end());
    }
    let host = call.text("url").and_then(|url| url::Url::parse(url).ok()).and_then(|url| Some(url.host()?.to_string()));
    host.map_or_else(|| call.action.to_string(), |host| format!("{} {host}", call.action))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TOLD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
