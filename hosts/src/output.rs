//! What a tool gave back, out of a host's document: its texts, of which the first and the last part are handed over to be looked at, and
//! the same with secrets masked, in the host's own form.

use ccc_protocol::bodies::{Masks, ToolOutput};
use serde_json::{Map, Value};

use crate::event::Recorded;
use crate::host::Moment;
use crate::tool;

/// How much of an output is handed over, from its beginning and again from its end, in bytes.
pub const PART_BYTES_MAX: usize = 64 * 1024;
/// A member of a call's input that is longer than this, in bytes as JSON, is left out: it names no path and no address.
const MEMBER_BYTES_MAX: usize = 4 * 1024;

/// Where hosts put what came of a call, what it was called with, and what it is called.
const OUTCOMES: [&str; 4] = ["tool_response", "tool_output", "toolResult", "error"];
const INPUTS: [&str; 2] = ["tool_input", "toolArgs"];
const NAMES: [&str; 2] = ["tool_name", "toolName"];

/// What is to be looked at of this document: what a tool gave back, or what a person wrote. None where that is nothing.
#[must_use]
pub fn of(recorded: &Recorded, document: &Map<String, Value>) -> Option<ToolOutput> {
    let (tool, said) = match recorded.moment {
        Moment::PostTool => (tool_name(recorded, document)?, first(document, &OUTCOMES)?),
        Moment::Prompt => (String::new(), document.get("prompt")?),
        _ => return None,
    };
    let parts = parts(&text(said));
    let input = first(document, &INPUTS).and_then(Value::as_object).map(short_members).unwrap_or_default();
    (!parts.is_empty()).then(|| ToolOutput {
        host: recorded.host.name().to_owned(),
        session: recorded.session.clone(),
        agent: recorded.agent.clone(),
        tool,
        input,
        cwd: document.get("cwd").and_then(Value::as_str).unwrap_or_default().to_owned(),
        parts,
        masks: recorded.moment == Moment::PostTool && recorded.host.profile().masked.is_some(),
    })
}

/// What the tool gave back, with these secrets masked wherever they stand in it. None where there are none.
#[must_use]
pub fn masked(document: &Map<String, Value>, output: &ToolOutput, masks: &Masks) -> Option<Value> {
    let mut secrets: Vec<(&str, String)> = masks
        .secrets
        .iter()
        .filter_map(|mask| {
            let secret = output.parts.get(mask.part)?.get(mask.from..mask.to)?;
            (!secret.is_empty()).then(|| (secret, format!("[masked: {}]", mask.name)))
        })
        .collect();
    // One secret within another is masked with it.
    secrets.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    if secrets.is_empty() {
        return None;
    }
    let mut said = first(document, &OUTCOMES)?.clone();
    mask(&mut said, &secrets);
    Some(said)
}

fn mask(said: &mut Value, secrets: &[(&str, String)]) {
    match said {
        Value::String(text) => {
            for (secret, instead) in secrets {
                if text.contains(secret) {
                    *text = text.replace(secret, instead);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secrets)),
        Value::Object(members) => members.values_mut().for_each(|member| mask(member, secrets)),
        _ => {}
    }
}

fn first<'a>(document: &'a Map<String, Value>, fields: &[&str]) -> Option<&'a Value> {
    fields.iter().find_map(|field| document.get(*field))
}

fn tool_name(recorded: &Recorded, document: &Map<String, Value>) -> Option<String> {
    let native = first(document, &NAMES)?.as_str()?;
    let common = || recorded.host.profile().tools.common_name(recorded.host, native);
    Some(tool::mcp_from_underscores(native, None).unwrap_or_else(common))
}

fn short_members(input: &Map<String, Value>) -> Map<String, Value> {
    let short = input.iter().filter(|(_, value)| value.to_string().len() <= MEMBER_BYTES_MAX);
    short.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Every text in it, a line each.
fn text(said: &Value) -> String {
    let mut text = String::new();
    gather(said, &mut text);
    text
}

fn gather(said: &Value, text: &mut String) {
    match said {
        Value::String(more) if !more.is_empty() => {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(more);
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, text)),
        Value::Object(members) => members.values().for_each(|member| gather(member, text)),
        _ => {}
    }
}

fn parts(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![];
    }
    if text.len() <= 2 * PART_BYTES_MAX {
        return vec![text.to_owned()];
    }
    let head = text.floor_char_boundary(PART_BYTES_MAX);
    let tail = text.ceil_char_boundary(text.len() - PART_BYTES_MAX);
    [text.get(..head), text.get(tail..)].into_iter().flatten().map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use ccc_protocol::bodies::Mask;
    use serde_json::json;

    fn recorded(host: Host, moment: Moment) -> Recorded {
        Recorded { host, moment, session: "s".into(), agent: "main".into(), detail: Map::new() }
    }

    fn document(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("no object") };
        members
    }

    #[test]
    fn each_hosts_output_is_read() {
        let input = json!({"command": "ls"});
        for (host, told, tool) in [
            (
                Host::Claude,
                json!({"tool_name": "Bash", "tool_input": input, "tool_response": {"stdout": "a", "stderr": "b", "interrupted": false}}),
                "Bash",
            ),
            (Host::Codex, json!({"tool_name": "Bash", "tool_input": input, "tool_response": "a\nb"}), "Bash"),
            (
                Host::Gemini,
                json!({"tool_name": "run_shell_command", "tool_input": input, "tool_response": {"llmContent": "a", "returnDisplay": "b"}}),
                "Bash",
            ),
            (
                Host::Copilot,
                json!({"toolName": "bash", "toolArgs": input, "toolResult": {"textResultForLlm": "a\nb"}}),
                "Bash",
            ),
            (Host::Kimi, json!({"tool_name": "Bash", "tool_input": input, "tool_output": "a\nb"}), "Bash"),
            (
                Host::Claude,
                json!({"tool_name": "mcp__br__ping", "tool_input": input, "tool_response": [{"type": "a", "text": "b"}]}),
                "mcp:br/ping",
            ),
        ] {
            let output = of(&recorded(host, Moment::PostTool), &document(told)).unwrap();
            let mut lines: Vec<&str> = output.parts[0].lines().collect();
            lines.sort_unstable();
            assert_eq!((output.tool.as_str(), lines), (tool, vec!["a", "b"]), "{host}");
            assert_eq!(Value::Object(output.input), input);
        }
        let prompt = document(json!({"prompt": "hello"}));
        assert_eq!(of(&recorded(Host::Claude, Moment::Prompt), &prompt).unwrap().parts, ["hello"]);
        assert_eq!(of(&recorded(Host::Claude, Moment::SessionEnd), &prompt), None);
    }

    #[test]
    fn of_a_long_output_the_first_and_last_part_are_handed_over_and_of_a_long_input_what_is_short() {
        let long = format!("é{}é", "x".repeat(3 * PART_BYTES_MAX));
        let told =
            json!({"tool_name": "Write", "tool_input": {"file_path": "/a", "content": long}, "tool_response": long});
        let output = of(&recorded(Host::Claude, Moment::PostTool), &document(told)).unwrap();
        assert!(output.parts.len() == 2 && output.parts.iter().all(|part| part.len() <= PART_BYTES_MAX));
        assert!(output.parts[0].starts_with('é') && output.parts[1].ends_with('é'));
        assert_eq!(Value::Object(output.input), json!({"file_path": "/a"}));
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_the_rest_keeps_its_form() {
        let told = document(
            json!({"tool_name": "Bash", "tool_input": {}, "tool_response": {"stdout": "key=abc!", "n": 1, "again": ["abc"]}}),
        );
        let output = of(&recorded(Host::Claude, Moment::PostTool), &told).unwrap();
        let from = output.parts[0].find("abc").unwrap();
        let mask = |from, to| Mask { part: 0, from, to, name: "key".into() };
        let masks = Masks { secrets: vec![mask(from, from + 3)] };
        assert_eq!(
            masked(&told, &output, &masks),
            Some(json!({"stdout": "key=[masked: key]!", "n": 1, "again": ["[masked: key]"]}))
        );
        assert_eq!(masked(&told, &output, &Masks::default()), None);
        assert_eq!(masked(&told, &output, &Masks { secrets: vec![mask(5, 900), mask(4, 4)] }), None, "no such place");
    }
}
