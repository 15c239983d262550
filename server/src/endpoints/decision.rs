//! What a person says to a ticket: `approve`, `deny`, `edit`, `lift` for the cool-down of a denial, and `stop` for a run under way.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn approve(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let ticket = call.front.approve(&call.caller, call.ticket()?, call.message()?).await?;
    Ok(Answer::ok(ticket))
}

pub(super) async fn deny(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let ticket = call.front.deny(&call.caller, call.ticket()?, call.message()?).await?;
    Ok(Answer::ok(ticket))
}

pub(super) async fn edit(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let bytes = u64::try_from(call.body.len()).unwrap_or(u64::MAX);
    let ticket = call.front.edit(&call.caller, call.ticket()?, call.message()?, bytes).await?;
    Ok(Answer::ok(ticket))
}

pub(super) async fn lift(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    call.no_message()?;
    let ticket = call.front.lift(&call.caller, call.ticket()?).await?;
    Ok(Answer::ok(ticket))
}

pub(super) async fn stop(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    call.no_message()?;
    let ticket = call.front.stop(&call.caller, call.ticket()?).await?;
    Ok(Answer::ok(ticket))
}
