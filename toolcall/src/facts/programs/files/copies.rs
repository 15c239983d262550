//! Programs that copy, move and link files.

use super::raises_rights;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::programs::Call;
use crate::facts::{Access, Class};

/// `cp`, `mv` and `install`: the last word is where to, unless `-t` says it.
pub(super) fn copy(call: &Call<'_>, sources: Access, gather: &mut Gather) {
    const SUFFIX: &[&str] = &["-S", "--suffix"];
    const MODE: &[&str] = &["-m", "--mode"];
    let installs = call.name == "install";
    let values: &[&str] = if installs { &["-o", "--owner", "-g", "--group"] } else { &[] };
    let mode = if installs { MODE } else { &[] };
    let parsed = options::read(call.args, &[&["-t", "--target-directory"], SUFFIX, mode, values], Style::Letters);
    if parsed.values(mode).iter().any(raises_rights) {
        gather.class(Class::Privilege, "lets a program run with its owner's rights");
    }
    if parsed.has(&["--strip-program"]) {
        call.runs_other("--strip-program", gather);
    }
    if installs && parsed.has(&["-d", "--directory"]) {
        return call.paths(&parsed.operands, Access::Write, gather);
    }
    let to = parsed.values(&["-t", "--target-directory"]);
    let (from, to) = if to.is_empty() { last_word(&parsed) } else { (parsed.operands.clone(), to) };
    for source in &from {
        // What is moved out of a temporary directory is not missed there.
        let temporary = call.directories.iter().all(|directory| gather.is_temporary(directory, &source.text));
        call.path(source, if temporary && sources == Access::Delete { Access::Write } else { sources }, gather);
    }
    call.paths(&to, Access::Write, gather);
    if parsed.has(&["-r", "-R", "-a", "--recursive", "--archive"]) || sources == Access::Delete {
        call.wholes(&from, gather);
    }
    // What lies in a directory goes by names that are not in the call: over the project's own they may be hooks or settings.
    let contents = from
        .iter()
        .any(|arg| arg.text.ends_with("/.") || arg.text == "." || parsed.has(&["-T", "--no-target-directory"]));
    let over_project = to.iter().any(|arg| {
        arg.text.trim_end_matches('/') == "."
            || call.directories.iter().any(|directory| gather.is_project(directory, &arg.text))
    });
    if contents && over_project {
        gather.opaque("copies files whose names are not in the call over the project's");
    }
    beneath_target(call, &from, &to, &parsed.values(SUFFIX), gather);
    if parsed.has(&["--parents"]) && !from.iter().all(|source| is_plain_name(&source.text)) {
        gather.opaque(format!("`{} --parents` makes directories that are not followed here", call.name));
    }
    if sources == Access::Read && !installs && parsed.has(&["-l", "--link", "-s", "--symbolic-link"]) {
        stays_inside(call, &from, &to, parsed.has(&["-s", "--symbolic-link"]), gather);
    }
}

fn is_plain_name(text: &str) -> bool {
    !text.split('/').any(|part| part.starts_with('.'))
}

/// What a copy becomes if the target is a directory, and under which name what was there is kept.
fn beneath_target(call: &Call<'_>, from: &[Arg], to: &[Arg], suffixes: &[Arg], gather: &mut Gather) {
    if suffixes.iter().any(|suffix| !suffix.exact) {
        gather.opaque(format!("`{}` keeps the old file under a name that is known only when it runs", call.name));
    }
    for target in to.iter().filter(|target| target.exact) {
        for source in from.iter().filter(|source| source.exact) {
            let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let made = [target.text.clone(), format!("{}/{name}", target.text)];
            let kept = suffixes.iter().flat_map(|suffix| made.iter().map(|made| format!("{made}{}", suffix.text)));
            for text in made.iter().skip(1).cloned().chain(kept) {
                call.directories.iter().for_each(|directory| gather.implied(directory, &text, Access::Write));
            }
        }
    }
}

/// The operands before the last word, and those of the last word.
fn last_word(parsed: &Parsed) -> (Vec<Arg>, Vec<Arg>) {
    let last = parsed.operands.last().map_or(0, |arg| arg.word);
    parsed.operands.iter().cloned().partition(|arg| arg.word != last)
}

/// A link makes its target reachable under another name, which no later call shows.
pub(super) fn link(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-t", "--target-directory", "-S", "--suffix"]], Style::Letters);
    let named = parsed.values(&["-t", "--target-directory"]);
    let (targets, mut links) = if !named.is_empty() {
        (parsed.operands.clone(), named)
    } else if let [only] = parsed.operands.as_slice() {
        (vec![only.clone()], Vec::new())
    } else {
        last_word(&parsed)
    };
    if links.is_empty() {
        links.push(Arg::known("."));
    }
    call.paths(&targets, Access::Read, gather);
    call.paths(&links, Access::Write, gather);
    // With `-r` the program itself counts the target from the working directory.
    let from_link = parsed.has(&["-s", "--symbolic"]) && !parsed.has(&["-r", "--relative"]);
    stays_inside(call, &targets, &links, from_link, gather);
    beneath_target(call, &targets, &links, &parsed.values(&["-S", "--suffix"]), gather);
}

/// Links to what lies outside are not followed: a later call names only the link.
fn stays_inside(call: &Call<'_>, targets: &[Arg], links: &[Arg], from_link: bool, gather: &mut Gather) {
    let inside = |text: &str| call.directories.iter().all(|directory| gather.in_project(directory, text));
    let reached = |target: &Arg| {
        target.exact && links.iter().all(|link| link.exact && inside(&seen_from(&target.text, &link.text, from_link)))
    };
    if !targets.iter().all(reached) {
        gather.opaque("links to something outside of the project");
    }
}

/// A symbolic link's target counts from where the link lies.
fn seen_from(target: &str, link: &str, from_link: bool) -> String {
    match link.rsplit_once('/') {
        Some((parent, _)) if from_link && !target.starts_with(['/', '~']) => format!("{parent}/{target}"),
        _ => target.to_owned(),
    }
}
