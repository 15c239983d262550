//! What the bridge read from a tool call: a row for each thing that is there, and none for what is not.

use serde_json::{Map, Value};

use super::Page;
use crate::text::{Row, Tone};

/// What each kind of thing is, as a row's name and text. What is no text is written as it came.
type Rows = Vec<(String, Value)>;

/// The facts, as their section. What has another form than the one known here is shown as it came.
pub(super) fn facts(page: &mut Page, facts: &Map<String, Value>) {
    page.section("WHAT THE BRIDGE READ FROM IT");
    let rows = rows(facts);
    if rows.is_empty() {
        page.row(Row::new().with(Tone::Dim, "nothing"));
    }
    for (name, value) in &rows {
        match value {
            Value::String(text) => page.text(name, text),
            other => page.value(name, other),
        }
    }
}

/// Its classes come first: they are what rules ask about.
fn rows(facts: &Map<String, Value>) -> Rows {
    let classes = facts.get("classes").and_then(Value::as_object);
    let mut rows: Rows = classes.into_iter().flatten().map(|(class, why)| (class.clone(), why.clone())).collect();
    let told = classes.and_then(|classes| classes.get("unknown"));
    for (name, value) in facts.iter().filter(|(name, _)| classes.is_none() || *name != "classes") {
        match (name.as_str(), value) {
            (_, Value::Bool(false) | Value::Null) => {}
            ("opaque", Value::Array(items)) => {
                rows.extend(items.iter().filter(|item| Some(*item) != told).map(|item| row("unknown", item)));
            }
            ("commands", Value::Array(items)) => rows.extend(items.iter().flat_map(command)),
            ("paths", Value::Array(items)) => rows.extend(items.iter().map(path)),
            (_, Value::Array(items)) => rows.extend(items.iter().map(|item| row(name, item))),
            _ => rows.push(row(name, value)),
        }
    }
    rows
}

fn row(name: &str, value: &Value) -> (String, Value) {
    (name.to_owned(), value.clone())
}

/// A program with its arguments, what it is run by, and where.
fn command(item: &Value) -> Rows {
    let (Some(program), Some(args)) = (item.get("program"), item.get("args").and_then(Value::as_array)) else {
        return vec![row("runs", item)];
    };
    let mut rows = vec![("runs".to_owned(), words(std::iter::once(program).chain(args)))];
    if let Some(via) = item.get("via").and_then(Value::as_array).filter(|via| !via.is_empty()) {
        rows.push(("runs.by".to_owned(), words(via.iter())));
    }
    if item.get("remote") == Some(&Value::Bool(true)) {
        rows.push(("runs.on".to_owned(), Value::from("another machine")));
    }
    rows
}

fn path(item: &Value) -> (String, Value) {
    let part = |name: &str| item.get(name).and_then(Value::as_str);
    match (part("access"), part("place"), item.get("path")) {
        (Some(access), Some(place), Some(path)) => (format!("{access}.{place}"), path.clone()),
        _ => row("path", item),
    }
}

/// Words in a row where each can be told from the next, else as JSON.
fn words<'a>(words: impl Iterator<Item = &'a Value> + Clone) -> Value {
    let plain: Option<Vec<&str>> = words.clone().map(|word| word.as_str().filter(|word| is_plain(word))).collect();
    let text = match plain {
        Some(plain) => plain.join(" "),
        None => Value::from_iter(words.cloned()).to_string(),
    };
    Value::from(text)
}

fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@%+,~*?…".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(facts: Value) -> Vec<(String, Value)> {
        let Value::Object(facts) = facts else { panic!("facts are an object") };
        rows(&facts)
    }

    #[test]
    fn what_is_there_has_a_row_and_what_is_not_has_none() {
        let facts = json!({
            "project": "/p", "hosts": ["docs.rs", "crates.io"], "network_upload": false, "interactive": true, "too_large": false,
            "opaque": ["a name known at run time", "another"],
            "classes": { "unknown": "a name known at run time", "writes-outside": "writes `/x`" },
            "commands": [
                { "program": "cargo", "subcommand": "cargo test", "args": ["test", "-p", "core"], "flags": ["-p"], "via": [], "remote": false },
                { "program": "sh", "args": ["-c", "a  (on this machine)"], "via": ["sudo", "xargs"], "remote": true },
            ],
            "paths": [{ "path": "/x", "access": "write", "place": "outside" }],
        });
        let expected = [
            ("unknown", "a name known at run time"),
            ("writes-outside", "writes `/x`"),
            ("runs", "cargo test -p core"),
            ("runs", r#"["sh","-c","a  (on this machine)"]"#),
            ("runs.by", "sudo xargs"),
            ("runs.on", "another machine"),
            ("hosts", "docs.rs"),
            ("hosts", "crates.io"),
        ];
        let mut expected: Rows = expected.map(|(name, text)| (name.to_owned(), Value::from(text))).into();
        expected.push(("interactive".to_owned(), Value::Bool(true)));
        let rest = [("unknown", "another"), ("write.outside", "/x"), ("project", "/p")];
        expected.extend(rest.map(|(name, text)| (name.to_owned(), Value::from(text))));
        assert_eq!(shown(facts), expected);
        assert!(shown(json!({ "commands": [], "paths": [], "classes": {}, "force_push": false })).is_empty());
    }

    #[test]
    fn what_has_another_form_is_shown_as_it_came() {
        let odd = json!({ "classes": ["reads"], "commands": ["ls"], "paths": [{ "path": "/x" }], "new": { "a": 1 } });
        let rows = shown(odd);
        assert_eq!(rows[0], ("classes".to_owned(), json!("reads")));
        assert_eq!(rows[1], ("runs".to_owned(), json!("ls")));
        assert!(rows.contains(&("path".to_owned(), json!({ "path": "/x" }))));
        assert!(rows.contains(&("new".to_owned(), json!({ "a": 1 }))));
    }
}
