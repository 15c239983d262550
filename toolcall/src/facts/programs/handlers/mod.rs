//! Programs whose arguments are a language or another command: one file each, by the name that a program's file gives.
//!
//! A handler judges the whole call; where its program's file has forms, it begins with the form that the call fits.

mod awk;
mod dd;
mod fetch;
mod find;
mod git;
mod graphql;
mod jq;
mod link;
mod make;
mod perl;
mod plain_code;
mod python;
mod scripts;
mod sed;
mod shells;
mod sql;
mod tar;
mod tools;

pub(super) use self::graphql::judge as field;
pub(super) use self::jq::judge as jq;
pub(super) use self::plain_code::{javascript, python};
pub(super) use self::shells::hidden_code;
pub(super) use self::sql::judge as sql;
use super::Call;
use crate::facts::gather::Gather;
use crate::programs::form::Program;

/// Judges a call of a program.
pub(super) type Handler = fn(&Call<'_>, &Program, &mut Gather);

/// The handler of this name.
pub(super) fn named(name: &str) -> Option<Handler> {
    HANDLERS.iter().find(|(known, _)| *known == name).map(|(_, handler)| *handler)
}

const HANDLERS: &[(&str, Handler)] = &[
    ("awk", awk::judge),
    ("curl", fetch::curl),
    ("dd", dd::judge),
    ("environment", shells::environment),
    ("find", find::judge),
    ("git", git::judge),
    ("link", link::judge),
    ("make", make::judge),
    ("npx", tools::judge),
    ("perl", perl::judge),
    ("python", self::python::judge),
    ("read", shells::names_set),
    ("scripts", scripts::judge),
    ("sed", sed::judge),
    ("set", shells::settings),
    ("shell", shells::shell),
    ("source", shells::source),
    ("tar", tar::judge),
    ("variables", shells::variables),
    ("wget", fetch::wget),
];

#[cfg(test)]
mod tests {
    use super::named;
    use crate::programs;

    #[test]
    fn every_handler_that_a_file_names_is_there() {
        for program in programs::all() {
            let Some(handler) = &program.handler else { continue };
            assert!(named(handler).is_some(), "{}: {handler}", program.source);
        }
    }
}
