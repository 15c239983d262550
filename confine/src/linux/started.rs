//! How the launcher was started: the record, and the pipe that it watches.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Read,
    os::{
        fd::{AsFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
};

use super::{Answer, channel};
use crate::{Fault, Level, Network, RECORD_BYTES_MAX, Record, fault::Trying, record::Draft};

const SAY_WHAT: &str = "`ccc-confine --help` says what can be given";
const STDIN: RawFd = 0;
const LAST_STREAM: RawFd = 2;

/// What to run, and until when.
pub(crate) struct Started {
    pub(crate) record: Record,
    /// Everything ends when this pipe closes.
    pub(crate) watched: Option<OwnedFd>,
    /// The pipe took the place of the program's input.
    pub(crate) took_input: bool,
    /// Nothing is started: the process inside looks whether its defences hold.
    pub(crate) is_probe: bool,
}

impl Started {
    pub(crate) fn read(args: &[OsString]) -> Answer<Self> {
        let mut options = Options::default();
        options.take(args)?;
        options.start()
    }
}

#[derive(Default)]
struct Options {
    draft: Draft,
    control: Option<RawFd>,
    watch: Option<RawFd>,
    file: Option<OsString>,
    is_probe: bool,
}

impl Options {
    fn take(&mut self, args: &[OsString]) -> Answer<()> {
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                return self.draft.command(args.cloned()).map_err(unfit);
            }
            self.option(arg)?;
        }
        Ok(())
    }

    fn option(&mut self, arg: &OsStr) -> Answer<()> {
        let Some(entry) = arg.as_bytes().strip_prefix(b"--").map(OsStr::from_bytes) else {
            return Err(Fault::new(
                "cannot read the command line",
                format!("`{}` is no option", arg.display()),
                SAY_WHAT,
            ));
        };
        match entry.as_bytes() {
            b"probe" => self.is_probe = true,
            [b'c', b'o', b'n', b't', b'r', b'o', b'l', b'=', number @ ..] => self.control = Some(descriptor(number)?),
            [b'w', b'a', b't', b'c', b'h', b'=', number @ ..] => self.watch = Some(descriptor(number)?),
            [b'r', b'e', b'c', b'o', b'r', b'd', b'=', file @ ..] => {
                self.file = Some(OsStr::from_bytes(file).to_owned());
            }
            _ => self.draft.entry(entry).map_err(unfit)?,
        }
        Ok(())
    }

    fn start(self) -> Answer<Started> {
        let took_input = self.control == Some(STDIN);
        let is_probe = self.is_probe;
        let (record, watched) = match (self.draft.is_empty(), self.control, self.file, self.watch) {
            (false, None, None, watch) => (self.draft.finish().map_err(unfit)?, watch.map(pipe).transpose()?),
            (true, Some(control), None, None) => {
                let control = pipe(control)?;
                (from_pipe(&control)?, Some(control))
            }
            (true, None, Some(file), watch) => (from_file(&file)?, watch.map(pipe).transpose()?),
            _ => {
                return Err(Fault::new(
                    "cannot tell what to run",
                    "a record is given once, in one of three ways",
                    SAY_WHAT,
                ));
            }
        };
        match (record.network, record.level) {
            (Network::Private, Level::Files) => Err(Fault::new(
                "cannot give a network of its own", "level `files` has none", "give `off`, `bind-only` or `host`",
            )),
            _ => Ok(Started { record, watched, took_input, is_probe }),
        }
    }
}

fn descriptor(number: &[u8]) -> Answer<RawFd> {
    let number = OsStr::from_bytes(number).to_str().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
    number
        .filter(|number| *number == STDIN || *number > LAST_STREAM)
        .ok_or_else(|| Fault::new("cannot use that descriptor", "it must be 0 or above 2", SAY_WHAT))
}

/// Standard input is owned by the standard library; any other number is opened anew.
fn pipe(number: RawFd) -> Answer<OwnedFd> {
    let opened = match number {
        STDIN => rustix::io::fcntl_dupfd_cloexec(std::io::stdin().as_fd(), LAST_STREAM + 1).map_err(Into::into),
        _ => channel::adopt(number, false).map(OwnedFd::from),
    };
    opened.trying(|| format!("cannot watch descriptor {number}"), "give the reading end of a pipe")
}

/// The record ends where it says so: the pipe stays open after it.
fn from_pipe(pipe: &OwnedFd) -> Answer<Record> {
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    while !Record::is_whole(&bytes) {
        let read = rustix::io::read(pipe, &mut part).trying(|| "cannot read the record".to_owned(), SAY_WHAT)?;
        bytes.extend_from_slice(part.get(..read).unwrap_or_default());
        if read == 0 || bytes.len() > RECORD_BYTES_MAX {
            return Err(Fault::new("cannot read the record", "it does not end, or is too long", SAY_WHAT));
        }
    }
    decoded(&bytes)
}

/// A record in a file is as private as a key: what it gives must come from this user alone.
fn from_file(path: &OsStr) -> Answer<Record> {
    let why = || format!("cannot read the record `{}`", path.display());
    let no_link = libc::O_NOFOLLOW;
    let file = File::options().read(true).custom_flags(no_link).open(path).trying(why, SAY_WHAT)?;
    let about = file.metadata().trying(why, SAY_WHAT)?;
    let is_private = about.is_file() && about.mode() & 0o077 == 0 && about.uid() == rustix::process::geteuid().as_raw();
    if !is_private {
        return Err(Fault::new(why(), "others may read or write it", "give it to this user alone, with mode 0600"));
    }
    let mut bytes = Vec::new();
    file.take(RECORD_BYTES_MAX as u64).read_to_end(&mut bytes).trying(why, SAY_WHAT)?;
    decoded(&bytes)
}

fn decoded(bytes: &[u8]) -> Answer<Record> {
    Record::decode(bytes).map_err(unfit)
}

fn unfit(error: crate::RecordError) -> Fault {
    Fault::new("cannot use what is given", error, SAY_WHAT)
}
