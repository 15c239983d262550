//! Which options of which git subcommand take a value.

use crate::facts::args::Arg;
use crate::facts::options::{self, Parsed, Style};

/// Reads what stands after the subcommand `name`.
pub(super) fn read(name: &str, rest: &[Arg]) -> Parsed {
    const COMMON: &[&str] = &[
        "--since", "--until", "--after", "--before", "--author", "--grep", "--max-count", "--sort", "--depth",
        "--contents", "--add-file", "--message", "--file", "--strategy", "--origin", "--reference", "--output",
        "--exec", "--upload-pack", "--receive-pack", "--template", "--config", "--onto", "--author", "--date",
        "--open-files-in-pager", "--repo", "--push-option", "--jobs", "--pathspec-from-file", "--prefix",
        "--output-directory",
    ];
    // What is a flag of another subcommand stands here and not above: it would hide the operand behind it.
    let own: &[&str] = match name {
        "commit" => &["-m", "-F", "-C", "-c", "-t"],
        "log" | "show" | "shortlog" | "rev-list" | "diff" => &["-n", "-S", "-G", "-L", "-U", "-O"],
        "clone" => &["-b", "--branch", "-o", "-c", "-u", "-j", "--separate-git-dir", "--reference-if-able"],
        "init" => &["-b", "--initial-branch", "--separate-git-dir", "--object-format", "--ref-format"],
        "config" => &["-f", "--comment", "--type", "--default", "--value", "--url", "--blob"],
        "fetch" => &["-j", "-o", "--server-option", "--refmap"],
        "push" => &["-o"],
        "rebase" => &["-x", "-s", "-X"],
        "merge" | "cherry-pick" | "revert" | "pull" => &["-m", "-s", "-X", "-F"],
        "grep" => &["-A", "-B", "-C", "-e", "-f", "-m"],
        "tag" | "notes" | "stash" => &["-m", "-F"],
        "worktree" => &["-b", "-B", "--reason"],
        "checkout" | "switch" => &["-b", "-B", "-c", "-C"],
        "restore" => &["-s", "--source"],
        "archive" | "format-patch" => &["-o"],
        "clean" => &["-e"],
        "blame" => &["-L", "-S"],
        _ => &[],
    };
    options::read(rest, &[COMMON, own], Style::Letters)
}
