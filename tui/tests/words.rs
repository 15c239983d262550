//! The words that a tired person understands: none of those that only the house knows stands on a screen or in the key table.

#![cfg(test)]

mod support;

use ccc_queue::keys::TABLE;
use support::{Desk, scenes::SCENES};

/// Words of the house, and what a person reads in their place.
const OURS: &[(&str, &str)] = &[
    ("released", "allowed"),
    ("settling", "wait"),
    ("settles", "wait"),
    ("settled", "wait"),
    ("scope", "allow similar"),
    ("take back", "undo"),
    ("take-back", "undo"),
    ("taken back", "undo"),
    ("panic", "stop"),
    ("freeze", "stop"),
    ("frozen", "stopped"),
    ("unfreeze", "resume"),
    ("thaw", "resume"),
    ("put aside", "snoozed"),
    ("floor", "minimum"),
    ("does it itself", "the agent runs this itself"),
    ("in its own place", "the agent runs this itself"),
];

fn assert_none(text: &str, where_from: &str) {
    let words: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { ' ' }).collect();
    let words = format!(" {} ", words.split_whitespace().collect::<Vec<_>>().join(" "));
    for (ours, theirs) in OURS {
        assert!(!words.contains(&format!(" {ours} ")), "{where_from} says `{ours}` for `{theirs}`:\n{text}");
    }
}

#[test]
fn no_screen_says_words_of_the_house() {
    for (name, scene) in SCENES {
        for (width, height) in [(80, 24), (200, 60)] {
            let mut desk = Desk::new(width, height);
            scene(&mut desk);
            assert_none(&desk.screen(), name);
        }
    }
}

#[test]
fn no_key_is_named_by_words_of_the_house() {
    for row in TABLE {
        assert_none(&format!("{} {} {}", row.name, row.help, row.bar.unwrap_or_default()), row.name);
    }
}

#[test]
fn no_refusal_says_words_of_the_house() {
    use ccc_queue::console::armed::{Lack, Refusal};
    let lacks = [
        Lack::Disconnected,
        Lack::Hidden,
        Lack::Loading,
        Lack::Unavailable,
        Lack::Inconsistent,
        Lack::Deciding,
        Lack::Decided,
        Lack::Unread,
        Lack::Cut,
        Lack::Alone,
        Lack::Folded,
    ];
    let refusals = lacks.map(Refusal::Lacks).into_iter().chain([Refusal::Nothing, Refusal::Early, Refusal::Held]);
    for refusal in refusals {
        assert_none(refusal.words(), "a refusal");
    }
}
