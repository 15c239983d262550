//! The parts of a text that a person who looks at it as a page does not see.

use std::{ops::Range, sync::LazyLock};

use regex::bytes::Regex;

/// How far behind a style that hides its element the hidden text may lie, in bytes.
const HIDDEN_BYTES_MAX: usize = 600;

static HIDES: LazyLock<Regex> = LazyLock::new(|| {
    super::pattern(
        r#"(?i)display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden|font-size\s{0,4}:\s{0,4}0(?:px|pt|em|rem|%)?\s{0,4}[;"']|opacity\s{0,4}:\s{0,4}0\s{0,4}[;"']|[^-]color\s{0,4}:\s{0,4}(?:white|transparent|#fff(?:fff)?)\b|<[a-z]{1,10}\s[^<>]{0,120}\bhidden\b[^<>]{0,120}>"#,
    )
});

/// Comments and elements that are not shown, in order, none within another.
pub(super) fn regions(text: &str) -> Vec<Range<usize>> {
    let mut regions = between(text, "<!--", "-->");
    regions.extend(between(text, "[//]: # (", ")"));
    regions.extend(HIDES.find_iter(text.as_bytes()).map(|style| {
        let behind = head(text.get(style.end()..).unwrap_or_default(), HIDDEN_BYTES_MAX);
        style.end()..style.end() + behind.find("</").unwrap_or(behind.len())
    }));
    regions.sort_by_key(|region| region.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for region in regions {
        match apart.last_mut() {
            Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
            _ => apart.push(region),
        }
    }
    apart
}

/// So many bytes of the text at most, to the end of a character.
pub(super) fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// True where this place lies in one of the regions, which are in order and apart.
pub(super) fn holds(regions: &[Range<usize>], at: usize) -> bool {
    let before = regions.partition_point(|region| region.start <= at);
    regions.get(..before).and_then(<[_]>::last).is_some_and(|region| region.contains(&at))
}

fn between(text: &str, opening: &str, closing: &str) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(opening)) {
        let start = at + found + opening.len();
        let length = text.get(start..).and_then(|rest| rest.find(closing));
        let end = length.map_or(text.len(), |length| start + length);
        regions.push(start..end);
        at = end;
    }
    regions
}
