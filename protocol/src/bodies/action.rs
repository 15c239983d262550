//! What a caller may ask for: the answer to `GET /actions` and the result of `list-actions`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Confinement, Policy};
use crate::ActionName;

/// `GET /actions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionList {
    /// In the order of their names.
    pub actions: Vec<ActionInfo>,
}

/// One action of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Its name.
    pub action: ActionName,
    /// What it does, in a sentence.
    pub description: String,
    /// The group it is switched with.
    pub group: String,
    /// Its parameters, in the order of declaration.
    pub params: Vec<ParamInfo>,
    /// The policy in force for the caller.
    pub policy: Policy,
    /// True where the effect is the caller's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judge_only: bool,
    /// True where it changes nothing outside the bridge.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// True where the effect cannot be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
    /// How the program that it runs is confined; absent where it runs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<Confinement>,
}

/// One declared parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamInfo {
    /// Its name.
    pub name: String,
    /// `string`, `bool`, `integer`, `enum`, `path`, `url`, `email`, `list` or `object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// True where it must be given.
    pub required: bool,
    /// What is taken where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A regular expression that fits the whole value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The least number, or the least length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The greatest number, or the greatest length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The values that an `enum` takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The schemes that a `url` takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<String>,
    /// For a `path`: `file`, `dir` or `any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_kind: Option<String>,
    /// For a `list`: what each item is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<ParamInfo>>,
}
