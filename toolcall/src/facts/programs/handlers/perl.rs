//! `perl -pe 's/a/b/'`: a substitution over lines, told from all other code.

use crate::facts::Access;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::form::Program;

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    let scripts = fit.values(&["-e"]);
    if scripts.is_empty() {
        return;
    }
    if !fit.has(&["-p", "-n"]) || !scripts.iter().all(|script| script.exact && substitutes(&script.text)) {
        call.unknown(gather, "`perl -e` runs code that is not read here");
    }
    let files = fit.operands();
    for suffix in fit.values(&["-i"]) {
        for file in &files {
            let kept = format!("{}{}", file.text, suffix.text);
            call.directories.iter().for_each(|directory| gather.implied(directory, &kept, Access::Write));
        }
    }
    call.paths(&files, if fit.has(&["-i"]) { Access::Write } else { Access::Read }, gather);
}

/// True for `s/a/b/g; s|c|d|` with nothing in it that perl would run.
fn substitutes(script: &str) -> bool {
    let runs = script.contains(['@', '`', '\n']) || script.contains("(?{") || script.contains("(??");
    let mut rest = script.trim();
    while !rest.is_empty() && !runs {
        let Some(next) = past_substitution(rest).or_else(|| past_choice(rest)) else { return false };
        rest = next.trim_start_matches([';', ' ']);
    }
    !runs && variables_are_matches(script)
}

/// What stands behind `print if /a/`.
fn past_choice(text: &str) -> Option<&str> {
    let pattern = text.strip_prefix("print if /").or_else(|| text.strip_prefix("print unless /"))?;
    let (inside, behind) = pattern.split_once('/')?;
    let behind = behind.trim_start_matches('i');
    (!inside.ends_with('\\') && (behind.is_empty() || behind.starts_with([';', ' ']))).then_some(behind)
}

/// What stands behind the substitution at the start.
fn past_substitution(text: &str) -> Option<&str> {
    let body = text.strip_prefix('s')?;
    let end = body.chars().next().filter(|c| "/|,!#%".contains(*c))?;
    let mut ends = 0;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        ends += usize::from(c == end && !escaped);
        escaped = c == '\\' && !escaped;
        if ends == 3 {
            let flags = body.get(at + c.len_utf8()..)?;
            let behind = flags.trim_start_matches(['g', 'i', 'm', 's', 'x']);
            return (behind.is_empty() || behind.starts_with([';', ' '])).then_some(behind);
        }
    }
    None
}

/// True where each `$` ends a line or stands for a match: no other variable, which could be made to run code.
fn variables_are_matches(script: &str) -> bool {
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '$' if !chars.peek().is_none_or(|next| next.is_ascii_digit() || "/|,!#%)&".contains(*next)) => {
                return false;
            }
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::substitutes;

    #[test]
    fn substitutions_are_told_from_code() {
        for script in [
            "s/a/b/", "s/a\\/b/c/g; s|x|y|", "s/^(\\w+)$/$1,$1/", "print if /a|b/i", "print unless /^#/; s/a/b/",
            "s/\\$x/y/",
        ] {
            assert!(substitutes(script), "{script}");
        }
        for script in [
            "s/a/system(1)/e", "s/a/b/ee", "system 1", "s/a/@{[system 1]}/", "s/a/${\\ system 1}/",
            "s/(?{system 1})//", "s/a/b/; system 1", "s/a/`id`/", "s{a}{b}e", "s/a/b", "s/$x/y/", "s/a/b/w",
            "print if system 1", "print if /x/ && system 1", "print if /\\/;system 1/",
        ] {
            assert!(!substitutes(script), "{script}");
        }
    }
}
