//! `ccc-audit replay`: what another config would have said to what was asked. It decides in `ccc_core::replay`; here the log
//! and the config are read, the work is spread, and what came of it is told.

mod law;
mod report;
pub(crate) mod spread;

use std::io::Write;

use ccc_protocol::{Timestamp, exit};

use crate::{args::Replay, error::Error, source::Source};
use report::Report;

/// Replays the log. The exit code says whether something would change, and which way.
///
/// # Errors
/// Where log or config cannot be read or the output not be written.
pub fn run(args: &Replay, now: Timestamp, out: &mut dyn Write) -> Result<u8, Error> {
    let under = law::read(&args.config)?;
    let since = args.since.at(now);
    let gathered = spread::gather(&Source::open(&args.from)?, since)?;
    let (apart, unread) = (gathered.apart.clone(), gathered.unread.clone());
    let compared = spread::compare(gathered.into_calls(), &under);
    let report = Report { since, config: &args.config, apart, unread, compared };
    if args.json {
        writeln!(out, "{}", report.json())?;
    } else {
        write!(out, "{}", report.text())?;
    }
    Ok(match report.compared.cases.as_slice() {
        [] => exit::SUCCEEDED,
        cases if cases.iter().any(ccc_core::replay::Case::is_looser) => exit::replay::LOOSER,
        _ => exit::replay::STRICTER,
    })
}
