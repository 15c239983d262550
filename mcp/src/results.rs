//! What may come back from a tool: a limit on its size, and secrets masked by rules.
//!
//! The rules find what somebody left lying about, not what a hostile server hides: it can spell a secret in ways no rule knows. They
//! work on the text of the message, in one pass for each rule, and only ever match characters that JSON does not escape, so
//! that a masked message is still JSON.

use serde::Deserialize;

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

/// `text` with its secrets masked; `None` when there are none.
#[must_use]
pub fn mask(text: &str, rules: &[SecretRule]) -> Option<String> {
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
        let text = "ghp_".repeat(1 << 20);
        let begun = Instant::now();
        assert_eq!(mask(&text, &known_secrets()).map(|masked| masked.len()), Some("[masked: github-token]".len()));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
