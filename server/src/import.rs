//! `ccc-server import`: reads a neighbour's file of approval rules, writes rules of this system, and says what stays behind.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ccc_protocol::visible;

use ccc_core::import::{Imported, jamjet, sentinel};
use clap::{Args, ValueEnum};

/// Read a neighbour's approval rules and write the equivalent rules for the config of ccc-server
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Call {
    /// Whose file it is
    #[arg(value_name = "NEIGHBOUR")]
    pub(crate) from: Neighbour,
    /// The neighbour's file
    pub(crate) file: PathBuf,
    /// A new file for the rules [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// An MCP server whose tools `allow` and `audit` let pass; may be given several times
    #[arg(long = "server", value_name = "NAME", value_parser = server)]
    pub(crate) servers: Vec<String>,
}

/// Whose approval rules can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Neighbour {
    /// AI Sentinel's approval config (JSON, what SENTINEL_APPROVAL_CONFIG names)
    Sentinel,
    /// A JamJet policy (YAML, version 1)
    #[value(name = "jamjet")]
    JamJet,
}

/// Why nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImportFailure {
    /// The file is not fit: a line for each fault.
    #[error("{0}")]
    Refused(String),
    /// The rules could not be written.
    #[error("{0}")]
    NotWritten(String),
}

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

impl Call {
    /// What only the call as a whole shows.
    ///
    /// # Errors
    /// Where an option does not go with the neighbour.
    pub(crate) fn checked(self) -> Result<Self, String> {
        match self.from {
            Neighbour::Sentinel if !self.servers.is_empty() => {
                Err("`--server` is for `import jamjet`, whose rules can let tools pass; see `ccc-server import --help`"
                    .to_owned())
            }
            _ => Ok(self),
        }
    }
}

fn server(name: &str) -> Result<String, String> {
    if name.is_empty() || name.contains('/') || !name.chars().all(visible::is_visible) {
        return Err("write the name that the server has in the agent's settings, without `/`".to_owned());
    }
    Ok(name.to_owned())
}

/// Translates, writes the rules, and says on stderr what stays behind.
///
/// # Errors
/// When the file is not fit, or the rules cannot be written.
pub(crate) fn run(call: &Call) -> Result<(), ImportFailure> {
    let imported = translated(call).map_err(ImportFailure::Refused)?;
    write(call.output.as_deref(), &imported.toml()).map_err(|error| {
        let to = call.output.as_ref().map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
        ImportFailure::NotWritten(format!("the rules cannot be written to {to}: {error}"))
    })?;
    for note in imported.notes() {
        eprintln!("{}", visible::marked_lines(note));
    }
    Ok(())
}

fn translated(call: &Call) -> Result<Imported, String> {
    let shown = call.file.display();
    let text = read(&call.file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let imported = match call.from {
        Neighbour::Sentinel => sentinel::import(&text).map_err(|error| error.to_string()),
        Neighbour::JamJet => {
            policy(&text).and_then(|policy| jamjet::import(&policy, &call.servers).map_err(|error| error.to_string()))
        }
    };
    imported.map_err(|faults| faults.lines().map(|fault| format!("{shown}: {fault}")).collect::<Vec<_>>().join("\n"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// The policy, from YAML read one way: no duplicate keys, no merged maps, and text only where it is text.
fn policy(yaml: &str) -> Result<jamjet::Policy, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        strict_booleans: true,
        no_schema: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| error.to_string().replace('\n', " "))
}

/// A new file is its owner's alone, as the config is; none is overwritten.
fn write(output: Option<&Path>, rules: &str) -> io::Result<()> {
    match output {
        None => io::stdout().write_all(rules.as_bytes()),
        Some(path) => {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(rules.as_bytes())
        }
    }
}

const AFTER_HELP: &str = "\
The rules belong at the end of the config. What has no equivalent is said on stderr and in comments. What the format forbids
ends with 2 and writes nothing. ${VAR} is never expanded. Nothing that was read becomes looser: see docs/policy.md.

Examples:
  ccc-server import sentinel approvals.json >> ~/.config/ccc/config.toml && ccc-server --check
  ccc-server import jamjet ~/.jamjet/policy.yaml --server postgres --output rules.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_has_one_reading() {
        assert!(
            policy(
                "version: 1\nrules:\n  - { match: \"*delete*\", action: block }\n  - match: 'a'\n    action: allow\n"
            )
            .is_ok()
        );
        assert!(
            policy("# none\nversion: 1\nrules: []\naudit:\n  destination: ~/.jamjet/audit\n  rotate_daily: true\n")
                .is_ok()
        );
        for (yaml, why) in [
            ("version: 1\nversion: 1\nrules: []\n", "a key twice"),
            ("version: 1\nrules:\n  - { match: a, match: b, action: block }\n", "a key twice within"),
            ("version: 1\nrules:\n  - { match: 1, action: block }\n", "a number for a text"),
            ("version: 1\nrules:\n  - { match: null, action: block }\n", "nothing for a text"),
            ("version: 1\nrules:\n  - { match: *all, action: block }\n", "an alias of nothing"),
            ("a: &a { action: block }\nversion: 1\nrules:\n  - { match: x, <<: *a }\n", "a merged map"),
            ("version: 1\nrules: []\n---\nversion: 1\nrules: []\n", "two documents"),
            ("version: one\nrules: []\n", "a text for a number"),
            ("version: 1\nrules: [\n", "an open list"),
            ("", "nothing"),
        ] {
            let error = policy(yaml).err();
            assert!(error.is_some_and(|error| !error.contains('\n')), "{why}");
        }
    }
}
