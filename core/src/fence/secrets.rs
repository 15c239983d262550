//! Secrets that a tool showed: by the shapes that their makers gave them, and by how random a value is that is called a secret.

use std::{ops::Range, sync::LazyLock};

use ccc_protocol::bodies::Level;
use regex::bytes::{Captures, Regex};

use super::hidden::head;

/// How random a value is, in bits a character: words in a name come to less.
const BITS_MIN: f64 = 3.8;

/// Each shape is a group, named in [`NAMES`].
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(concat!(
        r"-----BEGIN (?P<private_key>[A-Z ]{0,30}PRIVATE KEY)-----",
        r"|\b(?P<aws>(?:AKIA|ASIA)[0-9A-Z]{16})\b",
        r"|\b(?P<github>gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})\b",
        r"|\b(?P<gitlab>glpat-[A-Za-z0-9_-]{20,64})\b",
        r"|\b(?P<slack>xox[abprs]-[A-Za-z0-9-]{20,200})\b",
        r"|\b(?P<anthropic>sk-ant-[A-Za-z0-9_-]{30,200})",
        r"|\b(?P<openai>sk-(?:proj-|svcacct-)[A-Za-z0-9_-]{40,200}|sk-[A-Za-z0-9]{48})\b",
        r"|\b(?P<google>AIza[0-9A-Za-z_-]{35})\b",
        r"|\b(?P<stripe>[sr]k_live_[0-9A-Za-z]{20,120})\b",
        r"|\b(?P<npm>npm_[A-Za-z0-9]{36})\b",
        r"|\b(?P<pypi>pypi-[A-Za-z0-9_-]{50,250})",
        r"|\b(?P<sendgrid>SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})\b",
        r"|\b(?P<huggingface>hf_[A-Za-z0-9]{34})\b",
        r"|\b(?P<digitalocean>dop_v1_[a-f0-9]{64})\b",
    ))
});

/// What each is called where it is masked.
const NAMES: [(&str, &str); 14] = [
    ("private_key", "private key"),
    ("aws", "AWS key id"),
    ("github", "GitHub token"),
    ("gitlab", "GitLab token"),
    ("slack", "Slack token"),
    ("anthropic", "Anthropic key"),
    ("openai", "OpenAI key"),
    ("google", "Google key"),
    ("stripe", "Stripe key"),
    ("npm", "npm token"),
    ("pypi", "PyPI token"),
    ("sendgrid", "SendGrid key"),
    ("huggingface", "Hugging Face token"),
    ("digitalocean", "DigitalOcean token"),
];

/// A value that its name calls a secret.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r#"(?i)(?:secret|token|passw(?:or)?d|api[_-]?key|access[_-]?key|private[_-]?key)[a-z0-9_.-]{0,24}["']?\s{0,4}(?:=>|[:=])\s{0,4}["']?(?P<value>[A-Za-z0-9+/_~.-]{20,200}={0,2})"#,
    )
});

/// How long a private key is taken to be at most, in bytes.
const KEY_BYTES_MAX: usize = 16 * 1024;
const END: &str = "PRIVATE KEY-----";

/// Each with its name, how sure it is one, and where it stands. They may overlap.
pub(super) fn find(text: &str) -> Vec<(&'static str, Level, Range<usize>)> {
    let shaped = SHAPES.captures_iter(text.as_bytes()).filter_map(|captures| shaped(&captures, text));
    let named = NAMED.captures_iter(text.as_bytes()).filter_map(|captures| {
        let value = captures.name("value")?;
        is_random(text.get(value.range())?).then(|| ("secret", Level::Medium, value.range()))
    });
    shaped.chain(named).collect()
}

fn shaped(captures: &Captures<'_>, text: &str) -> Option<(&'static str, Level, Range<usize>)> {
    let (group, name) = NAMES.iter().find(|(group, _)| captures.name(group).is_some())?;
    let found = captures.name(group)?;
    if *group == "private_key" {
        let whole = captures.get(0)?;
        // The line that ends it repeats its name; a key whose end was cut off goes to the end of the text.
        let behind = head(text.get(whole.end()..).unwrap_or_default(), KEY_BYTES_MAX);
        let length = behind.find(END).map_or(behind.len(), |at| at + END.len());
        return has_content(behind.get(..length)?).then(|| (*name, Level::High, whole.start()..whole.end() + length));
    }
    let shape = text.get(found.range())?;
    let is_sample = ["EXAMPLE", "xxxx", "XXXX", "0000000000", "1234567890"];
    let is_sample = is_sample.iter().any(|sample| shape.contains(sample));
    (!is_sample && different(shape) >= 8).then(|| (*name, Level::High, found.range()))
}

/// A text about keys has the line that begins one, and no key behind it.
fn has_content(behind: &str) -> bool {
    let body = behind.lines().skip(1).take(3).filter(|line| line.len() >= 32);
    body.flat_map(str::bytes).filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count() >= 60
}

/// Letters of both cases and digits, mixed as chance mixes them.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    is_mixed && bits(value) >= BITS_MIN && !value.contains("..") && !value.contains("EXAMPLE")
}

fn different(value: &str) -> usize {
    let mut seen = [false; 256];
    value.bytes().for_each(|byte| {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    });
    seen.iter().filter(|seen| **seen).count()
}

/// Shannon's entropy, in bits a character.
fn bits(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    });
    let total = f64::from(counts.iter().sum::<u32>().max(1));
    let share = |count: &u32| f64::from(*count) / total;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}
