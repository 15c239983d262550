//! Build tools, compilers, test runners, linters: they run what the project holds, and so count only inside it.

mod compilers;
mod tools;

use self::compilers::COMPILERS;
use self::tools::{TOOLS, Tool};
use super::{Call, formatters};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class, environment};

/// Names of targets and scripts that leave the project.
const LEAVES: &[&str] = &["deploy", "publish", "release", "upload", "push", "ship", "promote", "provision"];

/// Adds what a build tool does; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    if call.name == "cargo"
        && matches!(call.args, [verb, list] if verb.text == "install" && list.exact && list.text == "--list")
    {
        gather.class(Class::Reads, "`cargo install --list` lists what is installed");
        return true;
    }
    let Some(tool) = TOOLS.iter().chain(COMPILERS).find(|tool| tool.names.contains(&call.name)) else { return false };
    let own: Vec<Arg> =
        call.args.iter().filter(|arg| !arg.text.starts_with('+')).map(|arg| single_dash(call.name, arg)).collect();
    if let Some(arg) = call.args.iter().find(|arg| !arg.exact) {
        gather.opaque(format!("`{}` gets `{}`, which may become any option or target", call.name, arg.shown()));
    }
    let tables = [tool.values, tool.decides, tool.writes, tool.escapes];
    let parsed = options::read(&own, &tables, tool.style);
    tool.options(call, &parsed, gather);
    // Behind an option that is a flag in some version stands no value but the next option.
    let behind =
        parsed.options.iter().filter_map(|(_, value)| value.clone()).filter(Arg::is_option).collect::<Vec<_>>();
    tool.options(call, &options::read(&behind, &tables, tool.style), gather);
    match tool.class(&parsed) {
        Some(class @ (Class::Builds | Class::Runs)) => {
            call.in_project(class, &format!("`{}` builds, checks or runs the project", call.name), gather);
        }
        Some(class) => gather
            .class(class, format!("`{}` {}", call.name, parsed.operands.first().map_or("", |arg| arg.text.as_str()))),
        None => call.unknown(gather, format!("this call of `{}` is not known here", call.name)),
    }
    if tool.verbs.is_empty() {
        targets(call, tool, &parsed, gather);
    }
    if call.name == "go" {
        go(&parsed, gather);
    }
    tool.stays_inside(call, &parsed, gather);
    formatters::judge(call, gather);
    true
}

/// `go` reads `--name` as `-name`.
fn single_dash(program: &str, arg: &Arg) -> Arg {
    match arg.text.strip_prefix('-') {
        Some(rest) if program == "go" && rest.starts_with('-') && rest.len() > 1 => arg.with_text(rest),
        _ => arg.clone(),
    }
}

impl Tool {
    fn options(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let before_program =
            |(name, _): &&(String, Option<Arg>)| self.escapes.iter().any(|escape| escapes(escape, name, self.style));
        if let Some((option, _)) = parsed.options.iter().find(before_program) {
            call.runs_other(option, gather);
        }
        parsed.values(self.decides).iter().for_each(|value| call.decides(value, gather));
        call.paths(&parsed.values(self.writes), Access::Write, gather);
        let joined = parsed.options.iter().filter_map(|(name, _)| self.joined(name));
        for file in joined {
            call.directories.iter().for_each(|directory| gather.implied(directory, file, Access::Write));
        }
        // `--emit KIND=FILE`, as `rustc` has it.
        let kinds = parsed.values(&["--emit", "--print"]);
        for (kind, file) in kinds.iter().flat_map(|kind| kind.text.split(',').map(move |piece| (kind, piece))) {
            let file = file.split_once('=').map(|(_, file)| kind.with_text(file));
            call.paths(&file, Access::Write, gather);
        }
    }

    /// The file in `-oFILE`, where options are words and so not taken apart.
    fn joined<'a>(&self, name: &'a str) -> Option<&'a str> {
        let short = self.writes.iter().filter(|option| self.style == Style::Words && !option.starts_with("--"));
        short.into_iter().find_map(|option| name.strip_prefix(option)).filter(|file| !file.is_empty())
    }

    fn class(&self, parsed: &Parsed) -> Option<Class> {
        if self.verbs.is_empty() {
            return Some(Class::Builds);
        }
        let verb = parsed.operands.first().filter(|arg| arg.exact)?;
        let found = self.verbs.iter().find(|(verbs, _)| verbs.contains(&verb.text.as_str()))?;
        Some(found.1)
    }
}

/// True where `name` is the option, or carries its value joined to it as compilers and `go` allow.
fn escapes(option: &str, name: &str, style: Style) -> bool {
    let joined = style == Style::Words && name.starts_with(option) && (option.len() > 2 || !option.starts_with("--"));
    options::matches(option, name)
        || joined
        || name.strip_prefix("--").is_some_and(|long| style == Style::Words && option.strip_prefix('-') == Some(long))
}

/// Targets of `make` and its kin: names that leave the project, and settings.
fn targets(call: &Call<'_>, tool: &Tool, parsed: &Parsed, gather: &mut Gather) {
    let makes = tool.targets || call.name.ends_with("make");
    let values = parsed.options.iter().filter_map(|(_, value)| value.as_ref()).filter(|_| makes);
    for operand in parsed.operands.iter().chain(values) {
        if leaves(&operand.text) || makes && operand.text.contains("install") {
            gather.opaque(format!("`{} {}` may change what lies outside of the project", call.name, operand.shown()));
        }
    }
    parsed.operands.iter().for_each(|operand| setting(call, operand, makes, gather));
}

/// `NAME=value`: `make` expands the value and hands it to shells.
fn setting(call: &Call<'_>, operand: &Arg, makes: bool, gather: &mut Gather) {
    let Some((name, value)) = operand.text.split_once('=') else { return };
    let (name, value) = (name.trim_end(), operand.with_text(value.trim_start()));
    // `:=`, `?=` and `+=` set as `=` does; `!=` runs the value.
    let runs = name.ends_with('!') || name.starts_with('.') || value.text.contains(RUN_BY_SHELLS);
    let commands = value.text.contains(' ') && !value.text.starts_with('-');
    if makes && (runs || commands) {
        gather.opaque(format!("`{}` gets a setting that it may run", call.name));
    } else if makes && lies_elsewhere(&value.text) {
        call.decides(&value, gather);
    }
    let name = name.trim_end_matches([':', '?', '+', '!']).trim_end();
    environment::judge(name, &value, false, call.directories, gather);
    if makes {
        environment::reach(name, &value, call.directories, gather);
    }
}

const RUN_BY_SHELLS: [char; 10] = ['$', '`', ';', '|', '&', '<', '>', '(', ')', '\n'];

/// Words of `go` that fetch or run what the project does not name.
fn go(parsed: &Parsed, gather: &mut Gather) {
    const TOOLS: &[&str] = &["cover", "vet", "fix", "doc", "nm", "objdump", "addr2line", "buildid", "test2json"];
    let words: Vec<&str> = parsed.operands.iter().map(|arg| arg.text.as_str()).collect();
    match words.as_slice() {
        ["mod", "download", _, ..] => gather.class(Class::Installs, "`go mod download` fetches what it is given"),
        ["tool", name, ..] if !TOOLS.contains(name) => gather.opaque(format!("`go tool {name}` is not known here")),
        _ => {}
    }
}

/// True for a target or script whose name says that it sends something out.
pub(super) fn leaves(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| LEAVES.contains(&part))
}

impl Tool {
    /// Files that are built or run from elsewhere are not the project's.
    fn stays_inside(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let bazel = matches!(call.name, "bazel" | "bazelisk");
        if bazel && parsed.operands.iter().any(|operand| matches!(operand.text.as_str(), "run" | "mobile-install")) {
            gather.class(Class::Runs, format!("`{} run` runs what it builds", call.name));
        }
        for operand in &parsed.operands {
            if bazel && operand.exact && is_label(&operand.text) {
                continue;
            }
            if bazel && operand.text.contains('@') {
                gather.opaque(format!("`{}` gets `{}` of another workspace", call.name, operand.shown()));
            }
            let path = operand.text.split("::").next().unwrap_or_default();
            // Behind `--` stand options of a program that is run, perhaps with values.
            let value = path.split_once('=').map_or(path, |(_, value)| value);
            if let Some(path) = [path, value].into_iter().find(|path| lies_elsewhere(path)) {
                call.decides(&operand.with_text(path), gather);
            } else if operand.text.starts_with('@') && call.name.ends_with(['c', '+']) {
                gather.opaque(format!("`{}` takes its options from a file", call.name));
            }
        }
        let writes = |name: &str| self.writes.iter().any(|option| options::matches(option, name));
        for value in parsed.options.iter().filter(|(name, _)| !writes(name)).filter_map(|(_, value)| value.as_ref()) {
            let pieces = std::iter::once(value.text.as_str()).chain(value.text.split(['=', ',']));
            pieces
                .filter(|piece| lies_elsewhere(piece))
                .for_each(|piece| call.decides(&value.with_text(piece), gather));
        }
        // No cluster of letters holds these: a value is joined to an option that is not known here.
        if self.style == Style::Letters && parsed.options.iter().any(|(name, _)| matches!(name.as_str(), "-/" | "-~")) {
            gather.opaque(format!("`{}` gets an option that is not known here", call.name));
        }
    }
}

/// True for `//pkg:target` and `//pkg/...`, which `bazel` looks for in the workspace.
fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:+=,".contains(c);
    text.strip_prefix('-').unwrap_or(text).strip_prefix("//").is_some_and(|rest| {
        !rest.starts_with('/') && rest.chars().all(plain) && !rest.replace("...", "").contains("..")
    })
}

/// True for a path that may lead out of the project. `...` is any directory beneath to `go`, and `//...` the project to `bazel`.
pub(super) fn lies_elsewhere(path: &str) -> bool {
    path != "//..." && (path.starts_with(['/', '~']) || path.replace("...", "").contains(".."))
}
