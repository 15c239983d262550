//! The command line of `ccc-server`, and the environment behind it. A flag beats the environment, which beats the file.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use ccc_protocol::visible;

use clap::{Parser, Subcommand};

use crate::{clock_accept, import, known, patterns};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Serve until told to stop.
    Serve(Wishes),
    /// Read config, secrets and rules, and say what was found.
    Check(Wishes),
    /// Translate a neighbour's approval rules.
    Import(import::Call),
    /// Print what is known of programs, or what would make a call known.
    Programs(known::Call),
    /// Print the patterns of attack, or examine a file of them.
    Patterns(patterns::Call),
    /// Say that the clock is right, whatever the log says.
    Clock(clock_accept::Call),
    /// Print a first config.
    Starter,
    /// Print this: help, or the version.
    Print(String),
}

/// The bridge on the host. Agents ask by signed requests; policy or a person decides; it runs here.
#[derive(Debug, Parser)]
#[command(
    name = "ccc-server",
    version,
    after_help = AFTER_HELP,
    // A wrapper may set a flag that its own caller sets again: the last counts, and volumes add up.
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
)]
struct Cli {
    #[command(flatten)]
    wishes: Wishes,
    /// Read everything, say what was found, and exit with 0 or 2
    #[arg(long)]
    check: bool,
    /// Print a first config, with rules for coding agents' tool calls, and exit
    #[arg(long)]
    starter: bool,
    #[command(subcommand)]
    command: Option<Other>,
}

/// What is done instead of serving.
#[derive(Debug, Subcommand)]
enum Other {
    Import(import::Call),
    Programs(known::Call),
    Patterns(patterns::Call),
    Clock(clock_accept::Call),
}

/// What flags and environment say beside the config file.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(about = None, long_about = None)]
pub struct Wishes {
    /// Config [default: $XDG_CONFIG_HOME/ccc/config.toml where it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Who may sign (make one: ccc-keygen --create user,agent --can-approve user=agent)
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// A directory that agents may name; may be given several times
    // They stand before those of the config.
    #[arg(long = "volume", value_name = "CONTAINER=HOST", value_parser = volume)]
    pub volumes: Vec<(String, PathBuf)>,
    /// Address to listen on; "" for no TCP [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    pub bind: Option<String>,
    /// Port to listen on [default: 3015]
    #[arg(long, value_name = "N", value_parser = port)]
    pub port: Option<u16>,
    /// Unix socket to listen on
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Listen beyond loopback
    #[arg(long)]
    pub allow_remote: bool,
    /// Where tickets and the audit log lie [default: $XDG_DATA_HOME/ccc]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Make a new audit key though there is a log: for an old one that is lost
    #[arg(long)]
    pub new_audit_key: bool,
    /// Who may mail whom, read at start and kept up to date
    #[arg(long, value_name = "FILE")]
    pub mail_perms: Option<PathBuf>,
    /// Decide, queue and audit as always, run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// `CONDUIT_ROOT`, which is printed and changes nothing.
    #[arg(skip)]
    pub root: Option<String>,
}

const AFTER_HELP: &str = "\
Environment: CONDUIT_BIND, CONDUIT_PORT, CONDUIT_MAIL_PERMS (a flag beats them, they beat the file),
CONDUIT_ROOT (printed, changes nothing). RUST_LOG sets what is logged to stderr (default info).
SIGHUP reloads secrets, volumes, actions, programs, patterns and rules; SIGTERM ends what is being answered and stops.

Examples:
  ccc-server --secrets secrets.json --volume /workspace=$HOME/agent
  ccc-server --config bridge.toml --socket /run/user/1000/ccc/ccc.sock
  ccc-server --config bridge.toml --check";

/// A call that cannot be understood: one line that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

impl Command {
    /// Reads the command line (without the program's name) and, where it is silent, the environment.
    ///
    /// # Errors
    /// When a flag or variable is unknown, lacks its value, or has one that it cannot have.
    pub(crate) fn read(
        args: impl IntoIterator<Item = OsString>,
        env: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, UsageError> {
        let name = OsString::from("ccc-server");
        let cli = match Cli::try_parse_from(std::iter::once(name).chain(args)) {
            Ok(cli) => cli,
            Err(asked) if !asked.use_stderr() => return Ok(Self::Print(asked.render().to_string())),
            Err(error) => return Err(UsageError(one_line(&error))),
        };
        match cli {
            Cli { command: Some(Other::Import(call)), .. } => call.checked().map(Self::Import).map_err(UsageError),
            Cli { command: Some(Other::Programs(call)), .. } => call.checked().map(Self::Programs).map_err(UsageError),
            Cli { command: Some(Other::Patterns(call)), .. } => Ok(Self::Patterns(call)),
            Cli { command: Some(Other::Clock(call)), .. } => Ok(Self::Clock(call)),
            Cli { starter: true, .. } => Ok(Self::Starter),
            Cli { mut wishes, check, .. } => {
                wishes.take_environment(env)?;
                Ok(if check { Self::Check(wishes) } else { Self::Serve(wishes) })
            }
        }
    }
}

impl Wishes {
    fn take_environment(&mut self, env: impl Fn(&str) -> Option<OsString>) -> Result<(), UsageError> {
        if self.bind.is_none() {
            self.bind = env("CONDUIT_BIND")
                .map(|bind| variable("CONDUIT_BIND", &bind, |text| Ok(text.to_owned())))
                .transpose()?;
        }
        if self.port.is_none() {
            self.port = env("CONDUIT_PORT").map(|number| variable("CONDUIT_PORT", &number, port)).transpose()?;
        }
        if self.mail_perms.is_none() {
            self.mail_perms = env("CONDUIT_MAIL_PERMS").map(PathBuf::from);
        }
        self.root = env("CONDUIT_ROOT").map(|root| visible::escaped(&root.to_string_lossy()));
        Ok(())
    }
}

fn variable<T>(name: &str, value: &OsStr, read: impl Fn(&str) -> Result<T, String>) -> Result<T, UsageError> {
    let read = value.to_str().ok_or_else(|| "it is no UTF-8 text".to_owned()).and_then(read);
    read.map_err(|why| UsageError(format!("`{name}` is `{}`: {why}", visible::escaped(&value.to_string_lossy()))))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "write a port from 0 to 65535, such as 3015".to_owned())
}

fn volume(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((container, host)) if container.starts_with('/') && !host.is_empty() => {
            Ok((container.to_owned(), host.into()))
        }
        _ => Err("write it as /workspace=DIR".to_owned()),
    }
}

/// What clap says in paragraphs (the error, hints, usage), without the usage: logs of service managers go by lines.
fn one_line(error: &clap::Error) -> String {
    let said = error.render().to_string();
    let said = said.split("Usage:").next().unwrap_or_default();
    let paragraphs = said.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        let words = words.join(" ");
        words.strip_prefix("error: ").or(words.strip_prefix("tip: ")).unwrap_or(&words).to_owned()
    });
    let mut sentences: Vec<String> = paragraphs.filter(|words| !words.is_empty()).collect();
    sentences.retain(|words| !words.starts_with("For more information"));
    format!("{}; see `ccc-server --help`", visible::escaped(&sentences.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str], env: &[(&str, &str)]) -> Result<Command, UsageError> {
        let lookup = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Command::read(args.iter().map(Into::into), lookup)
    }

    fn wishes(args: &[&str], env: &[(&str, &str)]) -> Wishes {
        match read(args, env).unwrap() {
            Command::Serve(wishes) | Command::Check(wishes) => wishes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_beats_the_environment() {
        let env = [("CONDUIT_BIND", "10.0.0.1"), ("CONDUIT_PORT", "4000"), ("CONDUIT_MAIL_PERMS", "env.json")];
        let both = wishes(&["--bind", "127.0.0.2", "--port=0", "--mail-perms", "flag.json"], &env);
        assert_eq!((both.bind.as_deref(), both.port), (Some("127.0.0.2"), Some(0)));
        assert_eq!(both.mail_perms, Some("flag.json".into()));
        let environment = wishes(&[], &env);
        assert_eq!((environment.bind.as_deref(), environment.port), (Some("10.0.0.1"), Some(4000)));
    }

    #[test]
    fn the_last_of_a_flag_counts() {
        let twice = wishes(&["--port", "1", "--dry-run", "--port", "2", "--dry-run"], &[]);
        assert_eq!((twice.port, twice.dry_run), (Some(2), true));
    }

    #[test]
    fn volumes_come_in_the_order_given() {
        let volumes = wishes(&["--volume", "/workspace=/srv/a", "--volume", "/home/claude=~/b=c"], &[]).volumes;
        assert_eq!(volumes, [("/workspace".to_owned(), "/srv/a".into()), ("/home/claude".to_owned(), "~/b=c".into())]);
    }

    #[test]
    fn check_is_no_serving() {
        assert!(matches!(read(&["--check", "--config", "x"], &[]), Ok(Command::Check(_))));
        assert!(
            matches!(read(&["--config", "x", "--help"], &[]), Ok(Command::Print(help)) if help.contains("Examples"))
        );
        assert!(matches!(read(&["--starter"], &[]), Ok(Command::Starter)));
    }

    #[test]
    fn the_clock_is_accepted_and_nothing_else() {
        assert!(matches!(read(&["clock", "accept", "--data", "x"], &[]), Ok(Command::Clock(_))));
        assert!(matches!(read(&["clock", "accept", "--help"], &[]), Ok(Command::Print(help)) if help.contains("date")));
        assert!(read(&["clock", "set"], &[]).is_err());
    }

    #[test]
    fn import_takes_a_neighbour_and_its_file() {
        let read_import = |args: &[&str]| match read(args, &[]) {
            Ok(Command::Import(call)) => call,
            other => panic!("{other:?}"),
        };
        let call = read_import(&[
            "import", "jamjet", "--server", "pg", "policy.yaml", "--output=rules.toml", "--server", "fs",
        ]);
        assert_eq!((call.from, call.servers), (import::Neighbour::JamJet, vec!["pg".to_owned(), "fs".to_owned()]));
        assert_eq!((call.file, call.output), ("policy.yaml".into(), Some("rules.toml".into())));
        assert_eq!(read_import(&["import", "sentinel", "a.json"]).from, import::Neighbour::Sentinel);
        assert!(matches!(read(&["import", "--help"], &[]), Ok(Command::Print(help)) if help.contains("rules.toml")));
    }

    #[test]
    fn a_wrong_call_is_one_line_that_says_what_to_write() {
        for args in [
            &["--prot", "1"][..],
            &["--port"],
            &["--port", "99999"],
            &["--port", ""],
            &["--volume", "workspace=x"],
            &["--volume", "/workspace"],
            &["serve"],
            &["-x"],
            &["--dry-run=yes"],
            &["import"],
            &["import", "sentinel"],
            &["import", "cedar", "x"],
            &["import", "sentinel", "a", "b"],
            &["import", "sentinel", "a", "--server", "pg"],
            &["import", "jamjet", "a", "--server", ""],
            &["import", "jamjet", "a", "--server", "pg/x"],
            &["import", "jamjet", "a", "--port", "1"],
            &["--check", "import", "jamjet", "a"],
            &["programs", "suggest"],
            &["programs", "jj", "log"],
            &["programs", "suggest", "jj", "log"],
            &["programs", "--port", "1"],
            &["--check", "programs"],
            &["patterns", "lint"],
            &["patterns", "try", "a"],
        ] {
            let error = read(args, &[]).unwrap_err().to_string();
            assert!(!error.contains('\n') && error.contains("ccc-server"), "{args:?}: {error}");
        }
        let said = |args: &[&str], env: &[(&str, &str)]| read(args, env).unwrap_err().to_string();
        for (args, mends) in [
            (&["--prot", "1"][..], "'--port'"),
            (&["--port", "99999"], "from 0 to 65535"),
            (&["--volume", "workspace=x"], "write it as /workspace=DIR"),
            (&["import", "cedar", "x"], "[possible values: sentinel, jamjet]"),
            (&["import", "sentinel", "a", "--server", "pg"], "for `import jamjet`"),
        ] {
            assert!(said(args, &[]).contains(mends), "{args:?}: {}", said(args, &[]));
        }
        assert!(said(&[], &[("CONDUIT_PORT", "x")]).starts_with("`CONDUIT_PORT` is `x`: write a port"));
    }
}
