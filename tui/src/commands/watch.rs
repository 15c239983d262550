//! `watch`: a line for every ticket that changes, as it happens, until it is interrupted.

use std::{thread, time::Duration};

use ccc_client::{Bridge, CallError};
use ccc_protocol::bodies::{Status, Ticket};

use super::{find, print, tell};
use crate::{
    cli::Stop,
    text::{Row, Tone, Untrusted, Visible},
};

/// The stream is taken for dead when nothing came for so long.
const SILENCE_SECONDS_MAX: u64 = 60;
/// Between two tries to reach a server that was there before.
const RETRY_SECONDS: u64 = 2;

/// Never returns but with an error; a server that goes away is waited for.
pub(super) fn watch(bridge: &Bridge, json: bool) -> Result<u8, Stop> {
    let mut read_to = None;
    let mut was_there = false;
    loop {
        match follow(bridge, json, &mut read_to) {
            Ok(()) => was_there = true,
            Err(Trouble::Output(stop)) => return Err(stop),
            Err(Trouble::Server(error)) if read_to.is_some() || was_there => {
                print::words(
                    &Row::new().with(Tone::Bad, Untrusted(&find::unread(error).words).line().then("; trying again")),
                );
                thread::sleep(Duration::from_secs(RETRY_SECONDS));
            }
            Err(Trouble::Server(error)) => return Err(find::unread(error)),
        }
    }
}

enum Trouble {
    Server(CallError),
    Output(Stop),
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Server(error)
    }
}

fn follow(bridge: &Bridge, json: bool, read_to: &mut Option<u64>) -> Result<(), Trouble> {
    let mut stream = bridge.events(*read_to)?;
    catch_up(bridge, json, read_to)?;
    while let Some(event) = stream.next(Duration::from_secs(SILENCE_SECONDS_MAX))? {
        if read_to.is_none_or(|read_to| event.hint.seq > read_to) {
            catch_up(bridge, json, read_to)?;
        }
    }
    Ok(())
}

fn catch_up(bridge: &Bridge, json: bool, read_to: &mut Option<u64>) -> Result<(), Trouble> {
    let mut list = bridge.queue(*read_to)?;
    loop {
        for ticket in &list.tickets {
            told(ticket, json).map_err(Trouble::Output)?;
        }
        let next = list.next.filter(|next| read_to.is_none_or(|read_to| *next > read_to));
        *read_to = Some(next.unwrap_or(list.seq));
        match next {
            Some(next) => list = bridge.queue(Some(next))?,
            None => return Ok(()),
        }
    }
}

fn told(ticket: &Ticket, json: bool) -> Result<(), Stop> {
    if json {
        return print::json(ticket);
    }
    let row = match ticket.status {
        Status::Queued => tell::ticket_row(ticket, tell::now()),
        _ => Row::new()
            .with(Tone::Plain, Visible::from(&ticket.id).then("  "))
            .with(Tone::Plain, crate::wording::fate(ticket)),
    };
    print::row(&row)
}
