//! `/grants`: the leave that people gave for more of the same.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let grants = call.front.grants(&call.caller)?;
    Ok(Answer::ok(&grants))
}

pub(super) async fn revoke(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    call.no_message()?;
    let grant = call.front.revoke(&call.caller, call.named("grant")?).await?;
    Ok(Answer::ok(&grant))
}
