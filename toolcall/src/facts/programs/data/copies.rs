//! Copies and moves: what a target becomes where it is a directory, and what lands over the project's own files.

use super::Fit;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::Call;
use crate::facts::{Access, hosts};
use crate::programs::form::Kind;

/// Adds what is done to one end of a copy.
pub(super) fn argument(call: &Call<'_>, kind: &Kind, arg: &Arg, gather: &mut Gather) {
    let to = *kind == Kind::To;
    if let Some(host) = hosts::of_copy(&arg.text) {
        return gather.host(&host, to);
    }
    // What is moved out of a temporary directory is not missed there.
    let temporary = || call.directories.iter().all(|directory| gather.is_temporary(directory, &arg.text));
    let access = match kind {
        Kind::Moved if !temporary() => Access::Delete,
        Kind::From => Access::Read,
        _ => Access::Write,
    };
    call.path(arg, access, gather);
    if !to {
        call.wholes([arg], gather);
    }
}

/// Adds what the ends of a copy come to together.
pub(super) fn judge(call: &Call<'_>, fit: &Fit<'_>, gather: &mut Gather) {
    let values = fit.options.iter().filter_map(|given| given.value.as_ref());
    let ends: Vec<(&Kind, &Arg)> = values.chain(&fit.operands).map(|(kind, arg)| (*kind, arg)).collect();
    let local = |wanted: &[Kind]| -> Vec<&Arg> {
        let of_kind = ends.iter().filter(|(kind, _)| wanted.contains(kind));
        of_kind.map(|(_, arg)| *arg).filter(|arg| hosts::of_copy(&arg.text).is_none()).collect()
    };
    let (from, to) = (local(&[Kind::From, Kind::Moved]), local(&[Kind::To]));
    for target in to.iter().filter(|target| target.exact) {
        call.directories.iter().for_each(|directory| gather.fill(directory, &target.text));
    }
    beneath_target(call, &from, &to, gather);
    // What lies in a directory goes by names that are not in the call: over the project's own they may be hooks or settings.
    let mut copied = ends.iter().filter(|(kind, _)| matches!(kind, Kind::From | Kind::Moved)).peekable();
    // Where nothing is named to copy, something is unpacked.
    let contents = copied.peek().is_none() || copied.any(|(_, arg)| is_contents(call.name, arg));
    let over_project = to.iter().any(|arg| {
        let project = |directory: &String| gather.is_project(directory, &arg.text);
        arg.text.trim_end_matches('/') == "." || call.directories.iter().any(project)
    });
    if contents && over_project {
        gather.opaque("copies files whose names are not in the call over the project's");
    }
}

/// True where not the directory that is named is copied, but what lies in it.
fn is_contents(program: &str, from: &Arg) -> bool {
    from.text == "."
        || from.text.ends_with("/.")
        || program == "rsync" && (from.text.ends_with('/') || from.pattern || hosts::of_copy(&from.text).is_some())
}

/// What a copy becomes if the target is a directory.
fn beneath_target(call: &Call<'_>, from: &[&Arg], to: &[&Arg], gather: &mut Gather) {
    for target in to.iter().filter(|target| target.exact) {
        for source in from.iter().filter(|source| source.exact) {
            let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let made = format!("{}/{name}", target.text);
            call.directories.iter().for_each(|directory| gather.implied(directory, &made, Access::Write));
        }
    }
}
