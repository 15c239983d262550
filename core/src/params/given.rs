//! What was given, in words for an error: never longer than a line, never with a control character raw.

use ccc_protocol::visible;
use serde_json::Value;

const SHOWN_CHARS_MAX: usize = 80;

/// `the string `x``, `the number `4``, `an object`.
#[must_use]
pub fn words(value: &Value) -> String {
    match value {
        Value::Null => "null (leave it out instead)".to_owned(),
        Value::Bool(truth) => format!("`{truth}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the string `{}`", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// The start of a text, escaped.
#[must_use]
pub fn shown(text: &str) -> String {
    visible::excerpt(text, SHOWN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_and_hidden_text_is_shown_short_and_visible() {
        let words = words(&json!(format!("\u{1b}[2J\u{202e}{}", "x".repeat(1000))));
        assert!(words.starts_with(r"the string `\u{1b}[2J\u{202e}xxx") && words.ends_with("…`"), "{words}");
        assert!(words.chars().count() < 140, "{words}");
    }
}
