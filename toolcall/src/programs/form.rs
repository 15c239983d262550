//! What is known of a program: its words, options and operands, and what each form of a call does.
//!
//! What is not listed is not known. Shipped programs are compiled in from `programs/*.toml`; an owner's own come from config and have
//! the same form.

use std::borrow::Cow;
use std::ops::Deref;

use super::Class;

/// A text that is compiled in, or read from config.
pub type Text = Cow<'static, str>;

/// A list that is compiled in, or read from config; equal where its items are.
#[derive(Debug, Clone, Eq)]
pub enum List<T: 'static> {
    /// Compiled in.
    Static(&'static [T]),
    /// Read from config.
    Owned(Vec<T>),
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Static(items) => items,
            Self::Owned(items) => items,
        }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self::Owned(items)
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Owned(items.into_iter().collect())
    }
}

/// One program, or several that are called alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The names it is called by; the first is its own.
    pub names: List<Text>,
    /// The home page or manual that this was written from.
    pub source: Text,
    /// The version of the program that it was written for.
    pub version: Text,
    /// How its options are written.
    pub style: Style,
    /// True where `@FILE` stands for arguments in that file, so that an argument that begins so is unknown.
    pub at_files: bool,
    /// The Rust handler for arguments that are a language or another command. Where the file has forms too, a call must fit one of
    /// them first.
    pub handler: Option<Text>,
    /// What it does with its arguments.
    pub root: Word,
}

/// A program or sub-command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its names; empty for the program itself.
    pub names: List<Text>,
    /// Options that every form of it and of its words takes.
    pub options: List<Opt>,
    /// The forms in which it may be called; the first that fits counts.
    pub forms: List<Form>,
    /// Its sub-commands.
    pub words: List<Word>,
    /// True where no option, listed or not, runs or touches anything beside the operands: a name that turns out to be one does no
    /// other kind of harm.
    pub harmless_options: bool,
}

/// One way to call a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Options of this form alone.
    pub options: List<Opt>,
    /// Options of which at least one is given; empty where none need be.
    pub with: List<Text>,
    /// Its operands in order. At most one takes more than one argument.
    pub operands: List<Slot>,
    /// What it does, beyond what its paths and hosts say.
    pub does: List<Class>,
    /// Hosts that it contacts, beyond those in its arguments.
    pub contacts: List<Text>,
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// As it is written: `-o`, `--output`. A `*` at its end says that its value may be joined to it: `-I*` is `-Iinclude` too.
    pub name: Text,
    /// Its value.
    pub value: Value,
    /// What giving it does, beyond what its value says.
    pub does: List<Class>,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It has none.
    Flag,
    /// It has one, joined or as the next argument.
    Needed(Kind),
    /// It may have one, joined alone: `--color=always`.
    Joined(Kind),
    /// It has two, as the next arguments: `--arg NAME VALUE`. A list, so that the many options with one value stay small.
    Two(List<Kind>),
}

/// A place for operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What stands there.
    pub kind: Kind,
    /// How often.
    pub many: Many,
}

/// How many arguments a slot takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Many {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// Any number.
    Any,
    /// One or more.
    Some,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text that does nothing by itself; an address in it is a host that is contacted.
    Text,
    /// A name that does nothing by itself and stands for nothing elsewhere: a revision, a branch, a class.
    Name,
    /// Text that does nothing whatever it says, also where only the running shell knows it.
    Any,
    /// A pattern of the names of files that are read.
    Glob,
    /// `NAME=VALUE` that goes along with a question: a query of GraphQL, which is known where it only asks, or a variable of it.
    Field,
    /// A repository, a branch or a number on a forge of code; an address of another one is a host that is contacted.
    Forge,
    /// Letters, digits and `_-+=` alone.
    Word,
    /// A plain word: letters, digits and `_:.,-`, so no path, setting or address.
    Plain,
    /// Text that begins with `+`, as formats of dates do.
    Plus,
    /// Digits, with a sign, a point or a unit.
    Number,
    /// A path that is read.
    Read,
    /// A path that is read with all that lies beneath it.
    Tree,
    /// A file that is read and is named by its path alone, where other programs' names of sources (`concat:`, `|command`, `@list`)
    /// may stand.
    File,
    /// A file that is made, named likewise.
    Made,
    /// A path that is made or changed.
    Write,
    /// A path that is read and changed.
    Change,
    /// A path whose owner, mode or attributes are changed.
    Rights,
    /// The mode that paths get.
    Mode,
    /// A path, or `host:path` on another machine, of which a copy is made.
    From,
    /// A path that is moved elsewhere.
    Moved,
    /// Where a copy goes: a path that is written, a directory in which the copies get their names, or `host:path`.
    To,
    /// The beginning of the names of files that are written.
    Prefix,
    /// A path that is written, as is its name without the ending.
    Packed,
    /// A path that is removed.
    Delete,
    /// A path that is run.
    Execute,
    /// A file or directory that decides what is run; outside of the project that is unknown.
    Project,
    /// A source file of the project: a path in it with an extension.
    Source,
    /// What a script of the project gets, perhaps options of its own; a path outside of the project in it is unknown.
    Handed,
    /// A name that the project defines; one that leaves the project (`deploy`) is unknown.
    Target,
    /// The name of a package from a registry; an address or path in its place is unknown.
    Package,
    /// A host that is contacted.
    Host,
    /// A host that data is sent to.
    Upload,
    /// An address that is fetched.
    Url,
    /// A path that is read, or an address that is fetched.
    Resource,
    /// This and all that follows is a command line of its own.
    Command,
    /// A target of `bazel`.
    Label,
    /// A script of `jq`.
    Jq,
    /// Code in Python, known where it only computes and prints.
    Python,
    /// Code in JavaScript, known where it only computes and prints.
    Javascript,
    /// A query of SQL, which is known where it only asks.
    Sql,
    /// Text that a shell runs.
    Shell,
    /// Code that is not read.
    Code,
    /// One of these words.
    OneOf(List<Text>),
}

impl Kind {
    /// The kinds that are one word, as files write them.
    pub const NAMED: &[(&'static str, Self)] = &[
        ("text", Self::Text),
        ("name", Self::Name),
        ("any", Self::Any),
        ("glob", Self::Glob),
        ("field", Self::Field),
        ("forge", Self::Forge),
        ("word", Self::Word),
        ("plain", Self::Plain),
        ("plus", Self::Plus),
        ("number", Self::Number),
        ("read", Self::Read),
        ("tree", Self::Tree),
        ("file", Self::File),
        ("made", Self::Made),
        ("write", Self::Write),
        ("change", Self::Change),
        ("rights", Self::Rights),
        ("mode", Self::Mode),
        ("from", Self::From),
        ("moved", Self::Moved),
        ("to", Self::To),
        ("prefix", Self::Prefix),
        ("packed", Self::Packed),
        ("delete", Self::Delete),
        ("execute", Self::Execute),
        ("project", Self::Project),
        ("source", Self::Source),
        ("handed", Self::Handed),
        ("target", Self::Target),
        ("package", Self::Package),
        ("host", Self::Host),
        ("upload", Self::Upload),
        ("url", Self::Url),
        ("resource", Self::Resource),
        ("command", Self::Command),
        ("label", Self::Label),
        ("jq", Self::Jq),
        ("python", Self::Python),
        ("javascript", Self::Javascript),
        ("sql", Self::Sql),
        ("shell", Self::Shell),
        ("code", Self::Code),
    ];

    /// As files write it.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::OneOf(words) if words.len() == 1 => format!("={}", words.concat()),
            Self::OneOf(words) => words.join("|"),
            plain => Self::NAMED.iter().find(|(_, kind)| kind == plain).map_or("", |(name, _)| name).to_owned(),
        }
    }
}

/// How options are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// `-abc` is three options, `--name` one.
    #[default]
    Letters,
    /// As `Letters`, and what follows the first operand is no option.
    First,
    /// `-name` is one option, as of `go` or `java`.
    Words,
    /// There are none: each argument is an operand, `--` too.
    None,
}
