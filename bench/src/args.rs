//! What is to be measured, and how thoroughly.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use lexopt::prelude::{Long, Short};

/// The help text.
pub const HELP: &str = "\
Measures product, floor and peer in turn, and prints a table of ratios as Markdown.

usage: cargo run --release -p ccc-bench -- [options]

  --only LIST     the goals to measure, such as 1,2,7 (default: all; `mcp` and `confine` are two)
  --against FILE  nothing but this build of ccc-server against that one, in turn
  --seconds N     seconds of load in each turn (default 0.5)
  --rounds N      turns of each contestant (default 7)
  --quick         3 rounds of 0.2 seconds and small stores: to see that it works
  --long          1,000,000 requests at a fixed rate, 1,000,000 stored tickets: takes half an hour
  --write         put the table into docs/performance.md as well
";

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The goals to measure; all where it is empty.
    pub only: BTreeSet<String>,
    /// Another build of the server, to be compared with and nothing else.
    pub against: Option<PathBuf>,
    /// How long each turn lasts.
    pub turn: Duration,
    /// How many turns each contestant has.
    pub rounds: usize,
    /// As small as it gets.
    pub quick: bool,
    /// As large as the goals ask.
    pub long: bool,
    /// Write the table into the docs.
    pub write: bool,
}

impl Wishes {
    /// Reads the command line; `None` where help is asked for.
    ///
    /// # Errors
    /// When there is no such option.
    pub fn read() -> Result<Option<Self>, lexopt::Error> {
        let turn = Duration::from_millis(500);
        let mut wishes =
            Self { only: BTreeSet::new(), against: None, turn, rounds: 7, quick: false, long: false, write: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            use lexopt::ValueExt as _;
            match argument {
                Long("only") => wishes.only = parser.value()?.string()?.split(',').map(str::to_owned).collect(),
                Long("against") => wishes.against = Some(parser.value()?.into()),
                Long("seconds") => wishes.turn = Duration::from_secs_f64(parser.value()?.parse()?),
                Long("rounds") => wishes.rounds = parser.value()?.parse::<usize>()?.max(1),
                Long("quick") => {
                    wishes = Self { quick: true, rounds: 3, turn: Duration::from_millis(200), ..wishes };
                }
                Long("long") => wishes.long = true,
                Long("write") => wishes.write = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(wishes))
    }

    /// Whether this goal is to be measured.
    #[must_use]
    pub fn wants(&self, goal: &str) -> bool {
        self.against.is_none() && (self.only.is_empty() || self.only.contains(goal))
    }

    /// `usual`, or less or more of it.
    #[must_use]
    pub fn pick<T>(&self, quick: T, usual: T, long: T) -> T {
        match (self.quick, self.long) {
            (true, _) => quick,
            (false, true) => long,
            (false, false) => usual,
        }
    }
}
