//! The command line of `ccc-server`, and the environment behind it. A flag beats the environment, which beats the file.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use lexopt::{Arg, Parser};

use crate::import;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Serve until told to stop.
    Serve(Wishes),
    /// Read config, secrets and rules, and say what was found.
    Check(Wishes),
    /// Translate a neighbour's approval rules.
    Import(import::Call),
    /// Print a first config.
    Starter,
    /// Print how to import.
    ImportHelp,
    /// Print how to call this.
    Help,
    /// Print the version.
    Version,
}

/// What flags and environment say beside the config file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The config file.
    pub config: Option<PathBuf>,
    /// The secrets file.
    pub secrets: Option<PathBuf>,
    /// The address to listen on; empty for no TCP.
    pub bind: Option<String>,
    /// The port to listen on.
    pub port: Option<u16>,
    /// The Unix socket to listen on.
    pub socket: Option<PathBuf>,
    /// Where data lies.
    pub data: Option<PathBuf>,
    /// The mail permission file.
    pub mail_perms: Option<PathBuf>,
    /// Container and host directory of each volume, before those of the file.
    pub volumes: Vec<(String, PathBuf)>,
    /// True where listening beyond loopback is wanted.
    pub allow_remote: bool,
    /// True where effects are replaced by words.
    pub dry_run: bool,
    /// `CONDUIT_ROOT`, which is printed and changes nothing.
    pub root: Option<String>,
}

/// A call that cannot be understood: one line that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl Command {
    /// Reads the command line (without the program's name) and, where it is silent, the environment.
    ///
    /// # Errors
    /// When a flag or variable is unknown, lacks its value, or has one that it cannot have.
    pub(crate) fn read(
        args: impl IntoIterator<Item = OsString>,
        env: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, UsageError> {
        let mut wishes = Wishes::default();
        let mut check = false;
        let mut parser = Parser::from_args(args);
        while let Some(arg) = parser.next().map_err(usage)? {
            match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(Self::Help),
                Arg::Long("version") | Arg::Short('V') => return Ok(Self::Version),
                Arg::Long("starter") => return Ok(Self::Starter),
                Arg::Long("check") => check = true,
                Arg::Long(flag) => {
                    let flag = flag.to_owned();
                    wishes.take(&flag, &mut parser)?;
                }
                Arg::Value(word) if word == "import" && !check && wishes == Wishes::default() => {
                    return Ok(import::Call::read(&mut parser)?.map_or(Self::ImportHelp, Self::Import));
                }
                other => return Err(unknown(&other)),
            }
        }
        wishes.take_environment(env)?;
        Ok(if check { Self::Check(wishes) } else { Self::Serve(wishes) })
    }
}

impl Wishes {
    fn take(&mut self, flag: &str, parser: &mut Parser) -> Result<(), UsageError> {
        match flag {
            "allow-remote" => self.allow_remote = true,
            "dry-run" => self.dry_run = true,
            "config" => self.config = Some(value(flag, parser)?.into()),
            "secrets" => self.secrets = Some(value(flag, parser)?.into()),
            "bind" => self.bind = Some(text("--bind", value(flag, parser)?)?),
            "port" => self.port = Some(port("--port", &value(flag, parser)?)?),
            "socket" => self.socket = Some(value(flag, parser)?.into()),
            "data" => self.data = Some(value(flag, parser)?.into()),
            "mail-perms" => self.mail_perms = Some(value(flag, parser)?.into()),
            "volume" => self.volumes.push(volume(&text("--volume", value(flag, parser)?)?)?),
            _ => return Err(unknown(&Arg::Long(flag))),
        }
        Ok(())
    }

    fn take_environment(&mut self, env: impl Fn(&str) -> Option<OsString>) -> Result<(), UsageError> {
        if self.bind.is_none() {
            self.bind = env("CONDUIT_BIND").map(|bind| text("CONDUIT_BIND", bind)).transpose()?;
        }
        if self.port.is_none() {
            self.port = env("CONDUIT_PORT").map(|number| port("CONDUIT_PORT", &number)).transpose()?;
        }
        if self.mail_perms.is_none() {
            self.mail_perms = env("CONDUIT_MAIL_PERMS").map(PathBuf::from);
        }
        self.root = env("CONDUIT_ROOT").map(|root| root.to_string_lossy().escape_default().to_string());
        Ok(())
    }
}

pub(crate) fn value(flag: &str, parser: &mut Parser) -> Result<OsString, UsageError> {
    parser.value().map_err(|_| UsageError(format!("`--{flag}` lacks its value; see `ccc-server --help`")))
}

pub(crate) fn text(what: &str, value: OsString) -> Result<String, UsageError> {
    value.into_string().map_err(|value| {
        UsageError(format!("`{what}` is no UTF-8 text: `{}`", value.to_string_lossy().escape_default()))
    })
}

fn port(what: &str, value: &OsStr) -> Result<u16, UsageError> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| {
        UsageError(format!(
            "`{what}` is `{}`; write a port from 0 to 65535, such as 3015",
            value.to_string_lossy().escape_default()
        ))
    })
}

fn volume(text: &str) -> Result<(String, PathBuf), UsageError> {
    match text.split_once('=') {
        Some((container, host)) if container.starts_with('/') && !host.is_empty() => {
            Ok((container.to_owned(), host.into()))
        }
        _ => Err(UsageError(format!(
            "`--volume {}` is no volume; write `--volume /workspace=DIR`",
            text.escape_default()
        ))),
    }
}

pub(crate) fn unknown(arg: &Arg<'_>) -> UsageError {
    let shown = match arg {
        Arg::Short(letter) => format!("-{}", letter.escape_default()),
        Arg::Long(name) => format!("--{}", name.escape_default()),
        Arg::Value(value) => value.to_string_lossy().escape_default().to_string(),
    };
    UsageError(format!("`{shown}` is not known here; see `ccc-server --help`"))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
pub(crate) fn usage(error: lexopt::Error) -> UsageError {
    UsageError(format!("{error}; see `ccc-server --help`"))
}

/// What `--help` prints.
pub(crate) const HELP: &str = "\
ccc-server: the bridge on the host. Agents ask by signed requests; policy or a person decides; it runs here.

Usage: ccc-server [options]
       ccc-server import sentinel|jamjet FILE    (see ccc-server import --help)

  --config FILE            config (default: $XDG_CONFIG_HOME/ccc/config.toml where it is there)
  --secrets FILE           who may sign (make one: ccc-keygen --create user,agent --can-approve user=agent)
  --volume CONTAINER=HOST  a directory that agents may name; may be given several times
  --bind ADDR              address to listen on (default 127.0.0.1; \"\" for no TCP)
  --port N                 port to listen on (default 3015)
  --socket PATH            Unix socket to listen on
  --allow-remote           listen beyond loopback
  --data DIR               where tickets and the audit log lie (default: $XDG_DATA_HOME/ccc)
  --mail-perms FILE        who may mail whom, read at start and kept up to date
  --dry-run                decide, queue and audit as always, run nothing
  --check                  read everything, say what was found, and exit with 0 or 2
  --starter                print a first config, with rules for coding agents' tool calls, and exit
  --help, --version

Environment: CONDUIT_BIND, CONDUIT_PORT, CONDUIT_MAIL_PERMS (a flag beats them, they beat the file),
CONDUIT_ROOT (printed, changes nothing). RUST_LOG sets what is logged to stderr (default info).
SIGHUP reloads secrets, volumes, actions and rules; SIGTERM ends what is being answered and stops.

Examples:
  ccc-server --secrets secrets.json --volume /workspace=$HOME/agent
  ccc-server --config bridge.toml --socket /run/user/1000/ccc/ccc.sock
  ccc-server --config bridge.toml --check
";

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
    fn volumes_come_in_the_order_given() {
        let volumes = wishes(&["--volume", "/workspace=/srv/a", "--volume", "/home/claude=~/b=c"], &[]).volumes;
        assert_eq!(volumes, [("/workspace".to_owned(), "/srv/a".into()), ("/home/claude".to_owned(), "~/b=c".into())]);
    }

    #[test]
    fn check_is_no_serving() {
        assert!(matches!(read(&["--check", "--config", "x"], &[]), Ok(Command::Check(_))));
        assert!(matches!(read(&["--config", "x", "--help"], &[]), Ok(Command::Help)));
        assert!(matches!(read(&["--starter"], &[]), Ok(Command::Starter)));
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
        assert_eq!(read(&["import", "--help"], &[]), Ok(Command::ImportHelp));
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
        ] {
            let error = read(args, &[]).unwrap_err().to_string();
            assert!(!error.is_empty() && !error.contains('\n'), "{args:?}: {error}");
        }
        assert!(read(&[], &[("CONDUIT_PORT", "x")]).is_err());
    }
}
