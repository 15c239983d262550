//! The facts of a shell command line: each simple command with its working directory, variables and redirections.

use std::cell::Cell;

use super::args::{Arg, EXPANDED_BYTES_MAX, Filling};
use super::gather::Gather;
use super::programs::{self, Call};
use super::variables::{self, Variables};
use super::whereabouts::Whereabouts;
use super::{Access, Class, environment};
use crate::shell::{self, Assignment, Part, Redirect, RedirectOp, SimpleCommand, Word};

/// Shells and wrappers behind which variables are another shell's.
const OTHER_SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "ash", "ssh"];

/// Adds the facts of the command line `text`, started in `directory`.
pub(super) fn judge(text: &str, directory: &str, gather: &mut Gather) {
    let script = shell::parse(text);
    for opaque in &script.opaque {
        gather.opaque(opaque.to_string());
    }
    gather.exported = variables::exported(&script);
    let mut reading = Reading {
        variables: Variables::of(&script),
        whereabouts: Whereabouts::new(directory, gather.home.clone(), &script.scopes),
        bytes: Cell::new(EXPANDED_BYTES_MAX),
    };
    for default in &script.defaults {
        // Which shell it is in, and so what its variables are, is not kept: the text has to speak for itself.
        let filling = Filling { variables: None, directory: None, bytes: &reading.bytes };
        assigned(default, false, &filling, &[directory.to_owned()], gather);
    }
    evaluated(&script.evaluated, &reading.variables, gather);
    for command in &script.commands {
        reading.command(command, gather);
    }
    if script.commands.is_empty() {
        gather.class(Class::Reads, "runs nothing");
    }
}

struct Reading {
    variables: Variables,
    whereabouts: Whereabouts,
    /// Bytes that variables may still add.
    bytes: Cell<usize>,
}

impl Reading {
    fn command(&mut self, command: &SimpleCommand, gather: &mut Gather) {
        let directories = self.whereabouts.of(&command.context);
        let other_shell = command.via.iter().any(|by| OTHER_SHELLS.contains(&by.as_str()));
        let filling = Filling {
            variables: (!other_shell).then_some(&self.variables),
            directory: if let [only] = directories.as_slice() { Some(only.as_str()) } else { None },
            bytes: &self.bytes,
        };
        secrets_named(command, gather);
        if !command.context.remote {
            assignments(command, &filling, &directories, gather);
            for redirect in &command.redirects {
                redirected(redirect, &filling, &directories, gather);
            }
        }
        let mut args = filling.args(&command.args);
        if !command.name().is_some_and(|name| programs::tells_options(shell::program_name(&name), &gather.own)) {
            args.iter_mut().filter(|arg| arg.may_look_like_an_option()).for_each(|arg| *arg = arg.unseen());
        }
        let touches = !command.name().is_some_and(|name| matches!(shell::program_name(&name), "echo" | "printf"));
        let split = command.context.split || command.args.iter().any(Word::has_names);
        if split && touches && args.iter().any(|arg| arg.text.contains("/**") && arg.text.contains(char::is_whitespace))
        {
            gather.opaque("names are taken apart at their blanks");
        }
        let Some(program) = &command.program else { return };
        let name = program.literal();
        let shown = name.as_deref().map_or("…", shell::program_name);
        gather.command(programs::fact(shown, &args, command, &gather.own));
        let Some(name) = name else { return };
        let call =
            Call { name: shell::program_name(&name), args: &args, directories: &directories, command, nested: 0 };
        if matches!(call.name, "cd" | "pushd" | "popd" | "chdir") {
            return self.change_directory(&call, gather);
        }
        programs::judge(&call, gather);
    }

    fn change_directory(&mut self, call: &Call<'_>, gather: &mut Gather) {
        gather.class(Class::Reads, "changes the working directory");
        let context = &call.command.context;
        let known = match (call.name, call.args) {
            ("cd", []) => self.whereabouts.change(context, "~"),
            ("cd", [arg]) if arg.text == "-" && arg.exact => self.whereabouts.back(context),
            ("popd", []) => self.whereabouts.pop(context),
            // `pushd +1` turns the stack.
            ("pushd", [arg]) if names_a_directory(arg) && !arg.text.starts_with('+') => {
                self.whereabouts.push(context, &arg.text)
            }
            ("cd" | "chdir", [arg]) if names_a_directory(arg) => self.whereabouts.change(context, &arg.text),
            _ => false,
        };
        if !known {
            gather.opaque("the working directory is known only when it runs");
        }
    }
}

/// False for an option, `-` among them, and for what only the running shell knows.
fn names_a_directory(arg: &Arg) -> bool {
    arg.exact && !arg.pattern && !arg.text.starts_with('-')
}

fn assignments(command: &SimpleCommand, filling: &Filling<'_>, directories: &[String], gather: &mut Gather) {
    let handed_on = command.program.is_some() || command.context.exports;
    let reads_words = command.name().is_some_and(|name| name == "read");
    for assignment in &command.assignments {
        if reads_words && assignment.name == "IFS" {
            continue;
        }
        assigned(assignment, handed_on, filling, directories, gather);
    }
    if !command.assignments.is_empty() {
        gather.class(Class::Reads, "sets variables");
    }
}

/// A variable is set: to what changes what programs do, or to what arithmetic runs.
fn assigned(
    assignment: &Assignment,
    handed_on: bool,
    filling: &Filling<'_>,
    directories: &[String],
    gather: &mut Gather,
) {
    let handed_on = handed_on || gather.exported.has(&assignment.name);
    for value in filling.word(&assignment.value) {
        if hides_code(&value.text) {
            gather.opaque(format!("`{}` is set to a text that the shell may run", assignment.name));
        }
        environment::judge(&assignment.name, &value, handed_on, directories, gather);
    }
}

/// Texts are evaluated as arithmetic, and may set the variables that they name to numbers.
fn evaluated(texts: &[Word], variables: &Variables, gather: &mut Gather) {
    if !variables.are_arithmetic(texts) {
        gather.opaque("evaluates as arithmetic what is known only when it runs, and arithmetic can run commands");
    }
    let number = Arg::known("1");
    for reason in texts.iter().flat_map(variables::named).filter_map(|name| environment::changes(&name, &number)) {
        gather.opaque(reason);
    }
}

/// True for a text with a substitution inside an index: arithmetic runs it, however well it was quoted.
pub(super) fn hides_code(text: &str) -> bool {
    let runs = |index: &str| index.contains("$(") || index.contains("${") || index.contains('`');
    let indexed = |(at, _): &(usize, &str)| text.get(..*at).is_some_and(|before| before.ends_with(is_of_name));
    text.contains("[$(")
        || text.contains("[`")
        || text.match_indices('[').find(indexed).is_some_and(|(at, _)| text.get(at..).is_some_and(runs))
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn redirected(redirect: &Redirect, filling: &Filling<'_>, directories: &[String], gather: &mut Gather) {
    let accesses: &[Access] = match redirect.op {
        RedirectOp::Read => &[Access::Read],
        RedirectOp::Write => &[Access::Write],
        RedirectOp::ReadWrite => &[Access::Read, Access::Write],
        RedirectOp::Duplicate | RedirectOp::HereDocument | RedirectOp::HereString => &[],
    };
    for target in filling.word(&redirect.target) {
        for access in accesses {
            one_redirected(&target, *access, directories, gather);
        }
    }
}

fn one_redirected(target: &Arg, access: Access, directories: &[String], gather: &mut Gather) {
    if let Some(host) = ["/dev/tcp/", "/dev/udp/"].iter().find_map(|start| target.text.strip_prefix(start)) {
        return gather.host(host.split('/').next().unwrap_or(host), true);
    }
    if !target.exact {
        return gather.opaque("redirects to or from a file that is known only when it runs");
    }
    for directory in directories {
        gather.path(directory, &target.text, access);
    }
}

/// Variables whose names say that they hold a secret.
fn secrets_named(command: &SimpleCommand, gather: &mut Gather) {
    let values = command.assignments.iter().map(|assignment| &assignment.value);
    let targets = command.redirects.iter().map(|redirect| &redirect.target);
    for word in command.program.iter().chain(&command.args).chain(values).chain(targets) {
        for name in named_in(word) {
            let upper = name.to_uppercase();
            if SECRET_NAMES.iter().any(|part| upper.contains(part)) {
                gather.class(Class::Credentials, format!("uses the variable `{name}`"));
            }
        }
    }
}

fn named_in(word: &Word) -> impl Iterator<Item = &str> {
    word.parts.iter().filter_map(|part| match part {
        Part::Parameter { name, .. } | Part::Expansion { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

const SECRET_NAMES: &[&str] =
    &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL", "_PAT"];
