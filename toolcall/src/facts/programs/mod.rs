//! What the programs that coding agents use do with their arguments.
//!
//! A program that is not known here, or an option that makes a known one run something else, is unknown. So is anything whose
//! effect hangs on an argument that only the running shell knows.

mod data;
mod handlers;

use super::args::Arg;
use super::gather::Gather;
use super::{Access, Class, CommandFact, hosts};
use crate::programs::{
    self,
    own::{Own, Taught},
};
use crate::shell::{self, SimpleCommand};

/// One command, its words filled in.
pub(super) struct Call<'a> {
    /// The program, without a system's directory.
    pub(super) name: &'a str,
    /// Its arguments.
    pub(super) args: &'a [Arg],
    /// Where it can run.
    pub(super) directories: &'a [String],
    /// As the shell reads it.
    pub(super) command: &'a SimpleCommand,
    /// How many programs run it that take a command line, as the shell does not see.
    pub(super) nested: usize,
}

/// The most programs inside one another that take a command line.
const NESTED_MAX: usize = 3;

/// Adds what the command does.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) {
    for by in &call.command.via {
        if ["sudo", "doas"].contains(&by.as_str()) {
            gather.class(Class::Privilege, format!("`{by}` takes another user's rights"));
        }
    }
    let by_projects_git = is_projects_git(call, gather);
    gather.only_projects_git &= by_projects_git;
    gather.facts.led |= !by_projects_git && !PLAIN.contains(&call.name.rsplit('/').next().unwrap_or_default());
    if call.command.context.remote {
        return gather.opaque("runs a command on another machine");
    }
    let name = call.name.rsplit('/').next().unwrap_or_default();
    if OURS.contains(&name) {
        gather.class(Class::Bridge, format!("`{name}` is the bridge's own, for its person and the hooks"));
    }
    match call.name.rsplit_once('/') {
        Some((directory, name)) => by_path(call, directory, name, gather),
        None => by_name(call, gather),
    }
}

/// A program named by its path: a tool installed in the project counts by its name, all else is run as a file.
fn by_path(call: &Call<'_>, directory: &str, name: &str, gather: &mut Gather) {
    let inside = call.directories.iter().all(|base| gather.in_project(base, call.name));
    let stub = matches!(directory, "bin" | "./bin") && BINSTUBS.contains(&name);
    let installed =
        stub || TOOL_DIRECTORIES.iter().any(|end| directory == *end || directory.ends_with(&format!("/{end}")));
    if inside && (installed || WRAPPER_SCRIPTS.contains(&name)) {
        by_name(&Call { name, ..*call }, gather);
        // Whatever its name says, it is a file of the project.
        if !gather.facts.any(&[Class::Builds, Class::Runs, Class::Unknown]) {
            let class = if WRAPPER_SCRIPTS.contains(&name) { Class::Builds } else { Class::Runs };
            gather.class(class, format!("runs `{}`", call.name));
        }
        return;
    }
    for base in call.directories {
        gather.path(base, call.name, Access::Execute);
    }
    call.mentions(gather);
}

/// Programs that read and write no file but those that their arguments name. Any other may go by files of the project.
const PLAIN: &[&str] = &[
    ":", "[", "[[", "basename", "break", "cat", "cd", "continue", "curl", "cut", "date", "dirname", "echo", "exit",
    "expr", "false", "fold", "head", "hostname", "id", "jq", "ls", "nl", "nproc", "printf", "pwd", "return", "rev",
    "seq", "sleep", "sort", "tac", "tail", "test", "time", "timeout", "tr", "true", "type", "uname", "uniq", "wait",
    "wc", "which", "whoami",
];

/// True for git in the project's own directory, told of no other: it goes by settings that nothing confined writes.
fn is_projects_git(call: &Call<'_>, gather: &Gather) -> bool {
    let names_another = |arg: &Arg| ["-C", "--git-dir", "--work-tree"].iter().any(|to| arg.text.starts_with(to));
    let before = std::iter::once(None).chain(call.args.iter().map(Some));
    let leads_away = |(arg, before): (&Arg, Option<&Arg>)| match arg.exact {
        true => names_another(arg),
        // One word in the place of a message is the message, whatever it holds.
        false => arg.splits || !before.is_some_and(|before| before.exact && MESSAGE.contains(&before.text.as_str())),
    };
    call.name == "git"
        && call.directories.iter().all(|base| gather.is_project(base, "."))
        && !call.args.iter().zip(before).any(leads_away)
}

/// Options of git whose value is a text of the caller's.
const MESSAGE: &[&str] = &["-m", "-am", "--message"];

/// Programs of this house that no agent's own call has to do with: a person's console and keys, the server, the hook, and the launcher,
/// whose lines hooks write.
const OURS: &[&str] = &["ccc-confine", "ccc-hook", "ccc-queue", "ccc-server", "ccc-keygen", "ccc-audit"];

/// Where a project's own tools are installed.
const TOOL_DIRECTORIES: &[&str] = &["node_modules/.bin", ".venv/bin", "venv/bin", "env/bin", "vendor/bin"];
/// Scripts in a project's `bin` that stand for the tool of that name.
const BINSTUBS: &[&str] = &["rails", "rake", "rspec", "rubocop", "bundle", "phpunit", "pest", "phpstan"];
/// Scripts in a project that stand for a build tool.
const WRAPPER_SCRIPTS: &[&str] = &["gradlew", "mvnw"];

fn by_name(call: &Call<'_>, gather: &mut Gather) {
    if asks_version(call) {
        return gather.class(Class::Reads, format!("`{}` prints its version or help", call.name));
    }
    handlers::hidden_code(call, gather);
    match gather.own.clone().named(call.name) {
        Some(taught) => by_owner(call, taught, gather),
        None if by_what_ships(call, gather) => {}
        None => {
            call.unknown(gather, format!("`{}` is not a program known here", call.name));
            call.mentions(gather);
        }
    }
}

/// What ships counts where it knows the call; the owner's table knows more calls, and none of them otherwise.
fn by_owner(call: &Call<'_>, taught: &Taught, gather: &mut Gather) {
    if !taught.replaces {
        let mut tried = gather.clone();
        let known = by_what_ships(call, &mut tried);
        if known && tried.unknowns == gather.unknowns {
            *gather = tried;
            return;
        }
        if let Some(why) = data::misfit(call, &taught.whole).filter(|_| known) {
            *gather = tried;
            return gather.opaque(why);
        }
    }
    data::judge(call, &taught.whole, gather);
    call.guarded(gather);
}

/// False for a program of which nothing ships.
fn by_what_ships(call: &Call<'_>, gather: &mut Gather) -> bool {
    let Some(program) = programs::shipped(call.name) else { return false };
    data::judge(call, program, gather);
    true
}

/// True where the forms of a program say of each argument whether it may be an option: names that may look like one are then told apart.
pub(super) fn tells_options(name: &str, own: &Own) -> bool {
    let known = own.named(name).map(|taught| &taught.whole).or_else(|| programs::shipped(name));
    known.is_some_and(data::has_forms)
}

fn asks_version(call: &Call<'_>) -> bool {
    let plain = call.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c));
    matches!(call.args, [only] if only.exact && matches!(only.text.as_str(), "--version" | "--help" | "-V")) && plain
}

/// A command as it is shown and matched.
pub(super) fn fact(program: &str, args: &[Arg], command: &SimpleCommand, own: &Own) -> CommandFact {
    let shown: Vec<String> = args.iter().map(Arg::shown).collect();
    CommandFact {
        subcommand: subcommand(program, args, own),
        flags: shown.iter().filter(|arg| arg.starts_with('-') && arg.len() > 1).cloned().collect(),
        program: program.to_owned(),
        args: shown,
        via: command.via.clone(),
        remote: command.context.remote,
    }
}

/// Programs whose first operand says what they do, and how many words of it.
fn subcommand(program: &str, args: &[Arg], own: &Own) -> Option<String> {
    let Some((_, words)) = WITH_SUBCOMMANDS.iter().find(|(names, _)| names.contains(&program)) else {
        let known = own.named(program).map(|taught| &taught.whole).or_else(|| programs::shipped(program))?;
        let words = data::words(known, args);
        return (!words.is_empty()).then(|| format!("{program} {}", words.join(" ")));
    };
    let mut named = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next().filter(|_| named.len() < *words) {
        if GLOBAL_VALUES.contains(&arg.text.as_str()) {
            rest.next();
        } else if !arg.text.starts_with(['-', '+']) {
            named.push(arg.shown());
        }
    }
    (!named.is_empty()).then(|| format!("{program} {}", named.join(" ")))
}

/// Options with a value that stand before the subcommand.
const GLOBAL_VALUES: &[&str] = &[
    "-C", "-c", "--git-dir", "--work-tree", "--namespace", "--manifest-path", "--config", "--prefix", "--cwd", "--dir",
    "-H", "--host", "--context", "-R", "--repo", "--profile", "--region", "--project",
];

const WITH_SUBCOMMANDS: &[(&[&str], usize)] = &[
    (
        &[
            "git", "cargo", "go", "pip", "pip3", "docker", "podman", "kubectl", "helm", "brew", "apt", "apt-get",
            "dnf", "yum", "apk", "systemctl", "gem", "bundle",
        ],
        1,
    ),
    (
        &[
            "poetry", "uv", "terraform", "dotnet", "mvn", "gradle", "make", "just", "rustup", "mix", "composer",
            "conda", "deno", "svn", "hg", "jj", "crontab",
        ],
        1,
    ),
    (&["npm", "yarn", "pnpm", "bun", "gh", "glab", "aws", "gcloud", "az", "claude", "codex", "gemini"], 2),
];

impl Call<'_> {
    /// `arg` is a path and touched so.
    fn path(&self, arg: &Arg, access: Access, gather: &mut Gather) {
        if !arg.exact {
            return gather.opaque(format!("`{}` gets a path that is known only when it runs", self.name));
        }
        for directory in self.directories {
            gather.path(directory, &arg.text, access);
        }
    }

    /// All of `args` are paths and touched so.
    fn paths<'a>(&self, args: impl IntoIterator<Item = &'a Arg>, access: Access, gather: &mut Gather) {
        for arg in args {
            self.path(arg, access, gather);
        }
    }

    /// `args` are read with all that lies beneath.
    fn wholes<'a>(&self, args: impl IntoIterator<Item = &'a Arg>, gather: &mut Gather) {
        for arg in args {
            for directory in self.directories {
                gather.whole(directory, &arg.text);
            }
        }
    }

    /// The call makes, builds or runs what the project holds; elsewhere that is unknown.
    fn in_project(&self, class: Class, reason: &str, gather: &mut Gather) {
        if self.directories.iter().all(|directory| gather.in_project(directory, ".")) {
            gather.class(class, reason);
        } else {
            gather.opaque(format!("{reason}, outside of the project"));
        }
    }

    /// `arg` names a file or directory that decides what is run; outside of the project that is unknown.
    fn decides(&self, arg: &Arg, gather: &mut Gather) {
        let fetched = arg.text.contains("://") || arg.text.starts_with("git+");
        let inside = arg.exact
            && arg.text != "-"
            && !fetched
            && self.directories.iter().all(|directory| gather.in_project(directory, &arg.text));
        if !inside {
            gather.opaque(format!("`{}` is led by `{}`, outside of the project", self.name, arg.shown()));
        }
    }

    /// What the arguments are as paths: places of secrets and of hooks count, whatever a table says of the argument.
    fn guarded(&self, gather: &mut Gather) {
        let values = self.args.iter().flat_map(|arg| arg.text.split(['=', ',', ':']));
        for text in self.args.iter().map(|arg| arg.text.as_str()).chain(values) {
            let text = text.trim_start_matches(['@', '<']);
            let text = text.strip_prefix("file://").or_else(|| text.strip_prefix("fileb://")).unwrap_or(text);
            for directory in self.directories {
                gather.guard(directory, text);
            }
        }
    }

    /// Paths and hosts that stand in the arguments of a program of which nothing is known.
    fn mentions(&self, gather: &mut Gather) {
        for arg in self.args {
            let text = arg
                .text
                .split_once('=')
                .filter(|_| arg.text.starts_with('-'))
                .map_or(arg.text.as_str(), |(_, value)| value);
            if let Some(host) = hosts::of_url(text) {
                gather.host(&host, false);
            } else if arg.exact
                && (text.starts_with(['/', '~', '.']) || text.contains('/'))
                && text.len() > 1
                && !text.contains("://")
            {
                self.path(&arg.with_text(text), Access::Read, gather);
            }
            // `-v /from:/to`, `source=/from,target=/to`.
            let leads_away = |piece: &&str| piece.starts_with(['/', '~']) && piece.len() > 1;
            for piece in text.split(['=', ',', ':']).filter(|_| !text.contains("://")).filter(leads_away) {
                self.path(&arg.with_text(piece), Access::Read, gather);
            }
        }
    }

    /// What a program runs that takes a command line: judged as if it stood alone.
    fn runs(&self, program: &Arg, args: &[Arg], gather: &mut Gather) {
        let name = shell::program_name(&program.text);
        if self.nested >= NESTED_MAX || !program.exact || program.pattern || !names_a_program(name) {
            return gather.opaque(format!("`{}` runs `{}`, which is not followed there", self.name, program.shown()));
        }
        let unseen = |arg: &Arg| arg.may_look_like_an_option() && !tells_options(name, &gather.own);
        let args: Vec<Arg> = args.iter().map(|arg| if unseen(arg) { arg.unseen() } else { arg.clone() }).collect();
        let via = self.command.via.iter().cloned().chain([self.name.to_owned()]).collect();
        gather.command(CommandFact { via, ..fact(name, &args, self.command, &gather.own) });
        judge(&Call { name, args: &args, nested: self.nested + 1, ..*self }, gather);
    }

    /// What this program does is not known; where the shell puts something in its place, what it is told is not either.
    fn unknown(&self, gather: &mut Gather, reason: impl Into<String>) {
        match self.args.iter().all(|arg| arg.exact) {
            true => gather.unknown_code(reason),
            false => gather.opaque(reason),
        }
    }

    fn runs_other(&self, option: &str, gather: &mut Gather) {
        gather.opaque(format!("`{} {option}` can run another program", self.name));
    }
}

/// False for what no program is called, and for shells and wrappers, whose arguments are taken for commands elsewhere.
fn names_a_program(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && !name.contains('=') && !shell::reads_itself(name)
}

/// True for a path that may lead out of the project. `...` is any directory beneath to `go`, and `//...` the project to `bazel`.
fn lies_elsewhere(path: &str) -> bool {
    path != "//..." && (path.starts_with(['/', '~']) || path.replace("...", "").contains(".."))
}
