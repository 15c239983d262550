//! Programs that pack, unpack and compress files.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Style};
use crate::facts::programs::Call;
use crate::facts::{Access, Class};

pub(super) fn tar(call: &Call<'_>, gather: &mut Gather) {
    let Some(args) = dashed(call.args) else { return gather.opaque("`tar` is called in a way that is not read here") };
    const FILE: &[&str] = &["-f", "--file"];
    const INTO: &[&str] = &["-C", "--directory", "--cd"];
    const READS: &[&str] = &["-X", "--exclude-from", "--add-file", "--owner-map", "--group-map"];
    const WRITES: &[&str] = &["-g", "--listed-incremental", "--index-file", "--volno-file"];
    const ESCAPES: &[&str] = &[
        "-I", "--use-compress-program", "--to-command", "--checkpoint-action", "--rsh-command", "--rmt-command", "-F",
        "--info-script", "--new-volume-script", "--remove-files", "-P", "--absolute-names", "--transform", "--xform",
        // The list may name any file, and older versions take options from it.
        "-T", "--files-from",
    ];
    let values: &[&str] = &[
        "-T", "--files-from", "--exclude", "-b", "--strip-components", "--owner", "--group", "--mode", "--mtime",
        "--format",
    ];
    let parsed = options::read(
        &args,
        &[
            FILE,
            INTO,
            READS,
            WRITES,
            values,
            &["-I", "-F", "--use-compress-program", "--to-command", "--checkpoint-action"],
        ],
        Style::Letters,
    );
    if let Some(option) = parsed.first(ESCAPES) {
        call.runs_other(option, gather);
    }
    let archives: Vec<Arg> = parsed.values(FILE).into_iter().filter(|arg| arg.text != "-").collect();
    if archives.iter().any(|arg| arg.text.split('/').next().is_some_and(|first| first.contains(':'))) {
        gather.opaque("`tar` reads or writes on another machine");
    }
    let added = parsed.values(&["--add-file"]);
    call.paths(&parsed.values(READS), Access::Read, gather);
    call.wholes(&added, gather);
    call.paths(&parsed.values(WRITES), Access::Write, gather);
    let mut into = parsed.values(INTO);
    if parsed.has(&["-x", "--extract", "--get"]) {
        call.paths(&archives, Access::Read, gather);
        into.extend(parsed.values(&["--one-top-level"]));
        unpack(call, into, gather);
    } else if parsed.has(&["-t", "--list", "-d", "--diff"]) {
        call.paths(&archives, Access::Read, gather);
    } else {
        call.paths(&archives, Access::Write, gather);
        call.paths(into.iter().chain(&parsed.operands), Access::Read, gather);
        call.wholes(into.iter().chain(&parsed.operands), gather);
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
    let ends_with_value = first.text.ends_with('f') || with_value == 0;
    let all = || std::iter::once(first.with_text(&format!("-{}", first.text))).chain(rest.iter().cloned()).collect();
    // `tar fx a` holds the value-taking letter inside: moved to the end it means the same.
    let moved = || {
        let letters: String = first.text.chars().filter(|c| *c != 'f').collect();
        std::iter::once(first.with_text(&format!("-{letters}f"))).chain(rest.iter().cloned()).collect()
    };
    match with_value {
        0 | 1 if ends_with_value => Some(all()),
        1 if first.text.contains('f') => Some(moved()),
        _ => None,
    }
}

pub(super) fn zip(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-x", "-i", "-n", "-P", "--exclude", "--include"]], Style::Letters);
    // Two letters are often an option of their own with a value (`-lf`, `-TT`), so only letters that begin none are known.
    let plain = |(name, _): &(String, Option<Arg>)| ZIP_OPTIONS.contains(&name.as_str());
    if let Some((option, _)) = parsed.options.iter().find(|option| !plain(option)) {
        call.runs_other(option, gather);
    }
    call.paths(parsed.operands.iter().take(1), Access::Write, gather);
    call.paths(parsed.operands.iter().skip(1), Access::Read, gather);
    call.wholes(parsed.operands.iter().skip(1), gather);
}

const ZIP_OPTIONS: &[&str] = &[
    "-r", "-q", "-v", "-j", "-y", "-X", "-D", "-u", "-o", "-g", "-9", "-8", "-7", "-6", "-5", "-4", "-3", "-2", "-1",
    "-0", "-x", "-i", "-n", "-P", "--exclude", "--include", "--recurse-paths", "--quiet", "--verbose", "--junk-paths",
    "--symlinks", "--update", "--no-extra", "--no-dir-entries",
];

pub(super) fn unzip(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-d", "-x", "-P"]], Style::Letters);
    call.paths(parsed.operands.iter().take(1), Access::Read, gather);
    if parsed.has(&["-:"]) {
        call.runs_other("-:", gather);
    }
    if parsed.has(&["-l", "-t", "-p", "-v", "-Z", "-z"]) {
        return;
    }
    unpack(call, parsed.values(&["-d"]), gather);
}

/// What is unpacked over the project itself may be its hooks or settings: only the archive knows the names.
fn unpack(call: &Call<'_>, into: Vec<Arg>, gather: &mut Gather) {
    let into = if into.is_empty() { vec![Arg::known(".")] } else { into };
    if into.iter().any(|arg| call.directories.iter().any(|directory| gather.is_project(directory, &arg.text))) {
        gather.opaque("unpacks files whose names only the archive knows over the project's");
    }
    call.paths(&into, Access::Write, gather);
}

/// Programs that put a file in the place of another, whose name differs in the ending.
pub(super) const COMPRESSORS: &[&str] =
    &["gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lz4", "unlz4", "pigz", "unpigz"];

pub(super) fn compressed(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[], Style::Letters);
    // Letters that name the outcome differ from one of these programs to the next.
    const NAMES: &[&str] = &["-o", "-S", "--suffix", "-N", "--name", "--output-dir-flat", "--output-dir-mirror"];
    const LISTS: &[&str] = &["--files", "--files0", "--filelist"];
    if let Some(option) = parsed.first(NAMES).or_else(|| parsed.first(LISTS)) {
        gather.opaque(format!("`{} {option}` writes files whose names are not followed here", call.name));
    }
    call.paths(&parsed.operands, Access::Write, gather);
    let unpacks = call.name.starts_with("un")
        || call.name.starts_with("gun")
        || call.name.starts_with("bun")
        || parsed.has(&["-d", "--decompress", "--uncompress"]);
    for operand in parsed.operands.iter().filter(|_| unpacks) {
        let made = operand.text.rsplit_once('.').map_or(operand.text.as_str(), |(made, _)| made);
        call.directories.iter().for_each(|directory| gather.implied(directory, made, Access::Write));
    }
}
