//! A person's leave for more of the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::facts::Class;
use crate::{ActionName, Digest, GrantId, TicketId, Timestamp, UserName};

/// The member of a `use-tool` input under which stands what an MCP call says beside its arguments. The arguments have no such member.
pub const BESIDE_ARGUMENTS: &str = "beside the arguments";

/// The grant that an approval asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// How many times, beside the approved ticket itself; none is as often as time allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// For how long.
    pub seconds: u64,
    /// Which parameters may differ, and how far; all others must be equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Difference>,
    /// Waiting tickets that were shown whole beside it: each that the grant fits is approved with it, if one yes without a note or care
    /// is enough for it. The others stay as they are. At most [`BESIDE_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
}

/// So many waiting tickets are approved with one grant at most.
pub const BESIDE_MAX: usize = 16;

/// A waiting ticket as it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Which.
    pub id: TicketId,
    /// As what it was shown; where it is another by now, it stays.
    pub digest: Digest,
}

/// How far one parameter may differ from the approved one. Typed, and always narrower than "anything".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Difference {
    /// A URL with this scheme, host and port.
    SameHost(String),
    /// A path equal to this container directory or beneath it.
    Under(String),
    /// One of these exact values.
    OneOf(Vec<Value>),
    /// A `use-tool` input whose every command is this program with this subcommand, all within the same working directory.
    SameProgram(String),
    /// Any input of the same tool, within the same session: only for the input of `use-tool`. What an MCP call says beside its
    /// arguments stays.
    SameTool(String),
    /// Any input of the same tool that touches files, and none but in this directory of the project: only for the input of `use-tool`.
    FilesUnder(String),
    /// Whatever does these kinds of thing and no other, within the same session: for the input of `use-tool`, and with it for `tool` and
    /// `native`. Every class of the approved call must be among those that a grant may name so.
    SameClass(Vec<Class>),
    /// Any subject or text of a mail to this one recipient.
    SameRecipient(String),
    /// Any value within these numbers, both included.
    Between(i64, i64),
}

/// A grant as approvers see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub id: GrantId,
    /// Whose requests it accepts.
    pub user: UserName,
    /// Which action.
    pub action: ActionName,
    /// The parameters of the ticket it was made from.
    pub params: Map<String, Value>,
    /// Which of them may differ, and how far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differ: BTreeMap<String, Difference>,
    /// When it ends.
    pub until: Timestamp,
    /// How many uses were given.
    pub uses: Option<u32>,
    /// How many are left.
    pub uses_left: Option<u32>,
    /// Who made it; more than one where the ticket needed more.
    pub made_by: Vec<UserName>,
    /// When.
    pub made: Timestamp,
    /// The ticket whose approval carried it.
    pub from: TicketId,
    /// `params` are cut ([`abridge`](super::abridge)); the whole is in that ticket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub abridged: bool,
}

/// `GET /grants`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantList {
    /// The audit sequence up to which it is true.
    pub seq: u64,
    /// In the order they were made.
    pub grants: Vec<Grant>,
    /// Where to read on with `after`; none at the end.
    #[serde(default)]
    pub next: Option<GrantId>,
}
