//! What the bridge read from a tool call: a row for each thing that is there, and none for what is not.

use super::Page;
use crate::{
    text::{Row, Tone},
    wording::words::in_a_row,
};
use ccc_protocol::bodies::{Class, CommandFact, Facts, PathFact};

/// What each kind of thing is, as a row's name and text.
type Rows = Vec<(String, String)>;

/// The facts, as their section.
pub(super) fn facts(page: &mut Page, facts: &Facts) {
    page.section("WHAT THE BRIDGE READ FROM IT");
    let rows = rows(facts);
    if rows.is_empty() {
        page.row(Row::new().with(Tone::Dim, "nothing"));
    }
    for (name, text) in &rows {
        page.text(name, text);
    }
}

/// Its classes come first: they are what rules ask about.
fn rows(facts: &Facts) -> Rows {
    let classes = facts.classes.iter().map(|(class, why)| (class.as_str().to_owned(), why.clone()));
    let mut rows: Rows = classes.collect();
    rows.extend(facts.commands.iter().flat_map(command));
    rows.extend(facts.hosts.iter().map(|host| row("hosts", host)));
    let flags = [
        ("force_push", facts.force_push),
        ("interactive", facts.interactive),
        ("network_upload", facts.network_upload),
        ("too_large", facts.too_large),
    ];
    rows.extend(flags.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| row(name, "true")));
    // What is not known stands among the classes by its first reason; here are the others.
    let told = facts.classes.get(&Class::Unknown);
    rows.extend(facts.opaque.iter().filter(|reason| Some(*reason) != told).map(|reason| row("unknown", reason)));
    rows.extend(facts.paths.iter().map(path));
    rows.extend(facts.project.iter().map(|project| row("project", project)));
    rows
}

fn row(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

/// A program with its arguments, what it is run by, and where.
fn command(command: &CommandFact) -> Rows {
    let mut rows = vec![row("runs", &in_a_row(std::iter::once(&command.program).chain(&command.args)))];
    if !command.via.is_empty() {
        rows.push(row("runs.by", &in_a_row(command.via.iter())));
    }
    if command.remote {
        rows.push(row("runs.on", "another machine"));
    }
    rows
}

fn path(fact: &PathFact) -> (String, String) {
    (format!("{}.{}", fact.access.as_str(), fact.place.as_str()), fact.path.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(facts: Value) -> Rows {
        rows(&serde_json::from_value(facts).unwrap())
    }

    #[test]
    fn what_is_there_has_a_row_and_what_is_not_has_none() {
        let facts = json!({
            "project": "/p", "hosts": ["docs.rs", "crates.io"], "network_upload": false, "interactive": true, "too_large": false,
            "opaque": ["a name known at run time", "another"],
            "classes": { "unknown": "a name known at run time", "writes-outside": "writes `/x`" },
            "commands": [
                { "program": "cargo", "subcommand": "cargo test", "args": ["test", "-p", "core"], "flags": ["-p"], "via": [], "remote": false },
                { "program": "sh", "subcommand": null, "args": ["-c", "a  (on this machine)"], "flags": [], "via": ["sudo", "xargs"], "remote": true },
            ],
            "paths": [{ "path": "/x", "access": "write", "place": "outside" }],
        });
        let expected = [
            ("writes-outside", "writes `/x`"),
            ("unknown", "a name known at run time"),
            ("runs", "cargo test -p core"),
            ("runs", r#"["sh","-c","a  (on this machine)"]"#),
            ("runs.by", "sudo xargs"),
            ("runs.on", "another machine"),
            ("hosts", "docs.rs"),
            ("hosts", "crates.io"),
            ("interactive", "true"),
            ("unknown", "another"),
            ("write.outside", "/x"),
            ("project", "/p"),
        ];
        assert_eq!(shown(facts), expected.map(|(name, text)| row(name, text)));
        assert!(shown(json!({ "commands": [], "paths": [], "classes": {}, "force_push": false })).is_empty());
    }

    #[test]
    fn facts_of_another_form_are_refused_and_not_guessed_at() {
        for odd in
            [json!({ "classes": ["reads"] }), json!({ "commands": ["ls"] }), json!({ "paths": [{ "path": "/x" }] })]
        {
            assert!(serde_json::from_value::<Facts>(odd.clone()).is_err(), "{odd}");
        }
    }
}
