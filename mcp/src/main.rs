//! `ccc-mcp`: the command. What it does is in the library; here are its arguments, its streams and its exit code.

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::mpsc::{self, Receiver},
    thread,
};

use ccc_client::Shown;
use ccc_hosts::mcp_servers::{self, Wanted, Wrapping};
use ccc_mcp::{
    args::{self, Command, InstallArgs, ProxyArgs, ServeArgs, Upstream},
    bridge::BridgeJudge,
    config::Config,
    definition::ServerName,
    proxy,
    serve::{self, BridgeDesk},
};
use ccc_protocol::{exit, visible};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

fn main() -> ExitCode {
    let ended = args::read(env::args_os()).and_then(run);
    ended.map_or_else(
        |error| {
            let _unheard = writeln!(Shown::new(io::stderr()), "ccc-mcp: {error}");
            ExitCode::from(exit::USAGE)
        },
        ExitCode::from,
    )
}

fn run(command: Command) -> Result<u8, String> {
    match command {
        Command::Say(text) => print(&text),
        Command::Proxy(args) => run_proxy(args),
        Command::Serve(args) => run_serve(args),
        Command::Install(args) => run_install(&args),
    }
}

fn print(text: &str) -> Result<u8, String> {
    io::stdout().write_all(text.as_bytes()).map(|()| exit::SUCCEEDED).map_err(|error| error.to_string())
}

fn run_proxy(args: ProxyArgs) -> Result<u8, String> {
    let config = Config::load(&args.config).map_err(|error| error.to_string())?;
    let bridge = config.bridge().map_err(|error| error.to_string())?;
    let settings = config.settings(args.wait);
    let judge = Box::new(BridgeJudge::new(bridge, cwd()?, session(args.session)?));
    let (client_in, client_out, stop) = (io::stdin(), io::stdout(), asked_to_end()?);
    let ended = match args.upstream {
        Upstream::Process(command) => {
            let server = ServerName { name: args.server, command };
            let program = server.command.first().cloned().unwrap_or_default();
            proxy::run_process(server, settings, judge, client_in, client_out, stop)
                .map_err(|error| format!("`{}` cannot be started: {error}", visible::escaped(&program)))
        }
        Upstream::Http(endpoint) => {
            let server = ServerName { name: args.server, command: vec![endpoint.as_str().to_owned()] };
            proxy::run_http(endpoint, server, settings, judge, client_in, client_out, stop)
                .map_err(|error| error.to_string())
        }
    }?;
    // The thread that reads the client may still wait for it, and must not hold the end up.
    std::process::exit(ended.into())
}

/// Told when somebody asks this program to end: what waits is withdrawn first, and the server does not stay behind.
fn asked_to_end() -> Result<Receiver<()>, String> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| error.to_string())?;
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for _ in signals.forever() {
            let _is_ending = sender.send(());
        }
    });
    Ok(asked)
}

fn run_serve(args: ServeArgs) -> Result<u8, String> {
    let config = Config::load(&args.config).map_err(|error| error.to_string())?;
    let bridge = config.bridge().map_err(|error| error.to_string())?;
    let settings = config.settings(args.wait);
    let desk = BridgeDesk::new(bridge, cwd()?, session(args.session)?);
    serve::run(desk, &settings, &args.listen).map(|()| exit::SUCCEEDED).map_err(|error| error.to_string())
}

fn run_install(args: &InstallArgs) -> Result<u8, String> {
    let wrapping = match &args.config {
        Some(config) if !args.undo => Some(wrapping(config, &args.server)?),
        _ => None,
    };
    let wanted = Wanted {
        host: args.client,
        server: &args.server,
        file: args.file.as_deref(),
        wrapping: wrapping.as_ref(),
        dry_run: args.dry_run,
    };
    mcp_servers::apply(&wanted, &mut Shown::new(io::stdout()))
        .map(|()| exit::SUCCEEDED)
        .map_err(|error| error.to_string())
}

/// Config and key are checked before anything is touched; a bridge that is not there now only has to be told of.
fn wrapping(config: &Path, server: &str) -> Result<Wrapping, String> {
    let checked = Config::load(config).map_err(|error| error.to_string())?;
    let bridge = checked.bridge().map_err(|error| error.to_string())?;
    if let Err(error) = bridge.actions() {
        let warning = "until this is mended all calls will be refused";
        let _unheard = writeln!(Shown::new(io::stderr()), "ccc-mcp: {warning}: {error}");
    }
    let path = |path: io::Result<std::path::PathBuf>| {
        let path = path.map_err(|error| error.to_string())?;
        path.into_os_string().into_string().map_err(|path| format!("`{}` is not UTF-8", path.to_string_lossy()))
    };
    Ok(Wrapping::new(path(env::current_exe())?, path(config.canonicalize())?, server))
}

fn cwd() -> Result<String, String> {
    let directory = env::current_dir().map_err(|error| format!("the working directory is not known: {error}"))?;
    directory.into_os_string().into_string().map_err(|_| "the working directory's name is not UTF-8".to_owned())
}

/// A name that nobody else's calls have, unless one is given.
fn session(given: Option<String>) -> Result<String, String> {
    let Some(given) = given else {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes can be had: {error}"))?;
        return Ok(format!("mcp-{}", uuid::Builder::from_random_bytes(bytes).into_uuid()));
    };
    Ok(given)
}
