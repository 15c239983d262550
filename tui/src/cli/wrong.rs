//! What is wrong with a command line, in one line that says what to write instead.

use std::ffi::OsString;

use ccc_protocol::visible;

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Every command, as a person writes it.
const VERBS: [&str; 10] =
    ["list", "show", "approve", "deny", "stop", "grants", "revoke", "policies", "watch", "suggest"];

/// The error of these arguments.
pub(super) fn words(error: &Error, args: &[OsString]) -> String {
    let verb = verb(args);
    let told = |kind| error.get(kind).map(text).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&told(ContextKind::InvalidArg), verb),
        ErrorKind::InvalidSubcommand => no_command(&told(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => missing(verb),
        ErrorKind::InvalidValue => {
            let usage = told(ContextKind::InvalidArg).replace(['<', '>'], "");
            format!("a value is missing; write `{}`", shown(&usage))
        }
        ErrorKind::ValueValidation => std::error::Error::source(error).map_or_else(|| rest(error), ToString::to_string),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8 text".to_owned(),
        _ => rest(error),
    }
}

/// An option that the command does not know: it is refused, not passed over.
pub(super) fn means_nothing(option: &str) -> String {
    format!("`{}` means nothing here; see `ccc-queue --help`", shown(option))
}

/// A person's own text on one line, with nothing in it that a terminal obeys.
pub(super) fn shown(text: &str) -> String {
    visible::escaped(text)
}

/// The first word that is a command.
fn verb(args: &[OsString]) -> Option<&'static str> {
    args.iter().skip(1).find_map(|arg| VERBS.into_iter().find(|verb| arg == verb))
}

fn unknown(arg: &str, verb: Option<&str>) -> String {
    match verb {
        Some(verb) if !arg.starts_with('-') => {
            format!("`ccc-queue {verb}` takes no `{}`; see `ccc-queue {verb} --help`", shown(arg))
        }
        _ => means_nothing(arg),
    }
}

fn no_command(word: &str) -> String {
    format!("`{}` is no command; write one of: {}", shown(word), VERBS.join(", "))
}

fn missing(verb: Option<&str>) -> String {
    let verb = verb.unwrap_or("show");
    let shows = if verb == "revoke" { "grants" } else { "list" };
    format!("which one? write `ccc-queue {verb} ID`; `ccc-queue {shows}` shows them")
}

/// The first line of what clap says.
fn rest(error: &Error) -> String {
    let whole = error.render().to_string();
    let line = whole.lines().next().unwrap_or_default();
    format!("{}; see `ccc-queue --help`", shown(line.strip_prefix("error: ").unwrap_or(line)))
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(" "),
        _ => String::new(),
    }
}
