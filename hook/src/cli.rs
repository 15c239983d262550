//! The command lines of `ccc-hook` that people write.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value};
use lexopt::{Parser, ValueExt};

use crate::decoy::Decoy;
use crate::hook_line::host;
use crate::install::Order;
use crate::session::{self, Risk};
use crate::uninstall::Removal;
use ccc_hosts::host::Host;
use ccc_hosts::settings::place::Scope;

/// What a command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print the help of all commands.
    Help,
    /// See [`crate::install`].
    Install(Order),
    /// See [`crate::uninstall`].
    Uninstall(Removal),
    /// See [`crate::status`].
    Status(Vec<Host>, Form),
    /// See [`crate::doctor`].
    Doctor(Vec<Host>),
    /// See [`crate::prove`].
    Prove(Proof),
    /// See [`crate::decoy`].
    Canary(Decoy),
    /// See [`crate::session`]; the config is filled in where it was not named.
    SessionStart(SessionLine),
}

/// Which installs to prove by running their agents.
#[derive(Debug)]
pub struct Proof {
    /// Of which hosts.
    pub hosts: Vec<Host>,
    /// True where the person agreed beforehand.
    pub is_sure: bool,
}

/// In which form something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In words, for people.
    Words,
    /// As JSON, for programs.
    Json,
}

/// A session as the command line tells it.
#[derive(Debug)]
pub struct SessionLine {
    /// The host, which also says whose config is used.
    pub host: Option<Host>,
    /// The config, where it was named.
    pub config: Option<PathBuf>,
    /// The id, where it was named.
    pub id: Option<String>,
    /// How much care it deserves.
    pub risk: Risk,
    /// What it is for.
    pub purpose: Option<String>,
    /// How long to wait for leave.
    pub wait: Option<Duration>,
    /// What to start.
    pub command: Vec<OsString>,
}

/// Reads a command line for people.
///
/// # Errors
/// When it is wrong; the words say what to write instead.
pub fn parse(arguments: Vec<OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_args(arguments);
    let Some(Value(command)) = parser.next()? else { return Ok(Command::Help) };
    match command.string()?.as_str() {
        "install" => install(parser),
        "uninstall" => uninstall(parser),
        "status" => status(parser),
        "doctor" => doctor(parser),
        "session" => session(parser),
        "canary" => canary(parser),
        other => {
            Err(format!("unknown command `{other}`: write install, status, uninstall, doctor, canary or session")
                .into())
        }
    }
}

fn install(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut order = Order {
        hosts: Vec::new(),
        all: false,
        scope: Scope::User,
        found: false,
        dry_run: false,
        form: Form::Words,
        secrets: None,
        user: None,
        url: None,
        hold_seconds: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => order.hosts.push(host(&mut parser)?),
            Long("all") => order.all = true,
            Long("found") => order.found = true,
            Long("user") => order.scope = Scope::User,
            Long("project") => order.scope = Scope::Project,
            Long("dry-run") => order.dry_run = true,
            Long("json") => order.form = Form::Json,
            Long("secrets") => order.secrets = Some(parser.value()?.into()),
            Long("as") => order.user = Some(parser.value()?.string()?),
            Long("url") => order.url = Some(parser.value()?.string()?),
            Long("hold") => order.hold_seconds = Some(parser.value()?.parse()?),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if order.form == Form::Json && !order.dry_run {
        return Err("`--json` tells what would be written: write `--dry-run` too".into());
    }
    order.hosts = match (order.found, order.all) {
        (true, true) => return Err("write either --found or --all".into()),
        (true, false) => chosen(order.hosts, true)?,
        (false, all) => chosen(order.hosts, all)?,
    };
    Ok(Command::Install(order))
}

fn uninstall(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut removal = Removal { hosts: Vec::new(), scope: None, dry_run: false };
    let mut all = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => removal.hosts.push(host(&mut parser)?),
            Long("all") => all = true,
            Long("user") => removal.scope = Some(Scope::User),
            Long("project") => removal.scope = Some(Scope::Project),
            Long("dry-run") => removal.dry_run = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    removal.hosts = chosen(removal.hosts, all)?;
    Ok(Command::Uninstall(removal))
}

fn status(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut hosts = Vec::new();
    let mut form = Form::Words;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => hosts.push(host(&mut parser)?),
            Long("all") => hosts = Host::ALL.to_vec(),
            Long("json") => form = Form::Json,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Status(or_all(hosts), form))
}

fn doctor(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut proof = Proof { hosts: Vec::new(), is_sure: false };
    let mut proves = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => proof.hosts.push(host(&mut parser)?),
            Long("all") => proof.hosts = Host::ALL.to_vec(),
            Long("prove") => proves = true,
            Long("yes") => proof.is_sure = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if proof.is_sure && !proves {
        return Err("`--yes` answers what `--prove` asks: write both".into());
    }
    proof.hosts = or_all(proof.hosts);
    Ok(if proves { Command::Prove(proof) } else { Command::Doctor(proof.hosts) })
}

fn canary(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut agent = None;
    let mut file = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => agent = Some(host(&mut parser)?),
            Long("file") => file = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let host = agent.ok_or("say for which agent: --agent NAME")?;
    Ok(Command::Canary(Decoy { host, file }))
}

fn or_all(hosts: Vec<Host>) -> Vec<Host> {
    if hosts.is_empty() { Host::ALL.to_vec() } else { hosts }
}

fn session(mut parser: Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Value(word)) if word == "start" => {}
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        _ => return Err("write `ccc-hook session start --risk high --agent NAME`".into()),
    }
    let mut risk = None;
    let mut line = SessionLine {
        host: None,
        config: None,
        id: None,
        risk: Risk::High,
        purpose: None,
        wait: None,
        command: Vec::new(),
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => line.host = Some(host(&mut parser)?),
            Long("config") => line.config = Some(parser.value()?.into()),
            Long("session") => line.id = Some(parser.value()?.string()?),
            Long("purpose") => line.purpose = Some(parser.value()?.string()?),
            Long("risk") => risk = Some(risk_named(&parser.value()?.string()?)?),
            Long("wait") => line.wait = Some(wait(&mut parser)?),
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(program) => {
                line.command.push(program);
                line.command.extend(parser.raw_args()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    line.risk = risk.ok_or("say how much care the session deserves: --risk low or --risk high")?;
    if line.host.is_none() && line.config.is_none() {
        return Err("say whose config to use: --agent NAME, or --config FILE".into());
    }
    Ok(Command::SessionStart(line))
}

/// The next argument is the number of seconds only when it is all digits.
fn wait(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    let digits = |value: &std::ffi::OsStr| {
        value.to_str().is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let seconds = match parser.optional_value() {
        Some(value) => value.parse()?,
        None => match parser.raw_args()?.next_if(digits) {
            Some(value) => value.parse()?,
            None => session::WAIT_SECONDS_DEFAULT,
        },
    };
    if seconds > session::WAIT_SECONDS_MAX {
        return Err(format!("`--wait {seconds}` is too long: write at most {}", session::WAIT_SECONDS_MAX).into());
    }
    Ok(Duration::from_secs(seconds))
}

fn risk_named(name: &str) -> Result<Risk, lexopt::Error> {
    match name {
        "low" => Ok(Risk::Low),
        "high" => Ok(Risk::High),
        other => Err(format!("unknown risk `{other}`: write low or high").into()),
    }
}

fn chosen(hosts: Vec<Host>, all: bool) -> Result<Vec<Host>, lexopt::Error> {
    match (hosts.is_empty(), all) {
        (false, false) => Ok(hosts),
        (true, true) => Ok(Host::ALL.to_vec()),
        (true, false) => {
            Err("say for which agent: --agent claude, codex, gemini, copilot, kimi, cursor, opencode or qwen, or --all"
                .into())
        }
        (false, true) => Err("write either --agent NAME or --all".into()),
    }
}
