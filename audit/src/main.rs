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
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(told) => return ccc_audit::not_a_call(&told),
    };
    ccc_audit::run(&args, now(), &mut BufWriter::new(std::io::stdout().lock()))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
