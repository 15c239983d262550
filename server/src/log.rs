//! The log: lines on stderr. What agents wrote reaches it through fields alone, which are escaped; secrets never do,
//! since no type that holds one shows it.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging to stderr: `info` and above, or what `RUST_LOG` asks for.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(coloured).with_target(false);
    // A second start, as tests make it, keeps the first.
    let _ = log.try_init();
}
