//! The event stream, followed for as long as the program runs. Hints are never believed: each leads to a signed reading.

use std::{thread, time::Duration};

use ccc_client::{CallError, Sign};

use super::shared::Shared;
use crate::console::message::News;

/// The stream is taken for dead when nothing, not even a sign of life, came for so long.
const SILENCE_SECONDS_MAX: u64 = 60;
/// Between tries to reach the server, doubled from the first to the last.
const RETRY_SECONDS: [u64; 5] = [1, 2, 4, 8, 15];

/// Follows the event stream, and opens it again for as long as the program runs.
pub(super) fn watch(shared: &Shared) {
    let mut failures = 0;
    loop {
        match follow(shared, &mut failures) {
            Ok(()) => {}
            Err(error) => {
                let retry_seconds = RETRY_SECONDS.get(failures).or(RETRY_SECONDS.last()).copied().unwrap_or(1);
                failures += 1;
                shared.post(told(&error, retry_seconds));
                thread::sleep(Duration::from_secs(retry_seconds));
            }
        }
    }
}

/// A bridge that refuses is there: that is another thing than none.
fn told(error: &CallError, retry_seconds: u64) -> News {
    let why = error.to_string();
    match error {
        CallError::Refused(_) | CallError::RefusedUnverified { .. } => News::Refused { why, retry_seconds },
        _ => News::Lost { why, retry_seconds },
    }
}

/// One stream from its head to its end. It is opened before the queue is read, so that nothing falls between.
fn follow(shared: &Shared, failures: &mut usize) -> Result<(), CallError> {
    let mut stream = shared.bridge.events(shared.read_to())?;
    shared.catch_up()?;
    *failures = 0;
    shared.post(News::Connected);
    while let Some(sign) = stream.next_sign(Duration::from_secs(SILENCE_SECONDS_MAX))? {
        shared.post(News::Alive);
        let Sign::Event(event) = sign else { continue };
        // What approvers set changes no ticket, so that the queue's reading would not tell of it.
        if event.hint.kind.may_change_policies() {
            shared.post(News::Policies(shared.bridge.policies().map_err(|error| error.to_string())));
        }
        // Deadlines moved with the clock, which is no change of a ticket.
        if event.hint.kind.is_about_the_clock() {
            shared.read_whole()?;
        }
        let already_read = shared.read_to().is_some_and(|read_to| event.hint.seq <= read_to);
        if !already_read {
            shared.catch_up()?;
        }
    }
    Ok(())
}
