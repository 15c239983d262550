//! `ccc-audit verify`: brings entries, checkpoints and tickets to the examination and tells what it comes to.

use std::{io::Write, path::Path};

use ccc_core::audit::AuditKey;
use ccc_protocol::Timestamp;

use crate::{
    args::Verify, checkpoints::Checkpoints, error::Error, locate, settings::Settings, source::Source, tickets::Tickets,
};

use super::{Examination, Terms, report::Beside};

/// Verifies and tells; gives the exit code.
///
/// # Errors
/// Where what is named cannot be read.
pub fn run(args: &Verify, now: Timestamp, out: &mut dyn Write) -> Result<u8, Error> {
    let keys = keys(args)?;
    // Read before the entries: no checkpoint reaches beyond what the database holds by then.
    let checkpoints = checkpoint_file(args).map(|path| Checkpoints::open(&path, &keys)).transpose()?;
    let terms = Terms { checkpoints, tail_seconds_max: args.tail_max };
    let source = Source::open(&args.from)?;
    let mut examination = Examination::new(terms);
    let mut beside = source.database().map(Tickets::new).transpose()?.map(|tickets| (tickets, Settings::default()));
    source.each(0, &mut |found| {
        if let (Some(entry), Some((tickets, settings))) = (examination.push(found), beside.as_mut()) {
            tickets.check(&entry)?;
            settings.replay(&entry);
        }
        Ok(())
    })?;
    let mut report = examination.finish(now);
    let held = match (beside, source.database()) {
        (Some((tickets, settings)), Some(database)) => Some(Beside {
            tickets: tickets.finish(&mut report.findings)?,
            grants: settings.finish(database, &mut report.findings)?,
        }),
        _ => None,
    };
    report.write(held.as_ref(), out)?;
    Ok(report.category().exit_code())
}

fn checkpoint_file(args: &Verify) -> Option<std::path::PathBuf> {
    let beside = || args.from.export.is_none().then(|| locate::checkpoints_of(&args.from.data_dir())).flatten();
    args.checkpoints.clone().or_else(beside)
}

fn keys(args: &Verify) -> Result<Vec<AuditKey>, Error> {
    let is_default = args.from.export.is_none() && args.from.data.is_none();
    let default = || if is_default { locate::default_key() } else { None };
    let mut keys = vec![];
    for path in args.key.iter().cloned().chain(args.key.is_empty().then(default).flatten()) {
        keys.push(key(&path)?);
    }
    Ok(keys)
}

/// A key file's text, without the space around it, is the key, as the server reads it.
fn key(path: &Path) -> Result<AuditKey, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
    let text = Some(text.trim()).filter(|text| text.len() >= KEY_CHARS_MIN);
    text.and_then(|text| AuditKey::new(text.as_bytes())).ok_or_else(|| {
        let path = path.display();
        Error::Usage(format!("`{path}` has fewer than {KEY_CHARS_MIN} characters: name the server's audit key"))
    })
}

/// The fewest characters that the server takes for a key.
const KEY_CHARS_MIN: usize = 32;
