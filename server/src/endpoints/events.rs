//! `GET /events`: hints as they come.

use std::{sync::Arc, time::Duration};

use ccc_core::refusal::Refusal;
use hyper::header::HeaderName;

use super::Call;
use crate::{
    answer::Answer,
    events::{self, Term},
    head::malformed,
    query,
};

pub(super) async fn open(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let last = call.head.field(&LAST_EVENT_ID)?.map(last_event).transpose()?;
    let place = call.caller.share().stream(call.limits)?;
    let hints = call.front.hints(&call.caller, last).await?;
    let term = Term {
        user: Arc::clone(call.caller.known()),
        keys: call.keys.subscribe(),
        _place: place,
        lifetime: Duration::from_secs(call.limits.stream_seconds_max),
    };
    Ok(Answer::events(events::stream(hints, term)))
}

fn last_event(field: &str) -> Result<u64, Refusal> {
    query::whole_number(field.trim_ascii())
        .ok_or_else(|| malformed("the Last-Event-ID is not the id of an event; send the number of the last one"))
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
