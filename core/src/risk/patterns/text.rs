//! The text of a call that patterns look through.

use ccc_protocol::bodies::Facts;
use serde_json::{Map, Value};

/// Every string of the input, then each program with its arguments as it runs, quotes and wrappers taken off: `cu""rl` is `curl`.
pub(super) fn of_call(params: &Map<String, Value>, facts: &Facts, bytes_max: usize) -> Vec<u8> {
    let mut text = Text { bytes: vec![], bytes_max };
    text.add_value(params.get("input").unwrap_or(&Value::Null));
    for command in &facts.commands {
        text.add(&command.program, b'\n');
        command.args.iter().for_each(|arg| text.add(arg, b' '));
    }
    text.bytes
}

struct Text {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Text {
    fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text, b'\n'),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.add_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// As much of it as there is room for.
    fn add(&mut self, text: &str, before: u8) {
        let room = self.bytes_max.saturating_sub(self.bytes.len());
        if room > 0 {
            self.bytes.push(before);
            self.bytes.extend(text.bytes().take(room - 1));
        }
    }
}
