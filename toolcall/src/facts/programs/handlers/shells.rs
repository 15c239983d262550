//! Shells, and the builtins that are more than they look.

use crate::facts::args::Arg;
use crate::facts::commands::hides_code;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::facts::{Access, Class, environment};
use crate::programs::form::Program;
use crate::shell::RedirectOp;

/// Builtins that evaluate indices in their arguments.
const BUILTINS: &[&str] = &[
    "test", "[", "[[", "printf", "read", "unset", "let", "export", "declare", "typeset", "local", "readonly", "wait",
    "mapfile", "readarray", "getopts",
];

/// A builtin may run a text in what looks like an index.
pub(in crate::facts::programs) fn hidden_code(call: &Call<'_>, gather: &mut Gather) {
    if BUILTINS.contains(&call.name) && call.args.iter().any(|arg| hides_code(&arg.text)) {
        gather.opaque(format!("`{}` gets a text that the shell may run", call.name));
    }
}

/// A shell that was not taken apart: it runs a file, what it is sent, or a person's words.
pub(super) fn shell(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    let sent =
        call.command.context.fed || call.command.redirects.iter().any(|redirect| redirect.op != RedirectOp::Write);
    let interactive =
        call.args.iter().any(|arg| arg.text.starts_with('-') && !arg.text.starts_with("--") && arg.text.contains('i'));
    let script = call.args.iter().find(|arg| !arg.text.starts_with(['-', '+']));
    let code =
        call.args.iter().any(|arg| arg.text.starts_with('-') && arg.text.contains('c') && !arg.text.starts_with("--"));
    let checks = matches!(call.args, [option, file] if option.text == "-n" && option.exact && !file.text.starts_with(['-', '+']));
    match script {
        Some(file) if checks && matches!(call.name, "sh" | "bash" | "dash") => {
            return call.path(file, Access::Read, gather);
        }
        _ if code => gather.opaque(format!("`{}` runs a text that could not be read", call.name)),
        Some(script) => call.path(script, Access::Execute, gather),
        None if sent && !interactive => gather.opaque(format!("`{}` runs what it is sent", call.name)),
        None => gather.opaque(format!("`{}` waits for commands", call.name)),
    }
    if interactive || script.is_none() && !sent && !code {
        gather.class(Class::Interactive, format!("`{}` takes further commands", call.name));
    }
}

/// `set` alone prints; with options that only say how the shell fails or what it prints it is harmless. Others make it take
/// arguments for assignments or fill in an array.
pub(super) fn settings(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    const LETTERS: &str = "euxvCEabfmnh";
    const NAMES: &[&str] = &["errexit", "nounset", "xtrace", "verbose", "pipefail", "noclobber", "noglob", "allexport"];
    if call.args.is_empty() {
        return gather.class(Class::Credentials, "`set` prints all variables");
    }
    gather.class(Class::Reads, "`set` changes the shell's options");
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        let letters = arg.text.strip_prefix(['-', '+']);
        match letters.filter(|_| arg.exact) {
            Some("" | "-") => return,
            Some(letters) => {
                let named = letters.matches('o').count();
                let known = letters.chars().all(|c| c == 'o' || LETTERS.contains(c))
                    && args.by_ref().take(named).all(|name| name.exact && NAMES.contains(&name.text.as_str()));
                if !known {
                    return gather.opaque("`set` changes how the shell reads what follows");
                }
            }
            None if arg.exact => return,
            None => return gather.opaque("`set` gets an option that is known only when it runs"),
        }
    }
}

/// `read NAME` sets a variable as surely as `NAME=` does, and evaluates an index in the name.
pub(super) fn names_set(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    for arg in fit.operands().iter().chain(&fit.values(&["-a"])) {
        let unknown = Arg { exact: false, ..Arg::known("") };
        let name = variable(&arg.text);
        environment::judge(name, &unknown, gather.exported.has(name), call.directories, gather);
        if !arg.exact {
            gather.opaque(format!("`{}` sets a variable that is known only when it runs", call.name));
        }
    }
}

/// The variable that `NAME[i]` and `NAME+` are of.
fn variable(text: &str) -> &str {
    text.split(['[', '+']).next().unwrap_or_default()
}

/// `export NAME=value` and its kin.
pub(super) fn variables(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    let prints = call.args.iter().all(Arg::is_option);
    if prints {
        return gather.class(Class::Credentials, format!("`{}` prints all variables", call.name));
    }
    gather.class(Class::Reads, format!("`{}` sets variables", call.name));
    if call.args.iter().any(|arg| arg.is_option() && arg.text.contains('n') && call.name != "export") {
        gather.opaque(format!("`{}` makes one name stand for another", call.name));
    }
    for arg in call.args.iter().filter(|arg| !arg.is_option()) {
        let (name, value) = arg.text.split_once('=').unwrap_or((&arg.text, ""));
        if !arg.exact && name == arg.text {
            gather.opaque(format!("`{}` sets a variable that is known only when it runs", call.name));
        } else if arg.text.contains('=') {
            let name = variable(name);
            environment::judge(name, &arg.with_text(value), gather.exported.has(name), call.directories, gather);
        }
    }
}

/// `env` with nothing to run prints all that the agent was started with.
pub(super) fn environment(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    let named = call.name == "printenv" && !call.args.is_empty();
    let secret = |arg: &Arg| {
        ["KEY", "TOKEN", "SECRET", "PASS"].iter().any(|part| arg.text.to_uppercase().contains(part)) || !arg.exact
    };
    if named && !call.args.iter().any(secret) {
        gather.class(Class::Reads, "prints a variable");
    } else {
        gather.class(Class::Credentials, format!("`{}` prints the environment, where secrets lie", call.name));
    }
}

/// `source FILE`; a virtual environment's own script is part of building.
pub(super) fn source(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    let Some(file) = call.args.first() else { return gather.opaque("`source` without a file") };
    let inside = file.exact && call.directories.iter().all(|directory| gather.in_project(directory, &file.text));
    if inside
        && ["venv/bin/activate", ".venv/bin/activate", "env/bin/activate"].iter().any(|end| file.text.ends_with(end))
    {
        return gather.class(Class::Builds, "enters the project's virtual environment");
    }
    call.path(file, Access::Execute, gather);
}
