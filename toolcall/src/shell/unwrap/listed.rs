//! What names a pipeline can hand to `xargs`: `git ls-files | grep rs$ | xargs wc` touches files beneath the working directory.

use crate::shell::{Redirect, RedirectOp, SimpleCommand, Word};

/// The most filters between the program that lists names and `xargs`.
const FILTERS_MAX: usize = 8;
/// Filters that pass whole lines on when they are given no file.
const FILTERS: &[&str] = &["head", "tail", "sort", "uniq", "shuf", "tac"];

/// The names that the pipeline ending in command `from` can print, as patterns; `None` where they are not known.
pub(super) fn found_by(commands: &[SimpleCommand], from: Option<usize>) -> Option<Vec<Word>> {
    listed(source(commands, from?)?)
}

/// The same names as they are printed: only `find` writes `./` in front of what lies in the working directory, so that none of its
/// names can be an option.
pub(super) fn printed_by(commands: &[SimpleCommand], from: Option<usize>) -> Option<Vec<Word>> {
    let source = source(commands, from?)?;
    let names = listed(source)?;
    let finds = source.name().as_deref() == Some("find");
    Some(if finds { names } else { names.into_iter().map(Word::bare).collect() })
}

/// The command at the start of the pipeline that ends in command `from`, filters left out.
pub(super) fn source(commands: &[SimpleCommand], from: usize) -> Option<&SimpleCommand> {
    let mut command = commands.get(from)?;
    for _ in 0..FILTERS_MAX {
        if !filters(command) {
            return Some(command);
        }
        command = commands.get(command.context.piped_from?)?;
    }
    None
}

/// True where a redirection takes the place of what a command is fed.
pub(super) fn takes_input(command: &SimpleCommand) -> bool {
    command.redirects.iter().any(|redirect| match redirect.op {
        RedirectOp::Read | RedirectOp::ReadWrite | RedirectOp::HereDocument | RedirectOp::HereString => true,
        // `<&3` among them.
        RedirectOp::Duplicate => !matches!(redirect.target.literal().as_deref(), Some("1" | "2")),
        RedirectOp::Write => false,
    })
}

/// What a `find` can hand to its commands: what lies beneath its roots, and the roots themselves where no test chooses by name,
/// age or size.
pub(super) fn found(find: &SimpleCommand) -> Vec<Word> {
    let roots = roots(find);
    if let Some(name) = name_test(find) {
        return roots.into_iter().map(|root| root.beneath(&name)).collect();
    }
    // One more component, so that what a command puts behind a name lies in something found.
    let found = roots.iter().cloned().map(|root| root.beneath("*"));
    let chooses = find.args.iter().any(|word| CHOICES.iter().any(|choice| word.leading().starts_with(choice)));
    if chooses { found.collect() } else { found.chain(roots.iter().cloned()).collect() }
}

/// The pattern of the one `-name` that everything found must fit.
fn name_test(find: &SimpleCommand) -> Option<String> {
    let texts: Vec<String> = find.args.iter().map(|word| word.literal().unwrap_or_default()).collect();
    let either = |text: &String| matches!(text.as_str(), "!" | "-not" | "-o" | "-or" | ",");
    if texts.iter().any(either) {
        return None;
    }
    let at = texts.iter().position(|text| text == "-name" || text == "-iname")?;
    texts.get(at + 1).filter(|name| !name.is_empty() && !name.contains('/')).cloned()
}

const CHOICES: &[&str] = &[
    "-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-empty", "-newer", "-mtime", "-mmin",
    "-size", "-perm", "-user",
];

/// The roots of a `find`: its words up to the first test.
pub(super) fn roots(find: &SimpleCommand) -> Vec<Word> {
    let is_option = |word: &&Word| {
        matches!(word.literal().as_deref(), Some("-H" | "-L" | "-P" | "-E" | "-X" | "-d" | "-s" | "-x"))
            || word.leading().starts_with("-O")
    };
    let is_test = |word: &Word| word.leading().starts_with(['-', '(', '!']);
    let roots: Vec<Word> = find.args.iter().skip_while(is_option).take_while(|word| !is_test(word)).cloned().collect();
    if roots.is_empty() { vec![Word::of(".")] } else { roots }
}

fn filters(command: &SimpleCommand) -> bool {
    let Some(name) = command.name() else { return false };
    let fed = command.context.piped_from.is_some() && is_plainly_redirected(command);
    let plain = |word: &Word| {
        word.literal().is_some_and(|text| text.starts_with('-') || text.chars().all(|c| c.is_ascii_digit()))
    };
    if FILTERS.contains(&name.as_str()) {
        return fed && command.args.iter().all(plain);
    }
    let whole_lines = |word: &Word| {
        word.literal().is_some_and(|text| !text.starts_with('-') || !text.contains(['o', 'f', 'r', 'R', 'l', 'L']))
    };
    let operands = command.args.iter().filter(|word| !word.leading().starts_with('-')).count();
    matches!(name.as_str(), "grep" | "egrep" | "rg") && fed && operands == 1 && command.args.iter().all(whole_lines)
}

/// False where something else is read than what it is fed, or errors go where names go.
fn is_plainly_redirected(command: &SimpleCommand) -> bool {
    let thrown_away = |redirect: &Redirect| {
        redirect.op == RedirectOp::Write && redirect.target.literal().as_deref() == Some("/dev/null")
    };
    command.redirects.iter().all(thrown_away)
}

fn listed(command: &SimpleCommand) -> Option<Vec<Word>> {
    if !is_plainly_redirected(command) {
        return None;
    }
    let has = |option: &str| command.args.iter().any(|word| word.leading() == option);
    let beneath = |words: Vec<Word>| words.into_iter().map(Word::anything_beneath).collect();
    match command.name()?.as_str() {
        "find" if !PRINTS_OTHERWISE.iter().any(|test| has(test)) => Some(found(command)),
        "git" if git_lists_files(command) => Some(beneath(operands(command, 1))),
        "rg" | "ag" if lists_files(command) && !shows_hidden(command) => {
            Some(searched(command).into_iter().map(|root| root.beneath(NOT_HIDDEN)).collect())
        }
        "rg" | "grep" | "ag" if lists_files(command) => Some(beneath(searched(command))),
        // More columns than the name may hold the target of a link.
        "ls" if command.args.iter().all(|word| !word.leading().starts_with('-') || is_plain_listing(word)) => {
            Some(beneath(operands(command, 0)))
        }
        _ => None,
    }
}

/// By these a `find` prints something beside the names, or them in another form, or what is run prints more.
const PRINTS_OTHERWISE: &[&str] =
    &["-printf", "-fprintf", "-ls", "-fls", "-exec", "-execdir", "-ok", "-okdir", "-files0-from"];

fn is_plain_listing(option: &Word) -> bool {
    option.literal().is_some_and(|text| text.chars().skip(1).all(|c| "1aAtrSdUvXcuhRp".contains(c)))
}

/// True for `-l`, `--files` and their kin, which print names and not lines.
fn lists_files(command: &SimpleCommand) -> bool {
    let (wanted, values) = match command.name().as_deref() {
        Some("rg") => ("l", "ABCEMTdefgjmrt"),
        Some("ag") => ("lL", "ABCGWgmp"),
        _ => ("lL", "ABCDOdefm"),
    };
    let words = || command.args.iter().map(Word::leading).take_while(|text| *text != "--");
    words().any(|text| text.starts_with("--files") || text == "--name-only" || has_letter(text, wanted, values))
        // It names the standard input.
        && !words().any(|text| text.starts_with("--lab"))
}

/// True where a cluster of letters has one of `wanted`, and not in the value of one of `values`.
fn has_letter(text: &str, wanted: &str, values: &str) -> bool {
    let cluster = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
    cluster.chars().take_while(|c| !values.contains(*c)).any(|c| wanted.contains(c))
}

/// True where `git` prints names of files in the working tree and nothing else.
fn git_lists_files(command: &SimpleCommand) -> bool {
    // Which option it will be is not known.
    if command.args.iter().any(|word| word.is_expansion() && (word.brace || word.leading().is_empty())) {
        return false;
    }
    let texts = || command.args.iter().map(Word::leading);
    let names = texts().any(|text| text == "--name-only");
    let untitled = texts().any(|text| matches!(text, "--format=" | "--pretty=format:" | "--no-commit-id"));
    let lists = match texts().find(|text| !text.starts_with('-')) {
        Some("grep") => lists_files(command),
        Some("ls-files") => true,
        Some("diff" | "diff-index" | "diff-files") => names,
        Some("log" | "show" | "diff-tree") => names && untitled,
        _ => false,
    };
    lists && !texts().any(prints_more)
}

/// True for an option of git's by which something is printed beside the names, or other names.
fn prints_more(option: &str) -> bool {
    const MORE: &[&str] = &[
        "--f", "--pre", "--line", "--st", "--deb", "--eol", "--patch", "--graph", "--on", "--note", "--show",
        "--no-name", "--no-files", "-s", "-p",
    ];
    const NAMES: &[&str] =
        &["--files", "--format=", "--pretty=format:", "--full-name", "--first-parent", "--staged", "--find-"];
    let known = |name: &&str| option == *name || !name.ends_with(['=', ':']) && option.starts_with(name);
    MORE.iter().any(|start| option.starts_with(start)) && !NAMES.iter().any(known)
}

/// Names that `rg` and its kin list by themselves.
const NOT_HIDDEN: &str = "[!.]*";

/// True where a search is told to look at hidden files too.
fn shows_hidden(command: &SimpleCommand) -> bool {
    let hidden = |text: &str| {
        text.starts_with("--hid")
            || text.starts_with("--unr")
            || text.starts_with('-') && !text.starts_with("--") && text.contains(['u', '.', 'a', 'H'])
    };
    command.args.iter().any(|word| hidden(word.leading()) || word.is_expansion())
}

/// What a search goes through: its operands after the pattern, or the working directory.
fn searched(command: &SimpleCommand) -> Vec<Word> {
    let gives_pattern =
        |word: &Word| ["-e", "-f", "--regexp", "--file"].iter().any(|option| word.leading().starts_with(option));
    let skip = usize::from(!command.args.iter().any(gives_pattern));
    let roots: Vec<Word> =
        command.args.iter().filter(|word| !word.leading().starts_with('-')).skip(skip).cloned().collect();
    if roots.is_empty() { vec![Word::of(".")] } else { roots }
}

/// The working directory, and every word that is no option: more than what is listed, never less.
fn operands(command: &SimpleCommand, skip: usize) -> Vec<Word> {
    let words = command.args.iter().skip(skip).filter(|word| !word.leading().starts_with('-'));
    std::iter::once(Word::of(".")).chain(words.cloned()).collect()
}
