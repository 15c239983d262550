//! What is known of programs, as text for a person.

use std::fmt::Write as _;

use ccc_protocol::{bodies::Class, visible};

use super::form::{Form, Kind, Many, Opt, Program, Slot, Style, Text, Value, Word};
use super::own::Own;
use super::{all, shipped};

/// A line for each program that is known: its name, from where it is known, and how much.
#[must_use]
pub fn list(own: &Own) -> String {
    let replaced = |name: &str| own.named(name).is_some_and(|taught| taught.replaces);
    let mut rows: Vec<(String, &str, &Program)> = all()
        .flat_map(|program| program.names.iter().map(move |name| (name.to_string(), "shipped", program)))
        .filter(|(name, ..)| !replaced(name))
        .collect();
    rows.extend(own.iter().map(|taught| (taught.name().to_owned(), "config", &taught.own)));
    rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let mut out = String::new();
    for (name, from, program) in rows {
        let (words, options) = size(&program.root);
        let source = if program.source.is_empty() { String::new() } else { format!("  {}", program.source) };
        line(&mut out, &format!("{name:<20} {from:<8} {words:>4} words {options:>4} options{source}"));
    }
    out
}

/// How many sub-commands and options there are, all levels together.
fn size(word: &Word) -> (usize, usize) {
    let own: usize = word.options.len() + word.forms.iter().map(|form| form.options.len()).sum::<usize>();
    word.words.iter().map(size).fold((word.words.len(), own), |(words, options), (more_words, more_options)| {
        (words + more_words, options + more_options)
    })
}

/// All that is known of one program; `None` where nothing is.
#[must_use]
pub fn page(name: &str, own: &Own) -> Option<String> {
    let taught = own.named(name);
    let shipped = shipped(name).filter(|_| !taught.is_some_and(|taught| taught.replaces));
    let mut out = String::new();
    if let Some(program) = shipped {
        line(&mut out, &format!("{name}: shipped, written for {} from {}", program.version, program.source));
        section(&mut out, name, program);
    }
    if let Some(taught) = taught {
        line(&mut out, &format!("{name}: from the config; {}{}", taught.standing(), written_from(&taught.own)));
        section(&mut out, name, &taught.own);
    }
    (!out.is_empty()).then_some(out)
}

fn written_from(program: &Program) -> String {
    let version = if program.version.is_empty() { String::new() } else { format!(", for {}", program.version) };
    let source = if program.source.is_empty() { String::new() } else { format!(", from {}", program.source) };
    version + &source
}

fn section(out: &mut String, name: &str, program: &Program) {
    line(out, style(program.style));
    if program.at_files {
        line(out, "`@FILE` stands for arguments in that file, and is unknown");
    }
    if let Some(handler) = &program.handler {
        line(out, &format!("its arguments are read by code as well: `{handler}`"));
    }
    word(out, name, &program.root);
    line(out, "");
}

fn style(style: Style) -> &'static str {
    match style {
        Style::Letters => "options: -abc is three, --name is one",
        Style::First => "options: -abc is three, --name is one; none behind the first operand",
        Style::Words => "options: -name is one",
        Style::None => "takes no options: each argument is an operand",
    }
}

fn word(out: &mut String, called: &str, word: &Word) {
    let also = word.names.get(1..).filter(|rest| !rest.is_empty());
    let also = also.map_or_else(String::new, |rest| format!(" (or {})", rest.join(", ")));
    line(out, "");
    line(out, &format!("{called}{also}"));
    for form in word.forms.iter() {
        line(out, &format!("  {called}{}{}: {}{}", with(&form.with), operands(form), does(&form.does), contacts(form)));
        options(out, &form.options, "      only so: ");
    }
    options(out, &word.options, "    ");
    if word.harmless_options {
        line(out, "    no option of it, listed or not, does more than to change what is printed");
    }
    for next in word.words.iter() {
        let name = next.names.first().map_or("", AsRef::as_ref);
        self::word(out, &format!("{called} {name}"), next);
    }
}

fn with(names: &[Text]) -> String {
    if names.is_empty() { String::new() } else { format!(" {}", names.join("|")) }
}

fn operands(form: &Form) -> String {
    form.operands.iter().map(|slot| format!(" {}", operand(slot))).collect()
}

fn operand(slot: &Slot) -> String {
    let kind = match &slot.kind {
        Kind::OneOf(words) => format!("({})", words.join("|")),
        plain => plain.written().to_uppercase(),
    };
    match slot.many {
        Many::One => kind,
        Many::Optional => format!("[{kind}]"),
        Many::Any => format!("[{kind}]…"),
        Many::Some => format!("{kind}…"),
    }
}

/// Names that take and do the same share a line.
fn options(out: &mut String, options: &[Opt], before: &str) {
    for alike in options.chunk_by(|one, other| one.value == other.value && one.does == other.does) {
        let Some(first) = alike.first() else { continue };
        let names: Vec<&str> = alike.iter().map(|option| option.name.as_ref()).collect();
        let does = if first.does.is_empty() { String::new() } else { format!("; {}", does(&first.does)) };
        line(out, &format!("{before}{}{}{does}", names.join(" "), value(&first.value)));
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Flag => String::new(),
        Value::Needed(kind) => format!(": {}", meaning(kind)),
        Value::Joined(kind) => format!(": none, or joined to it {}", meaning(kind)),
        Value::Two(kinds) => format!(": {}", kinds.iter().map(meaning).collect::<Vec<_>>().join(", then ")),
    }
}

fn contacts(form: &Form) -> String {
    if form.contacts.is_empty() { String::new() } else { format!("; contacts {}", form.contacts.join(", ")) }
}

fn does(classes: &[Class]) -> String {
    let each = classes.iter().map(|class| format!("{} ({})", class.as_str(), phrase(*class)));
    each.collect::<Vec<_>>().join(", ")
}

/// What an argument of this kind is.
fn meaning(kind: &Kind) -> String {
    let plain = match kind {
        Kind::OneOf(words) => return format!("one of {}", words.join(", ")),
        Kind::Text => "text; an address in it is contacted",
        Kind::Name => "a name that does nothing by itself",
        Kind::Any => "text, harmless whatever it says",
        Kind::Glob => "a pattern of the names of files that are read",
        Kind::Field => "NAME=VALUE that goes along with a question",
        Kind::Forge => "a repository, a branch or a number; another forge's address is contacted",
        Kind::Word => "letters, digits and _-+= alone",
        Kind::Plain => "a plain word",
        Kind::Plus => "text that begins with +",
        Kind::Number => "a number",
        Kind::Read => "a path that is read",
        Kind::Tree => "a path that is read with all beneath it",
        Kind::File => "a file that is read, by its path alone",
        Kind::Made => "a file that is made, by its path alone",
        Kind::Write => "a path that is written",
        Kind::Change => "a path that is read and changed",
        Kind::Rights => "a path whose owner or mode is changed",
        Kind::Mode => "the mode that paths get",
        Kind::From => "what is copied, perhaps from another machine",
        Kind::Moved => "a path that is moved elsewhere",
        Kind::To => "where a copy goes, perhaps on another machine",
        Kind::Prefix => "how the names of files that are written begin",
        Kind::Packed => "a path that is written, as is its name without the ending",
        Kind::Delete => "a path that is removed",
        Kind::Execute => "a path that is run",
        Kind::Project => "a path in the project that decides what runs",
        Kind::Source => "a source file of the project",
        Kind::Handed => "what a script of the project gets",
        Kind::Target => "a name that the project defines",
        Kind::Package => "the name of a package",
        Kind::Host => "a host that is contacted",
        Kind::Upload => "a host that data goes to",
        Kind::Url => "an address that is fetched",
        Kind::Resource => "a path that is read, or an address that is fetched",
        Kind::Command => "a command of its own, and all behind it",
        Kind::Label => "a target in the workspace",
        Kind::Jq => "a script of jq",
        Kind::Python => "code in Python, known where it only computes and prints",
        Kind::Javascript => "code in JavaScript, known where it only computes and prints",
        Kind::Sql => "SQL",
        Kind::Shell => "text that a shell runs",
        Kind::Code => "code, which is not read",
    };
    plain.to_owned()
}

/// Writing to a String cannot fail.
fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", visible::escaped(text));
}

/// What a class comes to, behind a program's name.
pub(crate) fn phrase(class: Class) -> &'static str {
    match class {
        Class::Reads => "reads or prints",
        Class::VcsQuery => "asks version control",
        Class::VcsChange => "changes the local repository",
        Class::Builds => "builds, checks or tests the project",
        Class::Writes => "changes files of the project",
        Class::Deletes => "removes files of the project",
        Class::Runs => "runs a program of the project",
        Class::Bookkeeping => "keeps the agent's own notes",
        Class::Person => "answers in the person's place",
        Class::Loopback => "talks to a server on this machine",
        Class::Network => "contacts other machines",
        Class::Upload => "sends data to other machines",
        Class::Installs => "adds software",
        Class::ForcePush => "overwrites history elsewhere",
        Class::Discards => "throws work away",
        Class::WritesOutside => "changes files outside of the project",
        Class::DeletesOutside => "removes files outside of the project",
        Class::Credentials => "reads or changes secrets",
        Class::Persistence => "changes what runs later by itself",
        Class::HookSettings => "changes agents' hooks",
        Class::Bridge => "touches the bridge's own files",
        Class::Privilege => "takes another user's rights",
        Class::System => "changes the machine or what runs on it",
        Class::Interactive => "takes further commands",
        Class::Server => "asks an MCP server",
        Class::Unknown => "can run another program or load code",
    }
}
