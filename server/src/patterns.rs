//! `ccc-server patterns`: the patterns of attack that are looked for, and whether a file of them is fit.

use std::{fmt::Write as _, fs, path::PathBuf};

use ccc_core::{
    config::Config,
    risk::patterns::{self, Asi, Patterns, Spec},
};
use ccc_protocol::visible;
use clap::{Args, Subcommand};

use crate::{
    args::Wishes,
    places::Surroundings,
    setup::{SetupError, configured},
};

/// Print the patterns of attack that are looked for in calls, or examine a file of them
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Call {
    /// The config, which may hold patterns of its own [default: as of ccc-server]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    examine: Option<Examine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum Examine {
    /// Say what is wrong with the patterns of a file
    Lint {
        /// A file of `[[pattern]]` tables, or a config
        file: PathBuf,
    },
    /// Say which examples of a file's patterns do not do what they should
    Test {
        /// A file of `[[pattern]]` tables, or a config
        file: PathBuf,
    },
}

const AFTER_HELP: &str = "\
A pattern lets nothing pass: it marks calls that look like a known attack, and its level counts towards their risk. docs/patterns.md
has the form. Put your own into the config as [[pattern]]; they take effect on save.

Examples:
  ccc-server patterns
  ccc-server patterns lint ours.toml && ccc-server patterns test ours.toml";

impl Call {
    /// What the call prints.
    ///
    /// # Errors
    /// When the config or the file is not fit, or an example does not do what it should.
    pub(crate) fn answer(&self, around: &Surroundings) -> Result<String, SetupError> {
        match &self.examine {
            None => {
                let wishes = Wishes { config: self.config.clone(), ..Wishes::default() };
                let Config { patterns, .. } = configured(&wishes, around)?;
                Ok(list(&patterns))
            }
            Some(Examine::Lint { file }) => {
                let file = File::read(file)?;
                file.patterns()?;
                Ok(format!("{}: {}, fit to be used\n", file.shown, counted(file.rows.len(), "pattern")))
            }
            Some(Examine::Test { file }) => File::read(file)?.tested(),
        }
    }
}

/// A line each, by category.
fn list(patterns: &Patterns) -> String {
    let mut rows: Vec<&Spec> = patterns.iter().collect();
    rows.sort_by_key(|row| (row.asi, std::cmp::Reverse(row.grade)));
    let mut text = String::new();
    for row in rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}  {:<8}  {:<28}  {}", code(row.asi), row.grade.as_str(), row.id, shown(&row.reason));
    }
    text
}

fn code(asi: Asi) -> String {
    format!("ASI{:02}", asi as u8 + 1)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn shown(text: &str) -> String {
    visible::escaped(text)
}

/// A file of patterns.
struct File {
    shown: String,
    rows: Vec<Spec>,
}

impl File {
    fn read(path: &std::path::Path) -> Result<Self, SetupError> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        let rows = patterns::read(&text).map_err(|error| format!("{shown}: {}", error.to_string().trim_end()))?;
        if rows.is_empty() {
            return Err(format!("{shown} has no `[[pattern]]`").into());
        }
        Ok(Self { shown, rows })
    }

    /// These beside those that ship.
    fn patterns(&self) -> Result<Patterns, SetupError> {
        let said = |fault: patterns::Fault| format!("{}: {}", self.shown, fault.what);
        Patterns::with(self.rows.clone()).map_err(|faults| SetupError(faults.into_iter().map(said).collect()))
    }

    fn tested(&self) -> Result<String, SetupError> {
        let patterns = self.patterns()?;
        let calls = |row: &Spec| row.examples.len() + row.not.len();
        let wrong: Vec<String> = self.rows.iter().flat_map(|row| patterns.failures(row)).collect();
        if wrong.is_empty() {
            let tried: usize = self.rows.iter().map(calls).sum();
            let (tried, rows) = (counted(tried, "example"), counted(self.rows.len(), "pattern"));
            return Ok(format!("{}: {tried} of {rows}, all as they should be\n", self.shown));
        }
        Err(SetupError(wrong.into_iter().map(|what| format!("{}: {what}", self.shown)).collect()))
    }
}
