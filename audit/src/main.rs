//! The command `ccc-audit`.

use std::{
    io::BufWriter,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_audit::args::Args;
use ccc_protocol::Timestamp;
use clap::Parser as _;

fn main() -> ExitCode {
    let args = Args::parse();
    ccc_audit::run(&args, now(), &mut BufWriter::new(std::io::stdout().lock()))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
