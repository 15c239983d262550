//! `ccc-audit export`: the whole log for other programs.

mod csv;
mod ocsf;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use ccc_protocol::visible;

use crate::{
    args::{self, Export, Format},
    entry::{self, Found, Row},
    error::Error,
    import::{HEAD, MIDDLE, TAIL},
    source::Source,
};

/// Exports everything there is at this moment.
///
/// # Errors
/// Where it cannot be read or written, or the output file is there already.
pub fn run(args: &Export, out: &mut dyn Write) -> Result<(), Error> {
    let source = Source::open(&args::From { data: args.data.clone(), export: None })?;
    match &args.output {
        None => write_all(&source, args.format, out),
        Some(path) => write_file(&source, args.format, path),
    }
}

/// A new file for its owner alone: the log holds parameters, mails and output. A file half written is removed.
fn write_file(source: &Source, format: Format, path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let path = path.display();
            return Err(Error::Usage(format!("`{path}` is there already: name a new file with --output")));
        }
        Err(error) => return Err(Error::file(path)(error)),
    };
    let mut out = BufWriter::new(&file);
    let written = write_all(source, format, &mut out)
        .and_then(|()| out.flush().and_then(|()| file.sync_all()).map_err(Error::file(path)));
    if written.is_err() {
        // What is wrong is told; that the rest cannot be removed either would tell nothing new.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn write_all(source: &Source, format: Format, out: &mut dyn Write) -> Result<(), Error> {
    if format == Format::Csv {
        csv::write_head(out)?;
    }
    source.each(0, &mut |found| match found {
        Found::Row(row) => write_row(&row, format, out),
        // Left out, it is missing from the export, which its verification says.
        Found::Unreadable(place, why) => skip(place, &why),
    })
}

fn write_row(row: &Row, format: Format, out: &mut dyn Write) -> Result<(), Error> {
    let entry = match entry::read(&row.json) {
        Ok(entry) => entry,
        Err(why) => return skip(row.place, &why),
    };
    match format {
        Format::Jsonl => writeln!(out, "{HEAD}{}{MIDDLE}{}{TAIL}", row.json, row.hash)?,
        Format::Csv => csv::write(&entry, row, out)?,
        Format::Ocsf => writeln!(out, "{}", visible::json(&ocsf::event(&entry, row).to_string()))?,
    }
    Ok(())
}

fn skip(place: entry::Place, why: &str) -> Result<(), Error> {
    writeln!(std::io::stderr(), "ccc-audit: {place} left out: {}", visible::marked(why))?;
    Ok(())
}
