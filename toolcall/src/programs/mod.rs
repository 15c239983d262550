//! What programs do, as data: one file a program in `programs/`, compiled in by the build.
//!
//! docs/programs.md is the page for whoever writes one.

mod compile;
pub mod form;
pub mod lint;
pub mod own;
pub mod show;
pub mod spec;

use std::borrow::Cow;

use ccc_protocol::bodies::Class;

use form::{Form, Kind, List, Many, Opt, Program, Slot, Style, Value, Word};

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// The shipped program of this name.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static Program> {
    let at = NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
    NAMES.get(at).and_then(|(_, program)| PROGRAMS.get(*program))
}

/// Every shipped program, by its own name.
pub fn all() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter()
}

/// The words that `does` may hold, in the order of [`Class::ALL`].
pub const CLASSES: &[&str] = &include!("classes.in");

fn class_named(name: &str) -> Option<Class> {
    Class::ALL.into_iter().find(|class| class.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Knowledge;

    #[test]
    fn the_build_knows_every_class() {
        assert_eq!(CLASSES, Class::ALL.map(Class::as_str));
    }

    #[test]
    fn every_name_finds_its_program() {
        for program in all() {
            for name in program.names.iter() {
                assert_eq!(shipped(name), Some(program), "{name}");
            }
        }
        assert_eq!(shipped("no-such-program"), None);
    }

    #[test]
    fn every_example_does_what_its_file_says() {
        let examples: Vec<(String, String)> =
            EXAMPLES.iter().map(|(_, call, classes)| ((*call).to_owned(), (*classes).to_owned())).collect();
        let missed = lint::missed_examples(&examples, &Knowledge::default());
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    #[test]
    fn every_shipped_row_can_be_met() {
        let dead: Vec<String> = all()
            .flat_map(|program| {
                lint::dead_rows(program).into_iter().map(|row| format!("{}: {row}", program.names.join(" ")))
            })
            .collect();
        assert!(dead.is_empty(), "{}", dead.join("\n"));
    }
}
