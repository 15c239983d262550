//! The program around the console: reads the command line, does what it asks, and ends with an exit code.

use std::{env, ffi::OsString, path::PathBuf, sync::Arc};

use ccc_client::{Bridge, local as left};
use ccc_protocol::exit;

use crate::{
    cli::{self, Connect, Environment, Invocation, Stop, Task, connect},
    commands,
    config::Config,
    console::{
        message::Message,
        model::{Model, Surface},
    },
    keys::TABLE,
    local::{self, Left, Local, Machine},
    rules::{self, file::is_here},
    surface::{Ended, plain, screen, terminal},
    text::Untrusted,
    view::theme::Theme,
};

/// Runs the program with these arguments; the code to exit with.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let environment = Environment {
        secrets: env::var_os("CCC_SECRETS"),
        user: env::var_os("CCC_USER"),
        url: env::var_os("CONDUIT_URL"),
        unasked: left::unasked(left::SECRETS),
    };
    let done = cli::parse(args, environment).map_err(Stop::usage).and_then(invoke);
    done.unwrap_or_else(|stop| {
        // A `chmod` line stands in a row of its own; each row is made visible for itself.
        for (at, line) in stop.words.lines().enumerate() {
            let name = if at == 0 { "ccc-queue: " } else { "" };
            eprintln!("{name}{}", Untrusted(line).line());
        }
        stop.code
    })
}

fn invoke(invocation: Invocation) -> Result<u8, Stop> {
    match invocation {
        Invocation::Print(text) => print!("{text}"),
        Invocation::Keys => print_keys(),
        Invocation::Local { plain, url } => return open_local(plain, url.as_deref()),
        Invocation::Task(connect, task) => return perform(&connect, &task),
    }
    Ok(exit::SUCCEEDED)
}

/// The table as it is, name by name, for `[keys]` in console.toml.
fn print_keys() {
    for row in TABLE {
        println!("{:<18} {:<24} {}", row.name, row.keys.join(" "), row.help);
    }
}

fn perform(connect: &Connect, task: &Task) -> Result<u8, Stop> {
    let bridge = connect::bridge(connect).map_err(|error| Stop::usage(error.to_string()))?;
    match task {
        Task::Screen => open(Arc::new(bridge), false, None).map(|(code, _)| code),
        Task::Plain => open(Arc::new(bridge), true, None).map(|(code, _)| code),
        other => commands::run(&bridge, other),
    }
}

/// The server, where it is ours, lives as long as the console, unless it is let run on.
fn open_local(plain: bool, url: Option<&str>) -> Result<u8, Stop> {
    let Local { bridge, config, here, machine } = local::start(url)?;
    let (options, from_here) = (here.container.line(), here.container.from_here.clone());
    let log = here.log.clone();
    let machine = Arc::new(machine);
    let begin = Begin { first: Message::Local(Box::new(here)), machine: Arc::clone(&machine), config };
    let ended = open(bridge, plain, Some(begin));
    let let_run_on = matches!(ended, Ok((_, Ended::LeftRunning)));
    // Whoever still reads for the console has no part in what follows.
    let left = Arc::into_inner(machine).map_or(Left::Nothing, |machine| machine.leave(let_run_on));
    if let Left::Running { process } = left {
        eprintln!("ccc-queue: the server runs on as process {process} and says what it does in {log}");
        eprintln!("ccc-queue: `ccc-queue --local` opens its console again; stop it with: kill {process}");
    }
    eprintln!("ccc-queue: start the agent's container with: {options}");
    eprintln!("ccc-queue: try it from here with: {from_here}");
    ended.map(|(code, _)| code)
}

/// With what a console begins that came with `--local`. Beside its own server, whose config this is, it may write rules into it.
struct Begin {
    first: Message,
    machine: Arc<Machine>,
    config: PathBuf,
}

/// Opens the console, on the screen or line by line.
fn open(bridge: Arc<Bridge>, plain: bool, begin: Option<Begin>) -> Result<(u8, Ended), Stop> {
    let config = settings()?;
    let theme = theme(&config);
    let server = Untrusted(&bridge.address().to_string()).line();
    let surface = surface(plain, env::var("TERM").ok().as_deref());
    let model = Model::new(bridge.user().clone(), server, config, surface);
    let rules = rules_for(&bridge, begin.as_ref().map(|begin| begin.config.clone()));
    let (first, machine) = begin.map(|begin| (begin.first, begin.machine)).unzip();
    let ended = match surface {
        Surface::Plain => plain::run(model, first, bridge, rules, machine),
        Surface::Screen => screen::run(model, first, theme, bridge, rules, machine),
    };
    match ended {
        Ok(ended @ Ended::Signal(signal)) => Ok((by_signal(signal), ended)),
        Ok(ended) => Ok((exit::SUCCEEDED, ended)),
        Err(error) => {
            Err(Stop { words: format!("the terminal does not obey: {error}; try `--plain`"), code: exit::FAILED })
        }
    }
}

/// Elsewhere, and where nobody knows which config the server reads, rules are told and not written.
fn rules_for(bridge: &Bridge, own: Option<PathBuf>) -> rules::Config {
    let usual = || Some(ccc_client::config_dir()?.join("config.toml"));
    let may_write = own.is_some() && is_here(bridge.address());
    let path = own.or_else(usual).filter(|path| is_here(bridge.address()) && path.exists());
    rules::Config { path, may_write }
}

/// A dumb terminal cannot move its cursor: it gets the console line by line, asked for or not.
fn surface(plain: bool, term: Option<&str>) -> Surface {
    if plain || term == Some("dumb") { Surface::Plain } else { Surface::Screen }
}

/// A signal ended it: the terminal is given back before.
fn by_signal(signal: i32) -> u8 {
    terminal::give_back();
    exit::of_signal(signal)
}

fn theme(config: &Config) -> Theme {
    Theme::choose(config.colours, env::var("NO_COLOR").ok().as_deref(), env::var("TERM").ok().as_deref())
}

fn settings() -> Result<Config, Stop> {
    let Some(dir) = ccc_client::config_dir() else { return Ok(Config::default()) };
    let path = dir.join("console.toml");
    Config::load(&path).map_err(|error| Stop::usage(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_gets_the_console_line_by_line() {
        assert_eq!(surface(false, Some("dumb")), Surface::Plain);
        assert_eq!(surface(true, Some("xterm-256color")), Surface::Plain);
        assert_eq!(surface(false, Some("xterm-256color")), Surface::Screen);
        assert_eq!(surface(false, None), Surface::Screen);
    }
}
