//! What may come back from a tool: a limit on its size, and secrets masked by rules.
//!
//! The rules find what somebody left lying about, not what a hostile server hides: it can spell a secret in ways no rule knows. They
//! work on what each text and number of the message says, in one pass for each rule. What was masked is a text from then on, so that
//! a masked message is still JSON; all else keeps its bytes.

use serde::Deserialize;
use serde_json::Value;

use crate::token;

/// How secrets of one kind look.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRule {
    /// What to call it: `[masked: NAME]`.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// How many letters, digits, `-` or `_` follow at least.
    pub rest_chars_min: usize,
}

impl SecretRule {
    fn new(name: &str, prefix: &str, rest_chars_min: usize) -> Self {
        Self { name: name.to_owned(), prefix: prefix.to_owned(), rest_chars_min }
    }

    /// Why the rule cannot be used, if it cannot.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
        if plain(&self.prefix) && plain(&self.name) {
            return None;
        }
        Some(format!(
            "secret rule `{}`: name and prefix are visible ASCII characters without quotes and backslashes",
            self.name
        ))
    }
}

/// The kinds of secret that are masked when masking is on and no rules are given.
#[must_use]
pub fn known_secrets() -> Vec<SecretRule> {
    vec![
        SecretRule::new("github-token", "ghp_", 30),
        SecretRule::new("github-token", "gho_", 30),
        SecretRule::new("github-token", "ghs_", 30),
        SecretRule::new("github-token", "github_pat_", 30),
        SecretRule::new("gitlab-token", "glpat-", 16),
        SecretRule::new("anthropic-key", "sk-ant-", 20),
        SecretRule::new("openai-key", "sk-proj-", 20),
        SecretRule::new("aws-key-id", "AKIA", 16),
        SecretRule::new("google-key", "AIza", 30),
        SecretRule::new("slack-token", "xoxb-", 20),
        SecretRule::new("slack-token", "xoxp-", 20),
        SecretRule::new("npm-token", "npm_", 30),
        SecretRule::new("stripe-key", "sk_live_", 16),
    ]
}

/// What stands for a text with half a character in it, which no rule can be held against.
const UNREADABLE: &str = "\"[masked: a text that is not Unicode]\"";

/// JSON with its secrets masked; `None` when there are none.
#[must_use]
pub fn mask(json: &str, rules: &[SecretRule]) -> Option<String> {
    if rules.is_empty() {
        return None;
    }
    token::replace(json, |token| mask_token(token, rules))
}

/// The token in JSON with its secrets masked; `None` when there are none.
fn mask_token(token: &str, rules: &[SecretRule]) -> Option<String> {
    if !token.starts_with('"') {
        return mask_text(token, rules).map(|masked| Value::from(masked).to_string());
    }
    match serde_json::from_str::<String>(token) {
        Ok(text) => mask_text(&text, rules).map(|masked| Value::from(masked).to_string()),
        Err(_) => Some(UNREADABLE.to_owned()),
    }
}

fn mask_text(text: &str, rules: &[SecretRule]) -> Option<String> {
    let mut masked: Option<String> = None;
    for rule in rules {
        let current = masked.as_deref().unwrap_or(text);
        if let Some(new) = mask_one(current, rule) {
            masked = Some(new);
        }
    }
    masked
}

fn mask_one(text: &str, rule: &SecretRule) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once(rule.prefix.as_str()) {
        let len = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
        out.push_str(before);
        if len >= rule.rest_chars_min {
            found = true;
            out.push_str("[masked: ");
            out.push_str(&rule.name);
            out.push(']');
        } else {
            out.push_str(&rule.prefix);
            out.push_str(after.get(..len).unwrap_or_default());
        }
        rest = after.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{SecretRule, known_secrets, mask};
    use std::time::{Duration, Instant};

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_the_message_stays_json() {
        let token = format!("ghp_{}", "a1".repeat(18));
        let text = format!(r#"{{"a":"GITHUB={token}\nx","b":["{token}","ghp_short"]}}"#);
        let masked = mask(&text, &known_secrets()).unwrap();
        assert_eq!(masked, r#"{"a":"GITHUB=[masked: github-token]\nx","b":["[masked: github-token]","ghp_short"]}"#);
        serde_json::from_str::<serde_json::Value>(&masked).unwrap();
    }

    #[test]
    fn a_masked_message_is_json_wherever_the_secret_stood() {
        let rule =
            |name: &str, prefix: &str| SecretRule { name: name.into(), prefix: prefix.into(), rest_chars_min: 8 };
        let rules = [rule("card", "4111"), rule("ours", "key-"), rule("break", "n-")];
        for (json, expected) in [
            (r#"{"n":4111111111111111,"m":-1.5e3}"#, r#"{"n":"[masked: card]","m":-1.5e3}"#),
            (r#"[94111111111111111]"#, r#"["9[masked: card]"]"#),
            (r#"{"key-12345678":"\u006bey-12345678 \u00e9"}"#, r#"{"[masked: ours]":"[masked: ours] é"}"#),
            (r#"["\"key-12345678\\"]"#, r#"["\"[masked: ours]\\"]"#),
            (r#"["key-12345678","\ud800"]"#, r#"["[masked: ours]","[masked: a text that is not Unicode]"]"#),
        ] {
            assert_eq!(mask(json, &rules).unwrap(), expected);
            serde_json::from_str::<serde_json::Value>(expected).unwrap();
        }
        assert_eq!(mask(r#"["a\n-12345678"]"#, &rules), None, "the letter of an escape begins nothing");
    }

    #[test]
    fn text_without_secrets_is_left_alone() {
        assert_eq!(mask(r#"{"a":"task-management ghp_ sk-ant-"}"#, &known_secrets()), None);
        assert_eq!(mask("", &known_secrets()), None);
    }

    #[test]
    fn a_rule_that_could_break_a_message_is_refused() {
        let rule = |prefix: &str| SecretRule { name: "x".into(), prefix: prefix.into(), rest_chars_min: 1 };
        assert_eq!(rule("key=").fault(), None);
        for prefix in ["", "\"", "\\n", "a b", "é"] {
            assert!(rule(prefix).fault().is_some(), "{prefix}");
        }
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        let text = format!("\"{}\"", "ghp_".repeat(1 << 20));
        let begun = Instant::now();
        assert_eq!(mask(&text, &known_secrets()).as_deref(), Some("\"[masked: github-token]\""));
        assert_eq!(mask(&"[\"".repeat(1 << 20), &known_secrets()), None);
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
