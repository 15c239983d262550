//! The JSON bodies of requests and answers, one file a noun. Unknown fields in requests are refused.

pub mod abridge;
mod action;
mod audit;
mod decision;
mod entry_kind;
mod event;
pub mod facts;
mod grant;
mod health;
mod output;
mod policies;
mod preview;
mod problem;
mod queue;
mod risk;
mod ticket;
mod verdict;

pub use action::{ActionInfo, ActionList, ParamInfo};
pub use audit::{AuditEntry, AuditList};
pub use decision::{Approve, Deny, Edit};
pub use entry_kind::{EntryKind, UnknownKind};
pub use event::Hint;
pub use facts::{Access, Class, CommandFact, Facts, PathFact, Place};
pub use grant::{BESIDE_ARGUMENTS, BESIDE_MAX, Beside, Difference, Grant, GrantList, GrantRequest};
pub use health::Health;
pub use output::{Mask, Masks, ToolOutput};
pub use policies::{ActionPolicy, Freeze, GroupPolicies, PolicyList, SetGroup, SetPolicy};
pub use preview::{
    Confined, Confinement, FileView, MailView, Mark, Marked, PathView, Plan, Preview, Reach, RecentAsk, Replaced,
    UrlView,
};
pub use problem::{OWNERS_TASK, Problem, ProblemType};
pub use queue::{OutOfStep, QueueList};
pub use risk::{Assessed, FenceAnswer, Finding, FindingKind, Held, Level};
pub use ticket::{Approval, Policy, Risk, Status, Ticket, Waiting};
pub use verdict::{Care, Gravity, Shown, Verdict, Word, WordError};
