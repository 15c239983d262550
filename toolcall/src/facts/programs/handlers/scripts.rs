//! `pnpm NAME` and `bun run NAME`: a script of the project, and where it has none of that name, a program of the machine.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::form::Program;
use crate::{programs::shipped, shell};

/// What projects call their scripts, though programs have these names too.
const SCRIPTS: &[&str] = &["test", "start", "watch", "install", "time", "top", "history", "info", "check", "help"];

/// Adds what the call does: a name that a program is known by is that program.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    if !matches!(fit.words.as_slice(), [] | ["run"]) {
        return;
    }
    let operands = fit.operands();
    let Some((name, _)) = operands.split_first() else { return };
    let is_program = shipped(&name.text).is_some() || shell::reads_itself(&name.text);
    if is_program && !SCRIPTS.contains(&name.text.as_str()) {
        let at = call.args.iter().position(|arg| arg.text == name.text).unwrap_or(0);
        let args: Vec<Arg> = call.args.iter().skip(at + 1).cloned().collect();
        call.runs(name, &args, gather);
    }
}
