//! Calls that no suggested rule may let pass, held against each rule as its own agent would make them: by its tool, where its calls
//! were made, with its own command in front.

use ccc_protocol::{ActionName, UserName};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::replay::Call;

/// The list, which the tests read too: one example a line.
pub const LIST: &str = include_str!("../../../tests/corpus/tool-calls/grave.jsonl");

/// One example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grave {
    /// The action.
    pub action: ActionName,
    /// Its parameters, or those of a tool call that differ from the covered call's: `tool` and `input`. In texts, `{call}` is the
    /// command of a call that the rule covers, and `{project}` where it was made.
    pub params: Map<String, Value>,
    /// What is grave about it.
    pub why: String,
}

/// The list, read. A line that does not read is missing here, and a test says so.
#[must_use]
pub fn list() -> Vec<Grave> {
    LIST.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Grave {
    /// This example as the agent of a covered call would make it; none where it is about another action, or another tool.
    #[must_use]
    pub fn beside(&self, covered: &Call) -> Option<Call> {
        if self.action != covered.action {
            return None;
        }
        let is_tool_call = covered.params.contains_key("tool") && covered.params.contains_key("input");
        let mut params = if is_tool_call { covered.params.clone() } else { Map::new() };
        for (name, value) in &self.params {
            params.insert(name.clone(), filled(value, covered));
        }
        Some(Call { caller: UserName::clone(&covered.caller), action: self.action.clone(), params })
    }
}

fn filled(value: &Value, covered: &Call) -> Value {
    match value {
        Value::String(text) => {
            let project = covered.text("project").or_else(|| covered.text("cwd")).unwrap_or("/");
            // In this order: a command may hold what looks like a place.
            let call = covered.input("command").unwrap_or("true");
            json!(text.replace("{project}", project).replace("{call}", call))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, covered)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled(value, covered))).collect())
        }
        plain => plain.clone(),
    }
}
