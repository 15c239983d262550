//! Words that stand in a row with others.

use serde_json::Value;

/// Words in a row where each can be told from the next, else as JSON.
#[must_use]
pub fn in_a_row<'a>(words: impl Iterator<Item = &'a String> + Clone) -> String {
    let plain: Option<Vec<&str>> =
        words.clone().map(|word| Some(word.as_str()).filter(|word| is_plain(word))).collect();
    match plain {
        Some(plain) => plain.join(" "),
        None => Value::from_iter(words.cloned()).to_string(),
    }
}

/// True where nothing of a word can be taken for what stands beside it.
#[must_use]
pub fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@%+,~*?…".contains(c))
}
