//! Formatters and fixers: of a whole tree they change what is not the project's sources only where that is named to them.

use super::Call;
use crate::facts::gather::Gather;

/// The same, as a handler of a program's file.
pub(super) fn handle(call: &Call<'_>, gather: &mut Gather) -> bool {
    judge(call, gather);
    true
}

/// Adds what a formatter may change among the operands: hooks, CI, settings. What else it does is said where it is known as a tool.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) {
    let has = |options: &[&str]| {
        let given =
            |text: &str| options.iter().any(|option| text == *option || text.starts_with(&format!("{option}=")));
        call.args.iter().any(|arg| given(&arg.text))
    };
    let checks = has(&["--check", "--check-only", "--diff", "--dry-run"]);
    let formats = ALWAYS.contains(&call.name) || call.name == "ruff" && has(&["format"]);
    if !(has(FIXES) || WITH_W.contains(&call.name) && has(&["-w"]) || formats && !checks) {
        return;
    }
    for operand in call.args.iter().filter(|arg| !arg.is_option()) {
        for directory in call.directories {
            gather.may_change(directory, &operand.text);
        }
    }
}

/// Change files unless they are told not to.
const ALWAYS: &[&str] = &["black", "isort", "rustfmt", "pyupgrade"];
/// Change files with `-w`, which means something else to others.
const WITH_W: &[&str] = &["prettier", "gofmt", "goimports", "shfmt"];
/// Options by which tools change the files that they are given.
const FIXES: &[&str] = &[
    "--write", "--fix", "--fix-errors", "--unsafe-fixes", "--apply", "--apply-unsafe", "--in-place", "--inplace",
    "--reformat", "--autocorrect", "--auto-correct", "--auto-correct-all", "--autocorrect-all", "-i",
];
