//! Fits a call's arguments to a form of its program. Pure: it says which option and operand each argument is, or why none fits.

use crate::facts::args::Arg;
use crate::programs::form::{Form, Kind, Many, Opt, Program, Slot, Style, Value, Word};

/// A call that fits a form.
#[derive(Debug)]
pub(in crate::facts::programs) struct Fit<'a> {
    /// The words of the call, the program's own left out.
    pub(in crate::facts::programs) words: Vec<&'a str>,
    /// The form.
    pub(super) form: &'a Form,
    /// Each option given, with its value. One with two values stands twice.
    pub(super) options: Vec<Given<'a>>,
    /// Each operand, with what it is.
    pub(super) operands: Vec<(&'a Kind, Arg)>,
    /// The command line at the end, where the form has one.
    pub(super) command: &'a [Arg],
}

/// An option as it is given.
#[derive(Debug, Clone)]
pub(super) struct Given<'a> {
    pub(super) option: &'a Opt,
    /// Its value, and what that is.
    pub(super) value: Option<(&'a Kind, Arg)>,
}

impl Fit<'_> {
    /// True where one of `options` is given.
    pub(in crate::facts::programs) fn has(&self, options: &[&str]) -> bool {
        self.options.iter().any(|given| options.contains(&given.option.name.as_ref()))
    }

    /// The values of all of `options`.
    pub(in crate::facts::programs) fn values(&self, options: &[&str]) -> Vec<Arg> {
        let wanted = self.options.iter().filter(|given| options.contains(&given.option.name.as_ref()));
        wanted.filter_map(|given| given.value.as_ref()).map(|(_, value)| value.clone()).collect()
    }

    /// Each option that is given, by its name, with its value.
    pub(in crate::facts::programs) fn given(&self) -> impl Iterator<Item = (&str, Option<&Arg>)> {
        self.options.iter().map(|given| (given.option.name.as_ref(), given.value.as_ref().map(|(_, value)| value)))
    }

    /// What is no option.
    pub(in crate::facts::programs) fn operands(&self) -> Vec<Arg> {
        self.operands.iter().map(|(_, operand)| operand.clone()).collect()
    }
}

/// The form of the program that these arguments fit.
///
/// # Errors
/// Says what is not known, for a person.
pub(in crate::facts::programs) fn fit<'a>(
    program: &'a Program,
    name: &str,
    args: &'a [Arg],
) -> Result<Fit<'a>, String> {
    let mut at = Place { chain: vec![&program.root], words: Vec::new(), style: program.style, given: Vec::new() };
    if let Some(file) = args.iter().find(|arg| program.at_files && arg.text.starts_with('@')) {
        return Err(format!("`{name}` reads arguments from `{}`", file.shown()));
    }
    let args = at.descend(args).map_err(|what| format!("`{name}` {what}"))?;
    at.form(args).map_err(|what| {
        let called = std::iter::once(name).chain(at.words.iter().copied()).collect::<Vec<_>>().join(" ");
        format!("`{called}` {what}")
    })
}

/// The sub-commands that the arguments name, as far as they can be followed.
pub(in crate::facts::programs) fn words<'a>(program: &'a Program, args: &'a [Arg]) -> Vec<&'a str> {
    let mut at = Place { chain: vec![&program.root], words: Vec::new(), style: program.style, given: Vec::new() };
    // Where an argument is not known, what was followed before it stands.
    let _ = at.descend(args);
    at.words
}

/// What the arguments lead to, as far as they can be followed.
pub(super) fn innermost<'a>(program: &'a Program, args: &'a [Arg]) -> &'a Word {
    let mut at = Place { chain: vec![&program.root], words: Vec::new(), style: program.style, given: Vec::new() };
    let _ = at.descend(args);
    at.chain.last().copied().unwrap_or(&program.root)
}

/// How far the call was followed: the words so far, the innermost last.
struct Place<'a> {
    chain: Vec<&'a Word>,
    words: Vec<&'a str>,
    style: Style,
    /// Options given before the innermost word.
    given: Vec<Given<'a>>,
}

impl<'a> Place<'a> {
    /// Follows sub-commands as far as they go; returns what is left for the innermost word.
    fn descend(&mut self, mut args: &'a [Arg]) -> Result<&'a [Arg], String> {
        loop {
            let Some(word) = self.chain.last().copied().filter(|word| !word.words.is_empty()) else { return Ok(args) };
            let mut reader = Reader::new(args, self.style, self.harmless());
            let mut given = Vec::new();
            let operand = loop {
                match reader.next(&|name| self.option(None, name))? {
                    Some(Item::Option(found, more)) => given.extend(std::iter::once(found).chain(more)),
                    Some(Item::Operand(arg)) => break Some(arg),
                    None => break None,
                }
            };
            let Some(operand) = operand else { return Ok(args) };
            let named = |word: &&Word| word.names.iter().any(|name| *name == operand.text);
            match word.words.iter().find(named).filter(|_| operand.exact && !operand.pattern) {
                Some(next) => {
                    self.given.extend(given);
                    self.words.extend(next.names.iter().find(|name| ***name == *operand.text).map(AsRef::as_ref));
                    self.chain.push(next);
                    args = reader.rest;
                }
                // A word's own forms may take operands beside its sub-commands: `make target`.
                None if word.forms.iter().any(|form| !form.operands.is_empty()) => return Ok(args),
                None => return Err(format!("has no word `{}` that is known here", operand.shown())),
            }
        }
    }

    /// The first form of the innermost word that fits.
    fn form(&self, args: &'a [Arg]) -> Result<Fit<'a>, String> {
        let Some(word) = self.chain.last() else { return Err("is not known".to_owned()) };
        let mut why = "without a word is not known here".to_owned();
        for form in word.forms.iter() {
            match self.fits(form, args) {
                Ok(fit) => return Ok(fit),
                Err(what) => why = what,
            }
        }
        Err(why)
    }

    fn fits(&self, form: &'a Form, args: &'a [Arg]) -> Result<Fit<'a>, String> {
        let mut options = self.given.clone();
        let mut operands: Vec<&'a Arg> = Vec::new();
        let mut reader = Reader::new(args, self.style, self.harmless());
        let mut command: &'a [Arg] = &[];
        let before_command = command_after(form);
        loop {
            if before_command == Some(operands.len()) && reader.begins_operands() {
                command = reader.rest;
                break;
            }
            match reader.next(&|name| self.option(Some(form), name))? {
                Some(Item::Option(found, more)) => options.extend(std::iter::once(found).chain(more)),
                Some(Item::Operand(arg)) => operands.push(arg),
                None => break,
            }
        }
        let given = |wanted: &str| options.iter().any(|given| given.option.name == wanted);
        if !form.with.is_empty() && !form.with.iter().any(|wanted| given(wanted)) {
            return Err(format!("without `{}` is not known here", form.with.join("` or `")));
        }
        let operands = placed(form, &operands)?;
        for Given { option, value } in &options {
            if let Some((kind, value)) = value {
                accepts(kind, value).map_err(|what| format!("gets `{}` {what}", option.name))?;
            }
        }
        for (kind, operand) in &operands {
            accepts(kind, operand).map_err(|what| format!("gets {what}"))?;
        }
        Ok(Fit { words: self.words.clone(), form, options, operands, command })
    }

    /// The option of this name: of the form, of the innermost word, or of one around it.
    fn option(&self, form: Option<&'a Form>, name: &str) -> Option<&'a Opt> {
        let own = form.into_iter().flat_map(|form| form.options.iter());
        let words = self.chain.iter().rev().flat_map(|word| word.options.iter());
        own.chain(words).find(|option| option.name == name)
    }

    /// True where a name that turns out to be an option does no harm.
    fn harmless(&self) -> bool {
        self.chain.last().is_some_and(|word| word.harmless_options)
    }
}

/// After how many operands a command begins, where the form ends with one.
fn command_after(form: &Form) -> Option<usize> {
    let ends = form.operands.last().is_some_and(|slot| slot.kind == Kind::Command);
    ends.then(|| form.operands.len().saturating_sub(1))
}

/// What stands next in a list of arguments.
enum Item<'a> {
    /// With its second value, where it has two.
    Option(Given<'a>, Option<Given<'a>>),
    Operand(&'a Arg),
}

/// An option that takes the value that is joined to it, if one is.
fn given<'a>(option: &'a Opt, joined: Option<Arg>) -> Item<'a> {
    let value = match &option.value {
        Value::Flag | Value::Two(_) => None,
        Value::Needed(kind) | Value::Joined(kind) => joined.map(|value| (kind, value)),
    };
    Item::Option(Given { option, value }, None)
}

/// Arguments, read one by one as the program reads them.
struct Reader<'a> {
    rest: &'a [Arg],
    style: Style,
    /// A name that turns out to be an option does no harm.
    harmless: bool,
    /// Behind `--`.
    operands_only: bool,
    /// What is left of a cluster of letters, and the argument it stands in.
    cluster: Option<(&'a Arg, usize)>,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a [Arg], style: Style, harmless: bool) -> Self {
        Self { rest, style, harmless, operands_only: style == Style::None, cluster: None }
    }

    /// True where the next argument is surely no option; a `--` in front of it is read.
    fn begins_operands(&mut self) -> bool {
        if let Some((arg, rest)) = self.rest.split_first()
            && arg.text == "--"
            && arg.exact
            && !self.operands_only
            && self.cluster.is_none()
        {
            self.operands_only = true;
            self.rest = rest;
        }
        self.cluster.is_none() && self.rest.first().is_some_and(|arg| self.operands_only || !may_be_option(arg))
    }

    /// The next option or operand.
    fn next(&mut self, known: &dyn Fn(&str) -> Option<&'a Opt>) -> Result<Option<Item<'a>>, String> {
        if let Some((arg, at)) = self.cluster.take() {
            return self.letter(arg, at, known).map(Some);
        }
        let Some((arg, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        if self.operands_only {
            return Ok(Some(Item::Operand(arg)));
        }
        self.one(arg)?;
        if arg.text == "--" && arg.exact {
            self.operands_only = true;
            return self.next(known);
        }
        if !arg.text.starts_with(['-', '+'])
            || arg.text.len() < 2
            || (arg.text.starts_with('+') && known(&arg.text).is_none())
        {
            if may_be_option(arg) && !self.harmless {
                return Err(format!("gets `{}`, which may become any option", arg.shown()));
            }
            self.operands_only |= self.style == Style::First;
            return Ok(Some(Item::Operand(arg)));
        }
        let letters = matches!(self.style, Style::Letters | Style::First);
        let clustered = letters && !arg.text.starts_with("--") && known(&arg.text).is_none();
        if clustered { self.letter(arg, 1, known).map(Some) } else { self.long(arg, known).map(Some) }
    }

    /// `--name`, `--name=value`, `--name value`; and `-name` where options are words.
    fn long(&mut self, arg: &'a Arg, known: &dyn Fn(&str) -> Option<&'a Opt>) -> Result<Item<'a>, String> {
        let (name, joined) = match arg.text.split_once('=') {
            Some((name, value)) => (name, Some(arg.with_text(value))),
            None => (arg.text.as_str(), None),
        };
        let unknown = || format!("has no option `{}` that is known here", arg.shown());
        if joined.is_none() && !arg.exact {
            return Err(unknown());
        }
        // `go` and its kin read `--name` as `-name`.
        let twin = name.strip_prefix('-').filter(|twin| self.style == Style::Words && twin.starts_with('-'));
        let option = match known(name).or_else(|| known(twin?)) {
            Some(option) => option,
            None => return self.attached(arg, known).ok_or_else(unknown),
        };
        match (&option.value, joined) {
            (Value::Flag | Value::Two(_), Some(_)) => Err(unknown()),
            (Value::Needed(_), None) => Ok(given(option, Some(self.following(name)?))),
            (Value::Two(kinds), None) => {
                let [first, second] = &**kinds else { return Err(unknown()) };
                let (one, other) = (self.following(name)?, self.following(name)?);
                let more = Given { option, value: Some((second, other)) };
                Ok(Item::Option(Given { option, value: Some((first, one)) }, Some(more)))
            }
            (Value::Flag | Value::Joined(_) | Value::Needed(_), joined) => Ok(given(option, joined)),
        }
    }

    /// `-Iinclude`, where the option says that its value may be joined to it.
    fn attached(&mut self, arg: &'a Arg, known: &dyn Fn(&str) -> Option<&'a Opt>) -> Option<Item<'a>> {
        let at = arg.text.char_indices().nth(2).map_or(arg.text.len(), |(at, _)| at);
        let (name, rest) = arg.text.split_at_checked(at)?;
        let option = known(&format!("{name}*"))?;
        let value = match (&option.value, rest.is_empty()) {
            (Value::Two(..), _) => return None,
            (Value::Flag | Value::Joined(_), true) => None,
            (Value::Needed(_), true) => Some(self.following(name).ok()?),
            (_, false) => Some(arg.with_text(rest)),
        };
        Some(given(option, value))
    }

    /// One letter of a cluster, with the rest as its value where it takes one.
    fn letter(&mut self, arg: &'a Arg, at: usize, known: &dyn Fn(&str) -> Option<&'a Opt>) -> Result<Item<'a>, String> {
        let unknown = || format!("has no option `{}` that is known here", arg.shown());
        let letter = arg.text.get(at..).and_then(|rest| rest.chars().next()).ok_or_else(unknown)?;
        let after = at + letter.len_utf8();
        let rest = arg.text.get(after..).unwrap_or_default();
        let name = format!("-{letter}");
        let option = known(&name).ok_or_else(unknown)?;
        let value = match &option.value {
            Value::Flag => {
                if rest.is_empty() && !arg.exact {
                    return Err(unknown());
                }
                self.cluster = (!rest.is_empty()).then_some((arg, after));
                None
            }
            Value::Two(..) => return Err(unknown()),
            Value::Needed(_) if rest.is_empty() && arg.exact => Some(self.following(&name)?),
            Value::Joined(_) if rest.is_empty() && arg.exact => None,
            Value::Needed(_) | Value::Joined(_) => Some(arg.with_text(rest)),
        };
        Ok(given(option, value))
    }

    /// The argument behind an option that needs a value.
    fn following(&mut self, name: &str) -> Result<Arg, String> {
        let Some((arg, rest)) = self.rest.split_first() else {
            return Err(format!("has no value for `{name}`"));
        };
        self.rest = rest;
        self.one(arg)?;
        Ok(arg.clone())
    }

    /// An error for an argument that may become several, options among them.
    fn one(&self, arg: &Arg) -> Result<(), String> {
        if arg.splits && !self.harmless {
            return Err(format!("gets `{}`, which may become several arguments", arg.shown()));
        }
        Ok(())
    }
}

/// True for what only the running shell knows and may begin with `-`: a whole word of it, or a pattern of names.
fn may_be_option(arg: &Arg) -> bool {
    arg.text.starts_with('-') && arg.text.len() > 1
        || arg.text.is_empty() && !arg.exact
        || arg.pattern && arg.text.starts_with(['*', '?', '['])
}

/// Each operand with the slot that it stands in.
fn placed<'a>(form: &'a Form, operands: &[&'a Arg]) -> Result<Vec<(&'a Kind, Arg)>, String> {
    let slots: Vec<&Slot> = form.operands.iter().filter(|slot| slot.kind != Kind::Command).collect();
    // A word that may become several arguments counts once: how many it becomes is its own affair.
    let words = count(operands);
    let least = slots.iter().filter(|slot| matches!(slot.many, Many::One | Many::Some)).count();
    let spare = words.checked_sub(least).ok_or_else(|| "has too few operands".to_owned())?;
    let variadic = slots.iter().any(|slot| matches!(slot.many, Many::Any | Many::Some));
    let optional = slots.iter().filter(|slot| slot.many == Many::Optional).count();
    if !variadic && spare > optional {
        let extra = operands.last().map(|arg| arg.shown()).unwrap_or_default();
        return Err(format!("with the operand `{extra}` is not known here"));
    }
    if operands.iter().any(|arg| arg.pattern) && slots.iter().any(|slot| slot.many == Many::One) && !variadic {
        return Err("gets a pattern that may become several operands".to_owned());
    }
    let mut left = spare;
    let mut optional_left = optional.min(spare);
    let mut rest = operands;
    let mut out = Vec::new();
    for slot in slots {
        let takes = match slot.many {
            Many::One => 1,
            Many::Optional => usize::from(take(&mut optional_left, &mut left)),
            Many::Any => std::mem::take(&mut left).saturating_sub(optional_left),
            Many::Some => 1 + std::mem::take(&mut left).saturating_sub(optional_left),
        };
        let (taken, later) = split(rest, takes);
        out.extend(taken.iter().map(|arg| (&slot.kind, (*arg).clone())));
        rest = later;
    }
    Ok(out)
}

fn take(optional: &mut usize, left: &mut usize) -> bool {
    let takes = *optional > 0 && *left > 0;
    if takes {
        *optional -= 1;
        *left -= 1;
    }
    takes
}

/// How many words of the call these are.
fn count(operands: &[&Arg]) -> usize {
    let mut words: Vec<usize> = operands.iter().map(|arg| arg.word).collect();
    words.dedup();
    words.len()
}

/// The first so many words, and the others.
fn split<'b, 'a>(operands: &'b [&'a Arg], words: usize) -> (&'b [&'a Arg], &'b [&'a Arg]) {
    let mut at = 0;
    for _ in 0..words {
        let Some(word) = operands.get(at).map(|arg| arg.word) else { break };
        while operands.get(at).is_some_and(|arg| arg.word == word) {
            at += 1;
        }
    }
    operands.split_at_checked(at).unwrap_or((operands, &[]))
}

/// Whether an argument can be of that kind.
fn accepts(kind: &Kind, arg: &Arg) -> Result<(), String> {
    let shown = || format!("`{}`", arg.shown());
    let known = arg.exact && !arg.pattern;
    let fits = match kind {
        Kind::Any | Kind::Glob | Kind::Field | Kind::Code | Kind::Shell | Kind::Command | Kind::Jq | Kind::Sql => true,
        // Names of files are no code.
        Kind::Python | Kind::Javascript => !arg.pattern,
        Kind::Label => known && is_label(&arg.text),
        Kind::Name
        | Kind::Read
        | Kind::Tree
        | Kind::Write
        | Kind::Resource
        | Kind::Rights
        | Kind::Mode
        | Kind::From
        | Kind::Moved
        | Kind::To
        | Kind::Prefix
        | Kind::Packed
        | Kind::Change
        | Kind::Delete
        | Kind::Execute
        | Kind::Handed => arg.exact,
        Kind::File | Kind::Made => arg.exact && is_named(arg) && !arg.text.contains([':', '|', '=', '@', '<', '>']),
        Kind::Project => arg.exact && is_named(arg),
        Kind::Text | Kind::Forge | Kind::Host | Kind::Upload | Kind::Url => known,
        Kind::Source => arg.exact && is_named(arg) && has_extension(&arg.text),
        Kind::Word => known && arg.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-+=".contains(c)),
        Kind::Plain => known && arg.text.chars().all(|c| c.is_ascii_alphanumeric() || "_:.,-".contains(c)),
        Kind::Plus => arg.text.starts_with('+'),
        Kind::Number => known && is_number(&arg.text),
        Kind::Package => known && is_package(&arg.text),
        Kind::Target => known && !arg.text.starts_with(['-', '.', '/', '~']) && !leaves(&arg.text),
        Kind::OneOf(words) => known && words.iter().any(|word| *word == arg.text),
    };
    if fits {
        return Ok(());
    }
    Err(if known {
        format!("{}, which is not known here", shown())
    } else {
        format!("{}, which is known only when it runs", shown())
    })
}

/// True for what names a file, whoever gets it: no option, which may stand behind `--`, no setting and no settings written out.
fn is_named(arg: &Arg) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let sets = arg.text.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(of_name));
    let inline = arg.text.starts_with('{') || arg.text.contains('"');
    !arg.is_option() && !sets && !inline && !is_address(&arg.text)
}

/// True for `github.com/x/y`, which some programs fetch where no such directory is.
fn is_address(text: &str) -> bool {
    let host = text.split_once('/').map_or("", |(host, _)| host);
    host.rsplit_once('.').is_some_and(|(name, top)| !name.is_empty() && TOP_DOMAINS.contains(&top))
}

const TOP_DOMAINS: &[&str] = &["com", "org", "net", "io", "dev", "app", "co", "ai", "me", "sh", "example", "internal"];

/// Digits with a sign, a point, a comma, a colon or a unit: `10`, `+5`, `1.5`, `1,200p`, `5m`, `50%`.
fn is_number(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.len() <= 32
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".,:+-%".contains(c))
        && !text.contains("..")
}

/// True for `src/main.c`, not for a word or an option.
fn has_extension(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && end.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// True for `//pkg:target`, `:target` and `pkg/...`, which `bazel` looks for in the workspace.
fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:+=,".contains(c);
    let text = text.strip_prefix('-').unwrap_or(text);
    let rest = text.strip_prefix("//").unwrap_or(text);
    !rest.starts_with(['/', '-']) && rest.chars().all(plain) && !rest.replace("...", "").contains("..")
}

/// A name as registries have them, perhaps with a scope, extras or a version.
fn is_package(text: &str) -> bool {
    let path = text.starts_with(['.', '/', '~', '-']) || text.contains("://") || text.starts_with("git+");
    let scoped = text.strip_prefix('@').is_some_and(|rest| rest.matches('/').count() == 1);
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "@/._-+~^=<>![],*:".contains(c));
    !path && plain && (scoped || !text.contains('/'))
}

/// True for names of targets and scripts that leave the project or throw its data away: `deploy`, `db:drop`, `publishToMavenLocal`.
pub(in crate::facts::programs) fn leaves(name: &str) -> bool {
    let mut words = vec![String::new()];
    let mut before = '-';
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase()));
        }
        before = c;
    }
    words.iter().any(|word| LEAVES.contains(&word.as_str()))
}

const LEAVES: &[&str] = &[
    "deploy", "publish", "release", "upload", "push", "ship", "promote", "provision", "install", "uninstall", "drop",
    "destroy", "wipe", "nuke",
];
