//! `python`: modules that are tools are known by files of that name, and code that the call itself holds is read.

use super::plain_code;
use crate::facts::Class;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::{form::Program, shipped};

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let mut at = 0;
    while let Some(arg) = call.args.get(at).filter(|arg| arg.exact && arg.is_option() && arg.text != "-m") {
        at += if matches!(arg.text.as_str(), "-W" | "-X") { 2 } else { 1 };
    }
    match call.args.get(at) {
        Some(arg) if arg.text == "-m" => module(call, program, at, gather),
        Some(arg) if arg.text != "-" || !arg.exact => drop(data::fitted(call, program, gather)),
        _ => match call.written_here() {
            Some(code) if at == 0 => plain_code::python(call, &code, gather),
            _ => drop(data::fitted(call, program, gather)),
        },
    }
}

/// What stands behind `-m`, at this argument.
fn module(call: &Call<'_>, program: &Program, at: usize, gather: &mut Gather) {
    let flags = call.args.get(..at).unwrap_or_default();
    if let Err(why) = data::fit(program, call.name, flags) {
        gather.opaque(why);
    }
    let Some(module) = call.args.get(at + 1).filter(|arg| arg.exact) else {
        return gather.opaque("`python -m` gets a module that is known only when it runs");
    };
    let name = format!("python -m {}", module.text);
    let args = call.args.get(at + 2..).unwrap_or_default();
    let inner = Call { name: &name, args, ..*call };
    match shipped(&name) {
        _ if matches!(args, [only] if only.exact && matches!(only.text.as_str(), "--version" | "--help")) => {
            gather.class(Class::Reads, format!("`{name}` prints its version or help"));
        }
        Some(tool) => {
            call.in_project(Class::Builds, "loads a module, perhaps one of where it starts", gather);
            data::judge(&inner, tool, gather);
        }
        None => {
            call.in_project(Class::Runs, &format!("runs the module `{}`", module.text), gather);
            inner.mentions(gather);
        }
    }
}
