//! The command line and the environment, read into one task.

use std::ffi::OsString;
use std::path::PathBuf;

use ccc_client::{DEFAULT_URL, local::Unasked};
use ccc_protocol::TicketId;
use lexopt::{Arg, Parser};

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Speak to a bridge.
    Call(Call),
}

/// A task for a bridge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) secrets: PathBuf,
    pub(super) user: Option<String>,
    pub(super) url: String,
    pub(super) wait: Wait,
    /// As JSON, also on a terminal.
    pub(super) json: bool,
    pub(super) task: Task,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Submit the JSON that the arguments spell.
    Submit(String),
    /// Submit the JSON on standard input.
    SubmitInput,
    /// Tell how a ticket stands.
    Look(TicketId),
    /// Withdraw a ticket.
    Cancel(TicketId),
}

/// How long to wait for the end of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Not for a person.
    No,
    /// As long as it takes.
    Forever,
    /// So many seconds.
    Seconds(u64),
}

/// What of the environment matters.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) secrets: Option<OsString>,
    pub(super) user: Option<OsString>,
    pub(super) url: Option<OsString>,
    /// Whether a person sits at standard input.
    pub(super) terminal: bool,
    /// What `ccc-queue --local` made for this user's agent.
    pub(super) unasked: Option<Unasked>,
}

/// What was given so far.
#[derive(Default)]
struct Given {
    secrets: Option<OsString>,
    user: Option<OsString>,
    url: Option<OsString>,
    wait: Option<Wait>,
    as_json: bool,
    id: Option<String>,
    cancel: Option<String>,
    json: Vec<String>,
}

/// Reads the arguments. An error is one line that says what to write instead.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Result<Command, String> {
    let mut parser = Parser::from_args(args);
    let mut given = Given::default();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("secrets") => given.secrets = Some(value(&mut parser, "--secrets FILE")?),
            Arg::Long("user") => given.user = Some(value(&mut parser, "--user NAME")?),
            Arg::Long("url") => given.url = Some(value(&mut parser, "--url URL")?),
            Arg::Long("id") => given.id = Some(text(value(&mut parser, "--id ID")?)?),
            Arg::Long("cancel") => given.cancel = Some(text(value(&mut parser, "--cancel ID")?)?),
            Arg::Long("json") => given.as_json = true,
            Arg::Long("wait") => given.wait = Some(wait(&mut parser)?),
            Arg::Value(json) => given.json.push(text(json)?),
            other => return Err(format!("{}; see `ccc-client --help`", other.unexpected())),
        }
    }
    if given.is_empty() && environment.terminal {
        return Ok(Command::Help);
    }
    given.into_call(environment).map(Command::Call)
}

fn value(parser: &mut Parser, usage: &str) -> Result<OsString, String> {
    parser.value().map_err(|_| format!("a value is missing; write `{usage}`"))
}

/// The next argument belongs to `--wait` only when it is all digits: anything
/// else is the action.
fn wait(parser: &mut Parser) -> Result<Wait, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let given = match parser.optional_value() {
        Some(joined) => Some(joined),
        None => parser.try_raw_args().and_then(|mut rest| rest.next_if(|next| next.to_str().is_some_and(digits))),
    };
    match given {
        None => Ok(Wait::Forever),
        Some(seconds) => text(seconds)?
            .parse()
            .map(Wait::Seconds)
            .map_err(|_| "`--wait` takes a whole number of seconds; write `--wait 60`, or `--wait` alone".to_owned()),
    }
}

fn text(given: OsString) -> Result<String, String> {
    given.into_string().map_err(|given| format!("`{}` is not UTF-8 text", given.to_string_lossy()))
}

impl Given {
    fn is_empty(&self) -> bool {
        self.id.is_none() && self.cancel.is_none() && self.json.is_empty()
    }

    fn into_call(self, environment: Environment) -> Result<Call, String> {
        let secrets = self.secrets.or(environment.secrets).filter(|path| !path.is_empty());
        let user = self.user.or(environment.user).filter(|user| !user.is_empty());
        let url = self.url.or(environment.url).filter(|url| !url.is_empty());
        // What `--local` made counts only where nobody names another bridge's secrets.
        let unasked = environment.unasked.filter(|_| secrets.is_none());
        let left = unasked.as_ref().and_then(|unasked| unasked.url.clone()).map(OsString::from);
        let (secrets, url) = (secrets.or(unasked.map(|unasked| unasked.secrets.into())), url.or(left));
        let wait = self.wait.unwrap_or(Wait::No);
        let task = task(self.id, self.cancel, &self.json)?;
        if matches!(task, Task::Cancel(_)) && wait != Wait::No {
            return Err("`--cancel` does not wait; leave `--wait` out".to_owned());
        }
        Ok(Call {
            secrets: secrets.ok_or("no secrets file; name it with `--secrets FILE` or in CCC_SECRETS")?.into(),
            user: user.map(text).transpose()?,
            url: url.map_or_else(|| Ok(DEFAULT_URL.to_owned()), text)?,
            wait,
            json: self.as_json,
            task,
        })
    }
}

fn task(id: Option<String>, cancel: Option<String>, json: &[String]) -> Result<Task, String> {
    match (id, cancel, json) {
        (None, None, [] | [_]) if json.first().is_none_or(|only| only == "-") => Ok(Task::SubmitInput),
        (None, None, json) => Ok(Task::Submit(json.join(" "))),
        (Some(id), None, []) => ticket(&id).map(Task::Look),
        (None, Some(id), []) => ticket(&id).map(Task::Cancel),
        _ => Err("one thing at a time; write `--id ID`, `--cancel ID` or an action in JSON".to_owned()),
    }
}

fn ticket(id: &str) -> Result<TicketId, String> {
    id.parse().map_err(|error: ccc_protocol::NameError| error.to_string())
}

#[cfg(test)]
mod tests {
    use ccc_client::local::Unasked;

    use super::{Call, Command, Environment, Task, Wait, parse};

    const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";

    fn call(args: &[&str]) -> Call {
        let environment = Environment { secrets: Some("env.json".into()), ..Environment::default() };
        match parse(args.iter().map(Into::into), environment).unwrap() {
            Command::Call(call) => call,
            other => panic!("{other:?}"),
        }
    }

    fn fault(args: &[&str]) -> String {
        parse(args.iter().map(Into::into), Environment::default()).unwrap_err()
    }

    #[test]
    fn json_arguments_are_joined_with_one_space() {
        let call = call(&[r#"{"action": "edit-file","#, r#""filename": "/workspace/foo.mjs"}"#]);
        assert_eq!(call.task, Task::Submit(r#"{"action": "edit-file", "filename": "/workspace/foo.mjs"}"#.into()));
        assert_eq!(call.url, "http://localhost:3015");
    }

    #[test]
    fn wait_takes_the_next_argument_only_when_it_is_all_digits() {
        for (args, wait, json) in [
            (&["--wait", "60", "{}"][..], Wait::Seconds(60), "{}"),
            (&["--wait", "{}"], Wait::Forever, "{}"),
            (&["{}", "--wait"], Wait::Forever, "{}"),
            (&["{}", "--wait=5"], Wait::Seconds(5), "{}"),
            (&["--wait", "6e1"], Wait::Forever, "6e1"),
            (&["{}"], Wait::No, "{}"),
        ] {
            let call = call(args);
            assert_eq!((call.wait, call.task), (wait, Task::Submit(json.into())), "{args:?}");
        }
        assert!(fault(&["--secrets", "f", "--wait=x", "{}"]).contains("write `--wait 60`"));
    }

    #[test]
    fn a_flag_beats_the_environment() {
        let environment = || Environment {
            secrets: Some("env.json".into()),
            user: Some("env".into()),
            url: Some("http://env:1".into()),
            terminal: false,
            unasked: None,
        };
        let args = ["--secrets", "flag.json", "--user=flag", "--url", "http://flag:1", "{}"];
        let Command::Call(flags) = parse(args.iter().map(Into::into), environment()).unwrap() else { panic!() };
        assert_eq!((flags.secrets.to_str(), flags.user.as_deref()), (Some("flag.json"), Some("flag")));
        let Command::Call(env) = parse(["{}".into()], environment()).unwrap() else { panic!() };
        assert_eq!(
            (env.secrets.to_str(), env.user.as_deref(), env.url.as_str()),
            (Some("env.json"), Some("env"), "http://env:1")
        );
    }

    #[test]
    fn what_local_made_is_found_where_nothing_else_is_named() {
        let unasked = || Some(Unasked { secrets: "/c/agent-secrets.json".into(), url: Some("unix:///s".into()) });
        let read = |args: &[&str], secrets: Option<&str>| {
            let environment =
                Environment { secrets: secrets.map(Into::into), unasked: unasked(), ..Environment::default() };
            match parse(args.iter().map(Into::into), environment).unwrap() {
                Command::Call(call) => (call.secrets.to_str().unwrap().to_owned(), call.url),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read(&["{}"], None), ("/c/agent-secrets.json".to_owned(), "unix:///s".to_owned()));
        assert_eq!(read(&["{}", "--url", "http://h:1"], None).1, "http://h:1");
        let default = "http://localhost:3015".to_owned();
        assert_eq!(read(&["{}"], Some("env.json")), ("env.json".to_owned(), default.clone()));
        assert_eq!(read(&["{}", "--secrets", "s.json"], None), ("s.json".to_owned(), default));
    }

    #[test]
    fn nothing_at_a_terminal_is_help_and_in_a_pipe_is_input() {
        let at = |terminal| Environment { secrets: Some("f".into()), terminal, ..Environment::default() };
        assert_eq!(parse([], at(true)), Ok(Command::Help));
        let Ok(Command::Call(piped)) = parse([], at(false)) else { panic!() };
        assert_eq!(piped.task, Task::SubmitInput);
        let Ok(Command::Call(dash)) = parse(["-".into()], at(true)) else { panic!() };
        assert_eq!(dash.task, Task::SubmitInput);
    }

    #[test]
    fn a_ticket_is_named_by_its_whole_id() {
        assert_eq!(call(&["--id", ID, "--wait"]).task, Task::Look(ID.parse().unwrap()));
        assert_eq!(call(&["--cancel", ID]).task, Task::Cancel(ID.parse().unwrap()));
        assert!(fault(&["--secrets", "f", "--id", "0198"]).contains("not `0198`"));
    }

    #[test]
    fn a_wrong_call_says_what_to_write_instead() {
        for (args, said) in [
            (&["{}"][..], "--secrets FILE"),
            (&["--secrets"], "write `--secrets FILE`"),
            (&["--bogus"], "ccc-client --help"),
            (&["-x"], "ccc-client --help"),
            (&["--id", ID, "{}"], "one thing at a time"),
            (&["--id", ID, "--cancel", ID], "one thing at a time"),
            (&["--cancel", ID, "--wait"], "leave `--wait` out"),
        ] {
            let fault = fault(args);
            assert!(fault.contains(said) && !fault.contains('\n'), "{args:?}: {fault}");
        }
    }
}
