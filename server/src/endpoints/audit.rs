//! `GET /audit`: the story of the users the caller may approve for.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    let (after, limit) = call.page()?;
    let entries = call.front.audit(&call.caller, after.unwrap_or_default(), limit).await?;
    Ok(Answer::ok(entries))
}
