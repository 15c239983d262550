//! `awk`: a script that only reads is told from one that runs or writes something.

use crate::facts::Access;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::programs::form::Program;

/// Adds what the call does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    let operands = fit.operands();
    let Some((script, files)) = operands.split_first() else { return };
    if !script.exact || !is_plain_awk(&script.text) {
        gather.opaque("an `awk` script that may run or write something");
    }
    call.paths(files.iter().filter(|arg| !sets_variable(&arg.text)), Access::Read, gather);
}

/// True for `name=value`; what has a `=` behind anything else is a file.
fn sets_variable(operand: &str) -> bool {
    operand.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
            && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    })
}

fn is_plain_awk(script: &str) -> bool {
    let compact: String = script.replace("||", "  ").replace(">=", "  ");
    !compact.contains(['|', '@', '`'])
        && (!compact.contains('>') || only_compares(script))
        && !["system", "getline", "ENVIRON", "ARGV", "ARGC", "PROCINFO", "close", "fflush"]
            .iter()
            .any(|word| script.contains(word))
}

/// True where each `>` outside of texts and patterns compares: no `print` stands before it in its statement, or a parenthesis is open. A script in which it is
/// not plain where texts, patterns and statements end is none.
fn only_compares(script: &str) -> bool {
    let mut statement = String::new();
    let mut rest = script.chars();
    while let Some(c) = rest.next() {
        let pattern = match c {
            '/' => begins_pattern(&statement),
            _ => Some(c == '"'),
        };
        match (c, pattern) {
            (_, None) | ('#' | '\\', _) => return false,
            (_, Some(true)) if !passes_text(&mut rest, c) => return false,
            (_, Some(true)) => statement.push('0'),
            ('{' | '}' | ';', _) => statement.clear(),
            // What ends with one of these goes on in the next line.
            ('\n', _) if !statement.trim_end().ends_with([',', '&', '|', '?', ':', '(']) => statement.clear(),
            ('>', _) if statement.contains("print") && !in_parentheses(&statement) => return false,
            _ => statement.push(c),
        }
    }
    true
}

/// True where what follows stands in parentheses, in which `>` compares.
fn in_parentheses(before: &str) -> bool {
    let depth = before.chars().fold(0_usize, |depth, c| match c {
        '(' => depth + 1,
        ')' => depth.saturating_sub(1),
        _ => depth,
    });
    depth > 0
}

/// Goes past the text or pattern that ends with `end`; false where that is not plain.
fn passes_text(rest: &mut std::str::Chars<'_>, end: char) -> bool {
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '\n' => return false,
            '[' | '"' if end == '/' => return false,
            c if c == end => return true,
            _ => {}
        }
    }
    false
}

/// Whether a `/` behind `before` begins a pattern or divides; `None` where that is not plain.
fn begins_pattern(before: &str) -> Option<bool> {
    const KEYWORDS: &[&str] = &["return", "in", "print", "printf", "else", "do", "case", "delete"];
    let before = before.trim_end();
    let last = before.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next_back().unwrap_or_default();
    match before.chars().next_back() {
        None | Some('~' | '!' | '&' | '(' | ',') => Some(true),
        Some(c) if c == '_' || c.is_ascii_alphanumeric() || c == ']' => (!KEYWORDS.contains(&last)).then_some(false),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awk_scripts_that_run_or_write_are_told_from_plain_ones() {
        for script in [
            "{print $1}",
            "NR==1 || $2 >= 3 {s += $1} END {print s}",
            "/x/ && !/y/",
            "NR>1 {s+=$3} END {print s/NR}",
            "length($0) > 120",
            "$3 > 0.5 {print $1}",
            "{ if ($1 > max) max = $1 }",
            "/a>b/ {print \"->\" $1}",
            "$2/2 > 1",
            "NR>1 {print $1 \"\\t\" $2}",
            "{print ($1 > $2)}",
            "{printf(\"%d\\n\", $1 > $2)}",
            "{print (a) (b > c)}",
        ] {
            assert!(is_plain_awk(script), "{script}");
        }
        for script in [
            "BEGIN{system(\"id\")}",
            "{print | \"sh\"}",
            "{print > \"x\"}",
            "BEGIN{\"id\" | getline}",
            "BEGIN{while((getline l < \"x\")>0) print l}",
            "{@f()}",
            "NR>1 {print > \"x\"}",
            "NR>1 {print $1 >> \"x\"}",
            "{printf \"a\" > $1}",
            "{print (1 > 0) > \"x\"}",
            "{print ($1) > \"x\"}",
            "{print \"(\" > \"x\"}",
            "{print /(/ > \"x\"}",
            "{x = \"(\"; print > \"x\"}",
            "{for (i = 0; i > 3; i++) print > \"x\"}",
            "{print a) > \"x\"}",
            "{print \"a;\" > \"x\"}",
            "{print /;/ > \"x\"}",
            "{print $1/2; print /;/ > \"x\"}",
            "{print \"\\\";\" > \"x\"}",
            "{print /[/;]/ > \"x\"}",
            "{print a /;/ > \"x\"}",
            "{print a++ / b > f; c = 1/2}",
            "{print (a) / b > f; c = 1/2}",
            "{print a,\n b > f}",
            "{print a &&\n b > f}",
            "{if (x) print /;/ > f}",
            "{print a++ /;/ > \"x\"}",
            "{print # ;\n > \"x\"}",
            "NR>1 {system(\"id\")}",
            "NR>1 {print | \"sh\"}",
            "BEGIN{for(k in ENVIRON) print}",
        ] {
            assert!(!is_plain_awk(script), "{script}");
        }
    }
}
