//! Data on its way out: addresses that are made to carry it, and texts that ask for it to be sent.

use std::sync::LazyLock;

use ccc_protocol::bodies::{FindingKind::Exfiltration, Level};
use regex::bytes::Regex;

use super::Hit;

/// A picture or link that is filled in with something: who shows the text sends it.
static FILLED_IN: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r"!\[[^\]\n]{0,120}\]\(https?://[^\s)]{1,200}[?&/=](?:\{\{?|%7B|\$\{|<|\[)[A-Za-z_ .-]{2,60}(?:\}|%7D|>|\])",
    )
});

/// What is wanted, how it is to be sent, and where to, on one line.
static ASKED_FOR: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(concat!(
        r"(?i)\b(?:send|post|upload|forward|transmit|exfiltrate|submit|curl|wget)\b[^\n]{0,120}",
        r"(?:\.env\b|id_rsa\b|id_ed25519\b|\.aws/credentials|\.netrc\b|\.ssh/|\bapi[ _-]?keys?\b|\bsecrets?\b|\bpasswords?\b|\bcredentials\b|\bprivate\s{1,4}keys?\b|\benvironment\s{1,4}variables\b)",
        r"[^\n]{0,120}\b(?:https?://|webhook|[a-z0-9-]{1,40}\.(?:ngrok(?:-free)?\.app|ngrok\.io|oast\.[a-z]{2,6}|requestbin\.[a-z]{2,4}|pipedream\.net))",
    ))
});

/// Services that keep what is sent to them, for whoever asks.
static COLLECTS: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r"(?i)\bhttps?://(?:[a-z0-9-]{1,63}\.){0,4}(?:webhook\.site|requestbin\.(?:com|net)|pipedream\.net|oast\.(?:pro|live|site|online|fun|me)|interact\.sh|burpcollaborator\.net|requestcatcher\.com)/",
    )
});

pub(super) fn find(text: &str) -> Vec<Hit> {
    let high = FILLED_IN.find_iter(text.as_bytes()).chain(ASKED_FOR.find_iter(text.as_bytes()));
    let high = high.map(|found| Hit::new(Exfiltration, Level::High, found.range()));
    let medium = COLLECTS.find_iter(text.as_bytes()).map(|found| Hit::new(Exfiltration, Level::Medium, found.range()));
    high.chain(medium).collect()
}
