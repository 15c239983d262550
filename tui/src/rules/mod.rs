//! Lasting rules made of answers: `R` in the console and `ccc-queue suggest`. What a rule may be, and that it fits what it is made of
//! and no grave example, is said in `ccc_core::suggest` alone; here the log and the config on this machine are read, and lines put
//! into it.
//!
//! INVARIANT: the config is written by the program that a person runs on the machine that it lies on, and never through a server.

pub(crate) mod file;
mod lines;
pub(crate) mod log;

use std::{fs, path::PathBuf};

use ccc_core::{
    figures::Figures,
    replay::Call,
    suggest::{self, Seen, Suggestion, Tried},
};
use ccc_protocol::{
    TicketId, Timestamp,
    bodies::{Status, Ticket},
};
pub use log::DAYS;

use crate::wording::verdict;

/// What a rule is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// These requests, each as it stands in the log.
    pub tickets: Vec<TicketId>,
    /// The lines of a program that is not known, and what a person says that it does.
    pub program: Option<(String, String)>,
}

/// Lines as they would go into the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What they are made of.
    pub wanted: Wanted,
    /// The lines.
    pub lines: String,
    /// What the config with them would have decided; none for a program of which nobody has said yet what it does.
    pub tried: Option<Tried>,
    /// The config that this console may write them to; none where it is only told.
    pub file: Option<PathBuf>,
}

/// How much is asked and how it is answered, and which rules decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Of the last days.
    pub figures: Figures,
    /// The config on this machine, where one is read, with its rules in their order, each with its line, from 1.
    pub config: Option<(PathBuf, Vec<(String, usize)>)>,
}

/// The config that rules are made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Where it lies on this machine; without one, rules are made as if it were empty.
    pub path: Option<PathBuf>,
    /// This is the owner's own console beside its server, which may write it.
    pub may_write: bool,
}

impl Config {
    /// The lines that would save these questions, as they stand in the config.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn draft(&self, wanted: &Wanted, tickets: &[Ticket], seen: &Seen) -> Result<Draft, String> {
        let (lines, tried) = made(wanted, tickets, seen, &self.read()?)?;
        let file = self.path.clone().filter(|_| self.may_write);
        Ok(Draft { wanted: wanted.clone(), lines, tried, file })
    }

    /// The figures beside the rules as they stand in the config.
    #[must_use]
    pub fn numbers(&self, figures: Figures) -> Numbers {
        let text = self.path.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let rules = text.as_deref().map(lines::of_rules);
        Numbers { figures, config: self.path.clone().zip(rules) }
    }

    /// Puts the lines behind the config, where they are still what the same answers make; where what it was is kept.
    ///
    /// # Errors
    /// Why nothing was written, in words.
    pub fn write(&self, draft: &Draft, tickets: &[Ticket], seen: &Seen) -> Result<PathBuf, String> {
        let path = self.path.as_ref().filter(|_| self.may_write).ok_or("this console writes no config")?;
        let config = self.read()?;
        let (lines, tried) = made(&draft.wanted, tickets, seen, &config)?;
        if lines != draft.lines || tried.is_none() {
            return Err("what would be written is no longer what was shown: look again".into());
        }
        let added = suggest::add_lines(&config, &lines)?;
        file::put(path, &config, &added).map_err(|error| format!("nothing was written: {error}"))
    }

    fn read(&self) -> Result<String, String> {
        let read = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|error| format!("the config {} cannot be read: {error}", path.display()))
        };
        self.path.as_ref().map_or_else(|| Ok(String::new()), read)
    }
}

/// Rules of these tickets, or a program's table with what a person says that it does.
fn made(wanted: &Wanted, tickets: &[Ticket], seen: &Seen, config: &str) -> Result<(String, Option<Tried>), String> {
    let calls = tickets.iter().map(call).collect::<Result<Vec<_>, _>>()?;
    if let Some((table, does)) = &wanted.program {
        let (lines, tried) =
            suggest::program_that(does, table, seen, &calls, config).map_err(|error| error.to_string())?;
        return Ok((lines, Some(tried)));
    }
    match suggest::rule_for(seen, &calls, config).map_err(|error| error.to_string())? {
        Suggestion::Rule { lines, tried, .. } => Ok((lines, Some(tried))),
        Suggestion::Program { lines, .. } => Ok((lines, None)),
    }
}

/// What was asked, where a lasting rule may be made of it.
fn call(ticket: &Ticket) -> Result<(Call, Timestamp), String> {
    if ticket.status == Status::Denied {
        return Err("it was denied: no rule lets it pass".into());
    }
    if !verdict::may_be_marked(ticket) || ticket.needed > 1 || ticket.needs_note {
        return Err("it deserves care, a note or several people: it is asked each time".into());
    }
    let call =
        Call { caller: ticket.submitted_by.clone(), action: ticket.action.clone(), params: ticket.params.clone() };
    Ok((call, ticket.created))
}

/// What lines would have decided, in words that `it` stands before.
#[must_use]
pub fn tried_words(tried: &Tried) -> String {
    let Tried { asked, passed, denied, denied_passed } = tried;
    format!("would have passed {passed} of {asked} asked, {denied_passed} of {denied} denied")
}
