//! The program around the console: reads the command line, does what it asks, and ends with an exit code.

use std::{env, ffi::OsString, path::PathBuf, sync::Arc};

use ccc_client::Bridge;
use ccc_protocol::exit;

use crate::{
    cli::args::{self, Connect, Environment, Invocation, Task},
    cli::connect,
    commands,
    config::Config,
    console::model::{self, Container, Model},
    console::update,
    keys::TABLE,
    local,
    surface::plain,
    surface::screen::{self, Ended},
    surface::terminal,
    text::{Tone, Untrusted, Visible},
    view::theme::Theme,
};

/// Runs the program with these arguments; the code to exit with.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let environment = Environment {
        secrets: env::var_os("CCC_SECRETS"),
        user: env::var_os("CCC_USER"),
        url: env::var_os("CONDUIT_URL"),
    };
    let done = args::parse(args, environment).map_err(Stop::usage).and_then(invoke);
    done.unwrap_or_else(|stop| {
        // A `chmod` line stands in a row of its own; each row is made visible for itself.
        for (at, line) in stop.words.lines().enumerate() {
            let name = if at == 0 { "ccc-queue: " } else { "" };
            eprintln!("{name}{}", Untrusted(line).line());
        }
        stop.code
    })
}

/// Why the program ends before its work is done.
#[derive(Debug)]
pub(crate) struct Stop {
    /// What a person reads; nothing is printed where it is empty.
    pub(crate) words: String,
    /// The code to exit with.
    pub(crate) code: u8,
}

impl Stop {
    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: exit::USAGE }
    }
}

fn invoke(invocation: Invocation) -> Result<u8, Stop> {
    match invocation {
        Invocation::Help => print!("{}", include_str!("cli/help.txt")),
        Invocation::Version => println!("ccc-queue {}", env!("CARGO_PKG_VERSION")),
        Invocation::Keys => print_keys(),
        Invocation::Local { plain } => return open_local(plain),
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
        Task::Screen => open(Arc::new(bridge), false, |_| {}),
        Task::Plain => open(Arc::new(bridge), true, |_| {}),
        other => commands::run(&bridge, other),
    }
}

/// The server, where it is ours, lives as long as the console.
fn open_local(plain: bool) -> Result<u8, Stop> {
    let local = local::start()?;
    let (options, from_here) = (Untrusted(&local.paste).line(), Untrusted(&local.from_here).line());
    let container = Container { options: options.clone(), from_here: from_here.clone() };
    let ended = open(Arc::clone(&local.bridge), plain, |model| {
        model.container = Some(container);
        match (plain, local.is_new) {
            (true, _) => {
                model.say(Tone::Strong, Visible::label("start the agent's container with: ").then(options.clone()));
            }
            (false, true) => update::show_container(model),
            (false, false) => model.say(Tone::Plain, "`:container` shows what the agent's container is started with"),
        }
    });
    eprintln!("ccc-queue: start the agent's container with: {options}");
    eprintln!("ccc-queue: try it from here with: {from_here}");
    ended
}

/// Opens the console, on the screen or line by line, begun so.
fn open(bridge: Arc<Bridge>, plain: bool, begin: impl FnOnce(&mut Model)) -> Result<u8, Stop> {
    let config = config()?;
    let theme = theme(&config);
    let server = Untrusted(&bridge.address().to_string()).line();
    let surface = if plain { model::Surface::Plain } else { model::Surface::Screen };
    let mut model = Model::new(bridge.user().clone(), server, config, surface);
    begin(&mut model);
    let ended = if plain { plain::run(model, bridge) } else { screen::run(model, theme, bridge) };
    match ended {
        Ok(Ended::Left) => Ok(exit::SUCCEEDED),
        Ok(Ended::Signal(signal)) => Ok(by_signal(signal)),
        Err(error) => {
            Err(Stop { words: format!("the terminal does not obey: {error}; try `--plain`"), code: exit::FAILED })
        }
    }
}

/// As shells report a program that a signal ended. The terminal was given back before.
fn by_signal(signal: i32) -> u8 {
    terminal::give_back();
    u8::try_from(signal).map_or(exit::FAILED, |signal| signal.saturating_add(128))
}

fn theme(config: &Config) -> Theme {
    Theme::choose(config.colours, env::var("NO_COLOR").ok().as_deref(), env::var("TERM").ok().as_deref())
}

fn config() -> Result<Config, Stop> {
    let Some(dir) = config_dir() else { return Ok(Config::default()) };
    let path = dir.join("console.toml");
    Config::load(&path).map_err(|error| Stop::usage(format!("{}: {error}", path.display())))
}

/// `$XDG_CONFIG_HOME/ccc`, or `~/.config/ccc`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(base.join("ccc"))
}
