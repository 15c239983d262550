//! Starting the installed command line as the host would, with a canary on its
//! stdin.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::canary;
use ccc_hosts::answer::{Answer, Reason};
use ccc_hosts::files;
use ccc_hosts::host::{Feed, Host};
use ccc_hosts::manifest::Install;
use ccc_hosts::settings;
use ccc_hosts::translate;
use ccc_protocol::exit;

/// How long a started program may take, in seconds.
const SECONDS_MAX: u64 = 20;

/// What a started program may print, in bytes.
const OUTPUT_BYTES_MAX: u64 = 64 * 1024;

/// What came of the canary.
#[derive(Debug)]
pub enum Outcome {
    /// Denied in the host's own form by way of the bridge.
    Blocked(String),
    /// Blocked because something failed.
    BlockedWithoutBridge(String),
    /// The host would have let the call run.
    Passed(String),
}

/// Runs the gate's command as it stands in the host's settings.
#[must_use]
pub fn run(host: Host, install: &Install, project: &Path) -> Outcome {
    let Some(command) = installed_gate(host, install) else {
        return Outcome::Passed("no command is installed".to_owned());
    };
    let document = canary::document(host, project).to_string();
    match finished(shell(host, &command, &document).current_dir(project), &document) {
        Ok(output) => judged(host, &output),
        Err(error) => Outcome::Passed(format!("the command cannot be started: {error}")),
    }
}

/// What the host's program says of its version.
#[must_use]
pub fn version(host: Host) -> Option<String> {
    let output = finished(Command::new(host.program()).arg("--version"), "").ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// What the host's program prints in this directory, however it ends.
pub(super) fn printed_by(host: Host, arguments: &[&str], directory: &Path) -> Option<String> {
    let output = finished(Command::new(host.program()).args(arguments).current_dir(directory), "").ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn installed_gate(host: Host, install: &Install) -> Option<String> {
    let text = files::read_if_any(&install.settings).ok()??;
    let found = settings::found_entries(host, &install.settings, &text).ok()?;
    found.into_iter().find(|(event, _)| event == host.profile().gate).map(|(_, command)| command)
}

fn shell(host: Host, command: &str, document: &str) -> Command {
    let line = match host.profile().feed {
        Feed::HereDocument => format!("{command} <<'CCC_HOOK_EOF'\n{document}\nCCC_HOOK_EOF"),
        Feed::Stdin => command.to_owned(),
    };
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(line);
    shell
}

fn judged(host: Host, output: &Output) -> Outcome {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if let Some(user) = denied_as(host, &output.stdout).filter(|_| output.status.success()) {
        return Outcome::Blocked(format!(
            "blocked through the installed command; the bridge knows this agent as `{user}`"
        ));
    }
    let denied = denial(host, &stdout).filter(|_| output.status.success());
    if let Some(reason) = denied {
        return Outcome::BlockedWithoutBridge(reason);
    }
    if output.status.code() == Some(i32::from(exit::hook::BLOCKS)) && !words.is_empty() && stdout.is_empty() {
        return Outcome::BlockedWithoutBridge(words);
    }
    Outcome::Passed(format!("{}, stdout `{stdout}`, stderr `{words}`", output.status))
}

/// The user named in exactly the denial that a canary ends in.
fn denied_as(host: Host, stdout: &[u8]) -> Option<String> {
    let reason = denial(host, std::str::from_utf8(stdout).ok()?)?;
    let user = reason.rsplit('`').nth(1)?.to_owned();
    (canary::reason(&user).as_str() == reason).then_some(user)
}

/// The reason in a denial of this host's form: the one text by which the whole
/// answer can be made again.
fn denial(host: Host, stdout: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(stdout).ok()?;
    texts(&answer).into_iter().find(|text| {
        let made = translate::reply(host, host.profile().gate, &Answer::Deny(Reason::new(text)));
        made.stdout == stdout.as_bytes()
    })
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Runs to the end, or kills when the time is over.
fn finished(command: &mut Command, stdin: &str) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A program that reads nothing is judged by what it answers.
        let _ = input.write_all(stdin.as_bytes());
    }
    let deadline = Instant::now() + Duration::from_secs(SECONDS_MAX);
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                child.kill()?;
                break child.wait()?;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    Ok(Output {
        status,
        stdout: printed(&mut child, |child| child.stdout.take())?,
        stderr: printed(&mut child, |child| child.stderr.take())?,
    })
}

fn printed<R: Read>(child: &mut Child, stream: impl Fn(&mut Child) -> Option<R>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream(child) {
        stream.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
