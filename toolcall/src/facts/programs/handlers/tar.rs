//! `tar`: old ways to write its options, and what is unpacked over the project.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::facts::{Access, Class};
use crate::programs::form::Program;

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(args) = dashed(call.args) else { return gather.opaque("`tar` is called in a way that is not read here") };
    let Some(fit) = data::fitted(&Call { args: &args, ..*call }, program, gather) else { return };
    let archives: Vec<Arg> = fit.values(&["-f", "--file"]).into_iter().filter(|arg| arg.text != "-").collect();
    if archives.iter().any(|arg| arg.text.split('/').next().is_some_and(|first| first.contains(':'))) {
        gather.opaque("`tar` reads or writes on another machine");
    }
    let mut into = fit.values(&["-C", "--directory", "--cd"]);
    if fit.has(&["-x", "--extract", "--get"]) {
        call.paths(&archives, Access::Read, gather);
        into.extend(fit.values(&["--one-top-level"]));
        unpack(call, into, gather);
    } else if fit.has(&["-t", "--list", "-d", "--diff"]) {
        call.paths(&archives, Access::Read, gather);
    } else {
        call.paths(&archives, Access::Write, gather);
        let packed = fit.operands();
        call.paths(into.iter().chain(&packed), Access::Read, gather);
        call.wholes(into.iter().chain(&packed), gather);
        gather.class(Class::Reads, "`tar` packs files");
    }
}

/// `tar xzf a` as `tar -xzf a`. Old letters take their values in order, which differs as soon as two of them take one.
fn dashed(args: &[Arg]) -> Option<Vec<Arg>> {
    let (first, rest) = args.split_first()?;
    if first.text.starts_with('-') {
        return Some(args.to_vec());
    }
    let with_value = first.text.chars().filter(|c| "fCTXbgNVLHIFK".contains(*c)).count();
    let file_alone = with_value == 1 && first.text.contains('f');
    // `tar fx a` holds the letter that takes a value inside: moved to the end it means the same.
    let letters: String = first.text.chars().filter(|c| *c != 'f').collect();
    let dashed = first.with_text(&format!("-{letters}{}", if file_alone { "f" } else { "" }));
    (with_value == 0 || file_alone).then(|| std::iter::once(dashed).chain(rest.iter().cloned()).collect())
}

/// What is unpacked over the project itself may be its hooks or settings: only the archive knows the names.
fn unpack(call: &Call<'_>, into: Vec<Arg>, gather: &mut Gather) {
    let into = if into.is_empty() { vec![Arg::known(".")] } else { into };
    if into.iter().any(|arg| call.directories.iter().any(|directory| gather.is_project(directory, &arg.text))) {
        gather.opaque("unpacks files whose names only the archive knows over the project's");
    }
    for arg in &into {
        call.directories.iter().for_each(|directory| gather.fill(directory, &arg.text));
    }
    call.paths(&into, Access::Write, gather);
}
