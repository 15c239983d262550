//! From a parsed request to a submission: every parameter its own type, paths resolved beneath their volumes, tool calls
//! read, the plan made. The same steps are taken again right before an effect, and must give the same plan.

use std::sync::Arc;

use ccc_core::{
    catalogue::Action,
    desk::{Asked, Submission},
    law::Law,
    params::{self, Args},
    plan,
    planned::Planned,
    policy::LocalTime,
    refusal::Refusal,
};
use ccc_protocol::{
    ActionName, TicketId, UserName,
    actions::LIST_ACTIONS,
    bodies::{Facts, ProblemType},
};
use ccc_toolcall::facts;
use serde_json::{Map, Value};

use crate::volumes;

/// A request whose parameters are checked and whose plan is made.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) action: Arc<Action>,
    pub(super) args: Args,
    pub(super) facts: Option<Facts>,
    pub(super) plan: Planned,
}

impl Prepared {
    pub(super) fn submission(self, id: TicketId, caller: UserName, local: LocalTime, may_start: bool) -> Submission {
        let Self { action, args, facts, plan } = self;
        Submission::new(Asked { id, caller, action, args, facts, plan }, local, may_start)
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

/// Checks and resolves.
///
/// # Errors
/// 404 for an unknown action, 422 where a parameter is not as declared.
pub(super) async fn prepare(law: &Arc<Law>, name: &ActionName, given: Map<String, Value>) -> Result<Prepared, Refusal> {
    let action = Arc::clone(action(law, name)?);
    let draft = params::draft(&action, given, &law.volumes)?;
    let args = if draft.paths().is_empty() {
        draft.resolve(vec![])?
    } else {
        let law = Arc::clone(law);
        off_the_road(move || {
            let resolved = draft.paths().iter().map(|question| volumes::resolve(question, &law.volumes));
            let resolved = resolved.collect::<Result<Vec<_>, Refusal>>()?;
            draft.resolve(resolved)
        })
        .await?
    };
    let plan = plan::make(&action, &args, law)?;
    let facts = action.is_judge_only().then(|| facts::of_request(&args.json, &law.knowledge()));
    Ok(Prepared { action, args, facts, plan })
}

/// Work that may meet a slow file system, away from the thread that serves everybody.
pub(super) async fn off_the_road<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Refusal::unavailable("the request could not be checked").because(error)))
}
