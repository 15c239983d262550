//! The names of a host's hook events, read out of its shipped package. Each host writes them in a form of its own, and what is found
//! is compared with what was found before: a name too many in both is no harm.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// How a host's package has its events.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// `"PreToolUse", "PostToolUse", …` or with `|` between them.
    Listed,
    /// `Event["BeforeTool"] = "BeforeTool"; …`.
    Assigned,
    /// `struct PreToolUseCommandOutputWire`, with what stands behind each name.
    Suffixed(&'static str),
}

/// How far from the gate's name others are looked for, in bytes.
const NEAR: usize = 4096;

/// A list of fewer names is one of something else.
const LIST_MIN: usize = 3;

/// The events in all files beneath this directory.
pub(crate) fn beneath(directory: &Path, form: Form, gate: &str) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(path) = left.pop() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // Links lead to what is looked at anyway, or out of the package.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                found.extend(within(&fs::read(entry.path())?, form, gate));
            }
        }
    }
    Ok(found)
}

fn within(bytes: &[u8], form: Form, gate: &str) -> BTreeSet<String> {
    match form {
        Form::Listed => places(bytes, gate.as_bytes()).flat_map(|at| listed(bytes, at, gate)).collect(),
        Form::Assigned => {
            let quoted = format!("\"{gate}\"");
            places(bytes, quoted.as_bytes()).flat_map(|at| assigned(near(bytes, at))).collect()
        }
        Form::Suffixed(suffix) => places(bytes, suffix.as_bytes()).filter_map(|at| before(bytes, at)).collect(),
    }
}

fn places<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = wanted.first().copied().unwrap_or_default();
    let starts = bytes.iter().enumerate().filter(move |(_, byte)| **byte == first).map(|(at, _)| at);
    starts.filter(move |at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
}

fn near(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at.saturating_sub(NEAR)..bytes.len().min(at + NEAR)).unwrap_or_default()
}

/// The list around the name at this place.
fn listed(bytes: &[u8], at: usize, gate: &str) -> Vec<String> {
    let is_of_list = |byte: &u8| byte.is_ascii_alphabetic() || b"\"'`,| \n\t\r".contains(byte);
    let (head, tail) = bytes.split_at(at);
    let begin = head.iter().rev().take(NEAR).take_while(|byte| is_of_list(byte)).count();
    let end = tail.iter().take(NEAR).take_while(|byte| is_of_list(byte)).count();
    let text = String::from_utf8_lossy(bytes.get(at - begin..at + end).unwrap_or_default()).into_owned();
    let mut run: Vec<Option<String>> = text.split([',', '|']).map(quoted).collect();
    // What stands before and behind the list has no quotes, or one of them.
    let own = run.iter().position(|name| name.as_deref() == Some(gate));
    let Some(own) = own else { return Vec::new() };
    let behind = run.split_off(own);
    let before = run.into_iter().rev().map_while(|name| name);
    let names: Vec<String> = before.chain(behind.into_iter().map_while(|name| name)).collect();
    if names.len() < LIST_MIN { Vec::new() } else { names }
}

fn quoted(part: &str) -> Option<String> {
    let part = part.trim();
    let quote = part.chars().next().filter(|quote| ['"', '\'', '`'].contains(quote))?;
    let name = part.strip_prefix(quote)?.strip_suffix(quote)?;
    is_name(name).then(|| name.to_owned())
}

/// Every `["X"] = "X"`.
fn assigned(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let parts = text.split("[\"").skip(1);
    let name = |part: &str| {
        let (name, rest) = part.split_once("\"]")?;
        let value = rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
        (is_name(name) && value.strip_prefix(name)?.starts_with('"')).then(|| name.to_owned())
    };
    parts.filter_map(name).collect()
}

/// The name that ends at this place, behind `struct `.
fn before(bytes: &[u8], at: usize) -> Option<String> {
    let head = bytes.get(..at)?;
    let begin = at - head.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let name = String::from_utf8_lossy(head.get(begin..)?).into_owned();
    (head.get(..begin)?.ends_with(b"struct ") && is_name(&name)).then_some(name)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, form: Form, gate: &str) -> Vec<String> {
        within(text.as_bytes(), form, gate).into_iter().collect()
    }

    #[test]
    fn a_list_around_the_gate_is_read_and_what_stands_beside_it_is_not() {
        let text = r#"x=["a"],HOOKS=["Stop","PreToolUse",'PostToolUse', `New`],y="Z","PreToolUse"==k"#;
        assert_eq!(found(text, Form::Listed, "PreToolUse"), ["New", "PostToolUse", "PreToolUse", "Stop"]);
        let text = "type A = \"PreToolUse\" |\n \"PostToolUse\" | 'Stop';";
        assert_eq!(found(text, Form::Listed, "PreToolUse"), ["PostToolUse", "PreToolUse", "Stop"]);
        assert!(found(r#"["PreToolUse","Stop"] ["AfterTool","B","C"]"#, Form::Listed, "PreToolUse").is_empty());
    }

    #[test]
    fn an_enum_of_assignments_is_read() {
        let text = "var E=(e=>{e[\"BeforeTool\"] = \"BeforeTool\"; e[\"New\"]=\"New\"; e[\"Project\"]=\"project\"; })";
        assert_eq!(found(text, Form::Assigned, "BeforeTool"), ["BeforeTool", "New"]);
        assert!(found(text, Form::Assigned, "PreToolUse").is_empty());
    }

    #[test]
    fn names_before_a_suffix_are_read() {
        let text = "xstruct PreToolUseOutWire\0struct NewOutWirestruct lowerOutWire FreeOutWire";
        assert_eq!(found(text, Form::Suffixed("OutWire"), ""), ["New", "PreToolUse"]);
    }
}
