//! Text that an agent chose, as part of a rule.

use ccc_protocol::visible;

use crate::policy::glob::META;

/// A glob that fits this text and no other: every character that a glob reads is written as itself. `None` for what no rule can
/// name so that a person sees which it is: nothing at all, or characters that are not seen.
#[must_use]
pub fn as_glob(text: &str) -> Option<String> {
    if text.is_empty() || !is_plain(text) {
        return None;
    }
    let mut glob = String::with_capacity(text.len());
    for c in text.chars() {
        if META.contains(&c) {
            glob.push('\\');
        }
        glob.push(c);
    }
    Some(glob)
}

/// A host that is no pattern, whatever a rule reads in one.
pub(super) fn as_host(text: &str) -> Option<String> {
    let is_host = |b: u8| b.is_ascii_alphanumeric() || b"-_.[]:".contains(&b);
    (!text.is_empty() && text.bytes().all(is_host)).then(|| text.to_owned())
}

/// A directory as `under` takes it, which reads no pattern: absolute, or from `~`.
pub(super) fn as_directory(text: &str) -> Option<String> {
    let rest = text.strip_prefix("~/").or_else(|| text.strip_prefix('/'))?;
    let is_normal = rest.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    (is_normal && is_plain(text)).then(|| text.to_owned())
}

/// True where a person sees every character.
fn is_plain(text: &str) -> bool {
    text.chars().all(visible::is_visible)
}

/// A string of TOML.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string().trim().to_owned()
}

/// A list of strings of TOML; one alone stands without brackets.
pub(super) fn listed(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
    }
}
