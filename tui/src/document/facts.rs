//! What the bridge read from a tool call of many programs: a row for each kind of thing that is there, each thing once.

use ccc_protocol::bodies::{Facts, Place};

use super::Page;
use crate::wording::words::in_a_row;

/// So many things of a kind are named.
const NAMED_MAX: usize = 12;

/// The rows.
pub(super) fn facts(page: &mut Page, facts: &Facts) {
    let outside = facts.paths.iter().filter(|fact| fact.place == Place::Outside).map(|fact| fact.path.as_str());
    row(page, "runs ", facts.programs());
    row(page, "contacts ", facts.hosts.iter().map(String::as_str));
    row(page, "touches elsewhere ", outside);
}

fn row<'a>(page: &mut Page, name: &'static str, things: impl Iterator<Item = &'a str>) {
    let mut once: Vec<String> = vec![];
    for thing in things {
        if !once.iter().any(|known| known == thing) {
            once.push(thing.to_owned());
        }
    }
    let more = once.len().saturating_sub(NAMED_MAX);
    once.truncate(NAMED_MAX);
    if once.is_empty() {
        return;
    }
    let named = in_a_row(once.iter());
    page.text_of(name, &if more > 0 { format!("{named} and {more} more") } else { named });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(facts: &serde_json::Value) -> Vec<String> {
        let mut page = Page::new(100);
        super::facts(&mut page, &serde_json::from_value(facts.clone()).unwrap());
        page.into_rows().iter().map(|row| row.text().to_string()).collect()
    }

    #[test]
    fn each_thing_is_named_once_and_what_is_not_there_has_no_row() {
        let command = |program: &str| json!({ "program": program, "subcommand": null, "args": [], "flags": [], "via": [], "remote": false });
        let path = |path: &str, place: &str| json!({ "path": path, "access": "read", "place": place });
        let facts = json!({
            "commands": [command("echo"), command("curl"), command("echo"), command("a b")], "hosts": ["docs.rs"],
            "paths": [path("/etc/x", "outside"), path("/p/y", "project")],
        });
        assert_eq!(shown(&facts), [r#"runs ["echo","curl","a b"]"#, "contacts docs.rs", "touches elsewhere /etc/x"]);
        assert!(shown(&json!({})).is_empty());
        let many: Vec<_> = (0..20).map(|n| command(&format!("p{n}"))).collect();
        assert!(shown(&json!({ "commands": many }))[0].ends_with("p11 and 8 more"));
    }
}
