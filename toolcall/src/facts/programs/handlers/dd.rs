//! `dd`, whose arguments are settings.

use crate::facts::gather::Gather;
use crate::facts::programs::Call;
use crate::facts::{Access, Class};
use crate::programs::form::Program;

/// Settings that only say how it copies.
const PLAIN: &[&str] =
    &["bs", "cbs", "conv", "count", "ibs", "iflag", "obs", "oflag", "seek", "skip", "status", "iseek", "oseek"];

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    gather.class(Class::Reads, "`dd` copies");
    for arg in call.args {
        match arg.text.split_once('=') {
            Some(("if", file)) => call.path(&arg.with_text(file), Access::Read, gather),
            Some(("of", file)) => call.path(&arg.with_text(file), Access::Write, gather),
            Some((name, _)) if PLAIN.contains(&name) => {}
            _ => gather.opaque(format!("`dd` gets `{}`, which is not known here", arg.shown())),
        }
    }
}
