//! `ccc-server programs`: what is known of the programs that agents run, and the lines of config that would make a call known.

use std::path::PathBuf;

use ccc_core::config::Config;
use ccc_toolcall::{
    facts::{Knowledge, suggest},
    programs::show,
};
use clap::Args;

use crate::{
    args::Wishes,
    places::Surroundings,
    setup::{SetupError, configured},
};

/// Print what is known of the programs that coding agents run, or the lines of config that would make a call known
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = AFTER_HELP,
    override_usage = "ccc-server programs [--config FILE] [NAME]\n       ccc-server programs [--config FILE] suggest CALL",
)]
pub(crate) struct Call {
    /// The config, which may teach more programs [default: as of ccc-server]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A program, to see all that is known of it; or `suggest` and a call in quotes
    #[arg(value_name = "NAME", num_args = 0..=2)]
    words: Vec<String>,
}

const AFTER_HELP: &str = "\
What is not listed is unknown, and asked. Suggested lines leave `does` empty, and a config that holds them so is refused: what a
program does, you say. docs/programs.md has the form, the classes, and what to ask of a program.

Examples:
  ccc-server programs jj
  ccc-server programs suggest 'jj log -r @' >> ~/.config/ccc/config.toml";

/// What to print.
enum Question<'a> {
    /// A line for each program.
    All,
    /// All that is known of this one.
    One(&'a str),
    /// The lines that would make this call known.
    Suggest(&'a str),
}

impl Call {
    /// What only the call as a whole shows.
    ///
    /// # Errors
    /// Where the words are no question.
    pub(crate) fn checked(self) -> Result<Self, String> {
        match self.question() {
            Some(_) => Ok(self),
            None => Err(
                "write `ccc-server programs`, `ccc-server programs jj` or `ccc-server programs suggest 'jj log -r @'`"
                    .to_owned(),
            ),
        }
    }

    /// What the call prints.
    ///
    /// # Errors
    /// When the config is not fit, or nothing is known of the program.
    pub(crate) fn answer(&self, around: &Surroundings) -> Result<String, SetupError> {
        let wishes = Wishes { config: self.config.clone(), ..Wishes::default() };
        let Config { programs, .. } = configured(&wishes, around)?;
        match self.question() {
            None | Some(Question::All) => Ok(show::list(&programs)),
            Some(Question::One(name)) => show::page(name, &programs).ok_or_else(|| nothing_known(name).into()),
            Some(Question::Suggest(call)) => Ok(suggest(call, &Knowledge { programs, ..Knowledge::default() })),
        }
    }

    fn question(&self) -> Option<Question<'_>> {
        match self.words.as_slice() {
            [] => Some(Question::All),
            [word, call] if word == "suggest" => Some(Question::Suggest(call)),
            [name] if name != "suggest" => Some(Question::One(name)),
            _ => None,
        }
    }
}

fn nothing_known(name: &str) -> String {
    format!(
        "nothing is listed of `{name}`; `ccc-server programs suggest '{name} …'` prints the lines that would make a call of it known"
    )
}
