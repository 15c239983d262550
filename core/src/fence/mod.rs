//! The fence behind the action: what is found in what a tool gave back.
//!
//! Pure and linear in the text. It runs after the call and lets nothing pass: what it finds is written down, and what is held against the
//! session for it is said by [`FenceLaw`]. Of the text nothing is kept but digests under the user's key.

mod decoded;
mod exfiltration;
mod hidden;
mod injection;
mod law;
mod obfuscation;
mod secrets;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, ops::Range};

use ccc_protocol::{
    Digest,
    bodies::{Finding, FindingKind, Level},
    canary,
    signing::Key,
};

use regex::bytes::{Regex, RegexBuilder};

pub use law::{FenceLaw, FenceSpec};

/// What a tool gave back: its first and its last part, or the whole of it as one.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// The parts, in order.
    pub parts: &'a [&'a str],
    /// Where it came from, in words: a path, a host, a tool.
    pub place: &'a str,
}

/// Where a secret stands in a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which part.
    pub part: usize,
    /// Which bytes of it; ends of characters.
    pub range: Range<usize>,
    /// What it is called in its place.
    pub name: &'static str,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// At most [`Finding::AT_ONCE_MAX`], the gravest first.
    pub findings: Vec<Finding>,
    /// Every secret, for whoever masks them.
    pub secrets: Vec<Shown>,
}

/// Something in a part, before it is digested.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    kind: FindingKind,
    severity: Level,
    range: Range<usize>,
}

impl Hit {
    fn new(kind: FindingKind, severity: Level, range: Range<usize>) -> Self {
        Self { kind, severity, range }
    }
}

/// Looks at an output with all detectors.
#[must_use]
pub fn look(output: Output<'_>, key: &Key) -> Found {
    let mut found = Found::default();
    let mut known = HashSet::new();
    for (part, text) in output.parts.iter().enumerate() {
        for (name, severity, range) in secrets::find(text) {
            let hit = Hit::new(FindingKind::Secret, severity, range.clone());
            found.note(&hit, text, output.place, key, &mut known);
            found.secrets.push(Shown { part, range, name });
        }
        let others = [injection::find(text), exfiltration::find(text), obfuscation::find(text)];
        for hit in others.into_iter().flatten() {
            found.note(&hit, text, output.place, key, &mut known);
        }
    }
    if canary::is_in(output.parts, key) {
        found.findings.push(finding(FindingKind::Canary, Level::High, output.place, canary_digest(key)));
    }
    found.findings.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.kind.cmp(&other.kind)));
    found.findings.truncate(Finding::AT_ONCE_MAX);
    found
}

impl Found {
    /// Adds it, unless it is `known`: a text may hold thousands, and one of them as often.
    fn note(
        &mut self,
        hit: &Hit,
        text: &str,
        place: &str,
        key: &Key,
        known: &mut HashSet<(FindingKind, Level, Digest)>,
    ) {
        let digest = keyed(key, text.get(hit.range.clone()).unwrap_or_default());
        if known.insert((hit.kind, hit.severity, digest)) {
            self.findings.push(finding(hit.kind, hit.severity, place, digest));
        }
    }
}

fn finding(kind: FindingKind, severity: Level, place: &str, digest: Digest) -> Finding {
    Finding { kind, severity, place: place.chars().take(Finding::PLACE_CHARS_MAX).collect(), digest }
}

fn keyed(key: &Key, what: &str) -> Digest {
    Digest::from_bytes(key.mac(&[TAG, what.as_bytes()].concat()))
}

/// All canaries of a user are one thing in the log: which one it was is not looked for.
fn canary_digest(key: &Key) -> Digest {
    keyed(key, "canary")
}

const TAG: &[u8] = b"ccc fence finding v1\n";

/// A pattern of this module's own, of ASCII as far as classes and cases go: tables of all letters are not built in. Linear, because the
/// engine has no back-references and no look-around.
fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "a text of this program, which a test compiles")]
    RegexBuilder::new(text).unicode(false).build().expect("a pattern that compiles")
}
