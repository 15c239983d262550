//! What would happen to a request, and which rules say so, without doing it.

use ccc_core::{
    law::Law,
    params,
    policy::{self, Question, Standing},
    refusal::Refusal,
};
use ccc_protocol::{ActionName, UserName};
use serde_json::{Map, Value, json};

use crate::volumes;

use super::{
    Front,
    prepare::{action, read_call},
};

impl Front {
    /// The whole trace for a request of this user, or why it would not even be judged.
    pub(super) fn explanation(&self, law: &Law, caller: &UserName, request: &Value) -> Value {
        self.trace(law, caller, request)
            .unwrap_or_else(|refusal| json!({ "outcome": "refused", "reason": refusal.detail, "param": refusal.param }))
    }

    fn trace(&self, law: &Law, caller: &UserName, request: &Value) -> Result<Value, Refusal> {
        let (name, given) = named(request)?;
        let action = action(law, &name)?;
        let draft = params::draft(action, given, &law.volumes)?;
        let resolved = draft.paths().iter().map(|question| volumes::resolve(question, &law.volumes));
        let resolved = resolved.collect::<Result<Vec<_>, Refusal>>()?;
        let args = draft.resolve(resolved)?;
        let facts = action.is_judge_only().then(|| read_call(&args.json, law));
        let published = self.shelf.read();
        let question = Question {
            caller,
            action,
            args: &args,
            facts: facts.as_ref(),
            local: self.clock.local(),
            now: self.clock.now(),
            users: &law.users,
            limits: &law.limits,
        };
        let grants: Vec<_> =
            published.grants.values().filter(|grant| grant.user == *caller && grant.action == name).collect();
        let standing = Standing { overrides: &published.overrides, denial: None, grants: &grants };
        let trace = policy::explain(&question, &law.rulebook, &standing);
        let mut told = serde_json::to_value(trace).unwrap_or_default();
        if let (Some(fields), Some(facts)) = (told.as_object_mut(), &facts) {
            fields.insert("facts".to_owned(), serde_json::to_value(facts).unwrap_or_default());
        }
        Ok(told)
    }
}

/// `{"action": NAME, ...params}`, as `POST /action` takes it.
fn named(request: &Value) -> Result<(ActionName, Map<String, Value>), Refusal> {
    let wrong = || Refusal::invalid("request", "`request` is the body that would be sent: {\"action\": NAME, ...}");
    let mut given = request.as_object().cloned().ok_or_else(wrong)?;
    let name = given.remove("action").and_then(|name| name.as_str().and_then(|name| name.parse().ok()));
    name.map(|name| (name, given)).ok_or_else(wrong)
}
