//! One declared parameter and its type.

use ccc_protocol::bodies::ParamInfo;
use serde_json::Value;

use crate::pattern::WholePattern;

/// One parameter of a declaration. What a request gives beside these is refused.
#[derive(Debug, Clone)]
pub struct Param {
    /// The key in a request's JSON. Without a dot: `NAME.content` is a bound file's digest.
    pub name: String,
    /// Its type with its limits.
    pub kind: Kind,
    /// True where it must be given.
    pub required: bool,
    /// What is taken where it is not given.
    pub default: Option<Value>,
    /// For whoever asks what there is, agents above all.
    pub description: Option<String>,
}

/// The types that docs/actions.md lists.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Text; `pattern` fits the whole value, lengths are in characters.
    Text {
        /// Fits the whole value, in linear time.
        pattern: Option<WholePattern>,
        /// The least length in characters.
        min: Option<i64>,
        /// The greatest length in characters.
        max: Option<i64>,
        /// True where line breaks and tabs belong in it; every other control character is refused everywhere.
        multiline: bool,
    },
    /// True or false.
    Bool,
    /// A whole number; JSON carries exactly those within ±(2^53 − 1).
    Integer {
        /// The least that is taken.
        min: Option<i64>,
        /// The greatest that is taken.
        max: Option<i64>,
    },
    /// One of these words, letter for letter.
    Enum(Vec<String>),
    /// A path within the volumes.
    Path(PathKind),
    /// An absolute URL, re-serialised by its parser.
    Url {
        /// Schemes that are taken; lower case.
        schemes: Vec<String>,
    },
    /// One mail address, without a name beside it: `a@example.com`.
    Email,
    /// Values of one type; alone in a template, each becomes an argument of its own.
    List {
        /// The type of each; never a list, and no path whose content is bound.
        item: Box<Kind>,
        /// The fewest items.
        min: Option<i64>,
        /// The most items.
        max: Option<i64>,
    },
    /// Any JSON object; for built-in actions alone.
    Object,
}

/// What a path parameter must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathKind {
    /// File, directory or either.
    pub entry: Entry,
    /// True where it must be there already.
    pub must_exist: bool,
    /// True where the file's SHA-256 becomes part of the parameters.
    pub content: bool,
    /// What the command puts behind it, such as `Cargo.toml`: resolved whole.
    pub suffixes: Vec<String>,
}

/// What a path must lead to, links resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A regular file: no device, socket or pipe.
    File,
    /// A directory.
    Dir,
    /// Either.
    Any,
}

impl Kind {
    /// The word for it in config and lists.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "string",
            Self::Bool => "bool",
            Self::Integer { .. } => "integer",
            Self::Enum(_) => "enum",
            Self::Path(_) => "path",
            Self::Url { .. } => "url",
            Self::Email => "email",
            Self::List { .. } => "list",
            Self::Object => "object",
        }
    }
}

impl Param {
    /// As `GET /actions` shows it.
    #[must_use]
    pub fn info(&self) -> ParamInfo {
        ParamInfo {
            required: self.required,
            default: self.default.clone(),
            description: self.description.clone(),
            ..kind_info(&self.name, &self.kind)
        }
    }
}

fn kind_info(name: &str, kind: &Kind) -> ParamInfo {
    let bare = ParamInfo {
        name: name.to_owned(),
        kind: kind.word().to_owned(),
        required: true,
        default: None,
        description: None,
        pattern: None,
        min: None,
        max: None,
        values: vec![],
        schemes: vec![],
        path_kind: None,
        items: None,
    };
    match kind {
        Kind::Text { pattern, min, max, .. } => {
            ParamInfo { pattern: pattern.as_ref().map(|p| p.as_str().to_owned()), min: *min, max: *max, ..bare }
        }
        Kind::Integer { min, max } => ParamInfo { min: *min, max: *max, ..bare },
        Kind::Enum(values) => ParamInfo { values: values.clone(), ..bare },
        Kind::Url { schemes } => ParamInfo { schemes: schemes.clone(), ..bare },
        Kind::Path(path) => ParamInfo { path_kind: Some(path.entry.word().to_owned()), ..bare },
        Kind::List { item, min, max } => {
            ParamInfo { items: Some(Box::new(kind_info("item", item))), min: *min, max: *max, ..bare }
        }
        Kind::Bool | Kind::Email | Kind::Object => bare,
    }
}

impl Entry {
    /// The word for it in config.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Dir => "dir",
            Self::Any => "any",
        }
    }
}
