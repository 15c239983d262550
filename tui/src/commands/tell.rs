//! What only tells: the queue, one request whole, the grants, the policies.

use std::time::{SystemTime, UNIX_EPOCH};

use ccc_client::Bridge;
use ccc_protocol::{
    Timestamp, approval,
    bodies::{ActionPolicy, Grant, Policy, Preview, Status, Ticket},
    exit,
};

use super::{find, print};
use crate::{
    cli::Stop,
    document::{self, Ids},
    text::{Row, Tone, Untrusted, Visible},
    wording::{self, span, summary, verdict},
};

/// As wide as pages are printed; a terminal wraps the rest.
pub(super) const PAGE_CELLS: usize = 100;
/// So many rows of a page stand on the smallest common terminal at once.
pub(super) const SCREEN_ROWS: usize = 20;

pub(super) fn list(bridge: &Bridge, json: bool) -> Result<u8, Stop> {
    let mut tickets = find::open_tickets(bridge)?;
    tickets.retain(|ticket| ticket.status == Status::Queued && ticket.submitted_by != *bridge.user());
    tickets.sort_unstable_by_key(|ticket| ticket.id);
    if json {
        print::json(&tickets)?;
    } else {
        let now = now();
        print::rows(&tickets.iter().map(|ticket| ticket_row(ticket, now)).collect::<Vec<_>>())?;
        if tickets.is_empty() {
            print::words(&Row::new().with(Tone::Plain, "nothing waits"));
        }
    }
    Ok(exit::SUCCEEDED)
}

/// Id, age, time left, care, agent, action, summary.
pub(super) fn ticket_row(ticket: &Ticket, now: Timestamp) -> Row {
    let left = ticket.expires.map_or_else(|| Visible::label("–"), |expires| span::until(now, expires));
    let times = span::age(now, ticket.created).then("→").then(left).padded(9);
    let head = Visible::from(&ticket.id).then("  ").then(times).then(" ").then(verdict::sign(ticket).1).then(" ");
    let what = Visible::from(&ticket.submitted_by).then("  ").then(summary::in_row(ticket));
    let row = Row::new().with(Tone::Plain, head);
    let row = match verdict::short(ticket) {
        Some((tone, short)) => row.with(tone, short.then("  ")),
        None => row,
    };
    row.with(Tone::Plain, what)
}

pub(super) fn show(bridge: &Bridge, written: &str, json: bool) -> Result<u8, Stop> {
    let id = find::ticket(bridge, written)?;
    let ticket = bridge.ticket(id)?;
    if json {
        print::json(&ticket)?;
        return Ok(exit::SUCCEEDED);
    }
    if ticket.status == Status::Queued {
        print::rows(&document::preview(&checked_preview(bridge, &ticket)?, PAGE_CELLS, Ids::Shown))?;
        print::row(&Row::new().with(Tone::Plain, Visible::label("--digest ").then(&ticket.digest)))?;
    } else {
        print::row(&Row::new().with(Tone::Plain, crate::wording::fate(&ticket)))?;
        print::json(&ticket)?;
    }
    Ok(exit::SUCCEEDED)
}

/// What the ticket would do, as far as its digests are right.
pub(super) fn checked_preview(bridge: &Bridge, ticket: &Ticket) -> Result<Preview, Stop> {
    let preview = bridge.preview(ticket.id)?;
    if preview.ticket.id == ticket.id && approval::is_consistent(&preview) {
        return Ok(preview);
    }
    let words = "what was sent does not fit its digest: nothing of it is shown, and it cannot be approved".to_owned();
    Err(Stop { words, code: exit::REFUSED })
}

pub(super) fn grants(bridge: &Bridge, json: bool) -> Result<u8, Stop> {
    let list = bridge.grants()?;
    if json {
        print::json(&list)?;
    } else {
        let now = now();
        print::rows(&list.grants.iter().map(|grant| grant_row(grant, now)).collect::<Vec<_>>())?;
        if list.grants.is_empty() {
            print::words(&Row::new().with(Tone::Plain, "no grant stands"));
        }
    }
    Ok(exit::SUCCEEDED)
}

fn grant_row(grant: &Grant, now: Timestamp) -> Row {
    let left = Visible::label("ends in ").then(span::until(now, grant.until)).padded(12);
    let uses =
        grant.uses_left.map_or_else(|| Visible::label("any uses"), |left| Visible::number(left).then(" uses left"));
    let head = Visible::from(&grant.id)
        .then("  ")
        .then(left)
        .then("  ")
        .then(uses)
        .then("  ")
        .then(&grant.user)
        .then("  ")
        .then(&grant.action);
    let params = grant.params.iter().map(|(name, value)| {
        let words = grant.differ.get(name).map_or_else(|| summary::value(value), wording::difference);
        Visible::label("  ").then(Untrusted(name).line()).then("=").then(words)
    });
    Row::new().with(Tone::Plain, head).with(Tone::Plain, params.collect::<Visible>())
}

pub(super) fn policies(bridge: &Bridge, json: bool) -> Result<u8, Stop> {
    let list = bridge.policies()?;
    if json {
        print::json(&list)?;
        return Ok(exit::SUCCEEDED);
    }
    let frozen = list
        .frozen
        .iter()
        .map(|user| Row::new().with(Tone::Bad, Visible::from(user).then(" is stopped: all is refused")));
    let mut rows: Vec<Row> = frozen.chain(list.held.iter().map(wording::held)).collect();
    for group in &list.groups {
        let state = if group.enabled { "" } else { "  (off: every action of it is denied)" };
        rows.push(Row::new().with(Tone::Plain, Untrusted(&group.group).line().then(state)));
        rows.extend(group.actions.iter().map(policy_row));
    }
    print::rows(&rows)?;
    Ok(exit::SUCCEEDED)
}

fn policy_row(action: &ActionPolicy) -> Row {
    let word = |policy: Option<Policy>| Visible::label(policy.map_or("–", Policy::as_str));
    let head = Visible::label("  ").then(&action.action).padded(28).then("default ").then(word(Some(action.own)));
    let head = head.then(", override ").then(word(action.overridden)).then(", minimum ").then(word(action.floor));
    let each =
        action.effective.iter().map(|(user, policy)| Visible::label(", ").then(user).then(": ").then(policy.as_str()));
    Row::new().with(Tone::Plain, head).with(Tone::Plain, each.collect::<Visible>())
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(since).unwrap_or(i64::MAX))
}
