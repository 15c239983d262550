//! What would happen to a request, and which rules say so, without doing it.

use std::sync::Arc;

use ccc_core::{
    catalogue::{Effect, Service},
    law::Law,
    policy::{self, Question, Standing},
    refusal::Refusal,
    risk::Assessment,
    written::written_bytes,
};
use ccc_protocol::{
    ActionName, UserName, approval,
    bodies::{Confinement, Plan, Status, Ticket},
};
use serde_json::{Map, Value, json};

use super::{
    Front,
    prepare::{Asker, Prepared, prepare},
};

impl Front {
    /// The ticket, with its explanation where it asks for one and may have it: made anew for each reader, never stored.
    pub(super) async fn explained(&self, ticket: Ticket) -> Ticket {
        let law = self.law();
        let Some(request) = to_explain(&law, &ticket) else { return ticket };
        let told = self.explanation(&law, &ticket.submitted_by, request).await;
        Ticket { result: Some(told), ..ticket }
    }

    /// The whole trace for a request of this user, or why it would not even be judged.
    async fn explanation(&self, law: &Arc<Law>, caller: &UserName, request: &Value) -> Value {
        let refused =
            |refusal: Refusal| json!({ "outcome": "refused", "reason": refusal.detail, "param": refusal.param });
        let prepared = match named(request) {
            Ok((name, given)) => {
                let asker = Asker { user: Some(caller), bytes: written_bytes(request) };
                prepare(law, &name, given, &self.pool, asker).await
            }
            Err(refusal) => Err(refusal),
        };
        prepared.map_or_else(refused, |prepared| self.trace(law, caller, &prepared))
    }

    fn trace(&self, law: &Law, caller: &UserName, prepared: &Prepared) -> Value {
        let Prepared { action, args, facts, .. } = prepared;
        let alone = |facts| Assessment::alone(caller, &args.json, facts, &law.risk);
        let risk = facts.as_ref().map(alone);
        let question = Question {
            caller,
            action,
            args,
            facts: facts.as_ref(),
            risk: risk.as_ref(),
            local: self.clock.local(),
            now: self.clock.now(),
            users: &law.users,
            limits: &law.limits,
        };
        let call = approval::call_digest(&action.name, &args.json, caller);
        let published = self.shelf.read();
        let grants: Vec<_> =
            published.grants.values().filter(|grant| grant.user == *caller && grant.action == action.name).collect();
        let denial = published.denials.get(&call).copied();
        let standing = Standing { overrides: &published.overrides, denial, grants: &grants };
        let trace = policy::explain(&question, &law.rulebook, &standing);
        let mut told = serde_json::to_value(trace).unwrap_or_default();
        if let (Some(fields), Some(facts)) = (told.as_object_mut(), facts) {
            fields.insert("facts".to_owned(), serde_json::to_value(facts).unwrap_or_default());
            let told = risk.as_ref().map(|risk| &risk.told);
            fields.insert("risk".to_owned(), serde_json::to_value(told).unwrap_or_default());
        }
        if let (Some(fields), Plan::Run { confined, .. }) = (told.as_object_mut(), prepared.plan.plan()) {
            let reach = confined.as_ref().map_or_else(|| json!(Confinement::No), |reach| json!(reach));
            fields.insert("confined".to_owned(), reach);
        }
        told
    }
}

/// The request that this ticket wants explained.
fn to_explain<'a>(law: &Law, ticket: &'a Ticket) -> Option<&'a Value> {
    if ticket.status != Status::Succeeded {
        return None;
    }
    let action = law.catalogue.named(ticket.action.as_str())?;
    let explains = matches!(action.effect, Effect::Bridge(Service::Explain));
    ticket.params.get("request").filter(|_| explains)
}

/// `{"action": NAME, ...params}`, as `POST /action` takes it.
fn named(request: &Value) -> Result<(ActionName, Map<String, Value>), Refusal> {
    let wrong = || Refusal::invalid("request", "`request` is the body that would be sent: {\"action\": NAME, ...}");
    let mut given = request.as_object().cloned().ok_or_else(wrong)?;
    let name = given.remove("action").and_then(|name| name.as_str().and_then(|name| name.parse().ok()));
    name.map(|name| (name, given)).ok_or_else(wrong)
}
