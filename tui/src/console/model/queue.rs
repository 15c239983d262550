//! What waits, as rows under a cursor that stays on its ticket whatever comes and goes around it.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use ccc_protocol::{
    Digest, TicketId, Timestamp, UserName,
    bodies::{QueueList, Status, Ticket, Waiting},
};

use super::{
    filter::Filter,
    order::{Group, Line, Order},
};
use crate::{config::Grouping, console::armed::Target, text::Visible, wording::summary};

/// From this many new tickets on, one sort is cheaper than as many insertions.
const BULK_MIN: usize = 64;

/// A ticket with what is derived from it once.
#[derive(Debug, Clone)]
struct Entry {
    ticket: Ticket,
    /// What a filter is held against.
    words: OnceCell<Box<str>>,
}

/// What changed in one reading, for a person who may have looked elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// New tickets that wait.
    pub arrived: usize,
    /// Tickets that wait no longer, as they stand now; empty where the whole list was read.
    pub left: Vec<Ticket>,
    /// How many had gone when the whole list was read.
    pub gone: usize,
}

/// The waiting tickets and the rows made of them.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    entries: HashMap<TicketId, Entry>,
    order: Order,
    filter: Filter,
    /// The ticket under the cursor. Its row stays until the cursor leaves it, whatever becomes of the ticket.
    cursor: Option<TicketId>,
    /// The place of the cursor's row, and of the first row on screen.
    at: usize,
    top: usize,
    height: usize,
    marks: BTreeMap<TicketId, Digest>,
    snoozed: BTreeSet<(Timestamp, TicketId)>,
    waiting: BTreeMap<UserName, usize>,
}

impl Queue {
    /// Nothing yet, to be gathered so.
    #[must_use]
    pub fn new(grouping: Grouping) -> Self {
        Self { order: Order::new(grouping), ..Self::default() }
    }

    /// How many wait, filtered out and snoozed ones too.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.values().sum()
    }

    /// The group whose many tickets the row under the cursor stands for, where it does.
    #[must_use]
    pub fn folded(&self) -> Option<(&Group, usize)> {
        let group = &self.order.line(self.at).filter(|line| self.is_cursor(line))?.group;
        self.order.folded(group).map(|count| (&**group, count))
    }

    /// Opens the row under the cursor, where it stands for many; true where it did.
    pub fn unfold(&mut self) -> bool {
        let Some(group) = self.folded().map(|(group, _)| group.clone()) else { return false };
        self.order.unfold(&group);
        self.settle();
        true
    }

    /// Makes one row again of the opened group that the cursor is in; true where there was one.
    pub fn fold(&mut self) -> bool {
        let group = self.order.line(self.at).filter(|line| self.is_cursor(line)).map(|line| Group::clone(&line.group));
        let Some(group) = group.filter(|group| group.tools_of.is_some() && self.order.count(group) > 1) else {
            return false;
        };
        if self.order.folded(&group).is_some() {
            return false;
        }
        self.order.fold(&group);
        self.settle();
        true
    }

    /// How many wait, by who asked.
    #[must_use]
    pub fn waiting_by_agent(&self) -> &BTreeMap<UserName, usize> {
        &self.waiting
    }

    /// How many are put aside.
    #[must_use]
    pub fn snoozed(&self) -> usize {
        self.snoozed.len()
    }

    /// The rows.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The place of the first row on screen.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// How many rows there are above and below what is on screen.
    #[must_use]
    pub fn off_screen(&self) -> (usize, usize) {
        (self.top, self.order.len().saturating_sub(self.top + self.height))
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// A ticket that waits, or has just ended under the cursor.
    #[must_use]
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.entries.get(&id).map(|entry| &entry.ticket)
    }

    /// All that wait, in no order.
    pub fn waiting_tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.entries.values().map(|entry| &entry.ticket).filter(|ticket| ticket.status == Status::Queued)
    }

    /// Takes over whether a ticket's caller waits.
    pub fn note_waiting(&mut self, id: TicketId, waiting: Option<Waiting>) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.ticket.waiting = waiting;
        }
    }

    /// All tickets whose id begins or ends so.
    pub fn find<'a>(&'a self, part: &'a str) -> impl Iterator<Item = TicketId> + 'a {
        self.entries
            .keys()
            .copied()
            .filter(move |id| id.to_string().starts_with(part) || id.to_string().ends_with(part))
    }

    /// The ticket under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Ticket> {
        self.cursor.and_then(|id| self.ticket(id))
    }

    /// The line of the pane that the cursor is on.
    #[must_use]
    pub fn cursor_line(&self) -> usize {
        self.at.saturating_sub(self.top)
    }

    /// The marked tickets, as they were when they were marked.
    #[must_use]
    pub fn marked(&self) -> Vec<Target> {
        self.marks.iter().map(|(&id, &digest)| Target { id, digest }).collect()
    }

    /// True where the ticket is marked.
    #[must_use]
    pub fn is_marked(&self, id: TicketId) -> bool {
        self.marks.contains_key(&id)
    }

    /// Marks what was shown, or takes its mark away.
    pub fn mark(&mut self, target: Target) {
        if self.marks.remove(&target.id).is_none() {
            self.marks.insert(target.id, target.digest);
        }
    }

    /// Takes all marks away.
    pub fn unmark_all(&mut self) {
        self.marks.clear();
    }

    /// Takes over what a server said: all that waits (`whole`), or what changed.
    pub fn apply(&mut self, list: QueueList, whole: bool) -> Changes {
        let mut changes = Changes::default();
        if whole {
            changes.gone = self.forget_missing(&list);
        }
        let mut fresh = Vec::new();
        for ticket in list.tickets {
            self.take(ticket, &mut changes, &mut fresh);
        }
        changes.arrived = fresh.len();
        self.put_in_order(&fresh);
        self.settle();
        changes
    }

    fn take(&mut self, ticket: Ticket, changes: &mut Changes, fresh: &mut Vec<TicketId>) {
        let id = ticket.id;
        let known = self.entries.get(&id).map(|entry| entry.ticket.status == Status::Queued);
        match (known, ticket.status == Status::Queued) {
            (None, true) => {
                *self.waiting.entry(ticket.submitted_by.clone()).or_insert(0) += 1;
                self.entries.insert(id, Entry { ticket, words: OnceCell::new() });
                fresh.push(id);
            }
            (None, false) => {}
            // What let it go on counts no longer: it waits anew.
            (Some(false), true) => {
                *self.waiting.entry(ticket.submitted_by.clone()).or_insert(0) += 1;
                self.drop_row(id);
                self.entries.insert(id, Entry { ticket, words: OnceCell::new() });
                fresh.push(id);
            }
            (Some(waited), waits) => {
                if waited && !waits {
                    self.no_longer_waits(&ticket);
                    changes.left.push(ticket.clone());
                }
                self.replace(ticket, waits);
            }
        }
    }

    /// The row of the cursor stays, with the ticket as it now stands; any other that waits no longer goes.
    fn replace(&mut self, ticket: Ticket, waits: bool) {
        let id = ticket.id;
        if waits || self.cursor == Some(id) {
            self.entries.insert(id, Entry { ticket, words: OnceCell::new() });
        } else {
            self.drop_row(id);
        }
    }

    fn no_longer_waits(&mut self, ticket: &Ticket) {
        self.marks.remove(&ticket.id);
        self.snoozed.retain(|(_, id)| *id != ticket.id);
        if let Some(count) = self.waiting.get_mut(&ticket.submitted_by) {
            *count = count.saturating_sub(1);
        }
    }

    fn drop_row(&mut self, id: TicketId) {
        if let Some(entry) = self.entries.remove(&id) {
            self.order.remove(&entry.ticket);
        }
    }

    fn forget_missing(&mut self, list: &QueueList) -> usize {
        let there: BTreeSet<TicketId> = list.tickets.iter().map(|ticket| ticket.id).collect();
        let waits = |entry: &&Entry| entry.ticket.status == Status::Queued && !there.contains(&entry.ticket.id);
        let gone: Vec<Ticket> = self.entries.values().filter(waits).map(|entry| entry.ticket.clone()).collect();
        for ticket in &gone {
            self.no_longer_waits(ticket);
            self.cursor = self.cursor.filter(|id| *id != ticket.id);
            self.drop_row(ticket.id);
        }
        gone.len()
    }

    fn put_in_order(&mut self, ids: &[TicketId]) {
        let fits = |id: &&TicketId| self.entries.get(id).is_some_and(|entry| fits(&self.filter, entry));
        let fitting: Vec<&Ticket> =
            ids.iter().filter(fits).filter_map(|id| self.entries.get(id)).map(|entry| &entry.ticket).collect();
        if fitting.len() >= BULK_MIN {
            self.order.insert_all(fitting.into_iter());
        } else {
            fitting.into_iter().for_each(|ticket| self.order.insert(ticket));
        }
    }

    /// Puts the cursor's row back at the line of the screen where it was, so that nobody's arrivals can disturb a decision; a
    /// first ticket gets the cursor.
    fn settle(&mut self) {
        let line = self.cursor_line();
        match self.selected().and_then(|ticket| self.order.position(ticket)) {
            Some(at) => self.at = at,
            None => self.cursor_to_nearest(),
        }
        self.top = self.at.saturating_sub(line);
        if self.cursor.is_none_or(|id| self.has_ended(id)) {
            self.fill();
        }
        self.keep_in_sight();
    }

    /// No row is off the screen above while there is room for it below.
    fn fill(&mut self) {
        self.top = self.top.min(self.order.len().saturating_sub(self.height));
    }

    fn cursor_to_nearest(&mut self) {
        let below = self.order.from(self.at).position(|line| line.ticket.is_some()).map(|steps| self.at + steps);
        let at = below.or_else(|| self.ticket_above(self.order.len()));
        self.put_cursor(at.unwrap_or(0));
    }

    fn ticket_above(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|&at| self.order.line(at).is_some_and(|line| line.ticket.is_some()))
    }

    fn put_cursor(&mut self, at: usize) {
        self.at = at;
        self.cursor = self.order.line(at).and_then(|line| line.ticket);
    }

    /// Tells how many rows the pane has.
    pub fn resize(&mut self, height: usize) {
        self.height = height;
        self.keep_in_sight();
    }

    fn keep_in_sight(&mut self) {
        let height = self.height.max(1);
        // The head of the first group comes into sight with its first ticket.
        let wanted = if self.at == 1 { 0 } else { self.at };
        self.top = self.top.min(wanted).max((self.at + 1).saturating_sub(height));
    }

    /// Moves the cursor by so many tickets; leaving a row whose ticket has ended takes the row away.
    pub fn step(&mut self, steps: isize) {
        let before = self.cursor;
        let mut at = self.at;
        for _ in 0..steps.unsigned_abs() {
            let next = if steps > 0 { self.ticket_below(at) } else { self.ticket_above(at) };
            let Some(next) = next else { break };
            at = next;
        }
        self.put_cursor(at);
        self.left_row(before);
    }

    /// Takes the row of a ticket away that has ended under the cursor, where no other ticket waits that the cursor could go to.
    pub fn leave_ended(&mut self) {
        if self.waiting() == 0
            && let Some(id) = self.cursor.take_if(|id| self.entries.contains_key(id))
        {
            self.drop_row(id);
            self.settle();
        }
    }

    fn ticket_below(&self, at: usize) -> Option<usize> {
        self.order.from(at + 1).position(|line| line.ticket.is_some()).map(|steps| at + 1 + steps)
    }

    /// Moves the cursor to the first ticket.
    pub fn to_first(&mut self) {
        let before = self.cursor;
        self.at = 0;
        self.cursor = None;
        self.cursor_to_nearest();
        self.left_row(before);
    }

    /// Moves the cursor to the next ticket that waits, after the last one to the first; false where there is no other.
    pub fn to_next_waiting(&mut self) -> bool {
        let before = self.cursor;
        let waits = |id: &TicketId| {
            Some(*id) != before && self.ticket(*id).is_some_and(|ticket| ticket.status == Status::Queued)
        };
        let places = (self.at + 1..self.order.len()).chain(0..self.at);
        let found = places
            .into_iter()
            .find(|&at| self.order.line(at).and_then(|line| line.ticket).is_some_and(|id| waits(&id)));
        if let Some(at) = found {
            self.put_cursor(at);
            self.left_row(before);
        }
        found.is_some()
    }

    /// Moves the cursor to the last ticket.
    pub fn to_last(&mut self) {
        let before = self.cursor;
        self.put_cursor(self.ticket_above(self.order.len()).unwrap_or(0));
        self.left_row(before);
    }

    /// Moves the cursor to a line of the pane, where that is a ticket's.
    pub fn to_line(&mut self, line: usize) {
        let before = self.cursor;
        if self.order.line(self.top + line).is_some_and(|line| line.ticket.is_some()) {
            self.put_cursor(self.top + line);
            self.left_row(before);
        }
    }

    /// Moves the cursor to this ticket, where it has a row.
    pub fn to_ticket(&mut self, id: TicketId) -> bool {
        let before = self.cursor;
        if let Some(hidden) = self.ticket(id).filter(|ticket| self.order.position(ticket).is_none()) {
            let group = self.order.group_of(hidden);
            self.order.unfold(&group);
        }
        let Some(at) = self.ticket(id).and_then(|ticket| self.order.position(ticket)) else { return false };
        self.put_cursor(at);
        self.left_row(before);
        true
    }

    fn left_row(&mut self, before: Option<TicketId>) {
        let ended = before.filter(|&id| Some(id) != self.cursor).filter(|&id| self.has_ended(id));
        if let Some(id) = ended {
            self.drop_row(id);
        }
        if let Some(at) = self.selected().and_then(|ticket| self.order.position(ticket)) {
            self.at = at;
        }
        // The person moved the cursor, so that no decision is under way.
        self.fill();
        self.keep_in_sight();
    }

    fn has_ended(&self, id: TicketId) -> bool {
        self.ticket(id).is_some_and(|ticket| ticket.status != Status::Queued)
    }

    /// Puts the ticket under the cursor aside until then.
    pub fn snooze(&mut self, until: Timestamp) {
        let Some(ticket) = self.selected().filter(|ticket| ticket.status == Status::Queued).cloned() else { return };
        self.snoozed.insert((until, ticket.id));
        self.marks.remove(&ticket.id);
        self.order.remove(&ticket);
        self.cursor = None;
        self.cursor_to_nearest();
        self.keep_in_sight();
    }

    /// Brings back what was put aside until before this moment; all of it where none is given.
    pub fn wake(&mut self, now: Option<Timestamp>) -> usize {
        let due: Vec<TicketId> = self
            .snoozed
            .iter()
            .take_while(|(until, _)| now.is_none_or(|now| *until <= now))
            .map(|(_, id)| *id)
            .collect();
        self.snoozed.retain(|(_, id)| !due.contains(id));
        if !due.is_empty() {
            self.put_in_order(&due);
            self.settle();
        }
        due.len()
    }

    /// Gathers the rows another way.
    pub fn regroup(&mut self, grouping: Grouping) {
        self.rebuild(grouping);
    }

    /// Shows only what fits these words.
    pub fn set_filter(&mut self, words: &str) {
        self.filter = Filter::new(words);
        self.rebuild(self.order.grouping());
        self.cursor_to_best();
    }

    /// Moves the cursor to the row that fits the filter best; the first of them.
    fn cursor_to_best(&mut self) {
        let rank = |id: TicketId| self.entries.get(&id).and_then(|entry| self.filter.rank(entry.words.get()?));
        let ranked = self.order.from(0).enumerate().filter_map(|(at, line)| Some((at, rank(line.ticket?)?)));
        let best = ranked.reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((at, _)) = best {
            let before = self.cursor;
            self.put_cursor(at);
            self.left_row(before);
        }
    }

    fn rebuild(&mut self, grouping: Grouping) {
        let asleep: BTreeSet<TicketId> = self.snoozed.iter().map(|(_, id)| *id).collect();
        let shown = |entry: &&Entry| !asleep.contains(&entry.ticket.id) && fits(&self.filter, entry);
        let mut order = self.order.anew(grouping);
        order.insert_all(self.entries.values().filter(shown).map(|entry| &entry.ticket));
        self.order = order;
        self.cursor =
            self.cursor.filter(|id| self.ticket(*id).is_some_and(|ticket| self.order.position(ticket).is_some()));
        if self.cursor.is_none() {
            self.at = 0;
        }
        self.settle();
        // The person asked for other rows, so none of them moves by surprise.
        self.fill();
    }

    /// The rows on screen.
    pub fn visible(&self) -> impl Iterator<Item = &Line> {
        self.order.from(self.top).take(self.height)
    }

    /// True where the row is the cursor's.
    #[must_use]
    pub fn is_cursor(&self, line: &Line) -> bool {
        line.ticket.is_some() && line.ticket == self.cursor
    }
}

fn fits(filter: &Filter, entry: &Entry) -> bool {
    filter.is_empty() || filter.fits(entry.words.get_or_init(|| words(&entry.ticket).as_str().into()))
}

fn words(ticket: &Ticket) -> Visible {
    let session = summary::session(ticket).map_or_else(Visible::default, |text| crate::text::Untrusted(text).line());
    let names = Visible::from(&ticket.submitted_by).then(" ").then(session).then(" ").then(&ticket.action).then(" ");
    names.then(summary::short(ticket.id)).then(" ").then(summary::summary(ticket))
}
