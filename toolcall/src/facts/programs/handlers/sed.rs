//! `sed`: a script that only edits is told from one that runs or writes something.

use crate::facts::Access;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::form::Program;

/// Adds what the call does. `-i` takes its suffix joined to it, so what stands behind it in a cluster is no option.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let suffixes: Vec<Arg> = call.args.iter().filter_map(suffix).collect();
    let writes = call.args.iter().any(edits_in_place);
    let args: Vec<Arg> = call.args.iter().filter_map(without_in_place).collect();
    let Some(fit) = data::fitted(&Call { args: &args, ..*call }, program, gather) else { return };
    let given = fit.values(&["-e", "--expression"]);
    let mut files = fit.operands();
    let scripts = if given.is_empty() && !files.is_empty() { vec![files.remove(0)] } else { given };
    if !scripts.iter().all(|script| script.exact && is_plain_sed(&script.text)) {
        gather.opaque("a `sed` script that may run or write something");
    }
    for suffix in &suffixes {
        kept(call, suffix, files.iter(), gather);
    }
    // BSD's `-i ''` leaves an empty operand behind.
    let files = files.iter().filter(|arg| !arg.text.is_empty() || !arg.exact);
    call.paths(files, if writes { Access::Write } else { Access::Read }, gather);
}

fn edits_in_place(arg: &Arg) -> bool {
    let long = arg.text.split('=').next().unwrap_or_default();
    let abbreviated = long.len() > 2 && "--in-place".starts_with(long);
    abbreviated || long == "--inplace" || is_cluster_with_i(&arg.text)
}

/// `-ni.bak` as `-n`, and `-i` as nothing.
fn without_in_place(arg: &Arg) -> Option<Arg> {
    if !edits_in_place(arg) {
        return Some(arg.clone());
    }
    let before = arg.text.split_once('i').map_or("", |(before, _)| before).trim_start_matches("--");
    (before.len() > 1).then(|| Arg { exact: true, ..arg.with_text(before) })
}

/// What `-iSUFFIX` or `--in-place=SUFFIX` adds to the name under which the old file is kept.
fn suffix(arg: &Arg) -> Option<Arg> {
    let text = arg.text.as_str();
    let suffix = if text.starts_with("--i") {
        text.split_once('=').map_or("", |(_, suffix)| suffix)
    } else if is_cluster_with_i(text) {
        text.split_once('i').map_or("", |(_, suffix)| suffix)
    } else {
        return None;
    };
    (!suffix.is_empty() || !arg.exact).then(|| arg.with_text(suffix))
}

/// The old files are kept under their names and `suffix`. With a `*` in it their names are put there, with a `/` they go elsewhere.
fn kept<'a>(call: &Call<'_>, suffix: &Arg, files: impl Iterator<Item = &'a Arg>, gather: &mut Gather) {
    if !suffix.exact || suffix.text.contains(['/', '*']) {
        return gather.opaque("`sed` keeps the old file under a name that is not followed here");
    }
    for file in files {
        let text = format!("{}{}", file.text, suffix.text);
        call.directories.iter().for_each(|directory| gather.implied(directory, &text, Access::Write));
    }
}

fn is_cluster_with_i(text: &str) -> bool {
    text.starts_with('-')
        && !text.starts_with("--")
        && text.chars().skip(1).take_while(|c| "nErsuzi".contains(*c)).any(|c| c == 'i')
}

/// True for scripts of addresses, `p d q = n N D P g G h H x { }`, `s` and `y` with plain flags, and nothing that runs or writes.
fn is_plain_sed(script: &str) -> bool {
    let chars: Vec<char> = script.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        at += 1;
        match c {
            ' ' | '\t' | '\n' | ';' | '{' | '}' | '$' | ',' | '!' | '~' | '+' | '0'..='9' => {}
            'p' | 'd' | 'q' | 'Q' | '=' | 'n' | 'N' | 'D' | 'P' | 'g' | 'G' | 'h' | 'H' | 'x' | 'l' => {}
            '/' => match past(&chars, at, '/') {
                Some(next) => at = next,
                None => return false,
            },
            's' | 'y' => {
                let Some(delimiter) =
                    chars.get(at).copied().filter(|c| !c.is_alphanumeric() && *c != '\n' && *c != '\\')
                else {
                    return false;
                };
                let Some(next) = past(&chars, at + 1, delimiter).and_then(|next| past(&chars, next, delimiter)) else {
                    return false;
                };
                at = next;
                while chars.get(at).is_some_and(|c| "gpiIM0123456789".contains(*c)) {
                    at += 1;
                }
            }
            'a' | 'i' | 'c' => return chars.get(at..).is_some_and(|rest| !rest.contains(&'\n')),
            'I' | 'M' => {}
            _ => return false,
        }
    }
    true
}

/// The place after the next unescaped `end`; a bracket expression does not end at it in GNU sed, so brackets with it are refused.
fn past(chars: &[char], from: usize, end: char) -> Option<usize> {
    let mut at = from;
    let mut bracket = false;
    loop {
        let c = chars.get(at).copied()?;
        at += 1;
        match c {
            '\\' => at += 1,
            '[' => bracket = true,
            ']' => bracket = false,
            c if c == end => return (!bracket).then_some(at),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sed_scripts_that_run_or_write_are_told_from_plain_ones() {
        for script in [
            "1,20p", "s/a/b/g", "/x/,/y/d", "s|/a|/b|", "$!N;s/\\n/ /", "/a\\/b/p", "2q", "s/[a-z]*/x/2", "$d",
            "/^$/d;s/x/y/",
        ] {
            assert!(is_plain_sed(script), "{script}");
        }
        for script in [
            "e", "1e id", "s/a/id/e", "s/a/b/w /etc/x", "w x", "r /etc/shadow", "W x", "s/a", "s/x/y/ge", "1!e id",
            "R x", "s,a,b,;e id", "a\\\nx\ne id",
        ] {
            assert!(!is_plain_sed(script), "{script}");
        }
    }
}
