//! A program that is started for the person, watched for a moment, and left to them.

use std::{process::Stdio, time::Duration};

use ccc_core::{law::Law, ticket::Outcome};
use ccc_protocol::bodies::Plan;
use serde_json::json;

use super::{
    Environment,
    openers::Opened,
    process::{Process, Start, ending},
};

/// Starts it. An early end with an error is a failure; what still runs after the watch is taken to work.
pub(super) async fn open(plan: &Plan, environment: &Environment, law: &Law, opened: Opened) -> Outcome {
    let Plan::Open { program, args, dir, .. } = plan else {
        return Outcome::failure("this plan opens no program");
    };
    let start = Start { program, args, dir: dir.as_deref(), volumes: &law.volumes, given: None };
    let mut process = match start.start(environment, Stdio::null) {
        Ok(process) => process,
        Err(reason) => return Outcome::failure(reason),
    };
    let watch = Duration::from_millis(law.limits.open_watch_millis);
    match tokio::time::timeout(watch, process.child.wait()).await {
        Err(_) => {
            leave(process, opened);
            Outcome::success(json!({ "opened": true }))
        }
        Ok(Ok(status)) if status.success() => Outcome::success(json!({ "opened": true, "exit_code": 0 })),
        Ok(Ok(status)) => {
            let reason = format!("`{}` {}", start.name(), ending(status));
            Outcome { result: Some(json!({ "opened": false, "exit_code": status.code() })), ..Outcome::failure(reason) }
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "an opener cannot be waited for");
            Outcome::unknown(format!(
                "`{}` was started and could not be waited for: what it did is unknown",
                start.name()
            ))
        }
    }
}

/// It is the person's now. Somebody still waits for its end, so that it leaves no zombie.
fn leave(mut process: Process, opened: Opened) {
    tokio::spawn(async move {
        let _ = process.child.wait().await;
        drop(opened);
    });
}
