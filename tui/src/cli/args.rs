//! The command line and the environment, read into one task.

use std::{ffi::OsString, path::PathBuf};

use ccc_client::DEFAULT_URL;
use ccc_protocol::Digest;
use lexopt::{Arg, Parser};

use crate::wording::span;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Print the key table.
    Keys,
    /// Set up what is missing, start a server if none answers, and open the console.
    Local {
        /// Line by line.
        plain: bool,
    },
    /// Speak to a server.
    Task(Connect, Task),
}

/// Where and as whom.
#[derive(Debug, PartialEq, Eq)]
pub struct Connect {
    /// The secrets file.
    pub secrets: PathBuf,
    /// The user; the file's only one, or its only approver, where none is given.
    pub user: Option<String>,
    /// The server.
    pub url: String,
}

/// What to do there.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the command of the same name")]
pub enum Task {
    Screen,
    Plain,
    List { json: bool },
    Show { id: String, json: bool },
    Approve { id: String, terms: Terms, asked: Asked },
    Deny { id: String, reason: Option<String>, asked: Asked },
    Grants { json: bool },
    Revoke { id: String },
    Policies { json: bool },
    Watch { json: bool },
}

/// What an approval carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What is written beside it.
    pub note: Option<String>,
    /// More of the same for so many seconds.
    pub seconds: Option<u64>,
    /// More of the same so many times.
    pub uses: Option<u32>,
}

/// Whether the person is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// On the terminal.
    OnTerminal,
    /// Not again: they named what they had seen.
    Already(Digest),
}

/// What of the environment matters.
#[derive(Debug, Default)]
pub struct Environment {
    /// `CCC_SECRETS`
    pub secrets: Option<OsString>,
    /// `CCC_USER`
    pub user: Option<OsString>,
    /// `CONDUIT_URL`
    pub url: Option<OsString>,
}

/// Every command, as a person writes it.
const VERBS: [&str; 8] = ["list", "show", "approve", "deny", "grants", "revoke", "policies", "watch"];

/// What was given so far.
#[derive(Default)]
struct Given {
    secrets: Option<OsString>,
    user: Option<OsString>,
    url: Option<OsString>,
    words: Vec<String>,
    json: bool,
    plain: bool,
    local: bool,
    yes: bool,
    digest: Option<String>,
    note: Option<String>,
    reason: Option<String>,
    span: Option<String>,
    uses: Option<String>,
}

/// Reads the arguments.
///
/// # Errors
/// One line that says what to write instead.
pub fn parse(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Result<Invocation, String> {
    let mut parser = Parser::from_iter(args);
    let mut given = Given::default();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Invocation::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Invocation::Version),
            Arg::Long("keys") => return Ok(Invocation::Keys),
            Arg::Long("secrets") => given.secrets = Some(value(&mut parser, "--secrets FILE")?),
            Arg::Long("user") => given.user = Some(value(&mut parser, "--user NAME")?),
            Arg::Long("url") => given.url = Some(value(&mut parser, "--url URL")?),
            Arg::Long("json") => given.json = true,
            Arg::Long("plain") => given.plain = true,
            Arg::Long("local") => given.local = true,
            Arg::Long("yes") => given.yes = true,
            Arg::Long("digest") => given.digest = Some(text(value(&mut parser, "--digest sha-256:…")?)?),
            Arg::Long("note") => given.note = Some(text(value(&mut parser, "--note TEXT")?)?),
            Arg::Long("reason") => given.reason = Some(text(value(&mut parser, "--reason TEXT")?)?),
            Arg::Long("for") => given.span = Some(text(value(&mut parser, "--for 15m")?)?),
            Arg::Long("uses") => given.uses = Some(text(value(&mut parser, "--uses 5")?)?),
            Arg::Value(word) => given.words.push(text(word)?),
            other => return Err(format!("{}; see `ccc-queue --help`", other.unexpected())),
        }
    }
    given.into_invocation(environment)
}

fn value(parser: &mut Parser, usage: &str) -> Result<OsString, String> {
    parser.value().map_err(|_| format!("a value is missing; write `{usage}`"))
}

fn text(given: OsString) -> Result<String, String> {
    given.into_string().map_err(|given| format!("`{}` is not UTF-8 text", given.to_string_lossy().escape_debug()))
}

impl Given {
    fn into_invocation(mut self, environment: Environment) -> Result<Invocation, String> {
        let words = std::mem::take(&mut self.words);
        if self.local {
            return if words.is_empty() {
                Ok(Invocation::Local { plain: self.plain })
            } else {
                Err("`--local` opens the console and takes no command".to_owned())
            };
        }
        let secrets = self.secrets.take().or(environment.secrets).filter(|path| !path.is_empty());
        let user = self.user.take().or(environment.user).filter(|user| !user.is_empty());
        let url = self.url.take().or(environment.url).filter(|url| !url.is_empty());
        let task = self.task(&words)?;
        let connect = Connect {
            secrets: secrets
                .ok_or("no secrets file; name it with `--secrets FILE` or in CCC_SECRETS, or start with `ccc-queue --local`")?
                .into(),
            user: user.map(text).transpose()?,
            url: url.map_or_else(|| Ok(DEFAULT_URL.to_owned()), text)?,
        };
        Ok(Invocation::Task(connect, task))
    }

    fn task(self, words: &[String]) -> Result<Task, String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.refuse_stray(words.first().copied())?;
        let json = self.json;
        match words.as_slice() {
            [] if self.plain => Ok(Task::Plain),
            [] => Ok(Task::Screen),
            ["list"] => Ok(Task::List { json }),
            ["grants"] => Ok(Task::Grants { json }),
            ["policies"] => Ok(Task::Policies { json }),
            ["watch"] => Ok(Task::Watch { json }),
            ["show", id] => Ok(Task::Show { id: id.to_string(), json }),
            ["revoke", id] => Ok(Task::Revoke { id: id.to_string() }),
            ["deny", id] => Ok(Task::Deny { id: id.to_string(), reason: self.reason.clone(), asked: self.asked(id)? }),
            ["approve", id] => Ok(Task::Approve { id: id.to_string(), asked: self.asked(id)?, terms: self.terms()? }),
            ["revoke"] => Err("which one? write `ccc-queue revoke ID`; `ccc-queue grants` shows them".to_owned()),
            [verb @ ("show" | "deny" | "approve")] => {
                Err(format!("which one? write `ccc-queue {verb} ID`; `ccc-queue list` shows them"))
            }
            [verb, .., stray] if VERBS.contains(verb) => {
                Err(format!("`ccc-queue {verb}` takes no `{}`; see `ccc-queue --help`", stray.escape_debug()))
            }
            [other, ..] => Err(format!("`{}` is no command; write one of: {}", other.escape_debug(), VERBS.join(", "))),
        }
    }

    /// An option that the command does not know is refused, not ignored.
    fn refuse_stray(&self, verb: Option<&str>) -> Result<(), String> {
        let decides = matches!(verb, Some("approve" | "deny"));
        let approves = verb == Some("approve");
        let strays = [
            (self.yes && !decides, "--yes"),
            (self.digest.is_some() && !decides, "--digest"),
            (self.note.is_some() && !approves, "--note"),
            (self.span.is_some() && !approves, "--for"),
            (self.uses.is_some() && !approves, "--uses"),
            (self.reason.is_some() && verb != Some("deny"), "--reason"),
            (self.json && matches!(verb, None | Some("approve" | "deny" | "revoke")), "--json"),
            (self.plain && verb.is_some(), "--plain"),
        ];
        match strays.iter().find(|(stray, _)| *stray) {
            Some((_, option)) => Err(format!("`{option}` means nothing here; see `ccc-queue --help`")),
            None => Ok(()),
        }
    }

    fn asked(&self, id: &str) -> Result<Asked, String> {
        match (self.yes, &self.digest) {
            (false, None) => Ok(Asked::OnTerminal),
            (true, Some(_)) if id.parse::<ccc_protocol::TicketId>().is_err() => {
                Err("with `--yes` the whole id is needed; `ccc-queue list` shows it".to_owned())
            }
            (true, Some(digest)) => digest.parse().map(Asked::Already).map_err(|error| format!("`--digest`: {error}")),
            (true, None) => {
                Err("with `--yes` write `--digest sha-256:…` too, as `ccc-queue show` printed it".to_owned())
            }
            (false, Some(_)) => Err("`--digest` goes with `--yes`".to_owned()),
        }
    }

    fn terms(&self) -> Result<Terms, String> {
        let wrong_span = || "`--for` takes a time such as `90s`, `15m` or `2h`".to_owned();
        let seconds = self
            .span
            .as_deref()
            .map(|text| span::parse(text).filter(|&seconds| seconds > 0).ok_or_else(wrong_span))
            .transpose()?;
        let wrong_uses = || "`--uses` takes a whole number from 1".to_owned();
        let uses = self
            .uses
            .as_deref()
            .map(|text| text.parse().ok().filter(|&uses: &u32| uses > 0).ok_or_else(wrong_uses))
            .transpose()?;
        if uses.is_some() && seconds.is_none() {
            return Err("a grant always ends: write `--for 15m` beside `--uses`".to_owned());
        }
        Ok(Terms { note: self.note.clone(), seconds, uses })
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(task("list --json"), Task::List { json: true });
        assert_eq!(task("show abc"), Task::Show { id: "abc".into(), json: false });
        let terms = Terms { note: None, seconds: Some(900), uses: Some(5) };
        assert_eq!(
            task("approve abc --for 15m --uses 5"),
            Task::Approve { id: "abc".into(), terms, asked: Asked::OnTerminal }
        );
        assert_eq!(
            task("deny abc --reason no"),
            Task::Deny { id: "abc".into(), reason: Some("no".into()), asked: Asked::OnTerminal }
        );
        assert_eq!(read("--local"), Ok(Invocation::Local { plain: false }));
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
}
