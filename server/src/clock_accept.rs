//! `ccc-server clock accept`: the owner's word that the machine's clock is right, given to the server of a data directory. One that
//! runs takes it at once, one that does not when it starts.

use std::{
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::{AuditEntry, EntryKind};
use clap::{Args, Subcommand};

use crate::{
    args::Wishes,
    desk::ClockWord,
    places::Surroundings,
    setup::{SetupError, data_directory},
    store::{self, DataLock, StoreError},
};

/// What the machine's clock is to a server's log
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Call {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum Word {
    /// Say that the clock is right: the log's time goes back to it, and what is held goes on
    #[command(after_help = AFTER_HELP)]
    Accept {
        /// The config, which may name the data directory [default: as of ccc-server]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The data directory [default: as of ccc-server]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

const AFTER_HELP: &str = "\
Look at the clock first (`date`): grants and approvals that are held go on with the time that they had left when the machine was
stopped. docs/operations.md tells when a log's time is ahead of the clock.

Example:
  ccc-server clock accept --data ~/.local/share/ccc";

/// Why a word was not given, or not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAccepted {
    #[error("{0}")]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the word could not be written to {data}: {error}", data = .data.display())]
    NotGiven { data: PathBuf, error: std::io::Error },
    #[error("the server did not take the word within {} s: look at its log", TAKE.as_secs())]
    NotTaken,
}

/// How long a server that runs may take.
const TAKE: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// More entries than come in the moment between the word and its taking.
const ENTRIES_MAX: u64 = 100_000;

impl Call {
    /// Gives the word, and says what came of it.
    ///
    /// # Errors
    /// Where there is no such data directory, or the word is not taken.
    pub(crate) fn answer(&self, around: &Surroundings) -> Result<String, NotAccepted> {
        let Word::Accept { config, data } = &self.word;
        let wishes = Wishes { config: config.clone(), data: data.clone(), ..Wishes::default() };
        let data = data_directory(&wishes, around)?;
        let not_given = |error| NotAccepted::NotGiven { data: data.clone(), error };
        let reader = store::existing_reader(&data)?;
        let before = reader.newest()?;
        let word = ClockWord::in_directory(&data);
        word.give().map_err(not_given)?;
        if !DataLock::is_held(&data)? {
            return Ok(format!(
                "no server runs on {}: the next one that starts takes the word, unless the clock is set or the machine is \
                 started before\n",
                data.display()
            ));
        }
        let begun = Instant::now();
        while word.is_given() {
            if begun.elapsed() > TAKE {
                return Err(NotAccepted::NotTaken);
            }
            sleep(ASK_EVERY);
        }
        let since = reader.entries_after(before, ENTRIES_MAX)?;
        let accepted = since.iter().find(|entry| entry.kind == EntryKind::ClockAccepted);
        Ok(accepted
            .map_or_else(|| "the clock and the log were in step: there was nothing to accept\n".to_owned(), told))
    }
}

fn told(accepted: &AuditEntry) -> String {
    let from = accepted.detail.get("from").and_then(serde_json::Value::as_str).unwrap_or_default();
    let count = |what| accepted.detail.get(what).and_then(serde_json::Value::as_u64).unwrap_or(0);
    format!(
        "accepted: the log's time was {from} and is {}; {} approvals and {} grants that were held go on\n",
        accepted.at,
        count("tickets"),
        count("grants")
    )
}
