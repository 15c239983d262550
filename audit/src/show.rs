//! `ccc-audit show`: what happened, a line an entry, and with `--follow` what happens.

use std::{
    io::Write,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use ccc_protocol::{Timestamp, visible};
use notify::{EventKind, RecursiveMode, Watcher as _};

use crate::{
    args::Show,
    color::Color,
    database::Database,
    entry::{self, Found},
    error::Error,
    filter::Filter,
    line,
    source::Source,
};

/// How long to wait at most before looking again: not every file system tells of changes.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Shows entries.
///
/// # Errors
/// Where they cannot be read or the output not be written.
pub fn run(args: &Show, now: Timestamp, out: &mut dyn Write) -> Result<(), Error> {
    let mut shown =
        Shown { filter: Filter::new(&args.which, now), json: args.json, color: Color::of_stdout(), last: 0, out };
    let source = Source::open(&args.from)?;
    source.each(0, &mut |found| shown.entry(found))?;
    match source {
        Source::Database(database) if args.follow => follow(&database, &mut shown),
        _ => Ok(()),
    }
}

/// What was shown so far, and how.
struct Shown<'a> {
    filter: Filter<'a>,
    json: bool,
    color: Color,
    last: u64,
    out: &'a mut dyn Write,
}

impl Shown<'_> {
    fn entry(&mut self, found: Found) -> Result<(), Error> {
        let row = match found {
            Found::Row(row) => row,
            Found::Unreadable(place, why) => return self.unreadable(place, &why),
        };
        if let entry::Place::Row(number) = row.place {
            self.last = number;
        }
        let entry = match entry::read(&row.json) {
            Ok(entry) => entry,
            Err(why) => return self.unreadable(row.place, &why),
        };
        if !self.filter.admits(&entry) {
            return Ok(());
        }
        if self.json {
            writeln!(self.out, "{}", visible::json(&row.json))?;
        } else {
            writeln!(self.out, "{}", line::of(&entry, self.color))?;
        }
        Ok(())
    }

    /// Never passed over in silence: among JSON lines the words go to stderr.
    fn unreadable(&mut self, place: entry::Place, why: &str) -> Result<(), Error> {
        if let entry::Place::Row(number) = place {
            self.last = number;
        }
        let line = line::unreadable(place, why);
        if self.json {
            writeln!(std::io::stderr(), "{line}")?;
        } else {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}

/// Goes on until the output is closed or the process is ended.
fn follow(database: &Database, shown: &mut Shown<'_>) -> Result<(), Error> {
    let (tell, told) = channel();
    // Without a watcher the look every few seconds remains.
    let _watcher = watch(database, tell);
    database.release()?;
    let mut version = None;
    loop {
        let current = database.data_version()?;
        if version.replace(current) != Some(current) {
            let after = shown.last;
            database.each_after(after, &mut |found| shown.entry(found))?;
        }
        shown.out.flush()?;
        wait(&told);
    }
}

fn watch(database: &Database, tell: std::sync::mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let changed = move |event: notify::Result<notify::Event>| {
        // Our own opening and reading is no change.
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            // Nobody listens any more only when we end.
            let _ = tell.send(());
        }
    };
    let mut watcher = notify::recommended_watcher(changed).ok()?;
    watcher.watch(database.directory(), RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

/// Until something changed; many changes at once are one.
fn wait(told: &Receiver<()>) {
    match told.recv_timeout(LOOK_EVERY) {
        Ok(()) => while told.try_recv().is_ok() {},
        Err(RecvTimeoutError::Timeout) => {}
        // There is no watcher: the time alone tells.
        Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_EVERY),
    }
}
