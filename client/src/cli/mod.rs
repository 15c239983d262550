//! The command: arguments in, the answer's JSON to standard output, words to
//! standard error, an exit code out.

mod args;
mod shown;

use std::env;
use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use args::{Call, Command, Environment, Task, Wait};
use ccc_client::{Answer, Bridge, CallError, Identity, config_dir, local, read_secrets};
use ccc_protocol::bodies::{OWNERS_TASK, Status, Ticket};
use ccc_protocol::{actions::LIST_ACTIONS, visible};
use ccc_protocol::{exit, json};

/// The largest action that is read from standard input.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

/// How long an action that needs nobody's leave is followed to its end when
/// nobody asked to wait.
const FOLLOW_SECONDS_MAX: u64 = 30;

/// Longer than any ticket stays open.
const FOREVER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

const HELP: &str = include_str!("help.txt");

/// Runs the command and tells its exit code.
pub(crate) fn run() -> u8 {
    let environment = Environment {
        secrets: env::var_os("CCC_SECRETS"),
        user: env::var_os("CCC_USER"),
        url: env::var_os("CONDUIT_URL"),
        terminal: io::stdin().is_terminal(),
        unasked: local::unasked(local::AGENT_SECRETS),
    };
    let call = match args::parse(env::args_os().skip(1), environment) {
        Ok(Command::Help) => return print(HELP.trim_end().as_bytes()),
        Ok(Command::Version) => return print(concat!("ccc-client ", env!("CARGO_PKG_VERSION")).as_bytes()),
        Ok(Command::Call(call)) => call,
        Err(fault) => return say_usage(&fault),
    };
    match prepare(&call) {
        Ok((bridge, body)) => tell(&call, perform(&bridge, &call, body.as_deref())),
        Err(fault) => say_usage(&fault),
    }
}

/// All that can go wrong before anything is sent.
fn prepare(call: &Call) -> Result<(Bridge, Option<Vec<u8>>), String> {
    let body = match &call.task {
        Task::Submit(text) => Some(checked(text.clone().into_bytes())?),
        Task::SubmitInput => Some(checked(read_input()?)?),
        Task::Look(_) | Task::Cancel(_) => None,
    };
    let address = call.url.parse().map_err(|error: ccc_client::AddressError| error.to_string())?;
    let secrets = read_secrets(&call.secrets).map_err(|error| error.to_string())?;
    let identity = Identity::choose(&secrets, call.user.as_deref()).map_err(|error| error.to_string())?;
    Ok((Bridge::new(address, identity), body))
}

fn read_input() -> Result<Vec<u8>, String> {
    let mut input = Vec::new();
    io::stdin()
        .take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut input)
        .map_err(|error| format!("standard input cannot be read: {error}"))?;
    if input.len() as u64 > INPUT_BYTES_MAX {
        return Err(format!("the action on standard input is larger than {INPUT_BYTES_MAX} bytes"));
    }
    Ok(input)
}

/// An action is one JSON object, read here as the server will read it.
fn checked(body: Vec<u8>) -> Result<Vec<u8>, String> {
    match json::read_object(&body, json::Limits::default()) {
        Ok(_) => Ok(body),
        Err(error) => Err(format!(
            r#"the action is not one JSON object: it has {error}; write it like '{{"action": "{LIST_ACTIONS}"}}'"#
        )),
    }
}

/// An answer, and what it says of its ticket: read once, for most of the time of a call goes into reading.
struct Outcome {
    answer: Answer,
    ticket: Result<Ticket, CallError>,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { ticket: answer.ticket(), answer }
    }
}

fn perform(bridge: &Bridge, call: &Call, body: Option<&[u8]>) -> Result<Outcome, CallError> {
    let answer = match call.task {
        Task::Submit(_) | Task::SubmitInput => return submit(bridge, call.wait, body.unwrap_or_default()),
        Task::Cancel(id) => bridge.cancel(id),
        Task::Look(id) => match until(call.wait) {
            Some(until) => bridge.wait_for(id, until),
            None => bridge.look(id, None),
        },
    };
    answer.map(Outcome::from)
}

/// Submits an action and follows it: to its end when asked to wait, else as
/// long as it needs nobody's leave.
fn submit(bridge: &Bridge, wait: Wait, body: &[u8]) -> Result<Outcome, CallError> {
    if let Some(until) = until(wait) {
        return bridge.submit_and_wait(body, until).map(Outcome::from);
    }
    let outcome = Outcome::from(bridge.submit(body, None)?);
    match &outcome.ticket {
        Ok(ticket) if matches!(ticket.status, Status::Approved | Status::Running) => {
            let until = Instant::now() + Duration::from_secs(FOLLOW_SECONDS_MAX);
            bridge.wait_for(ticket.id, until).map(Outcome::from)
        }
        _ => Ok(outcome),
    }
}

fn until(wait: Wait) -> Option<Instant> {
    match wait {
        Wait::No => None,
        Wait::Forever => Some(Instant::now() + FOREVER),
        Wait::Seconds(seconds) => Some(Instant::now() + Duration::from_secs(seconds).min(FOREVER)),
    }
}

/// Prints what came of it, and tells the exit code.
fn tell(call: &Call, outcome: Result<Outcome, CallError>) -> u8 {
    let Outcome { answer, ticket } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return say(&error.to_string(), error.exit_code()),
    };
    let for_a_person = !call.json && io::stdout().is_terminal();
    let printed = match (&ticket, for_a_person) {
        (_, false) => print(answer.body().trim_ascii_end()),
        (Ok(ticket), true) => print_text(&shown::ticket(ticket)),
        // A denial comes with its ticket; what else was refused is told in words alone.
        (Err(_), true) => answer.subject().map_or(exit::SUCCEEDED, |ticket| print_text(&shown::ticket(&ticket))),
    };
    match ticket {
        Err(error) => {
            let (words, code) = (error.to_string(), error.exit_code());
            say(&words, code);
            owners_task(&words).map_or(code, |words| say(&words, code))
        }
        Ok(_) if printed != exit::SUCCEEDED => printed,
        Ok(ticket) if matches!(call.task, Task::Cancel(_)) && ticket.status == Status::Cancelled => exit::SUCCEEDED,
        Ok(ticket) => {
            let reason = ticket.reason.as_deref().and_then(owners_task);
            for words in words_about(&ticket).into_iter().chain(reason) {
                say(&words, 0);
            }
            exit::of_ticket(&ticket, call.wait != Wait::No)
        }
    }
}

/// What a person wants to know beside the JSON.
fn words_about(ticket: &Ticket) -> Option<String> {
    let id = ticket.id;
    Some(match ticket.status {
        Status::Queued => format!("queued for a person to decide; wait for it with `ccc-client --id {id} --wait`"),
        Status::Approved | Status::Running => {
            format!("{}, not ended; look again with `ccc-client --id {id}`", ticket.status)
        }
        Status::Expired => "expired: nobody decided in time".to_owned(),
        Status::Lost => "the server stopped while it ran; what came of it is unknown".to_owned(),
        Status::Released if ticket.replayed => "released before; this answer is no leave".to_owned(),
        Status::Denied | Status::Cancelled | Status::Failed => ticket.status.to_string(),
        Status::Confined => "to be run confined; this is no leave to run it as asked".to_owned(),
        Status::Succeeded | Status::Released => return None,
    })
}

/// Whoever runs this beside the bridge's config may be who is asked to mend it.
fn owners_task(words: &str) -> Option<String> {
    let config = config_dir()?.join("config.toml");
    let is_theirs = words.contains(OWNERS_TASK) && config.is_file();
    is_theirs.then(|| format!("on this machine that is you: the config is {}", config.display()))
}

/// Prints JSON, of which a terminal obeys nothing.
fn print(json: &[u8]) -> u8 {
    print_text(&visible::json(&String::from_utf8_lossy(json)))
}

/// Prints what was made visible before.
fn print_text(text: &str) -> u8 {
    let line = format!("{text}\n");
    let mut out = io::stdout().lock();
    match out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => exit::SUCCEEDED,
        Err(error) => say(&format!("standard output cannot be written: {error}"), exit::FAILED),
    }
}

fn say_usage(fault: &str) -> u8 {
    say(fault, exit::USAGE)
}

/// Writes words for a person. Where not even that is possible, the exit code
/// alone speaks.
fn say(words: &str, code: u8) -> u8 {
    let _ = writeln!(io::stderr(), "ccc-client: {}", visible::marked_lines(words));
    code
}
