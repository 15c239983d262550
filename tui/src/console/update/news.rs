//! What the link says: lists, previews, answers to decisions, and whether the server is there.

use std::collections::BTreeMap;

use ccc_protocol::{
    TicketId,
    bodies::{OutOfStep, QueueList, Status, Ticket},
};

use super::{bulk, decide, forms, here, moving, rules, stop};
use crate::{
    console::{
        armed::Lack,
        message::{Command, Deed, News, QueueRead, Trouble, Verb},
        model::{Done, Model, QueueState, Surface, connection::Connection, dialog::Outcome, queue::Changes},
    },
    text::{Tone, Untrusted, Visible},
    wording::{self, span},
};

pub(super) fn news(model: &mut Model, news: News, out: &mut Vec<Command>) {
    if !matches!(news, News::Lost { .. }) {
        model.heard_millis = model.now.millis;
    }
    match news {
        News::Connected => connected(model, out),
        News::Alive => {}
        News::Lost { why, retry_seconds } => lost(model, why, retry_seconds, false),
        News::Refused { why, retry_seconds } => lost(model, why, retry_seconds, true),
        News::Waiting(id, waiting) => model.queue.note_waiting(id, waiting),
        News::Queue(Ok(read)) => queue(model, read, out),
        News::Preview(id, answer) => {
            if let Ok(preview) = &answer {
                model.queue.note_waiting(id, preview.ticket.waiting);
                model.waiting_asked_millis = model.now.millis;
            }
            let answer = answer.map_err(|why| Untrusted(&why).line());
            model.details.read(id, answer);
        }
        News::Decided(verb, id, answer) => decided(model, verb, id, answer, out),
        News::Grants(Ok(list)) => {
            let before = model.grants.get(model.grant_pick.at).map(|grant| grant.id);
            model.grants = list.grants;
            model.grant_pick.step(0, model.grants.len());
            if model.grants.get(model.grant_pick.at).map(|grant| grant.id) != before {
                model.pane_scroll = 0;
            }
        }
        News::Policies(Ok(list)) => model.policies.take(list),
        News::Audit(Ok(list)) => audit(model, list, out),
        News::Actions(Ok(list)) => {
            model.actions = list.actions.into_iter().map(|info| (info.action.as_str().to_owned(), info)).collect();
        }
        News::Queue(Err(why)) => {
            model.queue_read = QueueState::Failed;
            model.say(Tone::Bad, Untrusted(&format!("what waits could not be read: {why}")).line());
        }
        News::Grants(Err(why)) | News::Policies(Err(why)) | News::Audit(Err(why)) | News::Actions(Err(why)) => {
            model.say(Tone::Bad, Untrusted(&why).line());
        }
        News::Numbers(answer) => rules::counted(model, answer),
        News::Rule(dialog, answer) => rules::made(model, dialog, answer),
        News::Offer(draft) => rules::offer(model, *draft),
        News::Done(deed, answer) => done(model, &deed, answer, out),
        News::Here(news) => here::news(model, news, out),
    }
}

/// What could not be read, or was set by others, while nobody answered is read now.
fn connected(model: &mut Model, out: &mut Vec<Command>) {
    model.connection = Connection::Live;
    out.push(Command::ReadPolicies);
    let unread = model.details.lack() == Some(Lack::Unavailable);
    out.extend(model.details.of().filter(|_| unread).map(Command::ReadPreview));
}

fn lost(model: &mut Model, why: String, retry_seconds: u64, refused: bool) {
    model.queue_read = QueueState::Failed;
    let since_millis = match model.connection {
        Connection::Lost { since_millis, .. } => since_millis,
        _ => model.now.millis,
    };
    let retry_at_millis = model.now.millis.saturating_add(retry_seconds * 1000);
    model.connection = Connection::Lost { why, since_millis, retry_at_millis, refused };
}

fn queue(model: &mut Model, read: QueueRead, out: &mut Vec<Command>) {
    let QueueRead { list, whole } = read;
    model.queue_read = QueueState::Read;
    tell_disk(model, list.disk_full);
    tell_config(model, list.config_fault.as_deref());
    let newer = list.seq != model.seq;
    model.seq = list.seq;
    clock(model, list.clock);
    let list = without_own(model, list);
    note_runs(model, &list, whole);
    let found = count(&list);
    let came_of_mine = list.tickets.iter().rfind(|ticket| is_end_of_mine(model, ticket)).map(wording::fate);
    let selected = model.queue.selected().map(|ticket| (ticket.id, ticket.seq));
    let waited = model.queue.waiting();
    let changes = model.queue.apply(list, whole);
    tell_changes(model, &changes, &found);
    decide::hold_scope_against(model);
    if let Some(words) = came_of_mine.filter(|_| model.connection == Connection::Live) {
        model.report(words);
    }
    reread_selected(model, selected, out);
    if newer {
        moving::read_view(model, out);
    }
    let waiting = model.queue.waiting();
    if changes.arrived > 0 || waiting != waited {
        out.push(Command::Tell { waiting, arrived: changes.arrived });
    }
}

fn tell_disk(model: &mut Model, is_full: bool) {
    if model.disk_full == is_full {
        return;
    }
    model.disk_full = is_full;
    if is_full {
        model.say(Tone::Bad, "the server's disk is full: it takes nothing new; what waits can be decided");
    } else {
        model.say(Tone::Good, "the server's disk has room again");
    }
}

/// A changed config was not taken, or was mended.
fn tell_config(model: &mut Model, fault: Option<&str>) {
    let fault = fault.map(|fault| Untrusted(fault).line());
    let before = std::mem::replace(&mut model.config_fault, fault);
    match (before, &model.config_fault) {
        (Some(_), None) => model.report(Visible::label("the config is mended, and in force")),
        // The line that stands is for a screen: printed line by line it is told when it comes.
        (before, Some(fault)) if model.surface == Surface::Plain && before.as_ref() != Some(fault) => {
            model.say(Tone::Bad, Visible::label("config not taken: ").then(fault.clone()));
        }
        _ => {}
    }
}

/// The server's time left that of its clock, or came back to it.
fn clock(model: &mut Model, clock: Option<OutOfStep>) {
    let before = std::mem::replace(&mut model.clock, clock);
    if before == clock {
        return;
    }
    let words = match clock {
        Some(OutOfStep { held: true, .. }) => {
            Visible::label("the bridge's clock lies behind its log: grants, and approvals that nobody took, are held; ")
                .then("its owner ends that with `ccc-server clock accept`")
        }
        Some(OutOfStep { ahead_millis, .. }) => {
            Visible::label("the bridge's clock was set back by ").then(span::seconds(ahead_millis / 1000)).then(
                ": what is said to expire does so that much earlier by your clock; `ccc-server clock accept` ends that",
            )
        }
        None => Visible::label("the bridge's clock is in step with its log again"),
    };
    model.say(if clock.is_some() { Tone::Bad } else { Tone::Good }, words);
}

/// What runs is kept beside what waits: it can be stopped.
fn note_runs(model: &mut Model, list: &QueueList, whole: bool) {
    if whole {
        model.runs.clear();
    }
    for ticket in &list.tickets {
        if ticket.status == Status::Running {
            model.runs.insert(ticket.id, ticket.clone());
        } else {
            model.runs.remove(&ticket.id);
        }
    }
}

/// True where something came of an approval of this person's.
fn is_end_of_mine(model: &Model, ticket: &Ticket) -> bool {
    let ran = ticket.status.has_ended() && ticket.status != Status::Denied;
    ran && ticket.decided_by.as_ref() == Some(&model.me)
}

/// Nobody decides on their own request, so it is not offered.
fn without_own(model: &Model, mut list: QueueList) -> QueueList {
    list.tickets.retain(|ticket| ticket.submitted_by != model.me);
    list
}

fn count(list: &QueueList) -> BTreeMap<Status, usize> {
    let mut found = BTreeMap::new();
    for ticket in &list.tickets {
        *found.entry(ticket.status).or_insert(0) += 1;
    }
    found
}

/// After an absence, what was found; else what others decided meanwhile.
fn tell_changes(model: &mut Model, changes: &Changes, found: &BTreeMap<Status, usize>) {
    if let Connection::Lost { since_millis, .. } = model.connection {
        let away = span::seconds(model.now.millis.saturating_sub(since_millis) / 1000);
        model.say(Tone::Good, found_after(away, changes, found));
        return;
    }
    let others: Vec<&Ticket> =
        changes.left.iter().filter(|ticket| ticket.decided_by.as_ref() != Some(&model.me)).collect();
    match others.as_slice() {
        [] => {}
        [one] => {
            let words = wording::fate(one);
            model.report(words);
        }
        many => {
            let words = Visible::count(many.len(), "ticket left the queue", "tickets left the queue");
            model.report(words);
        }
    }
}

fn found_after(away: Visible, changes: &Changes, found: &BTreeMap<Status, usize>) -> Visible {
    let mut words = Visible::label("back after ").then(away).then(": ");
    words = words.then(Visible::number(changes.arrived as u64)).then(" new");
    for (status, count) in found.iter().filter(|(status, _)| **status != Status::Queued) {
        words = words.then(", ").then(Visible::number(*count as u64)).then(" ").then(status.as_str());
    }
    if changes.gone > 0 {
        words = words.then(", ").then(Visible::number(changes.gone as u64)).then(" gone meanwhile");
    }
    words
}

/// A ticket that changed under the cursor, as by another person's approval or its end, is read again: what came of it stands on top.
fn reread_selected(model: &Model, before: Option<(TicketId, u64)>, out: &mut Vec<Command>) {
    let now = model.queue.selected();
    if let (Some(now), Some((id, seq))) = (now, before)
        && now.id == id
        && now.seq != seq
    {
        out.push(Command::ReadPreview(id));
    }
}

fn decided(model: &mut Model, verb: Verb, id: TicketId, answer: Result<Box<Ticket>, Trouble>, out: &mut Vec<Command>) {
    model.deciding.remove(&id);
    match answer {
        Ok(ticket) => {
            let words = taken(model, verb, &ticket);
            bulk::note(model, id, Outcome::Taken(words.clone()));
            match model.done {
                // That there will be more is said this once.
                Some(Done::Granted(granted)) if granted == id => model.answer(Tone::Good, words),
                _ => model.say(Tone::Good, words),
            }
            let edited = (verb == Verb::Edit).then_some(ticket.id);
            // One approval of several: the details name who has approved.
            let half_approved = verb == Verb::Approve && ticket.status == Status::Queued;
            out.extend(half_approved.then_some(Command::ReadPreview(ticket.id)));
            if verb == Verb::Edit {
                model.edited = None;
            }
            if verb == Verb::Approve {
                rules::approved(model, &ticket, out);
            }
            put(model, *ticket, out);
            edited.map(|new| model.queue.to_ticket(new));
        }
        Err(trouble) => {
            model.done =
                model.done.filter(|done| !matches!(done, Done::Denied(known) | Done::Granted(known) if *known == id));
            let decided = trouble.ticket.as_deref().filter(|ticket| ticket.status != Status::Queued);
            let words = decided.map_or_else(|| Untrusted(&trouble.why).line(), already);
            if verb == Verb::Edit {
                forms::edit_again(model, id, &words);
            }
            bulk::note(model, id, Outcome::Refused(words.clone()));
            model.answer(Tone::Bad, words);
            if let Some(ticket) = trouble.ticket {
                put(model, *ticket, out);
            }
        }
    }
}

fn already(ticket: &Ticket) -> Visible {
    Visible::label("not taken, somebody was first: ").then(wording::fate(ticket))
}

fn taken(model: &Model, verb: Verb, ticket: &Ticket) -> Visible {
    match verb {
        Verb::Approve if ticket.status == Status::Queued => {
            let given =
                Visible::number(ticket.approvals.len() as u64).then(" of ").then(Visible::number(ticket.needed));
            Visible::label("your approval counts: ").then(given).then(" needed")
        }
        Verb::Approve if matches!(model.done, Some(Done::Granted(id)) if id == ticket.id) => {
            Visible::label("approved, and more of the same: ").then(wording::fate(ticket))
        }
        Verb::Edit => Visible::label("edited; the new ticket waits for approval: ").then(wording::fate(ticket)),
        Verb::Approve | Verb::Deny => wording::fate(ticket),
    }
}

/// Takes one ticket over as if the queue had said so.
fn put(model: &mut Model, ticket: Ticket, out: &mut Vec<Command>) {
    let waited = model.queue.waiting();
    let list = QueueList {
        seq: model.seq,
        tickets: vec![ticket],
        next: None,
        disk_full: false,
        config_fault: None,
        clock: None,
    };
    model.queue.apply(without_own(model, list), false);
    let waiting = model.queue.waiting();
    if waiting != waited {
        out.push(Command::Tell { waiting, arrived: 0 });
    }
}

fn audit(model: &mut Model, list: ccc_protocol::bodies::AuditList, out: &mut Vec<Command>) {
    let next = list.next;
    model.history.take(list);
    decide::hold_scope_against(model);
    out.extend(next.map(|after| Command::ReadAudit { after }));
}

fn done(model: &mut Model, deed: &Deed, answer: Result<(), String>, out: &mut Vec<Command>) {
    match answer {
        Err(why) => model.answer(Tone::Bad, Untrusted(&why).line()),
        Ok(()) => {
            model.answer(Tone::Good, deed_words(deed));
            out.extend([Command::ReadGrants, Command::ReadPolicies]);
            if *deed == Deed::Freeze(true) {
                stop::after_freeze(model);
            }
        }
    }
}

fn deed_words(deed: &Deed) -> Visible {
    match deed {
        Deed::Revoke(_) | Deed::RevokeFrom(_) => Visible::label("the grant has ended"),
        Deed::Lift(_) => Visible::label("the denial is lifted: the same may be asked again"),
        Deed::Stop(id) => Visible::label("ended: the run of ").then(wording::summary::short(*id)),
        Deed::Freeze(true) => Visible::label("stopped: grants ended, what waited was denied, what comes is refused"),
        Deed::Freeze(false) => Visible::label("they may ask again"),
        Deed::Group(group, true) => Visible::label("group switched on: ").then(Untrusted(group).line()),
        Deed::Group(group, false) => Visible::label("group switched off: ").then(Untrusted(group).line()),
        Deed::Override(action, Some(policy)) => {
            Visible::label("override set: ").then(action).then(" → ").then(policy.as_str())
        }
        Deed::Rule(path) => Visible::label("written; the bridge reads it by itself. As it was before: ")
            .then(Untrusted(&format!("{}.before", path.display())).line()),
        Deed::Override(action, None) => Visible::label("override taken away: ").then(action),
    }
}
