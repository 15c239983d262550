//! Asking on the terminal. What was typed before the question stood there is no answer, and neither is Enter alone.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use crate::{cli::Stop, console::armed::SETTLE_MILLIS, text::Row};

/// True where the person wrote just this word after the question.
pub(super) fn answered(question: &Row, word: &str) -> Result<bool, Stop> {
    if !io::stdin().is_terminal() {
        return Err(Stop::usage("there is no terminal to ask on; write `--yes --digest sha-256:…` with the whole id"));
    }
    loop {
        eprint!("{} ", question.text());
        let _ = io::stderr().flush();
        let asked = Instant::now();
        let mut line = String::new();
        let read = io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| Stop::usage(format!("the terminal cannot be read: {error}")))?;
        if read == 0 {
            return Ok(false);
        }
        if asked.elapsed() >= Duration::from_millis(SETTLE_MILLIS) {
            return Ok(line.trim() == word);
        }
        eprintln!("that was typed before the question could be read, and is discarded");
    }
}
