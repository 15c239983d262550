//! `ccc-server import`: reads a neighbour's file of approval rules, writes rules of this system, and says what stays behind.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ccc_core::import::{Imported, jamjet, sentinel};
use lexopt::{Arg, Parser};

use crate::args::{UsageError, text, unknown, usage, value};

/// What to translate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Whose file it is.
    pub from: Neighbour,
    /// The file.
    pub file: PathBuf,
    /// Where the rules go, a new file; stdout where none is named.
    pub output: Option<PathBuf>,
    /// The MCP servers whose tools the file lets pass.
    pub servers: Vec<String>,
}

/// Whose approval rules can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// AI Sentinel's approval config.
    Sentinel,
    /// JamJet's policy.
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
    /// What follows `import` on the command line; nothing where only help is wanted.
    pub(crate) fn read(parser: &mut Parser) -> Result<Option<Self>, UsageError> {
        let mut words = vec![];
        let (mut output, mut servers) = (None, vec![]);
        while let Some(arg) = parser.next().map_err(usage)? {
            match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Long("output") => output = Some(value("output", parser)?.into()),
                Arg::Long("server") => servers.push(server(text("--server", value("server", parser)?)?)?),
                Arg::Value(word) => words.push(word),
                other => return Err(unknown(&other)),
            }
        }
        let [from, file] = <[_; 2]>::try_from(words).map_err(|_| wrong("name whose file it is, and the file"))?;
        let from = match from.to_str() {
            Some("sentinel") if servers.is_empty() => Neighbour::Sentinel,
            Some("sentinel") => return Err(wrong("`--server` is for `import jamjet`, whose rules can let tools pass")),
            Some("jamjet") => Neighbour::JamJet,
            _ => return Err(wrong(&format!("`{}` is unknown", from.to_string_lossy().escape_default()))),
        };
        Ok(Some(Self { from, file: file.into(), output, servers }))
    }
}

fn server(name: String) -> Result<String, UsageError> {
    if name.is_empty() || name.contains('/') || name.chars().any(char::is_control) {
        return Err(wrong(&format!("`--server {}` is no server's name", name.escape_default())));
    }
    Ok(name)
}

fn wrong(why: &str) -> UsageError {
    UsageError(format!(
        "{why}; write `ccc-server import sentinel approvals.json` or `ccc-server import jamjet policy.yaml`"
    ))
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
        eprintln!("{note}");
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

/// What `import --help` prints.
pub(crate) const HELP: &str = "\
ccc-server import: reads a neighbour's approval rules and writes the equivalent rules for the config of ccc-server.

Usage: ccc-server import sentinel FILE [--output FILE]
       ccc-server import jamjet FILE [--output FILE] [--server NAME]...

  sentinel         an AI Sentinel approval config (JSON, what SENTINEL_APPROVAL_CONFIG names)
  jamjet           a JamJet policy (YAML, version 1)
  --output FILE    a new file for the rules (default: stdout)
  --server NAME    an MCP server whose tools `allow` and `audit` let pass; may be given several times
  --help

The rules belong at the end of the config. What has no equivalent is said on stderr and in comments. What the format forbids
ends with 2 and writes nothing. ${VAR} is never expanded. Nothing that was read becomes looser: see docs/policy.md.

Examples:
  ccc-server import sentinel approvals.json >> ~/.config/ccc/config.toml && ccc-server --check
  ccc-server import jamjet ~/.jamjet/policy.yaml --server postgres --output rules.toml
";

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
