//! What a tool gave back, as a hook hands it over to be looked at. Nothing of it is kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /outputs`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolOutput {
    /// The coding agent's program.
    pub host: String,
    /// The session.
    pub session: String,
    /// The agent or subagent within the session.
    pub agent: String,
    /// The tool, by its common name; empty for what a person wrote.
    pub tool: String,
    /// What it was called with; empty where that is too long to be handed over.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// The working directory, in the agent's container.
    #[serde(default)]
    pub cwd: String,
    /// The beginning and the end of what it gave back, or all of it as one part.
    pub parts: Vec<String>,
    /// True where whoever asks waits to hear which parts are secrets, and can keep them from the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masks: bool,
}

impl ToolOutput {
    /// The most parts.
    pub const PARTS_MAX: usize = 2;
    /// The longest name of a host, session, agent or tool, in bytes.
    pub const NAME_BYTES_MAX: usize = 512;
}

/// The answer to `POST /outputs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masks {
    /// Secrets that are to be kept from the model: none where the owner does not want that, or nobody waits for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Mask>,
}

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// In which part.
    pub part: usize,
    /// Its first byte.
    pub from: usize,
    /// The byte behind its last.
    pub to: usize,
    /// What it is: `GitHub token`.
    pub name: String,
}
