//! A program that is started and waited for.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use ccc_core::{law::Law, ticket::Outcome};
use ccc_protocol::bodies::Plan;
use serde_json::{Value, json};

use super::{
    environment::Environment,
    output::{Captured, Names},
    process::{Process, Start, ending},
};

/// How long output is still read after the program has ended: a child that it left behind may hold the stream open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// Runs a program to its end or its time limit.
pub(super) async fn run(plan: &Plan, environment: &Environment, law: &Law) -> Outcome {
    let Plan::Run { program, args, dir, timeout_seconds, paths, .. } = plan else {
        return Outcome::failure("this plan runs no program");
    };
    let start = Start { program, args, dir: dir.as_deref(), volumes: &law.volumes };
    let mut process = match start.start(environment, Stdio::piped) {
        Ok(process) => process,
        Err(reason) => return Outcome::failure(reason),
    };
    let output_bytes_max = usize::try_from(law.limits.output_bytes_max).unwrap_or(usize::MAX);
    let watched = watch(&mut process, Duration::from_secs(*timeout_seconds), output_bytes_max).await;
    let names = Names::new(&law.volumes, paths);
    watched.outcome(start.name(), *timeout_seconds, &names)
}

/// What was observed of a run.
struct Watched {
    ended: io::Result<ExitStatus>,
    in_time: bool,
    stdout: Captured,
    stderr: Captured,
}

async fn watch(process: &mut Process, limit: Duration, output_bytes_max: usize) -> Watched {
    let (stdout_pipe, stderr_pipe) = (process.child.stdout.take(), process.child.stderr.take());
    let (mut stdout, mut stderr) = (Captured::default(), Captured::default());
    let (ended, in_time) = {
        let reading = async {
            tokio::join!(stdout.fill(stdout_pipe, output_bytes_max), stderr.fill(stderr_pipe, output_bytes_max))
        };
        tokio::pin!(reading);
        let mut is_read = false;
        let deadline = tokio::time::sleep(limit);
        tokio::pin!(deadline);
        let ended = loop {
            tokio::select! {
                status = process.child.wait() => break (status, true),
                _ = &mut reading, if !is_read => is_read = true,
                () = &mut deadline => break (process.end().await, false),
            }
        };
        if !is_read {
            let _ = tokio::time::timeout(OUTPUT_GRACE, &mut reading).await;
        }
        process.end_rest();
        ended
    };
    Watched { ended, in_time, stdout, stderr }
}

impl Watched {
    fn outcome(&self, name: &str, timeout_seconds: u64, names: &Names) -> Outcome {
        let status = match &self.ended {
            Ok(status) => *status,
            Err(error) => {
                tracing::error!(%error, "a program cannot be waited for");
                return Outcome::failure(format!(
                    "`{name}` was started and could not be waited for: what it did is unknown"
                ));
            }
        };
        let succeeded = self.in_time && status.success();
        let reason = match self.in_time {
            true => (!succeeded).then(|| format!("`{name}` {}", ending(status))),
            false => Some(format!("`{name}` ran longer than {timeout_seconds} s and was ended")),
        };
        Outcome { succeeded, result: Some(self.result(status, names)), reason }
    }

    fn result(&self, status: ExitStatus, names: &Names) -> Value {
        use std::os::unix::process::ExitStatusExt;
        json!({
            "exit_code": status.code(),
            "signal": status.signal(),
            "timed_out": !self.in_time,
            "stdout": self.stdout.text(names),
            "stderr": self.stderr.text(names),
            "truncated": self.stdout.truncated || self.stderr.truncated,
        })
    }
}
