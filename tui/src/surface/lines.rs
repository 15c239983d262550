//! Lines of standard input, each with whether a person can have written it by itself.

use std::{
    io::{self, BufRead as _},
    sync::mpsc::{RecvTimeoutError, Sender, sync_channel},
    thread,
    time::Duration,
};

/// Lines that come closer than this are pasted or typed ahead.
const TOGETHER: Duration = Duration::from_millis(50);
/// A longer line is no answer to anything.
const LINE_BYTES_MAX: u64 = 65_536;

/// A line, or the end of them.
#[derive(Debug)]
pub(super) enum Read {
    Line {
        text: String,
        /// It came with others in less time than a person takes for a line.
        together: bool,
    },
    End,
}

/// Reads lines for as long as there are any, and tells each.
pub(super) fn read<M: Send + 'static>(inputs: Sender<M>, message: fn(Read) -> M) {
    thread::spawn(move || {
        // Read on a thread of its own, so that it can be told whether more comes at once.
        let (lines, read) = sync_channel(0);
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            while let Some(line) = next_line(&mut input)
                && lines.send(line).is_ok()
            {}
        });
        let (mut next, mut after_another) = (read.recv().ok(), false);
        while let Some(text) = next {
            let soon = read.recv_timeout(TOGETHER);
            let together = after_another || soon.is_ok();
            after_another = soon.is_ok();
            if inputs.send(message(Read::Line { text, together })).is_err() {
                return;
            }
            next = match soon {
                Err(RecvTimeoutError::Timeout) => read.recv().ok(),
                other => other.ok(),
            };
        }
        drop(inputs.send(message(Read::End)));
    });
}

fn next_line(input: &mut impl io::BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    let read = io::Read::take(input, LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    matches!(read, Ok(1..)).then(|| text.trim_end_matches(['\n', '\r']).to_owned())
}
