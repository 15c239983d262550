//! From a parsed request to a submission: every parameter its own type, paths resolved beneath their volumes, tool calls
//! read, the plan made. The same steps are taken again right before an effect, and must give the same plan.

use std::sync::Arc;

use ccc_core::{
    catalogue::Action,
    desk::{Asked, Submission},
    law::Law,
    params::{self, Args, Draft},
    plan,
    planned::Planned,
    policy::LocalTime,
    refusal::Refusal,
    risk::TextSigns,
};
use ccc_protocol::{
    ActionName, TicketId, UserName,
    actions::LIST_ACTIONS,
    bodies::{Facts, ProblemType},
    canary,
    signing::Key,
    visible,
};
use ccc_toolcall::facts;
use serde_json::{Map, Value};

use crate::volumes;

use super::pool::{AT_ONCE_BYTES_MAX, Pool};

/// A request whose parameters are checked and whose plan is made.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) action: Arc<Action>,
    pub(super) args: Args,
    pub(super) facts: Option<Facts>,
    pub(super) signs: TextSigns,
    pub(super) plan: Planned,
}

impl Prepared {
    /// The same with what shows that a marked value stands in it, which the caller should not have read.
    pub(super) fn marked(mut self, key: &Key) -> Self {
        let mut texts = vec![];
        self.args.json.values().for_each(|value| gather(value, &mut texts));
        if canary::is_in(&texts, key) {
            self.signs.canary = Some(whereabouts(&self.action.name, &self.args.json));
        }
        self
    }

    pub(super) fn submission(self, id: TicketId, caller: UserName, local: LocalTime, may_start: bool) -> Submission {
        let Self { action, args, facts, signs, plan } = self;
        Submission::new(Asked { id, caller, action, args, facts, signs, plan }, local, may_start)
    }
}

/// The action of this name.
///
/// # Errors
/// 404 with the way to see what there is.
pub(super) fn action<'a>(law: &'a Law, name: &ActionName) -> Result<&'a Arc<Action>, Refusal> {
    let missing =
        || Refusal::new(ProblemType::NotFound, format!("no action `{name}`: ask {LIST_ACTIONS} what there is"));
    law.catalogue.named(name.as_str()).ok_or_else(missing)
}

/// Whose request is prepared, and how much there is to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// Whose turn it takes; nobody is the server itself.
    pub(super) user: Option<&'a UserName>,
    /// The size of its parameters, in bytes.
    pub(super) bytes: u64,
}

/// Checks and resolves, where it takes time away from the thread that serves everybody.
///
/// # Errors
/// 404 for an unknown action, 422 where a parameter is not as declared.
pub(super) async fn prepare(
    law: &Arc<Law>,
    name: &ActionName,
    given: Map<String, Value>,
    pool: &Pool,
    asker: Asker<'_>,
) -> Result<Prepared, Refusal> {
    let action = Arc::clone(action(law, name)?);
    let whole = Arc::clone(law);
    if asker.bytes > AT_ONCE_BYTES_MAX {
        let work = move || {
            let draft = params::draft(&action, given, &whole.volumes)?;
            resolved(draft, action, &whole)
        };
        return pool.run(asker.user, work).await;
    }
    let draft = params::draft(&action, given, &law.volumes)?;
    // A file system may be slow, however little is asked of it.
    match draft.paths().is_empty() {
        true => resolved(draft, action, law),
        false => pool.run(asker.user, move || resolved(draft, action, &whole)).await,
    }
}

fn gather<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(members) => members.values().for_each(|member| gather(member, texts)),
        _ => {}
    }
}

fn whereabouts(action: &ActionName, params: &Map<String, Value>) -> String {
    match params.get("tool").and_then(Value::as_str) {
        Some("Bash") => "in the command".to_owned(),
        Some(tool) => format!("in what `{}` is called with", visible::excerpt(tool, 80)),
        None => format!("in a parameter of `{action}`"),
    }
}

fn resolved(draft: Draft, action: Arc<Action>, law: &Law) -> Result<Prepared, Refusal> {
    let paths = draft.paths().iter().map(|question| volumes::resolve(question, &law.volumes));
    let paths = paths.collect::<Result<Vec<_>, Refusal>>()?;
    let args = draft.resolve(paths)?;
    let plan = plan::make(&action, &args, law)?;
    let facts = action.is_judge_only().then(|| facts::of_request(&args.json, &law.knowledge()));
    let signs = facts.as_ref().map(|facts| signs(&args, facts, law)).unwrap_or_default();
    Ok(Prepared { action, args, facts, signs, plan })
}

/// What the call's text shows, however long it is.
fn signs(args: &Args, facts: &Facts, law: &Law) -> TextSigns {
    let bytes_max = usize::try_from(law.limits.tool_body_bytes_max).unwrap_or(usize::MAX);
    TextSigns { matched: law.patterns.matched(&args.json, facts, bytes_max), canary: None }
}
