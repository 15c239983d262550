//! One client on standard input and output.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Session, desk::Desk, session::Outlet};
use crate::{
    frame::{self, Frames},
    patience::Patience,
    proxy::Settings,
};

pub(super) fn run(desk: &Arc<dyn Desk>, settings: &Settings) -> io::Result<()> {
    serve(desk, settings, io::stdin(), io::stdout())
}

/// Serves until the client has said all. Calls that need no person are still carried out, and each call gets its answer.
pub(super) fn serve(
    desk: &Arc<dyn Desk>,
    settings: &Settings,
    client_in: impl Read,
    client_out: impl Write + Send + 'static,
) -> io::Result<()> {
    let outlet = Lines(Mutex::new(Box::new(client_out)));
    let session = Session::new(Arc::clone(desk), Patience::new(settings.wait), Box::new(outlet));
    let mut frames = Frames::new(BufReader::new(client_in), settings.limits.line_bytes_max);
    let patience = Duration::from_secs(settings.limits.end_seconds_max);
    let ended = take_all(&session, &mut frames);
    session.wait_until_idle(patience);
    session.end_answering(patience);
    // An answer that is being written is not cut short by the exit.
    session.wait_until_idle(patience);
    ended
}

fn take_all<R: BufRead>(session: &Arc<Session>, frames: &mut Frames<R>) -> io::Result<()> {
    while let Some(frame) = frames.read()? {
        session.take(frame);
    }
    Ok(())
}

struct Lines(Mutex<Box<dyn Write + Send>>);

impl Outlet for Lines {
    fn send(&self, line: &[u8]) -> bool {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.is_empty() || frame::write_line(&mut *out, line).is_ok()
    }
}
