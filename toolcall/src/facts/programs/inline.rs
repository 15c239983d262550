//! Interpreters: code on the command line is not read, a file of the project is run, nothing at all is a conversation.

use super::{Call, builds, packages};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::{Access, Class};
use crate::shell::RedirectOp;

/// How an interpreter is called.
struct Interpreter {
    names: &'static [&'static str],
    /// Flags that change nothing of interest.
    flags: &'static [&'static str],
    /// Options with a value that change nothing of interest.
    values: &'static [&'static str],
    /// Options that check or test and run nothing else.
    checks: &'static [&'static str],
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "python2", "python3", "pypy", "pypy3"],
        flags: &["-u", "-B", "-E", "-I", "-O", "-OO", "-s", "-S", "-q", "-v", "-b", "-d", "-P"],
        values: &["-W", "-X"],
        checks: &[],
    },
    Interpreter {
        names: &["node", "nodejs"],
        flags: &[
            "--no-warnings", "--trace-warnings", "--enable-source-maps", "--experimental-vm-modules", "--watch",
            "--experimental-strip-types",
        ],
        values: &[],
        checks: &["--test", "--check", "-c"],
    },
    Interpreter { names: &["ruby"], flags: &["-w", "-W"], values: &[], checks: &["-c", "-wc"] },
    Interpreter { names: &["perl"], flags: &["-w", "-T"], values: &[], checks: &[] },
    Interpreter { names: &["php"], flags: &["-n"], values: &[], checks: &["-l"] },
    Interpreter {
        names: &[
            "lua", "luajit", "Rscript", "julia", "tclsh", "guile", "racket", "groovy", "scala", "elixir", "ts-node",
            "tsx",
        ],
        flags: &[],
        values: &[],
        checks: &[],
    },
    Interpreter {
        names: &[
            "osascript", "pwsh", "powershell", "R", "ghci", "irb", "iex", "erl", "jshell", "ipython", "bpython", "gdb",
            "lldb", "ed", "ex", "vi", "vim", "nvim", "nano", "emacs", "less", "more", "man", "top", "htop", "watch",
            "screen", "tmux", "expect", "script",
        ],
        flags: &[],
        values: &[],
        checks: &[],
    },
];

/// Adds what an interpreter runs; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    let versioned = call.name.strip_prefix("python3.").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    let name = if versioned { "python3" } else { call.name };
    let Some(interpreter) = INTERPRETERS.iter().find(|interpreter| interpreter.names.contains(&name)) else {
        return false;
    };
    let mut at = 0;
    while let Some(arg) = call.args.get(at) {
        let text = arg.text.as_str();
        match text {
            "-m" if name.starts_with("py") => {
                module(call, at + 1, gather);
                return true;
            }
            _ if !arg.exact => break,
            "-v" if name.starts_with("py") => at += 1,
            "--version" | "-V" | "-v" | "--help" | "-h" => {
                gather.class(Class::Reads, "prints its version or help");
                return true;
            }
            _ if interpreter.checks.contains(&text) => {
                call.in_project(Class::Builds, &format!("`{name} {text}` checks or tests"), gather);
                call.args.iter().skip(at + 1).filter(|arg| !arg.is_option()).for_each(|arg| call.decides(arg, gather));
                if call.args.iter().skip(at + 1).any(|arg| arg.is_option() && !arg.text.starts_with("--test")) {
                    gather.opaque(format!("`{name} {text}` gets an option that may load code"));
                }
                return true;
            }
            _ if interpreter.flags.contains(&text) => at += 1,
            _ if interpreter.values.contains(&text) => at += 2,
            _ => break,
        }
    }
    file_or_code(call, at, gather);
    true
}

fn file_or_code(call: &Call<'_>, at: usize, gather: &mut Gather) {
    match call.args.get(at) {
        Some(arg) if arg.text == "-i" => {
            gather.class(Class::Interactive, format!("`{}` takes further commands", call.name));
        }
        Some(arg) if arg.text.starts_with('-') => {
            call.unknown(gather, format!("`{} {}` runs code that is not read here", call.name, arg.shown()));
        }
        Some(arg) if INTERPRETERS.last().is_some_and(|editors| editors.names.contains(&call.name)) => {
            gather.class(Class::Interactive, format!("`{}` takes further commands", call.name));
            call.path(arg, Access::Read, gather);
        }
        Some(arg) => call.path(arg, Access::Execute, gather),
        None if is_sent(call) => call.unknown(gather, format!("`{}` runs what it is sent", call.name)),
        None => gather.class(Class::Interactive, format!("`{}` takes further commands", call.name)),
    }
}

fn is_sent(call: &Call<'_>) -> bool {
    let input = |op| matches!(op, RedirectOp::Read | RedirectOp::HereDocument | RedirectOp::HereString);
    call.command.context.fed || call.command.redirects.iter().any(|redirect| input(redirect.op))
}

/// `python -m MODULE`: tools that have a name of their own count by it.
fn module(call: &Call<'_>, at: usize, gather: &mut Gather) {
    let Some(name) = call.args.get(at).filter(|arg| arg.exact) else {
        return gather.opaque("`python -m` without a module");
    };
    let args: &[Arg] = call.args.get(at + 1..).unwrap_or_default();
    let inner = Call { name: name.text.as_str(), args, ..*call };
    match name.text.as_str() {
        "unittest" | "doctest" | "compileall" | "py_compile" | "venv" | "build" | "ensurepip" => {
            call.in_project(Class::Builds, &format!("`python -m {}` builds or tests", name.text), gather);
            args.iter().filter(|arg| !arg.is_option()).for_each(|arg| inner.decides(arg, gather));
        }
        "json.tool" => inner.paths(args.iter().filter(|arg| !arg.is_option()).take(1), Access::Read, gather),
        _ if packages::judge(&inner, gather) || builds::judge(&inner, gather) => {}
        _ => {
            call.in_project(Class::Runs, &format!("runs the module `{}`", name.text), gather);
            inner.mentions(gather);
        }
    }
}
