//! A program that is started and waited for.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use ccc_core::ticket::Outcome;
use ccc_protocol::{TicketId, bodies::Plan};
use serde_json::{Value, json};

use super::{
    Means, Order, Stop,
    control::Control,
    given::Given,
    ledger::Ledger,
    missing,
    output::{Captured, Names},
    process::{Process, Start, ending, not_confined},
};

/// How long output is still read after the program has ended: a child that it left behind may hold the stream open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// Runs a program to its end or its time limit.
pub(super) async fn run(
    plan: &Plan,
    means: Means<'_>,
    order: Order<'_>,
    ledger: Option<(&Ledger, TicketId)>,
) -> Outcome {
    let Plan::Run { program, args, dir, timeout_seconds, paths, confined, .. } = plan else {
        return Outcome::failure("this plan runs no program");
    };
    let Order { law, mut stop, .. } = order;
    let Means { environment, confine } = means;
    let dir = dir.as_deref();
    let limits = &law.limits;
    let given = confined.as_ref().map(|reach| Given { program, args, dir, reach, confine, environment, limits });
    let start = Start { program, args, dir, volumes: &law.volumes, given };
    let process = match start.start(environment, Stdio::piped) {
        Ok(process) => process,
        Err(reason) => return Outcome::failure(reason),
    };
    let written =
        ledger.zip(process.group).map(|((ledger, ticket), group)| ledger.write(ticket, group, *timeout_seconds));
    let output_bytes_max = usize::try_from(law.limits.output_bytes_max).unwrap_or(usize::MAX);
    let mut watched = watch(process, Duration::from_secs(*timeout_seconds), output_bytes_max, &mut stop).await;
    drop(written);
    if !watched.was_started() {
        let said = watched.stderr.plain();
        tracing::warn!(program = program.as_str(), said, "a program could not be confined");
        return Outcome::failure(not_confined(start.name()));
    }
    let names = Names::new(&law.volumes, paths);
    let outcome = watched.outcome(start.name(), *timeout_seconds, &names);
    match watched.hint() {
        Some(hint) => with_hint(outcome, &names.in_container(&hint)),
        None => outcome,
    }
}

/// What the program may have lacked, beside what it did.
fn with_hint(mut outcome: Outcome, hint: &str) -> Outcome {
    if let Some(result) = outcome.result.as_mut().and_then(Value::as_object_mut) {
        result.insert("confined".to_owned(), hint.into());
    }
    outcome
}

/// Why the bridge ended a run.
enum Early {
    OverTime,
    Stopped(String),
}

/// What was observed of a run.
struct Watched {
    ended: io::Result<ExitStatus>,
    early: Option<Early>,
    stdout: Captured,
    stderr: Captured,
    control: Option<Control>,
}

async fn watch(mut process: Process, limit: Duration, output_bytes_max: usize, stop: &mut Stop) -> Watched {
    let (stdout_pipe, stderr_pipe) = (process.child.stdout.take(), process.child.stderr.take());
    let (mut stdout, mut stderr) = (Captured::default(), Captured::default());
    let (ended, early, control) = {
        let reading = async {
            tokio::join!(stdout.fill(stdout_pipe, output_bytes_max), stderr.fill(stderr_pipe, output_bytes_max))
        };
        tokio::pin!(reading);
        let mut is_read = false;
        let deadline = tokio::time::sleep(limit);
        tokio::pin!(deadline);
        let early = loop {
            tokio::select! {
                () = process.ended() => break None,
                _ = &mut reading, if !is_read => is_read = true,
                () = &mut deadline => break Some(Early::OverTime),
                reason = stop.comes() => break Some(Early::Stopped(reason)),
            }
        };
        if early.is_some() {
            process.end().await;
        }
        if !is_read {
            let _ = tokio::time::timeout(OUTPUT_GRACE, &mut reading).await;
        }
        let control = process.control.take();
        (process.reap().await, early, control)
    };
    Watched { ended, early, stdout, stderr, control }
}

impl Watched {
    fn outcome(&self, name: &str, timeout_seconds: u64, names: &Names) -> Outcome {
        let status = match &self.ended {
            Ok(status) => *status,
            Err(error) => {
                tracing::error!(%error, "a program cannot be waited for");
                return Outcome::unknown(format!(
                    "`{name}` was started and could not be waited for: what it did is unknown"
                ));
            }
        };
        let succeeded = self.early.is_none() && status.success();
        let reason = match &self.early {
            None => (!succeeded).then(|| format!("`{name}` {}", ending(status))),
            Some(Early::OverTime) => Some(format!("`{name}` ran longer than {timeout_seconds} s and was ended")),
            Some(Early::Stopped(reason)) => Some(reason.clone()),
        };
        Outcome { succeeded, result: Some(self.result(status, names)), reason, is_unknown: false }
    }

    /// Whether what was observed is the program's, and not a launcher's that could not start it.
    fn was_started(&mut self) -> bool {
        self.control.as_mut().is_none_or(Control::was_started)
    }

    fn hint(&self) -> Option<String> {
        let outputs = [self.stderr.plain(), self.stdout.plain()];
        missing::hint(self.control.as_ref()?.given(), outputs.iter().map(String::as_str))
    }

    fn result(&self, status: ExitStatus, names: &Names) -> Value {
        use std::os::unix::process::ExitStatusExt;
        json!({
            "exit_code": status.code(),
            "signal": status.signal(),
            "timed_out": matches!(self.early, Some(Early::OverTime)),
            "stdout": self.stdout.text(names),
            "stderr": self.stderr.text(names),
            "truncated": self.stdout.truncated || self.stderr.truncated,
        })
    }
}
