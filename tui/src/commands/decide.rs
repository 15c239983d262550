//! Approving, denying and revoking from the command line: told first, asked on the terminal, then done.

use std::collections::BTreeMap;

use ccc_client::{Bridge, CallError};
use ccc_protocol::{
    UserName,
    bodies::{Approve, Deny, Freeze, GrantRequest, Status, Ticket, Word},
    exit, visible,
};

use super::{ask, find, print, tell};
use crate::{
    cli::{Asked, Stop, Terms},
    document::{self, Ids},
    text::{Row, Tone, Visible},
    wording::{span, verdict},
};

pub(super) fn approve(bridge: &Bridge, written: &str, terms: &Terms, asked: &Asked) -> Result<u8, Stop> {
    let ticket = still(bridge, written, &[Status::Queued])?;
    let preview = tell::checked_preview(bridge, &ticket)?;
    // Server and console computed the same digest over what is printed here; it alone is sent.
    let ticket = &preview.ticket;
    let grant = grant(ticket, terms)?;
    if ticket.needs_note && terms.note.is_none() {
        return Err(Stop::usage("an approval of this needs a note; write `--note TEXT`"));
    }
    let page = document::preview(&preview, tell::PAGE_CELLS, Ids::Hidden);
    let word = verdict::word(ticket, page.len() > tell::SCREEN_ROWS);
    let agreed = match asked {
        Asked::Already(digest) if *digest != ticket.digest => return Err(other_digest(ticket)),
        Asked::Already(_) => word.as_ref().is_none_or(|word| terms.word.as_deref() == Some(word.as_str())),
        Asked::OnTerminal => {
            print::rows(&page)?;
            agrees(ticket, terms, word.as_ref())?
        }
    };
    if let (false, Asked::Already(_), Some(word)) = (agreed, asked, &word) {
        return Err(Stop::usage(format!("it deserves care: read it to its end, then write `--word {word}` too")));
    }
    let shown = verdict::shown(ticket, word);
    let approval = Approve { digest: ticket.digest, note: terms.note.clone(), grant, shown };
    if agreed { taken(bridge.approve(ticket.id, &approval)) } else { Ok(not_done()) }
}

/// The ticket meant, where it still stands so.
fn still(bridge: &Bridge, written: &str, so: &[Status]) -> Result<Ticket, Stop> {
    let ticket = bridge.ticket(find::ticket(bridge, written)?)?;
    if so.contains(&ticket.status) {
        return Ok(ticket);
    }
    let words = Visible::label("it waits no longer: ").then(crate::wording::fate(&ticket)).to_string();
    Err(Stop { words, code: exit::queue::NOT_DONE })
}

fn grant(ticket: &Ticket, terms: &Terms) -> Result<Option<GrantRequest>, Stop> {
    let Some(seconds) = terms.seconds else { return Ok(None) };
    let longest = ticket.grant_seconds_max;
    if seconds > longest {
        let words = if longest == 0 {
            "no grant may be made of this; leave `--for` out".to_owned()
        } else {
            format!("a grant of this lasts {} at most", span::exactly(longest))
        };
        return Err(Stop::usage(words));
    }
    Ok(Some(GrantRequest { uses: terms.uses, seconds, params: BTreeMap::new(), beside: vec![] }))
}

fn other_digest(ticket: &Ticket) -> Stop {
    let words =
        format!("it is no longer what you saw: its digest is now {}; look at it again with `show`", ticket.digest);
    Stop { words, code: exit::REFUSED }
}

/// Care is answered with the verdict's word, all else with `y`. Enter alone is no.
fn agrees(ticket: &Ticket, terms: &Terms, word: Option<&Word>) -> Result<bool, Stop> {
    let more = terms.seconds.map_or_else(Visible::default, |seconds| {
        let uses = terms.uses.map_or_else(Visible::default, |uses| {
            Visible::label(", at most ").then(Visible::number(uses)).then(" times")
        });
        Visible::label(", and exactly this again for ").then(span::exactly(seconds)).then(uses)
    });
    let what = Visible::label("approve ").then(&ticket.action).then(" for ").then(&ticket.submitted_by).then(more);
    if let Some(word) = word {
        let question =
            Row::new().with(Tone::Care, what.then("? It deserves care: type ").then(word).then(" to approve:"));
        return ask::answered(&question, word.as_str());
    }
    ask::answered(&Row::new().with(Tone::Strong, what.then("? [y/N]")), "y")
}

pub(super) fn deny(bridge: &Bridge, written: &str, reason: Option<&str>, asked: &Asked) -> Result<u8, Stop> {
    // What was approved can be denied until it starts or is taken.
    let ticket = still(bridge, written, &[Status::Queued, Status::Approved])?;
    let agreed = match asked {
        Asked::Already(digest) if *digest != ticket.digest => return Err(other_digest(&ticket)),
        Asked::Already(_) => true,
        Asked::OnTerminal => {
            print::row(&tell::ticket_row(&ticket, tell::now()))?;
            let question =
                Visible::label("deny ").then(&ticket.action).then(" of ").then(&ticket.submitted_by).then("? [y/N]");
            ask::answered(&Row::new().with(Tone::Strong, question), "y")?
        }
    };
    let denial = Deny { reason: reason.map(str::to_owned), digest: Some(ticket.digest), shown: None };
    if agreed { taken(bridge.deny(ticket.id, &denial)) } else { Ok(not_done()) }
}

/// Ends a run, once the person has said so.
pub(super) fn stop(bridge: &Bridge, written: &str) -> Result<u8, Stop> {
    let ticket = bridge.ticket(find::ticket(bridge, written)?)?;
    if ticket.status != Status::Running {
        let words = Visible::label("it does not run: ").then(crate::wording::fate(&ticket)).to_string();
        return Err(Stop { words, code: exit::queue::NOT_DONE });
    }
    print::row(&tell::ticket_row(&ticket, tell::now()))?;
    let question =
        Visible::label("end the run of ").then(&ticket.action).then(" for ").then(&ticket.submitted_by).then("? [y/N]");
    let agreed = ask::answered(&Row::new().with(Tone::Strong, question), "y")?;
    if agreed { taken(bridge.stop(ticket.id)) } else { Ok(not_done()) }
}

pub(super) fn revoke(bridge: &Bridge, written: &str) -> Result<u8, Stop> {
    let id = find::grant(bridge, written)?;
    bridge.revoke(id)?;
    print::words(&Row::new().with(Tone::Good, Visible::label("ended: grant ").then(&id)));
    Ok(exit::SUCCEEDED)
}

/// Lifts a stop, and what earlier calls hold against the user's sessions.
pub(super) fn resume(bridge: &Bridge, written: &str) -> Result<u8, Stop> {
    let refused = || Stop { words: format!("`{}` is no user's name", visible::escaped(written)), code: exit::REFUSED };
    let user: UserName = written.parse().map_err(|_| refused())?;
    bridge.freeze(&Freeze { users: Some(vec![user.clone()]), frozen: false })?;
    print::words(&Row::new().with(Tone::Good, Visible::from(&user).then(" may ask again")));
    Ok(exit::SUCCEEDED)
}

fn not_done() -> u8 {
    print::words(&Row::new().with(Tone::Plain, "nothing was decided"));
    exit::queue::NOT_DONE
}

/// How the ticket stands after the decision; who was first, where it was somebody else.
fn taken(answer: Result<Ticket, CallError>) -> Result<u8, Stop> {
    match answer {
        Ok(ticket) => {
            print::row(&Row::new().with(Tone::Good, crate::wording::fate(&ticket)))?;
            Ok(exit::SUCCEEDED)
        }
        Err(CallError::Refused(problem)) if problem.ticket.is_some() => {
            let fate = problem.ticket.as_deref().map_or_else(Visible::default, crate::wording::fate);
            Err(Stop {
                words: Visible::label("not taken, somebody was first: ").then(fate).to_string(),
                code: exit::queue::NOT_DONE,
            })
        }
        Err(error) => Err(error.into()),
    }
}
