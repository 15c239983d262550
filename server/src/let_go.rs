//! What a killed server still holds for a moment.
//!
//! A server that is killed while it starts a program leaves its lock, its socket and its port to the child, until that is the
//! program it was to be: a copy of the server that has not closed the server's files yet. Whoever starts a server at once
//! after such an end, as every supervisor does, would be told of another server where there is none.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// How long the hold of another is waited for. Between `fork` and `exec` lie milliseconds, even on a machine that is busy; a
/// person who starts a second server by mistake is told so after this time.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Tries until `what` is had, as long as it may be that it is let go of.
///
/// # Errors
/// That of the last attempt.
pub(crate) fn once_let_go<T, E>(
    what: &str,
    attempt: impl Fn() -> Result<T, E>,
    is_held: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match attempt() {
            Err(error) if is_held(&error) && begun.elapsed() < PATIENCE => {
                if !std::mem::replace(&mut told, true) {
                    tracing::info!("{what} is still held by another process; waiting {PATIENCE:?} for it to let go");
                }
                sleep(LOOK_AGAIN);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_is_let_go_of_is_had_and_what_is_kept_or_refused_is_not() {
        let attempts = Cell::new(0);
        let third = || {
            attempts.set(attempts.get() + 1);
            if attempts.get() < 3 { Err("held") } else { Ok(attempts.get()) }
        };
        assert_eq!(once_let_go("it", third, |error| *error == "held"), Ok(3));
        assert_eq!(once_let_go("it", || Err::<(), _>("held"), |error| *error == "held"), Err("held"));
        attempts.set(0);
        assert_eq!(once_let_go("it", third, |_| false), Err("held"), "nothing is tried again that no waiting mends");
        assert_eq!(attempts.get(), 1);
    }
}
