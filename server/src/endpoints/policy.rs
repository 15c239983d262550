//! `/policies` and `/freeze`: how much is let through for the users the caller may approve for.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let policies = call.front.policies(&call.caller)?;
    Ok(Answer::ok(policies))
}

pub(super) async fn set_group(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let policies = call.front.set_group(&call.caller, call.name.to_owned(), call.message()?).await?;
    Ok(Answer::ok(policies))
}

pub(super) async fn set_action(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let policies = call.front.set_policy(&call.caller, call.named("action")?, call.message()?).await?;
    Ok(Answer::ok(policies))
}

pub(super) async fn freeze(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let policies = call.front.freeze(&call.caller, call.message()?).await?;
    Ok(Answer::ok(policies))
}
