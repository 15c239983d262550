//! `/queue/{id}`: one ticket, for its submitter and for who may approve it.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn show(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let (id, wait) = (call.ticket()?, call.wait()?);
    let held = call.link.hold(&call.caller, call.limits, wait)?;
    let ticket = call.front.ticket(&call.caller, id, call.patience(wait)).await?;
    drop(held);
    Ok(Answer::ok(ticket))
}

pub(super) async fn preview(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let preview = call.front.preview(&call.caller, call.ticket()?).await?;
    Ok(Answer::ok(preview))
}

pub(super) async fn cancel(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    call.no_message()?;
    let ticket = call.front.cancel(&call.caller, call.ticket()?).await?;
    Ok(Answer::ok(ticket))
}
