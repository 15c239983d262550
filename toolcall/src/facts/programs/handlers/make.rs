//! `make` and its kin: their settings go to shells.

use crate::facts::args::Arg;
use crate::facts::environment;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data, lies_elsewhere};
use crate::programs::form::Program;

/// Adds what the call does: targets that leave the project are told from those of the project, and settings by what they hold.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    let makes = call.name.ends_with("make");
    for operand in fit.operands() {
        if !operand.exact {
            gather.opaque(format!("`{}` gets a target that is known only when it runs", call.name));
        }
        // What recipes are given they write into lines of a shell.
        if !operand.text.contains('=') && operand.text.contains(RUN_BY_SHELLS) {
            gather.opaque(format!("`{}` gets `{}`, which a shell may run", call.name, operand.shown()));
        }
        if data::leaves(&operand.text) || makes && operand.text.contains("install") {
            gather.opaque(format!("`{} {}` may change what lies outside of the project", call.name, operand.shown()));
        }
        if operand.text.contains('=') {
            setting(call, &operand, makes, gather);
        } else if lies_elsewhere(&operand.text) {
            call.decides(&operand, gather);
        }
    }
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
    } else if lies_elsewhere(&value.text) {
        call.decides(&value, gather);
    }
    let name = name.trim_end_matches([':', '?', '+', '!']).trim_end();
    environment::judge(name, &value, false, call.directories, gather);
    environment::reach(name, &value, call.directories, gather);
}

const RUN_BY_SHELLS: [char; 10] = ['$', '`', ';', '|', '&', '<', '>', '(', ')', '\n'];
