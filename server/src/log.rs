//! The log: lines on stderr. What agents wrote reaches it through the values of fields and messages, in which everything is
//! made visible here; secrets never do, since no type that holds one shows it.

use std::{
    fmt::{self, Debug},
    io::{self, IsTerminal as _},
};

use ccc_protocol::visible;
use tracing::{Dispatch, field::Field};
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{MakeWriter, fmt as subscriber, format},
};

/// Starts logging to stderr: `info` and above, or what `RUST_LOG` asks for.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // A second start, as tests make it, keeps the first.
    let _ = tracing::dispatcher::set_global_default(lines(filter, coloured, io::stderr));
}

fn lines<W>(filter: EnvFilter, coloured: bool, writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let fields = format::debug_fn(write_field).delimited(" ");
    let log = subscriber().with_env_filter(filter).with_writer(writer).with_ansi(coloured).with_target(false);
    log.fmt_fields(fields).into()
}

fn write_field(out: &mut format::Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let value = visible::marked(&format!("{value:?}"));
    match field.name() {
        "message" => out.write_str(&value),
        name if out.has_ansi_escapes() => write!(out, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
        name => write!(out, "{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(coloured: bool, log: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let dispatch = lines(EnvFilter::new("info"), coloured, move || writer.clone());
        tracing::dispatcher::with_default(&dispatch, log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "a\u{1b}[2J\n\u{202e}\u{61c}\u{3164}\u{2800}é";

    #[test]
    fn nothing_that_somebody_wrote_reaches_the_log_unseen() {
        let line =
            logged(false, || tracing::info!(shown = %HOSTILE, debugged = ?HOSTILE, text = HOSTILE, "said {HOSTILE}"));
        let end = line.strip_suffix('\n').expect("a line");
        assert!(end.chars().all(visible::is_visible), "{line:?}");
        assert!(end.contains(&format!("said {}", visible::marked(HOSTILE))), "{line}");
        assert!(end.contains(&format!("shown={}", visible::marked(HOSTILE))), "{line}");
        assert!(end.contains(r"\u{1b}[2J\n") && end.ends_with("é\""), "{line}");
    }

    #[test]
    fn colours_are_the_logs_own() {
        let line = logged(true, || tracing::warn!(shown = %HOSTILE, "said"));
        assert!(line.contains("\u{1b}[3mshown\u{1b}[0m"), "{line:?}");
        let plain = line.split('\u{1b}').all(|piece| !piece.starts_with("[2J"));
        assert!(plain && line.matches('\n').count() == 1, "{line:?}");
    }
}
