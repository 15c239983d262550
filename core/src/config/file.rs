//! The config file as it is written: TOML, every key known.

use std::collections::BTreeMap;

use ccc_protocol::bodies::{Policy, Risk};
use ccc_toolcall::programs::spec::ProgramSpec;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    fence::FenceSpec,
    limits::Limits,
    policy::RuleSpec,
    risk::{RiskSpec, SequenceSpec, patterns},
};

/// The whole file, as serde reads it. What has a position in it carries it (`Spanned`), so that a fault names its line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) bind: Option<Spanned<String>>,
    pub(super) port: Option<u16>,
    pub(super) socket: Option<String>,
    pub(super) socket_mode: Option<Spanned<String>>,
    pub(super) socket_group: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) allow_remote: bool,
    pub(super) secrets: Option<String>,
    pub(super) data: Option<String>,
    pub(super) mail_perms: Option<String>,
    pub(super) legacy_signatures: bool,
    pub(super) volumes: BTreeMap<String, Spanned<String>>,
    pub(super) default_volume: Option<String>,
    pub(super) desktop: DesktopTable,
    pub(super) limits: Limits,
    pub(super) smtp: Option<Spanned<SmtpTable>>,
    pub(super) audit: AuditTable,
    pub(super) actions: BTreeMap<String, Spanned<ActionSpec>>,
    pub(super) programs: BTreeMap<String, Spanned<ProgramSpec>>,
    pub(super) rule: Vec<Spanned<RuleSpec>>,
    pub(super) risk: RiskSpec,
    pub(super) sequence: Vec<SequenceSpec>,
    pub(super) pattern: Vec<Spanned<patterns::Spec>>,
    pub(super) fence: FenceSpec,
}

/// `[desktop]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DesktopTable {
    pub(super) editor: Option<Spanned<Vec<String>>>,
    pub(super) browser: Option<Spanned<Vec<String>>>,
    pub(super) terminal: Option<Spanned<Vec<String>>>,
}

/// `[smtp]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmtpTable {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    #[serde(default)]
    pub(super) security: super::Security,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) from: String,
}

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AuditTable {
    pub(super) key_file: Option<String>,
    pub(super) checkpoint_file: Option<String>,
    pub(super) checkpoint_command: Option<Vec<String>>,
    pub(super) checkpoint_every: Option<Spanned<String>>,
}

/// `[actions.NAME]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ActionSpec {
    pub(super) description: Option<String>,
    pub(super) group: Option<String>,
    pub(super) policy: Option<Policy>,
    pub(super) floor: Option<Policy>,
    pub(super) params: BTreeMap<String, Spanned<ParamSpec>>,
    pub(super) run: Option<Vec<String>>,
    pub(super) dir: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) risk: Option<Risk>,
    pub(super) irreversible: Option<bool>,
    pub(super) start_seconds_max: Option<u64>,
    pub(super) confined: Option<toml::Value>,
    pub(super) allow_read: Option<Vec<String>>,
    pub(super) allow_write: Option<Vec<String>>,
    pub(super) network: Option<bool>,
}

/// `params.NAME = { … }`, and `items = { … }` within it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParamSpec {
    #[serde(rename = "type")]
    pub(super) kind_word: String,
    pub(super) required: Option<bool>,
    pub(super) default: Option<toml::Value>,
    pub(super) description: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) multiline: Option<bool>,
    pub(super) values: Option<Vec<String>>,
    pub(super) kind: Option<String>,
    pub(super) must_exist: Option<bool>,
    pub(super) content: Option<bool>,
    pub(super) schemes: Option<Vec<String>>,
    pub(super) items: Option<Box<ParamSpec>>,
}
