//! Rows of a program's file that no call can ever meet.
//!
//! A dead row is knowledge that its writer believes is there: an option that the style never reads, a form behind one that takes all
//! that it takes, a word that is read as an option.

use std::collections::BTreeSet;

use serde_json::json;

use super::form::{Form, Kind, List, Many, Opt, Program, Slot, Style, Text, Word};
use crate::facts::{Knowledge, derive};

/// Each dead row, in a sentence.
#[must_use]
pub fn dead_rows(program: &Program) -> Vec<String> {
    let mut lint = Lint { style: program.style, found: Vec::new() };
    lint.word("", &program.root, &[]);
    lint.found
}

/// Each example that is not what is said of it, in a sentence. `unknown` stands for all that is not known, whatever else it is.
#[must_use]
pub fn missed_examples(examples: &[(String, String)], knowledge: &Knowledge) -> Vec<String> {
    let missed = |(call, expected): &(String, String)| {
        let facts = derive("Bash", &json!({ "command": call }), "/home/dev/project", knowledge);
        let found: BTreeSet<&str> = facts.classes.keys().map(|class| class.as_str()).collect();
        let unknown = expected == "unknown" && found.contains("unknown");
        let holds = unknown || found == expected.split_whitespace().collect();
        let found: Vec<&str> = found.into_iter().collect();
        (!holds).then(|| {
            let why = facts.opaque.first().map(|why| format!(": {why}")).unwrap_or_default();
            format!("the example `{call}` is `{}`, not `{expected}`{why}", found.join(" "))
        })
    };
    examples.iter().filter_map(missed).collect()
}

struct Lint {
    style: Style,
    found: Vec<String>,
}

impl Lint {
    fn dead(&mut self, at: &str, what: &str) {
        self.found.push(if at.is_empty() { what.to_owned() } else { format!("`{at}`: {what}") });
    }

    /// `around` are the options of the words around this one.
    fn word(&mut self, at: &str, word: &Word, around: &[&Opt]) {
        self.options(at, &word.options);
        let known: Vec<&Opt> = word.options.iter().chain(around.iter().copied()).collect();
        for (nth, form) in word.forms.iter().enumerate() {
            self.options(at, &form.options);
            self.form(at, form, word.forms.get(..nth).unwrap_or_default(), &known);
            self.choices(at, form, word);
        }
        if word.forms.is_empty() && word.words.is_empty() && !at.is_empty() {
            self.dead(at, "it has no form, so no call fits it: give `does`");
        }
        let mut before: Vec<&Text> = Vec::new();
        for next in word.words.iter() {
            for name in next.names.iter() {
                if self.style != Style::None && name.starts_with('-') {
                    self.dead(
                        at,
                        &format!("the word `{name}` is read as an option: list it as one, and a form `with` it"),
                    );
                }
                if before.contains(&name) {
                    self.dead(at, &format!("the word `{name}` stands in front already"));
                }
            }
            before.extend(next.names.iter());
            let name = next.names.first().map_or("", AsRef::as_ref);
            self.word(format!("{at} {name}").trim_start(), next, &known);
        }
    }

    fn options(&mut self, at: &str, options: &[Opt]) {
        for (nth, option) in options.iter().enumerate() {
            if let Some(why) = unread(&option.name, self.style) {
                self.dead(at, &format!("the option `{}` is never read: {why}", option.name));
            }
            if options.iter().take(nth).any(|earlier| earlier.name == option.name) {
                self.dead(at, &format!("the option `{}` is listed in front already", option.name));
            }
        }
    }

    fn form(&mut self, at: &str, form: &Form, earlier: &[Form], known: &[&Opt]) {
        let listed = |name: &Text| form.options.iter().chain(known.iter().copied()).any(|option| option.name == *name);
        if !form.with.is_empty() && !form.with.iter().any(listed) {
            self.dead(at, &format!("a form needs `{}`, which is no option here", form.with.join("` or `")));
        }
        if earlier.iter().any(|earlier| takes_all(earlier, form)) {
            self.dead(at, "a form stands behind one that takes all that it takes");
        }
    }

    /// A first operand that is a word of the program is followed as such, and never reaches the form.
    fn choices(&mut self, at: &str, form: &Form, word: &Word) {
        let Some(Slot { kind: Kind::OneOf(choices), .. }) = form.operands.first() else { return };
        for choice in choices.iter().filter(|choice| word.words.iter().any(|next| next.names.contains(choice))) {
            self.dead(at, &format!("the operand `{choice}` is a word here, and followed as one"));
        }
    }
}

/// Why an option of this name is never read.
fn unread(name: &str, style: Style) -> Option<&'static str> {
    if style == Style::None {
        Some("the style has no options")
    } else if name == "--" {
        Some("it ends the options")
    } else if name.ends_with('*') && (style != Style::Words || name.chars().count() != 3) {
        Some(
            "`*` stands behind one letter, where options are words; elsewhere a letter's value may be joined to it as it is",
        )
    } else if name.contains('=') {
        Some("what stands behind `=` is its value: list the words as that")
    } else {
        None
    }
}

/// True where `earlier` takes each call that `later` would.
fn takes_all(earlier: &Form, later: &Form) -> bool {
    let needs_no_more =
        earlier.with.is_empty() || !later.with.is_empty() && later.with.iter().all(|name| earlier.with.contains(name));
    let options = later.options.iter().all(|option| earlier.options.contains(option));
    needs_no_more && options && covers(&earlier.operands, &later.operands)
}

fn covers(wide: &List<Slot>, narrow: &List<Slot>) -> bool {
    wide.len() == narrow.len()
        && wide
            .iter()
            .zip(narrow.iter())
            .all(|(wide, narrow)| wide.kind == narrow.kind && as_many(wide.many, narrow.many))
}

fn as_many(wide: Many, narrow: Many) -> bool {
    match wide {
        Many::Any => true,
        Many::Some => matches!(narrow, Many::One | Many::Some),
        Many::Optional => matches!(narrow, Many::One | Many::Optional),
        Many::One => narrow == Many::One,
    }
}
