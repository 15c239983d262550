//! `ln`: a link makes its target reachable under another name, which no later call shows.

use crate::facts::Access;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::form::Program;

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    let mut targets = fit.operands();
    let mut links = fit.values(&["-t", "--target-directory"]);
    if links.is_empty() && targets.len() > 1 {
        let last = targets.last().map_or(0, |arg| arg.word);
        (targets, links) = targets.into_iter().partition(|arg| arg.word != last);
    }
    if links.is_empty() {
        links.push(Arg::known("."));
    }
    call.paths(&targets, Access::Read, gather);
    call.paths(&links, Access::Write, gather);
    // With `-r` the program itself counts the target from the working directory.
    let from_link = fit.has(&["-s", "--symbolic"]) && !fit.has(&["-r", "--relative"]);
    let inside = |text: &str| call.directories.iter().all(|directory| gather.in_project(directory, text));
    let stays = |target: &Arg| {
        target.exact && links.iter().all(|link| link.exact && inside(&seen_from(&target.text, &link.text, from_link)))
    };
    if !targets.iter().all(stays) {
        gather.opaque("links to something outside of the project");
    }
    for (target, link) in targets.iter().flat_map(|target| links.iter().map(move |link| (target, link))) {
        let name = target.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let made = format!("{}/{name}", link.text);
        call.directories.iter().for_each(|directory| gather.implied(directory, &made, Access::Write));
    }
}

/// A symbolic link's target counts from where the link lies.
fn seen_from(target: &str, link: &str, from_link: bool) -> String {
    match link.rsplit_once('/') {
        Some((parent, _)) if from_link && !target.starts_with(['/', '~']) => format!("{parent}/{target}"),
        _ => target.to_owned(),
    }
}
