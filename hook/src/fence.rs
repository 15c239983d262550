//! What a tool gave back, handed over to be looked at. The agent waits for the bridge to have it, and not for what is found, unless
//! secrets are to be kept from its model.

use std::time::{Duration, Instant};

use ccc_hosts::answer::Reply;
use ccc_hosts::event::Recorded;
use ccc_hosts::output;
use ccc_hosts::translate;
use serde_json::{Map, Value};

use crate::connection::Connection;

/// How long that may take, in seconds: with masking on, the bridge looks first.
const HANDED_OVER_SECONDS_MAX: u64 = 3;

/// What came of handing over.
#[derive(Debug)]
pub enum Handed {
    /// There was nothing to hand over, or the bridge has it.
    Over,
    /// The bridge does not have it.
    Failed,
    /// The bridge has it, and this is what the host is told in its place.
    Masked(Reply),
}

/// Hands over what the document says that a tool gave back or a person wrote.
#[must_use]
pub fn hand_over(connection: &Connection, event: &str, recorded: &Recorded, document: &Map<String, Value>) -> Handed {
    let Some(output) = output::of(recorded, document) else { return Handed::Over };
    let deadline = Instant::now() + Duration::from_secs(HANDED_OVER_SECONDS_MAX);
    match connection.hand_over(&output, deadline) {
        Err(_) => Handed::Failed,
        Ok(masks) => match output::masked(document, &output, &masks) {
            Some(masked) => translate::masked(recorded.host, event, &masked).map_or(Handed::Over, Handed::Masked),
            None => Handed::Over,
        },
    }
}
