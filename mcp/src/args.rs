//! The command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use lexopt::{
    Arg::{Long, Short, Value},
    Parser, ValueExt,
};

use ccc_hosts::host::{Host, UnknownHost};

use crate::proxy::Endpoint;

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// The help text.
    Help,
    /// The version.
    Version,
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
    Loopback(std::net::SocketAddr, PathBuf),
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

/// All options, before it is known which belong together.
#[derive(Default)]
struct Given {
    config: Option<PathBuf>,
    server: Option<String>,
    wait: Option<Duration>,
    session: Option<String>,
    url: Option<String>,
    allow_remote: bool,
    socket: Option<PathBuf>,
    listen: Option<String>,
    token: Option<PathBuf>,
    client: Option<Host>,
    file: Option<PathBuf>,
    dry_run: bool,
    verb: Option<String>,
    command: Vec<String>,
    /// The names of all that were given.
    names: Vec<String>,
}

/// The options of each verb.
const OPTIONS: [(&str, &[&str]); 4] = [
    ("proxy", &["config", "server", "wait", "session", "url", "allow-remote"]),
    ("serve", &["config", "wait", "session", "socket", "listen", "token"]),
    ("install", &["config", "client", "server", "file", "dry-run"]),
    ("uninstall", &["config", "client", "server", "file", "dry-run"]),
];

/// Reads a command line, the program's name not included.
///
/// # Errors
/// When it asks for nothing that there is: one sentence with what to write instead.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = Parser::from_args(args);
    let mut given = Given::default();
    loop {
        // What follows `--` belongs to the server, options and all.
        if given.verb.is_some() && parser.try_raw_args().is_some_and(|args| args.peek().is_some_and(|arg| arg == "--"))
        {
            let rest = parser.raw_args().map_err(|error| error.to_string())?.skip(1);
            given.command = rest.map(text).collect::<Result<_, _>>()?;
            break;
        }
        match parser.next().map_err(|error| error.to_string())? {
            None => break,
            Some(Short('h') | Long("help")) => return Ok(Command::Help),
            Some(Short('V') | Long("version")) => return Ok(Command::Version),
            Some(Value(word)) => given.word(word)?,
            Some(Long(name)) => {
                let name = name.to_owned();
                given.option(&name, &mut parser)?;
            }
            Some(Short(letter)) => return Err(format!("there is no option `-{letter}`; see `ccc-mcp --help`")),
        }
    }
    given.command()
}

impl Given {
    fn word(&mut self, word: OsString) -> Result<(), String> {
        let word = text(word)?;
        if self.verb.is_none() {
            self.verb = Some(word);
            return Ok(());
        }
        Err(format!("`{word}` is one word too many; write the server's command after `--`"))
    }

    fn option(&mut self, name: &str, parser: &mut Parser) -> Result<(), String> {
        let mut value = || parser.value().map_err(|error| error.to_string());
        match name {
            "config" => self.config = Some(value()?.into()),
            "server" => self.server = Some(text(value()?)?),
            "wait" => {
                let seconds = value()?.parse().map_err(|_| "`--wait` takes whole seconds")?;
                self.wait = Some(Duration::from_secs(seconds));
            }
            "session" => self.session = Some(text(value()?)?),
            "url" => self.url = Some(text(value()?)?),
            "allow-remote" => self.allow_remote = true,
            "socket" => self.socket = Some(value()?.into()),
            "listen" => self.listen = Some(text(value()?)?),
            "token" => self.token = Some(value()?.into()),
            "client" => self.client = Some(text(value()?)?.parse().map_err(|error: UnknownHost| error.to_string())?),
            "file" => self.file = Some(value()?.into()),
            "dry-run" => self.dry_run = true,
            _ => return Err(format!("there is no option `--{name}`; see `ccc-mcp --help`")),
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    /// What does nothing here was meant for something.
    fn check_options(&self) -> Result<(), String> {
        let verb = self.verb.as_deref().unwrap_or_default();
        let Some((_, options)) = OPTIONS.iter().find(|(known, _)| *known == verb) else { return Ok(()) };
        if let Some(other) = self.names.iter().find(|name| !options.contains(&name.as_str())) {
            return Err(format!("`{verb}` has no option `--{other}`; it has --{}", options.join(", --")));
        }
        if self.allow_remote && self.url.is_none() {
            return Err("`--allow-remote` is for a server that is reached by `--url URL`".to_owned());
        }
        if verb != "proxy" && !self.command.is_empty() {
            return Err(format!("`{verb}` starts no server; leave out `--` and what follows it"));
        }
        Ok(())
    }

    fn command(self) -> Result<Command, String> {
        self.check_options()?;
        match self.verb.as_deref() {
            Some("proxy") => self.proxy().map(Command::Proxy),
            Some("serve") => self.serve().map(Command::Serve),
            Some("install") => self.install(false).map(Command::Install),
            Some("uninstall") => self.install(true).map(Command::Install),
            Some(other) => Err(format!("`{other}` is none of proxy, serve, install and uninstall")),
            None => Err("say what to do: proxy, serve, install or uninstall; see `ccc-mcp --help`".to_owned()),
        }
    }

    fn proxy(self) -> Result<ProxyArgs, String> {
        let config = self.config.ok_or(NO_CONFIG)?;
        let (upstream, named) = match (self.url, self.command) {
            (Some(url), command) if command.is_empty() => {
                let endpoint: Endpoint = url.parse().map_err(|error: crate::proxy::EndpointError| error.to_string())?;
                let endpoint = endpoint.checked(self.allow_remote).map_err(|error| error.to_string())?;
                let name = endpoint.name().to_owned();
                (Upstream::Http(endpoint), name)
            }
            (None, command) if !command.is_empty() => {
                let name =
                    command.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default().to_owned();
                (Upstream::Process(command), name)
            }
            _ => return Err("say which server: either `--url URL` or `-- COMMAND ARGS…`".to_owned()),
        };
        let server = server_name(self.server.unwrap_or(named))?;
        Ok(ProxyArgs { config, server, wait: self.wait, session: self.session, upstream })
    }

    fn serve(self) -> Result<ServeArgs, String> {
        let config = self.config.ok_or(NO_CONFIG)?;
        let listen = match (self.socket, self.listen, self.token) {
            (None, None, None) => Listen::Stdio,
            (Some(path), None, None) => Listen::Socket(path),
            (None, Some(address), Some(token)) => Listen::Loopback(loopback(&address)?, token),
            (None, Some(_), None) => {
                return Err(
                    "`--listen` needs `--token FILE`: anybody on this machine could connect otherwise".to_owned()
                );
            }
            _ => return Err("`--socket`, and `--listen` with `--token`, go one without the other".to_owned()),
        };
        Ok(ServeArgs { config, wait: self.wait, session: self.session, listen })
    }

    fn install(self, undo: bool) -> Result<InstallArgs, String> {
        if !undo && self.config.is_none() {
            return Err(NO_CONFIG.to_owned());
        }
        Ok(InstallArgs {
            undo,
            config: self.config,
            client: self.client.ok_or("say whose config: `--client claude|codex|copilot|cursor|gemini|kimi`")?,
            server: self.server.ok_or("say which entry: `--server NAME`")?,
            file: self.file,
            dry_run: self.dry_run,
        })
    }
}

const NO_CONFIG: &str = "say where the bridge is and who asks: `--config FILE`";

fn text(word: OsString) -> Result<String, String> {
    word.into_string().map_err(|word| format!("`{}` is not UTF-8", word.to_string_lossy().escape_default()))
}

/// A name that stands in rules as `mcp:NAME/TOOL` and can be read in one way.
fn server_name(name: String) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if matches!(name.len(), 1..=64) && name.bytes().all(plain) {
        return Ok(name);
    }
    Err(format!(
        "`{}` cannot name a server; write `--server NAME` with letters, digits, `.`, `_` and `-`",
        name.escape_default()
    ))
}

fn loopback(text: &str) -> Result<std::net::SocketAddr, String> {
    let address: std::net::SocketAddr =
        text.parse().map_err(|_| format!("`{}` is not `ADDR:PORT`; write `127.0.0.1:8931`", text.escape_default()))?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!("`{address}` is not a loopback address; write `127.0.0.1:{}`", address.port()))
}

#[cfg(test)]
mod tests {
    use super::{Command, Listen, Upstream, read};
    use std::time::Duration;

    fn parse(line: &str) -> Result<Command, String> {
        read(line.split_whitespace().map(Into::into))
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
            ("fly", "none of proxy"),
            ("proxy -- x", "--config FILE"),
            ("--config c proxy", "-- COMMAND"),
            ("--config c proxy --url http://localhost/ -- x", "either"),
            ("--config c proxy --url https://x/", "TLS"),
            ("--config c proxy --url http://example.com/", "--allow-remote"),
            ("--config c proxy --server a/b -- x", "--server NAME"),
            ("--config c proxy x", "after `--`"),
            ("--config c proxy --wait soon -- x", "whole seconds"),
            ("--config c serve --listen 127.0.0.1:1", "--token"),
            ("--config c serve --listen 0.0.0.0:1 --token t", "127.0.0.1:1"),
            ("--config c serve --socket s --listen 127.0.0.1:1 --token t", "one without the other"),
            ("--config c install --server x", "--client claude"),
            ("--config c install --client vim --server x", "claude"),
            ("install --client claude --server x", "--config FILE"),
            ("--config c install --client claude", "--server NAME"),
            ("--nonsense", "--help"),
            ("--config c proxy --allow-remote -- x", "--url URL"),
            ("--config c proxy --socket /x -- x", "`proxy` has no option `--socket`; it has --config,"),
            ("--config c proxy --dry-run -- x", "--dry-run"),
            ("--config c serve --server x", "`serve` has no option `--server`"),
            ("--config c serve -- x", "leave out `--`"),
            ("--config c install --client claude --server x --wait 3", "`install` has no option `--wait`"),
            ("uninstall --client claude --server x --token t", "`uninstall` has no option `--token`"),
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
        assert_eq!(parse("proxy --help"), Ok(Command::Help));
        assert_eq!(parse("-V"), Ok(Command::Version));
    }
}
