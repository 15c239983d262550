//! `/grants`: the leave that people gave for more of the same.

use ccc_core::refusal::Refusal;

use super::Call;
use crate::{answer::Answer, head::malformed, query};

pub(super) async fn list(call: Call<'_>) -> Result<Answer, Refusal> {
    let [after, limit] = query::read_as_written(call.head.query(), ["after", "limit"])?;
    let not_an_id = |_| malformed("the query's `after` is not the id of a grant; give what `next` said");
    let after = after.map(str::parse).transpose().map_err(not_an_id)?;
    let limit = call.limit(limit.map(|limit| query::number("limit", limit)).transpose()?)?;
    let grants = call.front.grants(&call.caller, after, limit)?;
    Ok(Answer::ok(grants))
}

pub(super) async fn revoke(call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    call.no_message()?;
    let grant = call.front.revoke(&call.caller, call.named("grant")?).await?;
    Ok(Answer::ok(grant))
}
