//! Which options of which git subcommand take a value.

use crate::facts::args::Arg;
use crate::facts::options::{self, Parsed, Style};

/// Reads what stands after the subcommand `name`.
pub(super) fn read(name: &str, rest: &[Arg]) -> Parsed {
    const COMMON: &[&str] = &[
        "--since",
        "--until",
        "--after",
        "--before",
        "--author",
        "--grep",
        "--max-count",
        "--sort",
        "--depth",
        "--contents",
        "--add-file",
        "--branch",
        "--message",
        "--file",
        "--source",
        "--strategy",
        "--origin",
        "--reference",
        "--output",
        "--exec",
        "--upload-pack",
        "--receive-pack",
        "--template",
        "--config",
        "--onto",
        "--author",
        "--date",
        "--open-files-in-pager",
        "--repo",
        "--push-option",
        "--jobs",
        "--pathspec-from-file",
        "--prefix",
        "--output-directory",
    ];
    let short: &[&str] = match name {
        "commit" => &["-m", "-F", "-C", "-c", "-t"],
        "log" | "show" | "shortlog" | "rev-list" | "diff" => &["-n", "-S", "-G", "-L", "-U", "-O"],
        "clone" => &["-b", "-o", "-c", "-u", "-j"],
        "push" => &["-o"],
        "rebase" => &["-x", "-s", "-X"],
        "merge" | "cherry-pick" | "revert" | "pull" => &["-m", "-s", "-X", "-F"],
        "grep" => &["-A", "-B", "-C", "-e", "-f", "-m"],
        "tag" | "notes" | "stash" => &["-m", "-F"],
        "checkout" | "switch" | "worktree" => &["-b", "-B", "-c", "-C"],
        "restore" => &["-s"],
        "archive" | "format-patch" => &["-o"],
        "clean" => &["-e"],
        "blame" => &["-L", "-S"],
        _ => &[],
    };
    options::read(rest, &[COMMON, short], Style::Letters)
}
