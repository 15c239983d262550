//! A pattern as a file says it, and everything that may be wrong with one.

use std::fmt;

use ccc_protocol::{bodies::Class, visible};
use regex::bytes::RegexBuilder;
use regex_automata::{
    dfa::{StartKind, dense},
    nfa::thompson,
    util::syntax,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The longest expression, in bytes.
const TEXT_BYTES_MAX: usize = 2_048;
/// The largest automaton of one expression, in bytes. A byte of text costs one step in an automaton, whatever the text: what fits
/// in here is fast, and what does not (a count over another count) is slow on a long text.
const AUTOMATON_BYTES_MAX: usize = 512 << 10;
/// How many bytes may be used to find out.
const BUILDING_BYTES_MAX: usize = 4 << 20;

/// A category of the OWASP Top 10 for Agentic Applications (2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Asi {
    /// Agent Goal Hijack.
    Asi01,
    /// Tool Misuse and Exploitation.
    Asi02,
    /// Identity and Privilege Abuse.
    Asi03,
    /// Agentic Supply Chain Vulnerabilities.
    Asi04,
    /// Unexpected Code Execution.
    Asi05,
    /// Memory and Context Poisoning.
    Asi06,
    /// Insecure Inter-Agent Communication.
    Asi07,
    /// Cascading Failures.
    Asi08,
    /// Human-Agent Trust Exploitation.
    Asi09,
    /// Rogue Agents.
    Asi10,
}

/// How grave a call is that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// 1 of 3.
    Medium,
    /// 2 of 3.
    High,
    /// 3 of 3: hardly ever meant well.
    Critical,
}

impl Grade {
    /// 1 to 3.
    #[must_use]
    pub fn weight(self) -> u8 {
        match self {
            Self::Medium => 1,
            Self::High => 2,
            Self::Critical => 3,
        }
    }

    /// Its word in files and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One pattern. What it names must all hold; of a list of programs, files or expressions one is enough, of classes all must be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its name: lower-case letters, digits and hyphens.
    pub id: String,
    /// The category that it is of.
    pub asi: Asi,
    /// How grave a call is that fits.
    #[serde(rename = "level")]
    pub grade: Grade,
    /// What such a call does, in words that follow "it": they are shown.
    pub reason: String,
    /// Tools, by name; one that ends in `*` names all that begin so.
    #[serde(default)]
    pub tool: Vec<String>,
    /// What the call does, every one of these.
    #[serde(default)]
    pub class: Vec<Class>,
    /// Programs that it runs.
    #[serde(default)]
    pub program: Vec<String>,
    /// Files that it writes, by the end of their path.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Regular expressions over its text; ASCII unless they say `(?u)`.
    #[serde(default)]
    pub text: Vec<String>,
    /// Calls that fit.
    pub examples: Vec<Call>,
    /// Calls that look like it and do not fit.
    pub not: Vec<Call>,
}

/// A call in a file of patterns: a shell line, or a tool and its input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// Of the shell.
    Shell(String),
    /// Of any tool.
    Tool {
        /// Its name, as rules have it.
        tool: String,
        /// Its input.
        input: Map<String, Value>,
    },
}

impl Call {
    /// The parameters of a `use-tool` request for it, made in a project at `/home/dev/app`.
    #[must_use]
    pub fn params(&self) -> Map<String, Value> {
        let (tool, input) = match self {
            Self::Shell(line) => ("Bash", json!({ "command": line })),
            Self::Tool { tool, input } => (tool.as_str(), Value::Object(input.clone())),
        };
        let params = json!({ "tool": tool, "input": input, "cwd": "/home/dev/app", "project": "/home/dev/app" });
        params.as_object().cloned().unwrap_or_default()
    }
}

/// As a person knows it again.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(line) => write!(f, "`{}`", visible::escaped(line)),
            Self::Tool { tool, input } => {
                write!(f, "{} {}", visible::escaped(tool), visible::escaped(&Value::Object(input.clone()).to_string()))
            }
        }
    }
}

/// As much of a file as is about patterns: they may stand in a config.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    pattern: Vec<Spec>,
}

/// The patterns of a file, as they stand.
///
/// # Errors
/// Where it is no TOML, or one of them no pattern.
pub fn read(text: &str) -> Result<Vec<Spec>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.pattern)
}

impl Spec {
    /// What is wrong with it by itself.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let is_id = |id: &str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let looks_at_something =
            [self.text.len(), self.class.len(), self.program.len(), self.writes.len()].iter().any(|len| *len > 0);
        let checks = [
            (is_id(&self.id), "`id` is 1 to 64 lower-case letters, digits and hyphens"),
            (!self.reason.is_empty() && self.reason.len() <= 120, "`reason` is 1 to 120 bytes"),
            (looks_at_something, "it fits every call: give it `text`, `class`, `program` or `writes`"),
            (!self.examples.is_empty(), "give it `examples`: calls that fit"),
            (!self.not.is_empty(), "give it `not`: calls that look like it and do not fit"),
        ];
        let mut faults: Vec<String> =
            checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what.to_owned()).collect();
        faults.extend(self.text.iter().filter_map(|text| fault_of(text)));
        faults
    }
}

/// Why an expression cannot be used.
fn fault_of(text: &str) -> Option<String> {
    if text.len() > TEXT_BYTES_MAX {
        return Some(format!("an expression of {} bytes; {TEXT_BYTES_MAX} at most", text.len()));
    }
    let slow = || format!("`{text}` would be slow on a long text: split it, or take a count such as `{{0,80}}` out");
    match RegexBuilder::new(text).unicode(false).size_limit(AUTOMATON_BYTES_MAX).build() {
        Ok(_) => {}
        Err(regex::Error::CompiledTooBig(_)) => return Some(slow()),
        Err(error) => {
            let why = error.to_string();
            return Some(format!("`{text}` is no regular expression: {}", why.lines().last().unwrap_or_default()));
        }
    }
    let built = dense::Builder::new()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .thompson(thompson::Config::new().utf8(false))
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Unanchored)
                .dfa_size_limit(Some(AUTOMATON_BYTES_MAX))
                .determinize_size_limit(Some(BUILDING_BYTES_MAX)),
        )
        .build(text);
    built.is_err().then(slow)
}
