//! `POST /action` and `GET /actions`: asking for something, and what may be asked for.

use ccc_core::refusal::Refusal;
use ccc_protocol::{ActionName, actions, json, visible};
use hyper::header::HeaderName;
use serde_json::{Map, Value};

use super::{Call, not_json};
use crate::{
    answer::Answer, body::too_large, desk::Sent, head::malformed, idempotency::IdempotencyKey, store::RequestKey,
};

pub(super) async fn submit(mut call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let (action, params) = flat_object(&call).await?;
    let bytes = u64::try_from(std::mem::take(&mut call.body).len()).unwrap_or(u64::MAX);
    let sent = Sent { bytes, room: call.room.take() };
    let key = request_key(&call)?;
    let wait = call.wait()?;
    let held = call.link.hold(&call.caller, call.limits, wait)?;
    let patience = call.patience(wait);
    let shown = call.front.submit_and_wait(&call.caller, action, params, key, patience, sent).await?;
    drop(held);
    Answer::submitted(shown)
}

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    Ok(Answer::ok(call.front.actions(&call.caller)))
}

/// `{"action": NAME, ...params}`.
async fn flat_object(call: &Call<'_>) -> Result<(ActionName, Map<String, Value>), Refusal> {
    let body = call.body.clone();
    let read = move || json::read_object(&body, json::Limits::default()).map_err(|error| not_json(&error));
    let mut params = call.front.aside_for(call.caller.user(), call.body.len(), read).await?;
    let name = match params.remove("action") {
        Some(Value::String(name)) => name,
        Some(other) => {
            return Err(malformed(format!("`action` is {}; write the action's name in quotes", json::kind(&other))));
        }
        None => {
            return Err(malformed(format!(
                "the body has no `action`; write `{{\"action\":\"{}\"}}` to see what there is",
                actions::LIST_ACTIONS
            )));
        }
    };
    // A tool call alone may be longer: its input is what the tool takes.
    if name != actions::USE_TOOL && call.body.len() as u64 > call.limits.body_bytes_max {
        return Err(too_large(call.limits.body_bytes_max));
    }
    let action = name.parse().map_err(|_| no_such_action(&name))?;
    seeds_headers_suffice(call, &action)?;
    Ok((action, params))
}

/// What cannot be an action's name names no action.
fn no_such_action(name: &str) -> Refusal {
    Refusal::no_such("action", visible::excerpt(name, 80))
}

/// The seed's headers bind neither method nor path: they are not enough to change who may mail whom.
fn seeds_headers_suffice(call: &Call<'_>, action: &ActionName) -> Result<(), Refusal> {
    if call.caller.is_legacy() && action.as_str() == actions::SET_MAIL_PERMISSION {
        return Err(Refusal::not_allowed(
            "`set-mail-permission` needs a request signed by RFC 9421, not by X-Conduit-Signature",
        ));
    }
    Ok(())
}

/// The key is the user's own, and stands for this body.
fn request_key(call: &Call<'_>) -> Result<Option<RequestKey>, Refusal> {
    let field = call.head.field(&IDEMPOTENCY_KEY)?;
    let key = field.map(str::parse::<IdempotencyKey>).transpose().map_err(|error| malformed(error.to_string()))?;
    Ok(key.map(|key| RequestKey { user: call.caller.user().clone(), key: key.to_string(), body: call.digest }))
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
