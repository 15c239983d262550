//! Text that is made not to be read: commands in an encoding, code that decodes and runs, letters of another script in a word.

use std::sync::LazyLock;

use ccc_protocol::bodies::{FindingKind::Obfuscation, Level};
use regex::bytes::Regex;

use super::{Hit, decoded};

/// Words with letters of two scripts before they are more than a slip.
const MIXED_WORDS_MIN: usize = 3;

static BASE64: LazyLock<Regex> = LazyLock::new(|| super::pattern(r"[A-Za-z0-9+/_-]{40,}={0,2}"));
static ESCAPES: LazyLock<Regex> = LazyLock::new(|| super::pattern(r"(?:\\x[0-9A-Fa-f]{2}){16,}"));

/// What commands and code have, and prose, keys and pictures do not.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r"(?i)\b(?:curl|wget)\s{1,4}[^\n]{0,80}https?://|/bin/(?:ba|z|da)?sh\b|/dev/tcp/|\b(?:ba|z)?sh\s{1,4}-[ci]\b|\beval\s{0,4}\(|\bexec\s{0,4}\(|\bimport\s{1,4}(?:os|subprocess|socket)\b|\bpowershell\b|\bInvoke-|child_process|\bbase64\s{1,4}-d\b|\bnc\s{1,4}-e\b|\brm\s{1,4}-rf\s",
    )
});

static DECODES_AND_RUNS: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r"(?i)\b(?:eval|exec|Function)\s{0,4}\(\s{0,4}(?:atob|base64\.b64decode|base64_decode|Buffer\.from|bytes\.fromhex|codecs\.decode|zlib\.decompress|unescape|decodeURIComponent)\b|\bbase64\s{1,4}(?:-d|-D|--decode)\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?(?:ba|z|da)?sh\b|\bxxd\s{1,4}-r[^|\n]{0,20}\|\s{0,4}(?:ba|z|da)?sh\b|\bfromCharCode\s{0,4}\(\s{0,4}(?:\d{1,3}\s{0,4},\s{0,4}){20,}",
    )
});

pub(super) fn find(text: &str) -> Vec<Hit> {
    let base64 = BASE64.find_iter(text.as_bytes()).filter(|run| COMMAND.is_match(&decoded::base64(run.as_bytes())));
    let escapes = ESCAPES.find_iter(text.as_bytes()).filter(|run| COMMAND.is_match(&decoded::escapes(run.as_bytes())));
    let encoded = base64.chain(escapes).map(|run| Hit::new(Obfuscation, Level::High, run.range()));
    let runs =
        DECODES_AND_RUNS.find_iter(text.as_bytes()).map(|found| Hit::new(Obfuscation, Level::Medium, found.range()));
    let reordered = text.find(['\u{202d}', '\u{202e}']).map(|at| Hit::new(Obfuscation, Level::Medium, at..at + 3));
    encoded.chain(runs).chain(reordered).chain(mixed_words(text)).collect()
}

/// Latin words with letters of another script that look like Latin ones.
fn mixed_words(text: &str) -> Option<Hit> {
    let mut first = None;
    let mut count = 0;
    for (at, word) in words(text) {
        let looks_alike = |c: char| matches!(c, '\u{0391}'..='\u{03c9}' | '\u{0400}'..='\u{04ff}');
        let latin = word.chars().filter(char::is_ascii_alphabetic).count();
        if latin >= 2 && word.chars().any(looks_alike) && word.chars().count() >= 4 {
            count += 1;
            first.get_or_insert(at..at + word.len());
        }
    }
    first.filter(|_| count >= MIXED_WORDS_MIN).map(|range| Hit::new(Obfuscation, Level::Medium, range))
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty() && !word.is_ascii())
        .map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}
