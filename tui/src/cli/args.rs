//! The command line and the environment, read into one task.

use std::{ffi::OsString, num::NonZero, path::PathBuf};

use ccc_client::DEFAULT_URL;
use ccc_protocol::{Digest, TicketId};
use clap::{Args as ClapArgs, Parser, Subcommand, error::ErrorKind};

use super::{
    task::{Asked, Connect, Environment, Invocation, Suggest, Task, Terms},
    wrong,
};
use crate::wording::span;

/// What agents ask for, and your answer. Without a command: the console
#[derive(Debug, Parser)]
#[command(name = "ccc-queue", version, after_help = MORE)]
#[command(args_override_self = true, disable_help_subcommand = true, propagate_version = true)]
struct Args {
    /// The secrets file
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    secrets: Option<OsString>,
    /// Who decides; may be left out where the file holds one user with approval rights
    #[arg(long, global = true, value_name = "NAME", help_heading = CONNECTION)]
    user: Option<OsString>,
    /// The server [default: http://localhost:3015; unix:///PATH too]
    #[arg(long, global = true, value_name = "URL", help_heading = CONNECTION)]
    url: Option<OsString>,
    /// The console line by line, for screen readers and plain terminals
    #[arg(long)]
    plain: bool,
    /// Keys, configuration, server and console, in one command
    #[arg(long)]
    local: bool,
    /// Every key and its name, for console.toml
    #[arg(long)]
    keys: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What waits
    List(Output),
    /// What one would do, whole
    Show(Show),
    /// Approves one; asks on the terminal before it decides
    #[command(after_help = APPROVE_HELP)]
    Approve(Approve),
    /// Denies one; asks on the terminal before it decides
    #[command(after_help = DENY_HELP)]
    Deny(Deny),
    /// Ends a run under way; asks on the terminal first
    Stop {
        /// The run: its id, or the beginning or the end of it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// What may be done without a question for now
    Grants(Output),
    /// Ends a grant
    Revoke {
        /// The grant: its id, or the beginning or the end of it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Lets an agent ask again: lifts a stop, and what earlier calls hold against its sessions
    Resume {
        /// The agent's name
        #[arg(value_name = "USER")]
        agent: String,
    },
    /// Groups, actions and what holds
    Policies(Output),
    /// What comes and goes, as it happens
    Watch(Output),
    /// Lasting rules of what was approved often
    #[command(after_help = SUGGEST_HELP)]
    Suggest(SuggestArgs),
}

#[derive(Debug, ClapArgs)]
struct SuggestArgs {
    /// The server's config, where it is on this machine [default: $XDG_CONFIG_HOME/ccc/config.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Adds the rule of this number to the config; asks on the terminal first
    #[arg(long, value_name = "NUMBER", value_parser = suggestion, conflicts_with = "json")]
    write: Option<NonZero<u64>>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct Output {
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct Show {
    /// The request: its id, or the beginning or the end of it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, ClapArgs)]
struct Approve {
    #[command(flatten)]
    which: Which,
    /// What is written beside it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
    /// And more of the same for so long
    #[arg(long = "for", value_name = "15m", value_parser = seconds)]
    seconds: Option<u64>,
    /// And more of the same so many times
    #[arg(long, value_name = "5", value_parser = uses)]
    uses: Option<NonZero<u32>>,
    /// With --yes, where it deserves care: the word that `show` asks for
    #[arg(long, value_name = "WORD", requires = "yes")]
    word: Option<String>,
}

#[derive(Debug, ClapArgs)]
struct Deny {
    #[command(flatten)]
    which: Which,
    /// Why, for the agent
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

/// Which request is decided, and whether the person has seen it.
#[derive(Debug, ClapArgs)]
struct Which {
    /// The request: its id, or the beginning or the end of it
    #[arg(value_name = "ID")]
    id: String,
    /// Does not ask: with the whole id, and the digest that `show` printed
    #[arg(long)]
    yes: bool,
    /// What was seen, as `show` printed it
    #[arg(long, value_name = "sha-256:…", value_parser = digest)]
    digest: Option<Digest>,
}

/// Reads the arguments.
///
/// # Errors
/// One line that says what to write instead.
pub fn parse(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Result<Invocation, String> {
    let args: Vec<OsString> = args.into_iter().collect();
    match Args::try_parse_from(&args) {
        Ok(read) => read.into_invocation(environment),
        Err(told) if told.kind() == ErrorKind::DisplayHelp => Ok(Invocation::Print(told.render().to_string())),
        Err(told) if told.kind() == ErrorKind::DisplayVersion => {
            Ok(Invocation::Print(concat!("ccc-queue ", env!("CARGO_PKG_VERSION"), "\n").to_owned()))
        }
        Err(error) => Err(wrong::words(&error, &args)),
    }
}

impl Args {
    fn into_invocation(self, environment: Environment) -> Result<Invocation, String> {
        if self.keys {
            return Ok(Invocation::Keys);
        }
        match (self.local, self.plain, self.verb) {
            (true, plain, None) => {
                let url = self.url.or(environment.url).filter(|url| !url.is_empty());
                Ok(Invocation::Local { plain, url: url.map(text).transpose()? })
            }
            (true, _, Some(_)) => Err("`--local` opens the console and takes no command".to_owned()),
            (false, true, Some(_)) => Err(wrong::means_nothing("--plain")),
            (false, true, None) => connected(self.secrets, self.user, self.url, environment, Task::Plain),
            (false, false, None) => connected(self.secrets, self.user, self.url, environment, Task::Screen),
            (false, false, Some(verb)) => {
                let task = verb.into_task()?;
                connected(self.secrets, self.user, self.url, environment, task)
            }
        }
    }
}

/// The task with where and as whom; what is empty counts as not given.
fn connected(
    secrets: Option<OsString>,
    user: Option<OsString>,
    url: Option<OsString>,
    environment: Environment,
    task: Task,
) -> Result<Invocation, String> {
    let given = |value: Option<OsString>, else_: Option<OsString>| value.or(else_).filter(|value| !value.is_empty());
    let (secrets, user, url) =
        (given(secrets, environment.secrets), given(user, environment.user), given(url, environment.url));
    // What `--local` made counts only where nobody names another bridge's secrets.
    let unasked = environment.unasked.filter(|_| secrets.is_none());
    let left = unasked.as_ref().and_then(|unasked| unasked.url.clone()).map(OsString::from);
    let (secrets, url) = (secrets.or(unasked.map(|unasked| unasked.secrets.into())), url.or(left));
    let connect = Connect {
        secrets: secrets
            .ok_or(
                "no secrets file; name it with `--secrets FILE` or in CCC_SECRETS, or start with `ccc-queue --local`",
            )?
            .into(),
        user: user.map(text).transpose()?,
        url: url.map_or_else(|| Ok(DEFAULT_URL.to_owned()), text)?,
    };
    Ok(Invocation::Task(connect, task))
}

fn text(given: OsString) -> Result<String, String> {
    given.into_string().map_err(|given| format!("`{}` is not UTF-8 text", wrong::shown(&given.to_string_lossy())))
}

impl Verb {
    fn into_task(self) -> Result<Task, String> {
        Ok(match self {
            Self::List(Output { json }) => Task::List { json },
            Self::Show(Show { id, output: Output { json } }) => Task::Show { id, json },
            Self::Approve(approve) => {
                let (asked, terms) = (approve.which.asked()?, approve.terms()?);
                Task::Approve { id: approve.which.id, terms, asked }
            }
            Self::Deny(Deny { which, reason }) => Task::Deny { asked: which.asked()?, id: which.id, reason },
            Self::Grants(Output { json }) => Task::Grants { json },
            Self::Stop { id } => Task::Stop { id },
            Self::Revoke { id } => Task::Revoke { id },
            Self::Resume { agent } => Task::Resume { user: agent },
            Self::Policies(Output { json }) => Task::Policies { json },
            Self::Watch(Output { json }) => Task::Watch { json },
            Self::Suggest(SuggestArgs { config, write, json }) => Task::Suggest(Suggest { json, config, write }),
        })
    }
}

impl Which {
    fn asked(&self) -> Result<Asked, String> {
        match (self.yes, self.digest) {
            (false, None) => Ok(Asked::OnTerminal),
            (true, Some(_)) if self.id.parse::<TicketId>().is_err() => {
                Err("with `--yes` the whole id is needed; `ccc-queue list` shows it".to_owned())
            }
            (true, Some(digest)) => Ok(Asked::Already(digest)),
            (true, None) => {
                Err("with `--yes` write `--digest sha-256:…` too, as `ccc-queue show` printed it".to_owned())
            }
            (false, Some(_)) => Err("`--digest` goes with `--yes`".to_owned()),
        }
    }
}

impl Approve {
    fn terms(&self) -> Result<Terms, String> {
        if self.uses.is_some() && self.seconds.is_none() {
            return Err("a grant always ends: write `--for 15m` beside `--uses`".to_owned());
        }
        Ok(Terms {
            note: self.note.clone(),
            seconds: self.seconds,
            uses: self.uses.map(NonZero::get),
            word: self.word.clone(),
        })
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let wrong_span = || "`--for` takes a time such as `90s`, `15m`, `2h30m` or `1d`".to_owned();
    span::parse(text).filter(|&seconds| seconds > 0).ok_or_else(wrong_span)
}

fn uses(text: &str) -> Result<NonZero<u32>, String> {
    text.parse().map_err(|_| "`--uses` takes a whole number from 1".to_owned())
}

fn suggestion(text: &str) -> Result<NonZero<u64>, String> {
    text.parse().map_err(|_| "`--write` takes the number of a suggestion, from 1".to_owned())
}

fn digest(text: &str) -> Result<Digest, String> {
    text.parse().map_err(|error| format!("`--digest`: {error}"))
}

const CONNECTION: &str = "Where and as whom";

const MORE: &str = "\
ID may be the beginning or the end of an id, where only one fits.
--secrets, --user and --url may stand in CCC_SECRETS, CCC_USER and CONDUIT_URL.

Exit codes:
  0 done   1 not done: you said no, or it had been decided   2 wrong usage
  6 server unreachable, or its answer not authentic   7 refused by the server

Examples:
  ccc-queue --local
  ccc-queue --secrets secrets.json --user user
  ccc-queue approve 5a6b7c8d --for 15m --uses 5";

const APPROVE_HELP: &str = "\
Examples:
  ccc-queue approve 5a6b7c8d
  ccc-queue approve 5a6b7c8d --note \"as agreed\" --for 15m --uses 5
  ccc-queue approve 0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f --yes --digest sha-256:…";

const SUGGEST_HELP: &str = "\
Examples:
  ccc-queue suggest
  ccc-queue suggest --write 1

Never for what is grave, was denied, or cannot be read whole. A server elsewhere has its config elsewhere: the lines are printed.";

const DENY_HELP: &str = "\
Examples:
  ccc-queue deny 5a6b7c8d --reason \"use the mirror\"";

#[cfg(test)]
mod tests {
    use ccc_client::local::Unasked;

    use super::*;

    const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";
    const DIGEST: &str = "sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn read(line: &str) -> Result<Invocation, String> {
        let args = std::iter::once("ccc-queue").chain(line.split_whitespace()).map(OsString::from);
        parse(args, Environment { secrets: Some("s.json".into()), ..Environment::default() })
    }

    fn task(line: &str) -> Task {
        match read(line) {
            Ok(Invocation::Task(_, task)) => task,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_command_is_read() {
        assert_eq!(task(""), Task::Screen);
        assert_eq!(task("--plain"), Task::Plain);
        assert_eq!(task("suggest"), Task::Suggest(Suggest::default()));
        let write = Suggest { config: Some("c.toml".into()), write: NonZero::new(2), json: false };
        assert_eq!(task("suggest --write 2 --config c.toml"), Task::Suggest(write));
        assert_eq!(task("list --json"), Task::List { json: true });
        assert_eq!(task("show abc"), Task::Show { id: "abc".into(), json: false });
        let terms = Terms { note: None, seconds: Some(900), uses: Some(5), word: None };
        assert_eq!(
            task("approve abc --for 15m --uses 5"),
            Task::Approve { id: "abc".into(), terms, asked: Asked::OnTerminal }
        );
        for (span, seconds) in [("1d", 86_400), ("2h30m", 9000), ("90s", 90), ("90", 90)] {
            let terms = Terms { note: None, seconds: Some(seconds), uses: None, word: None };
            let asked = Asked::OnTerminal;
            assert_eq!(task(&format!("approve abc --for {span}")), Task::Approve { id: "abc".into(), terms, asked });
        }
        assert_eq!(
            task("deny abc --reason no"),
            Task::Deny { id: "abc".into(), reason: Some("no".into()), asked: Asked::OnTerminal }
        );
        assert_eq!(read("--local"), Ok(Invocation::Local { plain: false, url: None }));
        let url = Some("http://localhost:4000".to_owned());
        assert_eq!(read("--local --plain --url http://localhost:4000"), Ok(Invocation::Local { plain: true, url }));
    }

    #[test]
    fn yes_needs_the_whole_id_and_the_digest() {
        assert!(read(&format!("approve {ID} --yes")).unwrap_err().contains("--digest"));
        assert!(read(&format!("approve 0198 --yes --digest {DIGEST}")).unwrap_err().contains("whole id"));
        assert!(read(&format!("approve {ID} --digest {DIGEST}")).unwrap_err().contains("--yes"));
        assert!(read(&format!("approve {ID} --yes --digest {DIGEST}")).is_ok());
    }

    #[test]
    fn a_wrong_call_says_what_to_write_instead() {
        for (line, said) in [
            ("approve", "write `ccc-queue approve ID`"),
            ("frobnicate", "write one of: list, show"),
            ("list extra", "`ccc-queue list` takes no `extra`"),
            ("revoke", "`ccc-queue grants` shows them"),
            ("list --yes", "`--yes` means nothing here"),
            ("approve x --uses 5", "a grant always ends"),
            ("approve x --for 0m", "`--for` takes a time"),
            ("--local list", "takes no command"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_said_in_one_line() {
        for (line, said) in [
            ("--secrets", "a value is missing; write `--secrets FILE`"),
            ("approve x --note", "a value is missing; write `--note TEXT`"),
            ("approve x --for 15m --uses 0", "`--uses` takes a whole number from 1"),
            ("suggest --write 0", "`--write` takes the number of a suggestion"),
            ("approve x --for soon", "`--for` takes a time"),
            ("approve x --yes --digest abc", "`--digest`: "),
            ("deny", "write `ccc-queue deny ID`"),
            ("--json", "`--json` means nothing here"),
            ("--nonsense", "`--nonsense` means nothing here"),
            ("approve x --reason no", "`--reason` means nothing here"),
            ("deny x --for 15m", "`--for` means nothing here"),
            ("list --plain", "`--plain` means nothing here"),
            ("--plain list", "`--plain` means nothing here"),
            ("help", "`help` is no command"),
            ("show a b", "`ccc-queue show` takes no `b`"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(said) && !error.contains('\n'), "{line}: {error}");
        }
    }

    #[test]
    fn a_hostile_argument_is_told_on_one_line_and_obeyed_by_no_terminal() {
        for hostile in ["a\nb", "\u{1b}[2J", "--\u{1b}[2J"] {
            let args = ["ccc-queue", hostile].map(OsString::from);
            let error = parse(args, Environment::default()).unwrap_err();
            assert!(!error.chars().any(|c| c < ' '), "{error:?}");
        }
    }

    #[test]
    fn a_text_may_begin_with_a_dash_and_the_last_of_several_counts() {
        let reason = |line: &str| match task(line) {
            Task::Deny { reason, .. } => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason("deny x --reason -no").as_deref(), Some("-no"));
        assert_eq!(reason("deny x --reason one --reason two").as_deref(), Some("two"));
    }

    #[test]
    fn where_and_as_whom_stand_before_a_command_or_after_it_and_what_is_empty_is_not_given() {
        let connect = |line: &[&str]| {
            let args = std::iter::once("ccc-queue").chain(line.iter().copied()).map(OsString::from);
            let environment = Environment {
                secrets: Some("of-the-environment.json".into()),
                user: Some("somebody".into()),
                url: Some(OsString::new()),
                unasked: None,
            };
            match parse(args, environment) {
                Ok(Invocation::Task(connect, _)) => connect,
                other => panic!("{other:?}"),
            }
        };
        let given = connect(&["--user", "bob", "list", "--secrets", "mine.json", "--url=unix:///run/ccc.sock"]);
        assert_eq!((given.secrets.to_str(), given.user.as_deref()), (Some("mine.json"), Some("bob")));
        assert_eq!(given.url, "unix:///run/ccc.sock");
        let left_out = connect(&["list", "--user", ""]);
        assert_eq!((left_out.secrets.to_str(), left_out.user), (Some("of-the-environment.json"), None));
        assert_eq!(left_out.url, DEFAULT_URL);
    }

    #[test]
    fn what_local_made_is_found_where_nothing_else_is_named() {
        let read = |line: &str, secrets: Option<&str>| {
            let unasked = Unasked { secrets: "/c/secrets.json".into(), url: Some("unix:///s".into()) };
            let environment =
                Environment { secrets: secrets.map(Into::into), unasked: Some(unasked), ..Environment::default() };
            let args = std::iter::once("ccc-queue").chain(line.split_whitespace()).map(OsString::from);
            match parse(args, environment) {
                Ok(Invocation::Task(connect, _)) => (connect.secrets.to_str().unwrap().to_owned(), connect.url),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read("list", None), ("/c/secrets.json".to_owned(), "unix:///s".to_owned()));
        assert_eq!(read("list --url http://h:1", None), ("/c/secrets.json".to_owned(), "http://h:1".to_owned()));
        assert_eq!(read("list --secrets s.json", None), ("s.json".to_owned(), DEFAULT_URL.to_owned()));
        assert_eq!(read("list", Some("env.json")), ("env.json".to_owned(), DEFAULT_URL.to_owned()));
    }

    #[test]
    fn help_and_version_are_told_wherever_they_are_asked_for() {
        let printed = |line: &str| match read(line) {
            Ok(Invocation::Print(text)) => text,
            other => panic!("{line}: {other:?}"),
        };
        for line in ["-h", "--help"] {
            let help = printed(line);
            for told in
                ["approve", "--local", "Exit codes:", "Examples:", "ccc-queue approve 5a6b7c8d --for 15m --uses 5"]
            {
                assert!(help.contains(told), "{line}: {told}: {help}");
            }
        }
        let help = printed("approve --help");
        assert!(help.contains("--yes --digest sha-256:…") && help.contains("--note <TEXT>"), "{help}");
        assert!(printed("-V").starts_with("ccc-queue "));
        assert_eq!(printed("list --version"), printed("--version"));
        assert_eq!(read("--keys"), Ok(Invocation::Keys));
    }
}
