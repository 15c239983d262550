//! Checked parameters: each its own type, beside the canonical JSON that is stored, shown and approved.

use ccc_protocol::Digest;
use serde_json::{Map, Value};

/// The checked parameters of one request, in the order of declaration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Args {
    /// Name and value of each parameter that was given or has a default.
    pub typed: Vec<(String, Arg)>,
    /// The canonical JSON: defaults filled in, paths in container form after links, URLs re-serialised.
    pub json: Map<String, Value>,
    /// What the command puts behind path parameters, resolved whole.
    pub beneath: Vec<Beneath>,
}

/// A path parameter with what the command puts behind it: `{path}/Cargo.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Beneath {
    /// The path parameter that the command writes first.
    pub param: String,
    /// What is put behind it, without the first `/`.
    pub suffix: String,
    /// Where both together lie, links resolved.
    pub path: ResolvedPath,
}

impl Args {
    /// The value of this parameter.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arg> {
        self.typed.iter().find(|(given, _)| given == name).map(|(_, arg)| arg)
    }

    /// What lies at `suffix` beneath this path parameter.
    #[must_use]
    pub fn beneath(&self, param: &str, suffix: &str) -> Option<&ResolvedPath> {
        self.beneath.iter().find(|place| place.param == param && place.suffix == suffix).map(|place| &place.path)
    }
}

/// One checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Text, an enum's word, or a mail address.
    Text(String),
    /// JSON's own `true` or `false`; no word is taken for it.
    Bool(bool),
    /// A whole number, of those that JSON carries exactly.
    Integer(i64),
    /// A path within a volume, after links are resolved.
    Path(ResolvedPath),
    /// An address as its parser writes it, which is what is shown, approved and opened.
    Url(UrlArg),
    /// Values of one type, in the order given; never of lists.
    List(Vec<Arg>),
    /// A JSON object.
    Object(Map<String, Value>),
}

/// A path as far as text alone tells: within which volume, and where in it. No `..`, no NUL, no empty segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LexicalPath {
    /// Which volume, by its place in the list.
    pub volume: usize,
    /// Beneath the volume's root, `/` between segments; empty for the root itself.
    pub relative: String,
}

/// A path after links are resolved beneath its volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPath {
    /// Which volume, by its place in the list.
    pub volume: usize,
    /// Beneath the volume's root, after links.
    pub relative: String,
    /// As the agent knows it, after links.
    pub container: String,
    /// Absolute, on the host, after links. Never shown to an agent.
    pub host: String,
    /// The volume's root on the host.
    pub root: String,
    /// The SHA-256 of the content, where the declaration binds it.
    pub content: Option<Digest>,
}

/// A web address in its one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlArg {
    /// Re-serialised by the WHATWG rules: stored, shown, matched and passed on.
    pub text: String,
    /// Lower case.
    pub scheme: String,
    /// ASCII (punycode), lower case; brackets around an IPv6 address.
    pub host: String,
    /// The port, the scheme's own where none is written.
    pub port: Option<u16>,
    /// True for loopback, private, link-local and other special addresses and names.
    pub is_internal: bool,
}
