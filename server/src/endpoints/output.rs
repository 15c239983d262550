//! `POST /outputs`: what a tool gave back, to be looked at.

use ccc_core::refusal::Refusal;
use ccc_protocol::{bodies::ToolOutput, json};

use super::{Call, not_json};
use crate::{answer::Answer, head::malformed};

/// Answered before it is looked at, unless whoever asks waits to hear what is to be masked.
pub(super) async fn hand_over(mut call: Call<'_>) -> Result<Answer, Refusal> {
    call.no_query()?;
    let body = std::mem::take(&mut call.body);
    let bytes = body.len();
    let read = move || json::read_message::<ToolOutput>(&body).map_err(|error| not_json(&error));
    let output = call.front.aside_for(call.caller.user(), bytes, read).await?;
    check(&output)?;
    Ok(Answer::ok(call.front.look_at(&call.caller, output, call.room.take()).await?))
}

fn check(output: &ToolOutput) -> Result<(), Refusal> {
    if output.parts.len() > ToolOutput::PARTS_MAX {
        return Err(malformed(format!("`parts` has more than {} texts", ToolOutput::PARTS_MAX)));
    }
    let names =
        [("host", &output.host), ("session", &output.session), ("agent", &output.agent), ("tool", &output.tool)];
    match names.iter().find(|(_, name)| name.len() > ToolOutput::NAME_BYTES_MAX) {
        Some((field, _)) => Err(malformed(format!("`{field}` is longer than {} bytes", ToolOutput::NAME_BYTES_MAX))),
        None => Ok(()),
    }
}
