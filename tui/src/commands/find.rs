//! From what a person wrote to one id: the whole of it, or a beginning or end that fits only one.

use std::fmt::Display;

use ccc_client::{Bridge, CallError};
use ccc_protocol::{GrantId, TicketId, bodies::Ticket, exit, visible};

use crate::cli::Stop;

/// Shorter parts are refused: they fit by chance.
const PART_CHARS_MIN: usize = 4;

/// The ticket meant: in any state by its whole id, else among those that wait.
pub(super) fn ticket(bridge: &Bridge, written: &str) -> Result<TicketId, Stop> {
    match written.parse() {
        Ok(id) => Ok(id),
        Err(_) => the_one(written, open_tickets(bridge)?.iter().map(|ticket| ticket.id), "ticket that waits"),
    }
}

/// The grant meant.
pub(super) fn grant(bridge: &Bridge, written: &str) -> Result<GrantId, Stop> {
    match written.parse() {
        Ok(id) => Ok(id),
        Err(_) => the_one(written, bridge.grants()?.grants.iter().map(|grant| grant.id), "grant"),
    }
}

/// All pages of the queue.
///
/// # Errors
/// Says that what waits could not be read, which is another thing than that nothing waits.
pub(super) fn open_tickets(bridge: &Bridge) -> Result<Vec<Ticket>, Stop> {
    read_all(bridge).map_err(unread)
}

/// Why the queue could not be read, so worded that nobody takes it for an empty one.
pub(super) fn unread(error: CallError) -> Stop {
    let stop = Stop::from(error);
    Stop { words: format!("what waits could not be read: {}", stop.words), ..stop }
}

fn read_all(bridge: &Bridge) -> Result<Vec<Ticket>, CallError> {
    let mut list = bridge.queue(None)?;
    while let Some(next) = list.next {
        let more = bridge.queue(Some(next))?;
        list.tickets.extend(more.tickets);
        list.next = more.next.filter(|further| *further > next);
    }
    Ok(list.tickets)
}

fn the_one<T: Display + Copy>(written: &str, ids: impl Iterator<Item = T>, what: &str) -> Result<T, Stop> {
    let refused = |words: String| Stop { words, code: exit::REFUSED };
    let shown = visible::escaped(written);
    if written.chars().count() < PART_CHARS_MIN {
        return Err(Stop::usage(format!(
            "`{shown}` is too short for an id; write at least {PART_CHARS_MIN} characters of it"
        )));
    }
    let fits = |id: &T| {
        let text = id.to_string();
        text.starts_with(written) || text.ends_with(written)
    };
    let found: Vec<T> = ids.filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(refused(format!("no {what} has an id that begins or ends with `{shown}`"))),
        many => Err(refused(format!("`{shown}` fits {} ids; write more of it", many.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(written: &str) -> Result<&'static str, String> {
        let ids = ["0198aaaa-1111", "0198aaaa-2222", "0199bbbb-3333"];
        the_one(written, ids.into_iter(), "ticket").map_err(|stop| stop.words)
    }

    #[test]
    fn a_part_is_enough_when_it_fits_one() {
        assert_eq!(found("0199"), Ok("0199bbbb-3333"));
        assert_eq!(found("2222"), Ok("0198aaaa-2222"));
    }

    #[test]
    fn a_part_that_fits_several_or_none_is_refused() {
        assert!(found("0198").unwrap_err().contains("fits 2 ids"));
        assert!(found("zzzz").unwrap_err().contains("no ticket"));
        assert!(found("01").unwrap_err().contains("too short"));
    }
}
