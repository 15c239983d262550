//! The command line, read into one task.

use std::ffi::OsString;
use std::path::PathBuf;

use ccc_keygen::Pair;
use ccc_protocol::UserName;
use lexopt::{Arg, Parser};

/// Where the secrets of all users lie when nobody says otherwise.
const SECRETS_FILE: &str = "secrets.json";

/// Where a filtered file goes when nobody says otherwise.
const FILTERED_FILE: &str = "filtered-secrets.json";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Do something with secrets.
    Do(Task),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Make a file of new users.
    Create { names: Vec<UserName>, can_approve: Vec<Pair>, roles: Vec<Pair>, output: PathBuf, force: bool },
    /// Make the file for one user.
    Filter { name: UserName, input: PathBuf, output: PathBuf, force: bool },
    /// Give a user a new secret.
    Rotate { name: UserName, file: PathBuf },
    /// Show the users.
    List { input: PathBuf },
}

#[derive(Default)]
struct Given {
    create: Option<Vec<UserName>>,
    filter: Option<UserName>,
    rotate: Option<UserName>,
    list: bool,
    can_approve: Vec<Pair>,
    roles: Vec<Pair>,
    input: Option<PathBuf>,
    output: Option<PathBuf>,
    force: bool,
}

/// Reads the arguments. An error is one line that says what to write instead.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = Parser::from_args(args);
    let mut given = Given::default();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("create") => given.create = Some(names(&text(&mut parser, "--create NAME[,NAME]")?)?),
            Arg::Long("filter") => given.filter = Some(name(&text(&mut parser, "--filter NAME")?)?),
            Arg::Long("rotate") => given.rotate = Some(name(&text(&mut parser, "--rotate NAME")?)?),
            Arg::Long("list") => given.list = true,
            Arg::Long("can-approve") => given.can_approve.push(pair(&mut parser, "--can-approve USER=AGENT")?),
            Arg::Long("role") => given.roles.push(pair(&mut parser, "--role USER=ROLE")?),
            Arg::Long("input") => given.input = Some(path(&mut parser, "--input FILE")?),
            Arg::Long("output") => given.output = Some(path(&mut parser, "--output FILE")?),
            Arg::Long("force") => given.force = true,
            other => return Err(format!("{}; see `ccc-keygen --help`", other.unexpected())),
        }
    }
    given.into_task().map(Command::Do)
}

fn path(parser: &mut Parser, usage: &str) -> Result<PathBuf, String> {
    let value = parser.value().map_err(|_| format!("a value is missing; write `{usage}`"))?;
    if value.is_empty() { Err(format!("an empty path; write `{usage}`")) } else { Ok(value.into()) }
}

fn text(parser: &mut Parser, usage: &str) -> Result<String, String> {
    let value = parser.value().map_err(|_| format!("a value is missing; write `{usage}`"))?;
    value.into_string().map_err(|_| format!("a value is not UTF-8 text; write `{usage}`"))
}

fn pair(parser: &mut Parser, usage: &str) -> Result<Pair, String> {
    text(parser, usage)?.parse().map_err(|error| format!("{error}; write `{usage}`"))
}

fn name(text: &str) -> Result<UserName, String> {
    text.parse().map_err(|error: ccc_protocol::NameError| error.to_string())
}

fn names(text: &str) -> Result<Vec<UserName>, String> {
    text.split(',').map(|part| name(part.trim())).collect()
}

impl Given {
    fn into_task(self) -> Result<Task, String> {
        self.refuse_mixtures()?;
        let input = self.input.unwrap_or_else(|| SECRETS_FILE.into());
        let output = |default: &str| self.output.unwrap_or_else(|| default.into());
        let force = self.force;
        match (self.create, self.filter, self.rotate, self.list) {
            (Some(names), None, None, false) => Ok(Task::Create {
                names,
                can_approve: self.can_approve,
                roles: self.roles,
                output: output(SECRETS_FILE),
                force,
            }),
            (None, Some(name), None, false) => Ok(Task::Filter { name, input, output: output(FILTERED_FILE), force }),
            (None, None, Some(name), false) => Ok(Task::Rotate { name, file: input }),
            (None, None, None, true) => Ok(Task::List { input }),
            _ => {
                Err("say one thing to do: `--create NAME[,NAME]`, `--filter NAME`, `--rotate NAME` or `--list`"
                    .to_owned())
            }
        }
    }

    /// An option that would do nothing is a mistake of the caller's.
    fn refuse_mixtures(&self) -> Result<(), String> {
        let creates = self.create.is_some();
        let writes_anew = creates || self.filter.is_some();
        let gives_rights = !self.can_approve.is_empty() || !self.roles.is_empty();
        if gives_rights && !creates {
            return Err("`--can-approve` and `--role` belong to `--create`".to_owned());
        }
        if creates && self.input.is_some() {
            return Err("`--create` reads no file; leave `--input` out".to_owned());
        }
        if !writes_anew && (self.output.is_some() || self.force) {
            return Err("`--output` and `--force` belong to `--create` and `--filter`".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Task, parse};

    fn task(args: &[&str]) -> Result<Task, String> {
        parse(args.iter().map(Into::into)).map(|command| match command {
            Command::Do(task) => task,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_seeds_command_lines_are_read() {
        let Ok(Task::Create { names, output, force, .. }) = task(&["--create", "user,agent"]) else { panic!() };
        assert_eq!((names.len(), output.to_str(), force), (2, Some("secrets.json"), false));
        let Ok(Task::Filter { name, input, output, .. }) =
            task(&["--filter", "agent", "--output", "agent-secrets.json"])
        else {
            panic!()
        };
        assert_eq!(
            (name.as_str(), input.to_str(), output.to_str()),
            ("agent", Some("secrets.json"), Some("agent-secrets.json"))
        );
        let Ok(Task::Filter { output, .. }) = task(&["--filter", "agent"]) else { panic!() };
        assert_eq!(output.to_str(), Some("filtered-secrets.json"));
    }

    #[test]
    fn a_wrong_call_says_what_to_write_instead() {
        for (args, said) in [
            (&[][..], "--create NAME"),
            (&["--create"], "write `--create NAME[,NAME]`"),
            (&["--create", "a b"], "not `a b`"),
            (&["--create", "a,"], "not ``"),
            (&["--create", "a", "--filter", "a"], "say one thing"),
            (&["--create", "a", "--input", "x"], "leave `--input` out"),
            (&["--create", "a", "--can-approve", "a"], "--can-approve USER=AGENT"),
            (&["--filter", "a", "--role", "a=b"], "belong to `--create`"),
            (&["--rotate", "a", "--force"], "belong to `--create` and `--filter`"),
            (&["--list", "x"], "ccc-keygen --help"),
        ] {
            let fault = task(args).unwrap_err();
            assert!(fault.contains(said), "{args:?}: {fault}");
        }
    }
}
