//! Little languages in an argument: `sed`, `awk`, `jq` and the tests of `find`.

use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Style};
use crate::facts::{Access, Class};

/// Adds what the program does; false where it is none of these.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    match call.name {
        "sed" | "gsed" => sed(call, gather),
        "awk" | "gawk" | "mawk" | "nawk" => awk(call, gather),
        "find" | "gfind" => find(call, gather),
        "jq" | "gojq" | "jaq" | "yq" => {
            query(call, gather);
            return false;
        }
        _ => return false,
    }
    true
}

fn sed(call: &Call<'_>, gather: &mut Gather) {
    // `-i` takes its suffix joined to it, so `-i` is a flag to which the rest of the word belongs.
    let in_place =
        |arg: &Arg| arg.text.starts_with("--i") || arg.text.starts_with("-i") || is_cluster_with_i(&arg.text);
    let writes = call.args.iter().any(in_place);
    let args: Vec<Arg> =
        call.args.iter().filter(|arg| !arg.text.starts_with("-i") && !arg.text.starts_with("--i")).cloned().collect();
    let parsed =
        options::read(&args, &[&["-e", "--expression", "-f", "--file", "-l", "--line-length"]], Style::Letters);
    let plain = |(name, _): &(String, Option<Arg>)| SED_OPTIONS.contains(&name.as_str());
    if !parsed.options.iter().all(plain) {
        gather.opaque("`sed` gets an option that is not known here");
    }
    let given = parsed.values(&["-e", "--expression"]);
    let first = if given.is_empty() { parsed.operands.first().cloned() } else { None };
    let skip = usize::from(first.is_some());
    for script in given.into_iter().chain(first) {
        if !script.exact || !is_plain_sed(&script.text) {
            gather.opaque("a `sed` script that may run or write something");
        }
    }
    let access = if writes { Access::Write } else { Access::Read };
    for suffix in call.args.iter().filter_map(suffix) {
        kept(call, &suffix, parsed.operands.iter().skip(skip), gather);
    }
    // BSD's `-i ''` leaves an empty operand behind.
    let files: Vec<&Arg> = parsed.operands.iter().skip(skip).filter(|arg| !arg.text.is_empty() || !arg.exact).collect();
    call.paths(files, access, gather);
    gather.class(Class::Reads, "`sed` edits a stream");
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

const SED_OPTIONS: &[&str] = &[
    "-n", "-e", "-E", "-r", "-s", "-u", "-z", "-i", "--expression", "--quiet", "--silent", "--regexp-extended",
    "--null-data", "--separate", "--unbuffered", "--posix",
];

fn is_cluster_with(text: &str, letter: char) -> bool {
    text.starts_with('-') && !text.starts_with("--") && text.contains(letter)
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

fn awk(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-F", "-v", "--field-separator", "--assign"]], Style::Letters);
    let plain = ["-F", "-v", "--field-separator", "--assign", "--posix", "--csv"];
    if !parsed.options.iter().all(|(name, _)| plain.contains(&name.as_str())) {
        gather.opaque("`awk` gets an option that is not known here");
    }
    let script = parsed.operands.first();
    if !script.is_some_and(|script| script.exact && is_plain_awk(&script.text)) {
        gather.opaque("an `awk` script that may run or write something");
    }
    call.paths(parsed.operands.iter().skip(1).filter(|arg| !sets_variable(&arg.text)), Access::Read, gather);
    gather.class(Class::Reads, "`awk` reads");
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

/// The language of `jq` and `yq` can print the environment and read other files.
fn query(call: &Call<'_>, gather: &mut Gather) {
    if call.args.iter().any(|arg| arg.text.contains("env") || arg.text.contains("$ENV")) {
        gather.class(Class::Credentials, format!("`{}` prints the environment, where secrets lie", call.name));
    }
    if call.args.iter().any(|arg| !arg.exact || reads_others(&arg.text)) {
        gather.opaque(format!("a `{}` script that may read other files", call.name));
    }
    let from_file = |text: &str| text == "--from-file" || is_cluster_with(text, 'f');
    if call.args.iter().any(|arg| from_file(&arg.text)) {
        gather.opaque(format!("`{}` takes its script from a file", call.name));
    }
}

/// True for a script with a word that reads files or runs text as a script. Behind a `.` it is a field's name.
fn reads_others(script: &str) -> bool {
    const WORDS: &[&str] = &["import", "include", "modulemeta", "load", "eval", "system"];
    WORDS.iter().flat_map(|word| script.match_indices(word)).any(|(at, word)| {
        let before = script.get(..at).and_then(|text| text.chars().next_back());
        let after = script.get(at..).unwrap_or_default();
        let after = after.trim_start_matches(|c: char| c == '_' || c.is_ascii_alphanumeric()).trim_start();
        before.is_none_or(|c| c != '.' && c != '_' && !c.is_ascii_alphanumeric())
            && (word == "modulemeta" || after.starts_with(['"', '(', '#']))
    })
}

fn find(call: &Call<'_>, gather: &mut Gather) {
    let is_test = |arg: &&Arg| arg.text.starts_with(['-', '(', '!']) && !is_leading_flag(&arg.text);
    if call.args.iter().any(|arg| matches!(arg.text.as_str(), "-D" | "-f")) {
        gather.opaque("`find` gets an option that is not known here");
    }
    let roots: Vec<Arg> =
        call.args.iter().take_while(|arg| !is_test(arg)).filter(|arg| !arg.is_option()).cloned().collect();
    let roots = if roots.is_empty() { vec![Arg::known(".")] } else { roots };
    let tests: Vec<&Arg> = call.args.iter().skip_while(|arg| !is_test(arg)).collect();
    call.paths(&roots, Access::Read, gather);
    gather.class(Class::Reads, "`find` lists files");
    for (at, test) in tests.iter().enumerate() {
        let next = tests.get(at + 1);
        match test.text.as_str() {
            "-delete" => removed(call, &roots, &tests, gather),
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => call.paths(next.copied(), Access::Write, gather),
            "-files0-from" | "-exec" | "-execdir" | "-ok" | "-okdir" => call.runs_other(&test.text, gather),
            _ if !test.exact && test.text.is_empty() => {
                gather.opaque("`find` gets a test that is known only when it runs");
            }
            _ => {}
        }
    }
}

/// Flags that stand before the roots, on any system.
fn is_leading_flag(text: &str) -> bool {
    text.starts_with("-O") || matches!(text, "-H" | "-L" | "-P" | "-E" | "-X" | "-d" | "-s" | "-x")
}

/// `-delete` removes what fits the tests; without one, everything.
fn removed(call: &Call<'_>, roots: &[Arg], tests: &[&Arg], gather: &mut Gather) {
    let either = |test: &&Arg| matches!(test.text.as_str(), "!" | "-not" | "-o" | "-or" | ",") || !test.exact;
    let name =
        tests.iter().position(|test| matches!(test.text.as_str(), "-name" | "-iname")).and_then(|at| tests.get(at + 1));
    let name = name.filter(|_| !tests.iter().any(either));
    for root in roots {
        let top = root.text.trim_end_matches('/');
        let text = match name {
            Some(name) => format!("{top}/**/{}", name.text),
            None if tests.len() > 1 => format!("{top}/**"),
            None => root.text.clone(),
        };
        call.path(&root.with_text(&text), Access::Delete, gather);
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
