//! Takes wrappers off: what `sudo`, `env`, `timeout`, `sh -c '…'`, `xargs` or `find -exec` run is a command of its own.
//!
//! An option that is not known here may take the next word as its value, so it makes the wrapper [`Opaque::Wrapper`].

mod listed;
mod table;

use self::listed::found_by;
use self::table::{Peel, Wrapper};
use super::{Context, NESTING_MAX, Opaque, RedirectOp, Script, SimpleCommand, Word, parse, program_name};

/// The most names that `find` or `xargs` put into one command before they count as unknown.
const NAMES_MAX: usize = 8;
/// How many levels a text within a text counts for: unlike other nesting, its characters are read once more.
const TEXT_LEVELS: usize = 4;
/// Shells whose grammar is the one read here.
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// Reads `text` and takes the wrappers off.
pub(super) fn read(text: &str) -> Script {
    let mut script = Script::empty();
    let commands = parse::read(&mut script, text, 0, 0);
    add_all(&mut script, commands, 0);
    script
}

/// The names that the last of `commands` prints, as they are printed, where it ends a pipeline that lists files and nothing else;
/// none where there are too many, or they come of another listing.
pub(super) fn names_listed(commands: &[SimpleCommand]) -> Option<Vec<Word>> {
    let last = commands.len().checked_sub(1)?;
    let found = listed::printed_by(commands, Some(last))?;
    (found.len() <= NAMES_MAX && !found.iter().any(Word::has_names)).then_some(found)
}

/// The names that `read` in this script takes line by line from what it is fed; `None` where they are not known.
pub(super) fn names_read(script: &Script, read: &SimpleCommand) -> Option<Vec<Word>> {
    let from = read.context.fed_from?;
    let ends_elsewhere = |command: &SimpleCommand| {
        let redirects_all =
            command.program.is_none() || command.name().is_some_and(|name| name == "exec" || name == "read");
        command.context.fed_from == Some(from) && redirects_all && listed::takes_input(command)
    };
    if script.commands.iter().any(ends_elsewhere) {
        return None;
    }
    // Without `-r` a backslash goes, which only git writes of no name.
    let raw = read.args.iter().any(|word| word.leading().starts_with('-') && word.leading().contains('r'));
    let quotes = |command: &SimpleCommand| command.name().as_deref() == Some("git");
    if !raw && !listed::source(&script.commands, from).is_some_and(quotes) {
        return None;
    }
    listed::printed_by(&script.commands, Some(from)).filter(|found| found.len() <= NAMES_MAX)
}

/// True for shells and wrappers, whatever their arguments.
pub(super) fn takes_off(name: &str) -> bool {
    SHELLS.contains(&name) || matches!(name, "eval" | "trap" | "xargs") || Wrapper::always(name)
}

fn add_all(script: &mut Script, commands: Vec<SimpleCommand>, depth: usize) {
    let mut places: Vec<Option<usize>> = Vec::with_capacity(commands.len());
    for mut command in commands {
        let placed = |from: Option<usize>| from.and_then(|from| places.get(from).copied().flatten());
        command.context.piped_from = placed(command.context.piped_from);
        command.context.fed_from = placed(command.context.fed_from);
        add(script, command, depth);
        places.push(script.commands.len().checked_sub(1));
    }
}

/// Adds a command, or what it wraps.
fn add(script: &mut Script, command: SimpleCommand, depth: usize) {
    let Some(program) = &command.program else { return push(script, command) };
    let Some(name) = program.literal() else {
        script.note(Opaque::Program);
        return push(script, command);
    };
    if depth > NESTING_MAX {
        script.note(Opaque::TooDeep);
        return push(script, command);
    }
    match program_name(&name) {
        shell if SHELLS.contains(&shell) => run_shell(script, command, shell, depth),
        "eval" => evaluate(script, command, depth),
        name if let Some(texts) = arithmetic(name, &command) => {
            script.evaluated.extend(texts);
            push(script, command);
        }
        "trap" => run_trap(script, command, depth),
        "ssh" => run_remote(script, command, depth),
        "find" => run_find(script, command, depth),
        "xargs" => run_xargs(script, command, depth),
        name => match Wrapper::named(name, &command) {
            Some(wrapper) => peel(script, command, wrapper, depth),
            None => push(script, command),
        },
    }
}

/// What a builtin evaluates as arithmetic; `None` for all others.
fn arithmetic(name: &str, command: &SimpleCommand) -> Option<Vec<Word>> {
    let option = |word: &&Word| word.leading().starts_with(['-', '+']);
    let gives_integers = |word: &Word| word.leading().contains(['i', 'E', 'F']);
    match name {
        // Some shells evaluate the status to end with, too.
        "let" | "exit" | "return" | "break" | "continue" | "shift" => Some(command.args.clone()),
        "declare" | "typeset" | "local" | "readonly" | "export"
            if command.args.iter().filter(option).any(gives_integers) =>
        {
            Some(command.args.iter().filter(|word| !option(word)).cloned().collect())
        }
        "integer" | "float" => Some(command.args.clone()),
        // One shell evaluates the numbers of these, too.
        "[" | "test" => Some(parse::compared(&command.args, command.via.iter().any(|by| by == "ksh"))),
        "printf" => Some(printed_as_numbers(&command.args)),
        _ => None,
    }
}

/// The arguments of `printf` that it prints as numbers; some shells evaluate them.
fn printed_as_numbers(words: &[Word]) -> Vec<Word> {
    let Some((format, rest)) = words.split_first() else { return Vec::new() };
    let format = format.leading().replace("%%", "");
    let letters = |text: &str| text.chars().find(char::is_ascii_alphabetic);
    let kinds: Vec<Option<char>> = format.split('%').skip(1).map(letters).collect();
    let is_number = |kind: &Option<char>| kind.is_some_and(|c| "diouxXeEfFgGaA".contains(c));
    if !kinds.iter().any(is_number) && !format.contains('*') {
        return Vec::new();
    }
    // What becomes several arguments moves those behind it, so that each may be a number.
    let splits = |word: &Word| !word.quoted && word.is_expansion();
    let moved = format.contains('*') || rest.iter().any(splits);
    let chosen = rest.iter().zip(kinds.iter().cycle()).filter(|(_, kind)| moved || is_number(kind));
    chosen.map(|(word, _)| word.clone()).collect()
}

fn push(script: &mut Script, command: SimpleCommand) {
    if script.commands.len() < super::COMMANDS_MAX {
        script.commands.push(command);
    } else {
        script.note(Opaque::TooMany);
    }
}

/// The wrapped command takes the wrapper's place: its redirections, assignments and standing.
fn peel(script: &mut Script, mut command: SimpleCommand, wrapper: &Wrapper, depth: usize) {
    match wrapper.peel(&command) {
        Peel::Command { at, assignments } => {
            command.assignments.extend(assignments);
            let args = command.args.split_off(at.min(command.args.len()));
            add(script, inner(command, wrapper.name, args), depth + 1);
        }
        Peel::Nothing => push(script, command),
        Peel::Unknown => {
            script.note(Opaque::Wrapper(wrapper.name.to_owned()));
            push(script, command);
        }
    }
}

/// `outer` with another program and arguments, marked as run by `wrapper`.
fn inner(mut outer: SimpleCommand, wrapper: &str, args: Vec<Word>) -> SimpleCommand {
    let mut words = args.into_iter();
    outer.via.push(wrapper.to_owned());
    SimpleCommand { program: words.next(), args: words.collect(), ..outer }
}

/// `sh -c CODE`, and a shell that reads a literal here-document.
fn run_shell(script: &mut Script, mut command: SimpleCommand, shell: &str, depth: usize) {
    command.context.exports |= exports_all(&command.args);
    match ShellCall::of(&command) {
        ShellCall::Code(text) => {
            let scope = script.open_scope(command.context.scope, true);
            run_text(script, command, shell, &text, scope, depth);
        }
        ShellCall::Hidden => {
            script.note(Opaque::Code(shell.to_owned()));
            push(script, command);
        }
        ShellCall::Other => push(script, command),
    }
}

/// True for the options `-a` and `-o allexport`, wherever they stand.
fn exports_all(words: &[Word]) -> bool {
    let letter = |text: &str| text.starts_with(['-', '+']) && !text.starts_with("--") && text.contains('a');
    words.iter().map(Word::leading).any(|text| letter(text) || text == "allexport")
}

/// What a shell was asked to run.
enum ShellCall {
    /// A literal text.
    Code(String),
    /// A text that is not literal, or options that are not known.
    Hidden,
    /// A file, or nothing.
    Other,
}

impl ShellCall {
    fn of(command: &SimpleCommand) -> Self {
        let mut code = false;
        let mut words = command.args.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.literal() else {
                return if code || word.is_expansion() { Self::Hidden } else { Self::Other };
            };
            match text.as_str() {
                "--login" | "--norc" | "--noprofile" | "--posix" | "--noediting" | "-" | "--" => {}
                "-s" => return Self::of_input(command),
                text if text.starts_with("--") || text.contains('i') && text.starts_with('-') => return Self::Hidden,
                // Each `o` in `-euo` takes a word as its value, and none of them is code.
                text if text.starts_with(['-', '+']) => {
                    code |= text.contains('c');
                    for _ in text.matches(['o', 'O']) {
                        words.next();
                    }
                }
                _ if code => return Self::Code(text),
                _ => return Self::Other,
            }
        }
        if code { Self::Hidden } else { Self::of_input(command) }
    }

    fn of_input(command: &SimpleCommand) -> Self {
        let here = |op| matches!(op, RedirectOp::HereDocument | RedirectOp::HereString);
        match command.redirects.iter().rev().find(|redirect| here(redirect.op)) {
            Some(redirect) => redirect.target.literal().map_or(Self::Hidden, Self::Code),
            None => Self::Hidden,
        }
    }
}

/// The commands of a literal `text`, run by `by`; the redirections and assignments of the call stay, as a command of their own.
fn run_text(script: &mut Script, command: SimpleCommand, by: &str, text: &str, scope: usize, depth: usize) {
    let context = command.context;
    let mut via = command.via.clone();
    via.push(by.to_owned());
    if !command.redirects.is_empty() || !command.assignments.is_empty() {
        let context = Context { exports: true, ..context };
        push(script, SimpleCommand { program: None, args: Vec::new(), context, ..command });
    }
    let mut commands = parse::read(script, text, scope, depth + TEXT_LEVELS);
    for command in &mut commands {
        command.context = within(command.context, context);
        command.via.splice(0..0, via.iter().cloned());
    }
    add_all(script, commands, depth + TEXT_LEVELS);
}

/// The standing of a command of a text that is itself run in `outer`.
fn within(inner: Context, outer: Context) -> Context {
    Context {
        fed: inner.fed || outer.fed,
        background: inner.background || outer.background,
        substitution: inner.substitution || outer.substitution,
        conditional: inner.conditional || outer.conditional,
        looped: inner.looped || outer.looped,
        split: inner.split || outer.split,
        exports: inner.exports || outer.exports,
        remote: inner.remote || outer.remote,
        ..inner
    }
}

/// `eval` runs in the shell itself, so what it sets stays.
fn evaluate(script: &mut Script, command: SimpleCommand, depth: usize) {
    let words: Option<Vec<String>> = command.args.iter().map(Word::literal).collect();
    match words {
        Some(words) => {
            let scope = command.context.scope;
            run_text(script, command, "eval", &words.join(" "), scope, depth);
        }
        None => {
            script.note(Opaque::Code("eval".to_owned()));
            push(script, command);
        }
    }
}

fn run_trap(script: &mut Script, command: SimpleCommand, depth: usize) {
    let first = command.args.iter().find(|word| word.literal().as_deref() != Some("--"));
    match first.map(Word::literal) {
        None => push(script, command),
        Some(None) => {
            script.note(Opaque::Code("trap".to_owned()));
            push(script, command);
        }
        Some(Some(text)) if text.is_empty() || text.starts_with('-') || command.args.len() < 2 => push(script, command),
        Some(Some(text)) => {
            let scope = command.context.scope;
            run_text(script, command, "trap", &text, scope, depth);
        }
    }
}

/// `ssh HOST COMMAND` stays a command, for its host; what runs over there follows it, marked as remote.
fn run_remote(script: &mut Script, command: SimpleCommand, depth: usize) {
    let words = table::SSH.operands(&command).map(|at| command.args.get(at + 1..).unwrap_or_default());
    let text: Option<Vec<String>> = words.and_then(|words| words.iter().map(Word::literal).collect());
    let remote = SimpleCommand { context: Context { remote: true, ..command.context }, ..SimpleCommand::default() };
    push(script, command);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let scope = script.open_scope(remote.context.scope, true);
        run_text(script, remote, "ssh", &text.join(" "), scope, depth);
    }
}

/// `find` keeps its roots and tests; each `-exec … ;` is a command on what may be found.
fn run_find(script: &mut Script, mut command: SimpleCommand, depth: usize) {
    let found = names(listed::found(&command));
    let mut rest = Vec::new();
    let mut runs = Vec::new();
    let mut words = std::mem::take(&mut command.args).into_iter();
    while let Some(word) = words.next() {
        let Some(option) =
            word.literal().filter(|text| ["-exec", "-execdir", "-ok", "-okdir"].contains(&text.as_str()))
        else {
            rest.push(word);
            continue;
        };
        if option.ends_with("dir") {
            // It runs where each thing was found, so what a path there means is not known.
            script.note(Opaque::Wrapper(format!("find {option}")));
        }
        let mut run: Vec<Word> = Vec::new();
        let mut together = false;
        for word in words.by_ref() {
            // `+` ends the command only right behind `{}`.
            together = is(&word, "+") && run.last().is_some_and(|last| is(last, "{}"));
            if together || is(&word, ";") {
                break;
            }
            run.push(word);
        }
        runs.push((run, together));
    }
    let outer = SimpleCommand { redirects: Vec::new(), assignments: Vec::new(), ..command.clone() };
    command.args = rest;
    push(script, command);
    for (run, together) in runs {
        for found in if together { vec![found.clone()] } else { one_by_one(&outer, &found) } {
            let args = run.iter().flat_map(|word| fill(word, "{}", &found)).collect();
            add(script, inner(outer.clone(), "find", args), depth + 1);
        }
    }
}

/// Each name for a run of its own, so that what is one operand stays one. Inside of another search they are one name that is not known:
/// the runs of both would multiply.
fn one_by_one(outer: &SimpleCommand, names: &[Word]) -> Vec<Vec<Word>> {
    let searched = outer.via.iter().any(|by| by == "find" || by == "xargs");
    if searched && names.len() > 1 {
        return vec![vec![Word::unknown()]];
    }
    names.iter().map(|name| vec![name.clone()]).collect()
}

fn is(word: &Word, text: &str) -> bool {
    word.literal().as_deref() == Some(text)
}

/// `word` once for each name, where it holds the mark.
fn fill(word: &Word, mark: &str, names: &[Word]) -> Vec<Word> {
    if word.marks(mark) == 0 {
        return vec![word.clone()];
    }
    names.iter().map(|name| word.replacing(mark, name)).collect()
}

/// Too many names are one unknown name.
fn names(names: Vec<Word>) -> Vec<Word> {
    if names.len() > NAMES_MAX { vec![Word::unknown()] } else { names }
}

/// `xargs` puts names behind the command, or where `-I` says.
fn run_xargs(script: &mut Script, mut command: SimpleCommand, depth: usize) {
    let Peel::Command { at, .. } = table::XARGS.peel(&command) else {
        script.note(Opaque::Wrapper("xargs".to_owned()));
        return push(script, command);
    };
    let found = found_by(&script.commands, command.context.piped_from).map_or_else(|| vec![Word::unknown()], names);
    let whole = takes_whole_names(&command.args);
    let args = command.args.split_off(at.min(command.args.len()));
    command.context.split |= !whole && !takes_lines(&command.args);
    command.context.piped_from = None;
    match replace_mark(&command.args) {
        Some(mark) => {
            for found in one_by_one(&command, &found) {
                let args = args.iter().flat_map(|word| fill(word, &mark, &found)).collect();
                add(script, inner(command.clone(), "xargs", args), depth + 1);
            }
        }
        None => add(script, inner(command, "xargs", args.into_iter().chain(found).collect()), depth + 1),
    }
}

/// True where each line is one name: with `-I`, unless another option takes that back.
fn takes_lines(options: &[Word]) -> bool {
    const HARMLESS: &[&str] = &["-r", "-0", "-t", "-i", "--replace", "--no-run-if-empty", "--verbose"];
    let mut rest = options.iter().map(|word| word.literal().unwrap_or_default());
    while let Some(option) = rest.next() {
        match option.as_str() {
            "-I" | "-P" => drop(rest.next()),
            text if ["-I", "-P", "--replace="].iter().any(|start| text.starts_with(start)) => {}
            text if HARMLESS.contains(&text) => {}
            _ => return false,
        }
    }
    replace_mark(options).is_some()
}

/// True where names end at a NUL, or at a character of the caller's choice, and not at each blank.
fn takes_whole_names(words: &[Word]) -> bool {
    // What stands behind one of these letters is its value.
    let letters = |text: &str| text.chars().take_while(|c| !"EILPns".contains(*c)).any(|c| matches!(c, '0' | 'd'));
    let zero = |text: &str| !text.starts_with("--") && letters(text);
    let options = words.iter().map(Word::leading).take_while(|text| text.starts_with('-'));
    options.into_iter().any(|text| zero(text) || text.starts_with("--null") || text.starts_with("--delimiter"))
}

/// The mark that `-I MARK`, `-IMARK`, `-i` or `--replace` names.
fn replace_mark(options: &[Word]) -> Option<String> {
    let mut options = options.iter().map(|word| word.literal().unwrap_or_default());
    while let Some(option) = options.next() {
        let mark = match option.as_str() {
            "-I" => options.next()?,
            "-i" | "--replace" => "{}".to_owned(),
            text => match text.strip_prefix("-I").or_else(|| text.strip_prefix("--replace=")) {
                Some(mark) => mark.to_owned(),
                None => continue,
            },
        };
        return Some(mark);
    }
    None
}
