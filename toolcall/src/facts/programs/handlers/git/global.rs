//! What stands before a git subcommand, and the settings that may be given there or set for good.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::Call;

/// Options before the subcommand: where it runs, and settings for this one call. `None` where they are not understood.
pub(super) fn before_subcommand(call: &Call<'_>, gather: &mut Gather) -> Option<(usize, Vec<String>)> {
    let mut directories = call.directories.to_vec();
    let mut at = 0;
    while let Some(arg) = call.args.get(at).filter(|arg| arg.is_option()) {
        let next = call.args.get(at + 1);
        at += 1;
        match arg.text.as_str() {
            "--no-pager"
            | "-P"
            | "--no-replace-objects"
            | "--no-optional-locks"
            | "--literal-pathspecs"
            | "--version"
            | "--help"
            | "--no-advice" => {}
            "-C" => {
                let target = next.filter(|next| next.exact)?;
                directories = directories
                    .iter()
                    .filter_map(|base| crate::facts::paths::resolve(base, &target.text, gather.home.as_deref()))
                    .collect();
                at += 1;
            }
            "-c" => {
                setting(next.map_or("", |next| next.text.as_str()), "-c", gather);
                at += 1;
            }
            "--git-dir" | "--work-tree" | "--namespace" => {
                leads(&arg.text, next?, &directories, gather);
                at += 1;
            }
            text if text.starts_with("--git-dir=") || text.starts_with("--work-tree=") => {
                let (option, value) = text.split_once('=')?;
                leads(option, &arg.with_text(value), &directories, gather);
            }
            text => {
                gather.opaque(format!("`git {text}` can run another program"));
                return None;
            }
        }
    }
    Some((at, directories))
}

/// A repository has settings by which git runs programs: only the project's own is one that the agent cannot have written.
fn leads(option: &str, arg: &Arg, directories: &[String], gather: &mut Gather) {
    let own = |directory: &String| match option {
        "--git-dir" => gather.is_projects_repository(directory, &arg.text),
        "--work-tree" => gather.in_project(directory, &arg.text),
        _ => true,
    };
    if !arg.exact || !directories.iter().all(own) {
        gather.opaque(format!("`git {option}` leads to `{}`, which is not the project's own", arg.shown()));
    }
}

/// A setting, given as `key=value` for one call, or set for good.
pub(super) fn setting(text: &str, how: &str, gather: &mut Gather) {
    if let Some(key) = changes_what_runs(text) {
        gather.opaque(format!("`git {how} {key}` changes what git does or runs"));
    }
}

/// The key of a setting that is not known to change nothing of what git does or runs.
pub(super) fn changes_what_runs(text: &str) -> Option<String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let key = key.to_lowercase();
    let plain_pager = key == "core.pager" && matches!(value, "" | "cat");
    let known = |known: &&str| key == *known || known.strip_suffix('*').is_some_and(|start| key.starts_with(start));
    (!plain_pager && !HARMLESS_KEYS.iter().any(known)).then_some(key)
}

/// In lower case, as keys are compared.
const HARMLESS_KEYS: &[&str] = &[
    "user.name", "user.email", "color.*", "advice.*", "core.quotepath", "core.autocrlf", "core.safecrlf",
    "core.abbrev", "core.filemode", "core.ignorecase", "init.defaultbranch", "commit.gpgsign", "tag.gpgsign",
    "pull.rebase", "pull.ff", "merge.ff", "merge.conflictstyle", "rebase.autostash", "rebase.autosquash",
    "push.default", "push.autosetupremote", "diff.renames", "diff.algorithm", "diff.context", "diff.colormoved",
    "log.date", "log.showsignature", "status.short", "fetch.prune", "gc.auto", "grep.linenumber", "column.ui",
    "branch.sort", "tag.sort", "format.pretty", "core.longpaths", "core.precomposeunicode", "safe.barerepository",
];
