//! `GET /queue`: what waits, or what changed since.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::answer::Answer;

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    let (after, limit) = call.page()?;
    let queue = call.front.queue(&call.caller, after, limit).await?;
    Ok(Answer::ok(queue))
}
