//! The language of `jq`, which can print the environment and read other files.

use crate::facts::Class;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;

/// Adds what a script does that `program` is given.
pub(in crate::facts::programs) fn judge(program: &str, script: &Arg, gather: &mut Gather) {
    if script.text.contains("env") || script.text.contains("$ENV") {
        gather.class(Class::Credentials, format!("`{program}` prints the environment, where secrets lie"));
    }
    if !script.exact || reads_others(&script.text) {
        gather.opaque(format!("a `{program}` script that may read other files"));
    }
}

/// True for a script with a word that reads files or runs text as a script. Behind a `.` it is a field's name.
fn reads_others(script: &str) -> bool {
    const WORDS: &[&str] = &["import", "include", "modulemeta", "load", "eval", "system"];
    WORDS.iter().flat_map(|word| script.match_indices(word)).any(|(at, word)| {
        let before = script.get(..at).and_then(|text| text.chars().next_back());
        let after = script.get(at..).unwrap_or_default();
        let after = after.trim_start_matches(|c: char| c == '_' || c.is_ascii_alphanumeric()).trim_start();
        before.is_none_or(|c| c != '.' && c != '_' && !c.is_ascii_alphanumeric())
            && (word == "modulemeta" || after.starts_with(['"', '(', '#']))
    })
}
