//! The MCP servers in a host's config: an entry wrapped with the proxy, and taken back, with everything else in the file left as it
//! was.

mod json;
mod toml;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use ccc_protocol::visible;

use crate::{files, host::Host, settings::place::Places};

/// What a server is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Launch {
    program: String,
    args: Vec<String>,
}

/// The words that wrap a server's own command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapping {
    /// This program.
    program: String,
    /// Its arguments, up to and with the `--` before the server's command line.
    head: Vec<String>,
}

impl Wrapping {
    /// The proxy at `program`, going by `config`, in front of the entry `server`.
    #[must_use]
    pub fn new(program: String, config: String, server: &str) -> Self {
        let head =
            ["--config".to_owned(), config, VERB.to_owned(), "--server".to_owned(), server.to_owned(), "--".to_owned()];
        Self { program, head: head.to_vec() }
    }

    /// The words before the server's own command line. They begin with `proxy` where the entry had a list of arguments with nothing
    /// in it, so that it gets that back.
    fn words(&self, list_was_empty: bool) -> Vec<String> {
        let verb = self.head.iter().position(|word| word == VERB).unwrap_or_default();
        let mut words = self.head.clone();
        if list_was_empty {
            words.get_mut(..=verb).unwrap_or_default().rotate_right(1);
        }
        words
    }
}

const VERB: &str = "proxy";

/// True where the entry that these arguments wrap had an empty list of its own.
fn had_empty_args(args: &[String]) -> bool {
    args.first().is_some_and(|word| word == VERB)
}

/// How many of `args` wrap a server's own command line, when `program` is this proxy: those up to and with the first `--` after
/// `proxy`. The word that follows them is the server's program.
fn wrapped_args(program: &str, args: &[String]) -> Option<usize> {
    let is_ours = Path::new(program).file_name().is_some_and(|name| name == "ccc-mcp");
    let verb = args.iter().position(|arg| arg == VERB)?;
    let dashes = args.iter().skip(verb).position(|arg| arg == "--")? + verb;
    (is_ours && dashes + 1 < args.len()).then_some(dashes + 1)
}

/// Why a config is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It cannot be changed without harm.
    #[error("`{path}` is not valid: {place}; mend it, then run this again")]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Where and why.
        place: String,
    },
    /// Nothing of that name.
    #[error("there is no MCP server `{server}` in {looked_in}; there is {known}")]
    NoEntry {
        /// As given.
        server: String,
        /// The files.
        looked_in: String,
        /// What there is.
        known: String,
    },
    /// More than one file has it.
    #[error("`{server}` stands in {places}; say which with `--file`")]
    Ambiguous {
        /// As given.
        server: String,
        /// The files.
        places: String,
    },
    /// An entry that cannot be wrapped.
    #[error("`{server}` in `{path}` {what}")]
    Unfit {
        /// As given.
        server: String,
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        what: &'static str,
    },
    /// The system refuses.
    #[error("`{path}`: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        cause: io::Error,
    },
    /// No home directory.
    #[error("the place of the config is not known without HOME; say it with `--file`")]
    NoHome,
}

/// A config file, as it is written.
struct Config {
    host: Host,
    path: PathBuf,
    text: String,
}

impl Config {
    fn is_toml(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "toml")
    }

    fn servers(&self) -> Result<Vec<String>, InstallError> {
        if self.is_toml() { toml::servers(self) } else { json::servers(self) }
    }

    /// The text with the entry wrapped, or with what wraps it taken away.
    fn changed(&self, server: &str, wrapping: Option<&Wrapping>) -> Result<String, InstallError> {
        if self.is_toml() { toml::changed(self, server, wrapping) } else { json::changed(self, server, wrapping) }
    }

    fn unparsable(&self, place: impl std::fmt::Display) -> InstallError {
        InstallError::Unparsable { path: self.path.clone(), place: place.to_string() }
    }

    fn unfit(&self, server: &str, what: &'static str) -> InstallError {
        InstallError::Unfit { server: server.to_owned(), path: self.path.clone(), what }
    }
}

/// What to change.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Whose config.
    pub host: Host,
    /// The entry.
    pub server: &'a str,
    /// The file, where it is not in its usual place.
    pub file: Option<&'a Path>,
    /// What to wrap it with; `None` takes it back.
    pub wrapping: Option<&'a Wrapping>,
    /// Write nothing.
    pub dry_run: bool,
}

/// Makes the change and tells `out` what was done. Does nothing where it is done already.
///
/// # Errors
/// When the file is left as it was.
pub fn apply(wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<(), InstallError> {
    let config = find(wanted)?;
    let new = config.changed(wanted.server, wanted.wrapping)?;
    let path = config.path.display();
    let told = if new == config.text {
        writeln!(out, "{path}: nothing to change")
    } else if wanted.dry_run {
        write!(out, "{path} would be:\n{new}")
    } else {
        let failed = |cause| InstallError::Io { path: config.path.clone(), cause };
        let backup = files::back_up_for("ccc-mcp", &config.path, &config.text).map_err(failed)?;
        files::write_settings(&config.path, &new).map_err(failed)?;
        writeln!(out, "{path}: changed; as it was: {}", backup.display())
    };
    told.map_err(|cause| InstallError::Io { path: "standard output".into(), cause })
}

/// The one file that has the entry.
fn find(wanted: &Wanted<'_>) -> Result<Config, InstallError> {
    let paths = match wanted.file {
        Some(file) => vec![file.to_owned()],
        None => (wanted.host.profile().mcp_files)(&Places::of_person().ok_or(InstallError::NoHome)?),
    };
    let mut known = Vec::new();
    let mut found = Vec::new();
    for path in &paths {
        let Some(config) = read(wanted.host, path)? else { continue };
        let servers = config.servers()?;
        if servers.iter().any(|server| server == wanted.server) {
            found.push(config);
        }
        known.extend(servers);
    }
    let names =
        |paths: Vec<&PathBuf>| paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ");
    match found.len() {
        0 | 1 => found.pop().ok_or_else(|| InstallError::NoEntry {
            server: visible::escaped(wanted.server),
            looked_in: names(paths.iter().collect()),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        }),
        _ => Err(InstallError::Ambiguous {
            server: visible::escaped(wanted.server),
            places: names(found.iter().map(|config| &config.path).collect()),
        }),
    }
}

fn read(host: Host, path: &Path) -> Result<Option<Config>, InstallError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Config { host, path: path.to_owned(), text })),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(InstallError::Io { path: path.to_owned(), cause }),
    }
}

const NO_COMMAND: &str = "has no `command` that is a text and `args` that are texts, so there is nothing to wrap";
const BY_URL: &str = "is reached by URL; write an entry that starts `ccc-mcp proxy --url …` in its place";

#[cfg(test)]
mod tests;
