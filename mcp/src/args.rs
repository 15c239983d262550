//! The command line.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use ccc_protocol::visible;

use ccc_hosts::host::Host;
use clap::{Args as ClapArgs, Parser, Subcommand, error::ErrorKind};

use crate::proxy::Endpoint;

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Say what was asked for about the program itself: help or version.
    Say(String),
    /// Stand between a client and a server.
    Proxy(ProxyArgs),
    /// Offer the bridge's actions.
    Serve(ServeArgs),
    /// Wrap an entry of a client's config, or take that back.
    Install(InstallArgs),
}

/// `proxy`.
#[derive(Debug, PartialEq)]
pub struct ProxyArgs {
    /// Where the bridge is and who asks.
    pub config: PathBuf,
    /// The server's name in rules.
    pub server: String,
    /// How long a call waits for a person.
    pub wait: Option<Duration>,
    /// What calls are said to belong to.
    pub session: Option<String>,
    /// The server.
    pub upstream: Upstream,
}

/// A server to stand in front of.
#[derive(Debug, PartialEq)]
pub enum Upstream {
    /// Started from this command line.
    Process(Vec<String>),
    /// Reached at this address.
    Http(Endpoint),
}

/// `serve`.
#[derive(Debug, PartialEq)]
pub struct ServeArgs {
    /// Where the bridge is and who asks.
    pub config: PathBuf,
    /// How long a call waits for a person.
    pub wait: Option<Duration>,
    /// What calls are said to belong to.
    pub session: Option<String>,
    /// Where clients are heard.
    pub listen: Listen,
}

/// Where a server hears its clients.
#[derive(Debug, PartialEq)]
pub enum Listen {
    /// On standard input and output.
    Stdio,
    /// On a Unix socket.
    Socket(PathBuf),
    /// On a loopback address, from those who have the token in the file.
    Loopback(SocketAddr, PathBuf),
}

/// `install` and `uninstall`.
#[derive(Debug, PartialEq)]
pub struct InstallArgs {
    /// True for `uninstall`.
    pub undo: bool,
    /// Where the bridge is and who asks; not needed to take back.
    pub config: Option<PathBuf>,
    /// Whose config.
    pub client: Host,
    /// The entry.
    pub server: String,
    /// The config file, where it is not in its usual place.
    pub file: Option<PathBuf>,
    /// Write nothing.
    pub dry_run: bool,
}

/// Reads a command line, the program's name included.
///
/// # Errors
/// When it asks for nothing that there is: one line with what to write instead.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    match Line::try_parse_from(args) {
        Ok(line) => line.command(),
        Err(told) if told.use_stderr() => Err(one_line(&told)),
        Err(told) => Ok(Command::Say(told.render().to_string())),
    }
}

/// Policy and people between MCP clients and MCP servers.
#[derive(Debug, Parser)]
#[command(name = "ccc-mcp", version, after_help = AFTER_HELP)]
struct Line {
    /// Where the bridge is and who asks: {"url":…,"secrets":…,"user":…}, mode 600
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Stand between a client and one server: each tool call is asked about, and each tool is withheld until its definition is
    /// approved
    #[command(after_help = PROXY_HELP)]
    Proxy(ProxyLine),
    /// Offer the bridge's actions as tools, and `approve` for Claude Code's --permission-prompt-tool
    #[command(after_help = SERVE_HELP)]
    Serve(ServeLine),
    /// Wrap an entry of the client's config with the proxy
    #[command(after_help = INSTALL_HELP)]
    Install(InstallLine),
    /// Take back what `install` did
    Uninstall(InstallLine),
}

#[derive(Debug, ClapArgs)]
struct CallLine {
    /// How long a call waits for a person before it gets a receipt [default: as long as the client is known to wait]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
    /// What calls are said to belong to [default: a new name each time]
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

#[derive(Debug, ClapArgs)]
struct ProxyLine {
    /// What the server is called in rules: letters, digits, `.`, `_` and `-` [default: the name of its program, or of its host]
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    #[command(flatten)]
    call: CallLine,
    /// The server behind streamable HTTP, http:// on this machine
    #[arg(long, value_name = "URL", conflicts_with = "program")]
    url: Option<Endpoint>,
    /// … or elsewhere, on a network that may read and change it
    #[arg(long)]
    allow_remote: bool,
    /// The server's command
    #[arg(last = true, value_name = "COMMAND")]
    program: Vec<String>,
}

#[derive(Debug, ClapArgs)]
struct ServeLine {
    #[command(flatten)]
    call: CallLine,
    /// Serve streamable HTTP on a Unix socket instead of stdio
    #[arg(long, value_name = "PATH", conflicts_with_all = ["listen", "token"])]
    socket: Option<PathBuf>,
    /// … or on a loopback address, for clients with the token
    #[arg(long, value_name = "ADDR:PORT", value_parser = loopback)]
    listen: Option<SocketAddr>,
    /// The token those send as `Authorization: Bearer`, mode 600
    #[arg(long, value_name = "FILE", requires = "listen")]
    token: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
struct InstallLine {
    /// Whose config: claude, codex, copilot, cursor, gemini, kimi or qwen
    #[arg(long, value_name = "CLIENT")]
    client: Host,
    /// The entry
    #[arg(long, value_name = "NAME")]
    server: String,
    /// The client's config, where it is not in its usual place
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show what would be written and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Line {
    fn command(self) -> Result<Command, String> {
        let config = self.config.ok_or_else(|| "say where the bridge is and who asks: `--config FILE`".to_owned());
        match self.verb {
            Verb::Proxy(line) => line.checked(config?).map(Command::Proxy),
            Verb::Serve(line) => line.checked(config?).map(Command::Serve),
            Verb::Install(line) => Ok(Command::Install(line.args(false, Some(config?)))),
            Verb::Uninstall(line) => Ok(Command::Install(line.args(true, config.ok()))),
        }
    }
}

impl ProxyLine {
    fn checked(self, config: PathBuf) -> Result<ProxyArgs, String> {
        let (upstream, named) = match self.url {
            Some(url) => {
                let endpoint = url.checked(self.allow_remote).map_err(|error| error.to_string())?;
                let name = endpoint.name().to_owned();
                (Upstream::Http(endpoint), name)
            }
            None if self.allow_remote => return Err(NO_URL.to_owned()),
            None => {
                let program = self.program.first().ok_or(NO_SERVER)?;
                let name = program.rsplit('/').next().unwrap_or_default().to_owned();
                (Upstream::Process(self.program), name)
            }
        };
        let server = server_name(self.server.unwrap_or(named))?;
        Ok(ProxyArgs { config, server, wait: self.call.wait, session: self.call.session, upstream })
    }
}

impl ServeLine {
    fn checked(self, config: PathBuf) -> Result<ServeArgs, String> {
        let listen = match (self.socket, self.listen, self.token) {
            (Some(path), _, _) => Listen::Socket(path),
            (None, Some(address), Some(token)) => Listen::Loopback(address, token),
            (None, Some(_), None) => return Err(NO_TOKEN.to_owned()),
            (None, None, _) => Listen::Stdio,
        };
        Ok(ServeArgs { config, wait: self.call.wait, session: self.call.session, listen })
    }
}

impl InstallLine {
    fn args(self, undo: bool, config: Option<PathBuf>) -> InstallArgs {
        let Self { client, server, file, dry_run } = self;
        InstallArgs { undo, config, client, server, file, dry_run }
    }
}

/// What is wrong, on one line: clients keep the errors of their servers as lines of a log.
fn one_line(told: &clap::Error) -> String {
    if told.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("{VERBS}{SEE_HELP}");
    }
    let text = told.render().to_string();
    let part = |start: &str| text.split("\n\n").find_map(|part| part.trim().strip_prefix(start));
    let usage = match told.kind() {
        ErrorKind::InvalidSubcommand => Some(VERBS.to_owned()),
        _ => part("Usage: ").map(|usage| format!("usage: {usage}")),
    };
    let tip = part("tip: a similar").map(|tip| format!("a similar{tip}"));
    let parts = [part("error: ").map(str::to_owned), tip, usage];
    let line = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}{SEE_HELP}", visible::escaped(&line))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "write whole seconds".to_owned())
}

/// A name that stands in rules as `mcp:NAME/TOOL` and can be read in one way.
fn server_name(name: String) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if matches!(name.len(), 1..=64) && name.bytes().all(plain) {
        return Ok(name);
    }
    Err(format!(
        "`{}` cannot name a server; write `--server NAME` with letters, digits, `.`, `_` and `-`",
        visible::escaped(&name)
    ))
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "write an address and a port, as `127.0.0.1:8931`".to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!("it is not a loopback address; write `127.0.0.1:{}`", address.port()))
}

const VERBS: &str = "say what to do: proxy, serve, install or uninstall";
const NO_SERVER: &str = "say which server: either `--url URL` or `-- COMMAND ARGS…`";
const NO_URL: &str = "`--allow-remote` is for a server that is reached by `--url URL`";
const NO_TOKEN: &str = "`--listen` needs `--token FILE`: anybody on this machine could connect otherwise";
const SEE_HELP: &str = "; see `ccc-mcp --help`";

const AFTER_HELP: &str = "\
Exit codes:
  0  the client ended, or a signal ended the program; done
  2  called wrongly, or config or secrets cannot be used: nothing was started
     proxy: otherwise that of the server where it ended first, 1 where a signal ended it

Examples:
  ccc-mcp --config ~/.config/ccc/mcp.json proxy --server files -- npx -y @modelcontextprotocol/server-filesystem /work
  ccc-mcp --config ~/.config/ccc/mcp.json serve
  ccc-mcp --config ~/.config/ccc/mcp.json install --client claude --server files";

const PROXY_HELP: &str = "\
Examples:
  ccc-mcp --config ~/.config/ccc/mcp.json proxy --server files -- npx -y @modelcontextprotocol/server-filesystem /work
  ccc-mcp --config ~/.config/ccc/mcp.json proxy --server web --url http://127.0.0.1:8080/mcp";

const SERVE_HELP: &str = "\
Examples:
  ccc-mcp --config ~/.config/ccc/mcp.json serve
  ccc-mcp --config ~/.config/ccc/mcp.json serve --listen 127.0.0.1:8931 --token ~/.config/ccc/mcp.token";

const INSTALL_HELP: &str = "\
Examples:
  ccc-mcp --config ~/.config/ccc/mcp.json install --client claude --server files
  ccc-mcp uninstall --client claude --server files";

#[cfg(test)]
mod tests {
    use super::{Command, Line, Listen, Upstream, read};
    use clap::CommandFactory;
    use std::time::Duration;

    fn parse(line: &str) -> Result<Command, String> {
        read(std::iter::once("ccc-mcp").chain(line.split_whitespace()).map(Into::into))
    }

    #[test]
    fn the_command_line_is_told_of_consistently() {
        <Line as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn what_follows_the_dashes_belongs_to_the_server() {
        let Ok(Command::Proxy(proxy)) =
            parse("--config c proxy --server fs --wait 9 -- npx --config x -h -- proxy --wait 1")
        else {
            panic!("no proxy");
        };
        assert_eq!((proxy.server.as_str(), proxy.wait), ("fs", Some(Duration::from_secs(9))));
        let words = ["npx", "--config", "x", "-h", "--", "proxy", "--wait", "1"];
        assert_eq!(proxy.upstream, Upstream::Process(words.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_server_is_named_after_its_program_or_host() {
        let named = |line: &str| match parse(line) {
            Ok(Command::Proxy(proxy)) => proxy.server,
            other => panic!("{other:?}"),
        };
        assert_eq!(named("--config c proxy -- /usr/bin/server-x --y"), "server-x");
        assert_eq!(named("proxy --config c --url http://localhost:80/mcp"), "localhost");
    }

    #[test]
    fn a_wrong_line_says_what_to_write() {
        for (line, said) in [
            ("", "proxy, serve, install"),
            ("fly", "unrecognized subcommand 'fly'; say what to do: proxy, serve"),
            ("proxy -- x", "--config FILE"),
            ("--config c proxy", "-- COMMAND"),
            ("--config c proxy --url http://localhost/ -- x", "'--url <URL>' cannot be used with '[COMMAND]...'"),
            ("--config c proxy --url https://x/", "TLS"),
            ("--config c proxy --url http://example.com/", "--allow-remote"),
            ("--config c proxy --server a/b -- x", "--server NAME"),
            ("--config c proxy x", "-- <COMMAND>"),
            ("--config c proxy --wait soon -- x", "whole seconds"),
            ("--config c serve --listen 127.0.0.1:1", "--token"),
            ("--config c serve --listen 0.0.0.0:1 --token t", "127.0.0.1:1"),
            ("--config c serve --socket s --listen 127.0.0.1:1 --token t", "'--socket <PATH>' cannot be used with"),
            ("--config c install --server x", "not provided: --client <CLIENT>"),
            ("--config c install --client vim --server x", "claude"),
            ("install --client claude --server x", "--config FILE"),
            ("--config c install --client claude", "not provided: --server <NAME>"),
            ("--nonsense", "--help"),
            ("--config c proxy --allow-remote -- x", "--url URL"),
            ("--config c proxy --socket /x -- x", "unexpected argument '--socket'"),
            ("--config c proxy --dry-run -- x", "unexpected argument '--dry-run'"),
            ("--config c serve --token t", "not provided: --listen <ADDR:PORT>"),
            ("--config c serve --server x", "unexpected argument '--server'"),
            ("--config c serve -- x", "unexpected argument 'x'"),
            ("--config c serve --sockt x", "'--socket'"),
            ("prox", "'proxy'"),
            ("--config c install --client claude --server x --wait 3", "unexpected argument '--wait'"),
            ("uninstall --client claude --server x --token t", "unexpected argument '--token'"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn places_to_serve_at() {
        let listen = |line: &str| match parse(line) {
            Ok(Command::Serve(serve)) => serve.listen,
            other => panic!("{other:?}"),
        };
        assert_eq!(listen("--config c serve"), Listen::Stdio);
        assert_eq!(listen("--config c serve --socket /s"), Listen::Socket("/s".into()));
        assert_eq!(
            listen("--config c serve --listen [::1]:9 --token t"),
            Listen::Loopback("[::1]:9".parse().unwrap(), "t".into())
        );
    }

    #[test]
    fn help_tells_codes_and_examples_and_names_all_clients() {
        let said = |line: &str| match parse(line) {
            Ok(Command::Say(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(said("-V"), concat!("ccc-mcp ", env!("CARGO_PKG_VERSION"), "\n"));
        for line in ["-h", "--help", "proxy --help", "serve -h", "install --help", "help"] {
            let text = said(line);
            assert!(text.contains("--config <FILE>") && text.contains("Examples:\n  ccc-mcp "), "{line}: {text}");
        }
        assert!(said("--help").contains("Exit codes:\n  0 "));
        let text = said("install --help");
        // OpenCode's config is not read here.
        let mut clients = ccc_hosts::host::Host::ALL.iter().filter(|host| **host != ccc_hosts::host::Host::OpenCode);
        assert!(clients.all(|host| text.contains(host.name())), "{text}");
    }

    #[test]
    fn an_error_holds_nothing_that_a_terminal_obeys() {
        let args = ["ccc-mcp", "proxy", "--\u{1b}[2J\nx"];
        let error = read(args.map(Into::into)).unwrap_err();
        assert!(!error.contains(['\u{1b}', '\n']), "{error:?}");
    }
}
