//! Text that tells an agent what to do: in words, in comments and elements that are not shown, in characters that are not seen, in
//! forged turns of a conversation.

use std::{ops::Range, sync::LazyLock};

use ccc_protocol::bodies::{FindingKind::Injection, Level};
use regex::bytes::Regex;

use super::{Hit, hidden};

/// How many tag characters in a row are no flag: that of Wales, the longest, has six and an end.
const TAGS_MIN: usize = 9;
/// How many characters without a width in a row spell something: joined emoji have one between two.
const INVISIBLE_MIN: usize = 12;

static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(concat!(
        r"(?i)\b(?:ignore|disregard|forget|override)\s{1,8}(?:(?:all|any|of|the|your|my|these|those)\s{1,8}){0,4}(?:previous|prior|above|earlier|preceding|existing|system)\s{1,8}(?:instructions?|prompts?|rules|directions|directives|context)\b",
        r"|\b(?:do\s{1,4}not|don't|never)\s{1,4}(?:tell|inform|alert|notify|mention\s{1,4}(?:this|it|that)\s{1,4}to)\s{1,4}(?:the\s{1,4}|your\s{1,4})?(?:user|human|operator)\b",
        r"|\bwithout\s{1,4}(?:telling|informing|asking|notifying|alerting)\s{1,4}(?:the\s{1,4}|your\s{1,4})?(?:user|human|operator)\b",
        r"|\b(?:new|updated|real|secret|hidden)\s{1,4}(?:system\s{1,4})?(?:instructions?|prompts?)\s{0,4}(?:for\s{1,4}[a-z ]{1,30})?:",
        r"|\b(?:attention|note|important|message|instructions?|notice|hey|dear)[\s:,]{1,4}(?:to\s{1,4}|for\s{1,4})?(?:(?:all|any|the)\s{1,4}){0,2}(?:ai|llm|coding|language)[ -](?:coding[ -])?(?:agents?|assistants?|models?)\b",
        r"|\b(?:ai|llm|coding)[ -](?:agents?|assistants?|models?)\s{1,4}(?:must|should|shall|need\s{1,4}to|have\s{1,4}to|reading\s{1,4}this)\b",
        r"|\byou\s{1,4}are\s{1,4}now\s{1,4}(?:in\s{1,4})?(?:dan|an?\s{1,4}unrestricted|developer\s{1,4}mode|an?\s{1,4}different\s{1,4}assistant)\b",
    ))
});

static FORGED: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r"<\|(?:im_start|start_header_id|system|user|assistant)\|>|<<SYS>>|</(?:tool_result|function_results|function_calls|tool_response)>|\n\n(?:Human|Assistant): ",
    )
});

/// Instructions to the agent: medium where they stand open, high where they are hidden or come with a forged turn.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let regions = hidden::regions(text);
    let forged: Vec<Range<usize>> = FORGED.find_iter(text.as_bytes()).map(|found| found.range()).collect();
    let mut hits: Vec<Hit> = ADDRESSED
        .find_iter(text.as_bytes())
        .map(|found| {
            let is_hidden = hidden::holds(&regions, found.start());
            let severity = if is_hidden || !forged.is_empty() { Level::High } else { Level::Medium };
            Hit::new(Injection, severity, found.range())
        })
        .collect();
    hits.extend(forged.into_iter().map(|range| Hit::new(Injection, Level::Medium, range)));
    hits.extend(unseen(text).into_iter().map(|range| Hit::new(Injection, Level::High, range)));
    hits
}

/// Runs of characters that nobody sees and that spell something.
fn unseen(text: &str) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut run: Option<(Unseen, usize, usize)> = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let kind = Unseen::of(character);
        match (&mut run, kind) {
            (Some((of, _, count)), Some(kind)) if *of == kind => *count += 1,
            (before, kind) => {
                if let Some((of, start, count)) = before.take()
                    && count >= of.run_min()
                {
                    runs.push(start..at);
                }
                *before = kind.map(|kind| (kind, at, 1));
            }
        }
    }
    runs
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unseen {
    Tag,
    Selector,
    NoWidth,
}

impl Unseen {
    fn of(character: char) -> Option<Self> {
        match character {
            '\u{e0000}'..='\u{e007f}' => Some(Self::Tag),
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Some(Self::Selector),
            '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' => Some(Self::NoWidth),
            _ => None,
        }
    }

    fn run_min(self) -> usize {
        match self {
            Self::Tag => TAGS_MIN,
            // One belongs to the character before it, and there is none for two.
            Self::Selector => 4,
            Self::NoWidth => INVISIBLE_MIN,
        }
    }
}
