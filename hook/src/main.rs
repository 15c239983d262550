//! `ccc-hook`: the hook that coding agents start before each tool call. What people ask of it is done by [`ccc_hook::setup`].

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use ccc_client::Shown;
use ccc_hook::hook_line;
use ccc_hook::run::{self, Installed};
use ccc_hook::setup;
use ccc_hook::voice::Voice;
use ccc_hosts::answer::Reason;
use ccc_protocol::exit;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let first = arguments.first().and_then(|first| first.to_str());
    if hook_line::is_hook(first) {
        return hook(arguments);
    }
    match first {
        // Also where nothing is beside it.
        Some("--version" | "-V") => said(concat!("ccc-hook ", env!("CARGO_PKG_VERSION"), "\n")),
        Some("--help" | "-h") => said(setup::HELP),
        _ => {
            let error = setup::go_on(&arguments);
            // With stderr gone the code still tells.
            let _ = writeln!(Shown::new(io::stderr()), "ccc-hook: {error}");
            ExitCode::from(exit::FAILED)
        }
    }
}

/// Everything that goes wrong from here on blocks.
fn hook(arguments: Vec<OsString>) -> ExitCode {
    let parsed = hook_line::parse_hook(arguments);
    match parsed.as_ref().map(|line| (line, line.host)) {
        Ok((line, Some(host))) => {
            run::run(Installed { host, event: line.event.as_deref(), config: line.config.as_deref() })
        }
        Ok((_, None)) => block("the hook command names no agent: add `--agent NAME`, or see `ccc-hook --help`"),
        Err(error) => block(&error.to_string()),
    }
}

fn block(words: &str) -> ExitCode {
    ExitCode::from(Voice::of_process().block(&Reason::new(words)))
}

fn said(words: &str) -> ExitCode {
    match io::stdout().write_all(words.as_bytes()) {
        Ok(()) => ExitCode::from(exit::SUCCEEDED),
        Err(_) => ExitCode::from(exit::FAILED),
    }
}
