//! The rows of the list in their order, kept incrementally: a ticket more or less costs a search, not a sort.
//!
//! The tools of a server that wait for approval are one row until a person opens it: a server that comes with a hundred of them pushes
//! nothing else out of sight.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use ccc_protocol::{TicketId, UserName, bodies::Ticket};

use crate::{config::Grouping, wording::summary};

/// What rows are gathered under.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// Who asked.
    pub agent: Option<UserName>,
    /// In which session, as the agent names it.
    pub session: Option<String>,
    /// The server whose tools are to be approved, where it is about that.
    pub tools_of: Option<String>,
}

impl Group {
    /// Where this ticket's row stands.
    fn of(ticket: &Ticket, grouping: Grouping) -> Self {
        let agent = Some(ticket.submitted_by.clone());
        if let Some(server) = summary::tools_of(ticket) {
            return Self { agent, session: None, tools_of: Some(server.to_owned()) };
        }
        match grouping {
            Grouping::Session => {
                Self { agent, session: summary::session(ticket).map(str::to_owned), ..Self::default() }
            }
            Grouping::Agent => Self { agent, ..Self::default() },
            Grouping::None => Self::default(),
        }
    }
}

/// One row: the head of a group, or a ticket of it. Heads sort before their tickets, tickets by age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its group.
    pub group: Rc<Group>,
    /// None in a head.
    pub ticket: Option<TicketId>,
}

/// All rows.
#[derive(Debug, Clone, Default)]
pub struct Order {
    grouping: Grouping,
    lines: Vec<Line>,
    counts: BTreeMap<Rc<Group>, usize>,
    /// The tickets of groups that are one row: the first of them stands for all.
    folded: BTreeMap<Rc<Group>, BTreeSet<TicketId>>,
    /// Groups that a person has opened.
    opened: BTreeSet<Group>,
}

impl Order {
    /// Nothing yet, to be gathered so.
    #[must_use]
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, ..Self::default() }
    }

    /// Nothing yet, to be gathered so, with what a person has opened.
    #[must_use]
    pub fn anew(&self, grouping: Grouping) -> Self {
        Self { grouping, opened: self.opened.clone(), ..Self::default() }
    }

    /// How many tickets a group's one row stands for, where it stands for more than itself.
    #[must_use]
    pub fn folded(&self, group: &Group) -> Option<usize> {
        self.folded.get(group).map(BTreeSet::len).filter(|count| *count > 1)
    }

    /// The tickets that a group's one row stands for.
    pub fn members(&self, group: &Group) -> impl Iterator<Item = TicketId> {
        self.folded.get(group).into_iter().flatten().copied()
    }

    /// Gives each ticket of the group a row of its own.
    pub fn unfold(&mut self, group: &Group) {
        let Some((group, members)) = self.folded.remove_entry(group) else { return };
        self.opened.insert(Group::clone(&group));
        let lines = members.into_iter().map(|id| Line { group: Rc::clone(&group), ticket: Some(id) });
        self.lines.extend(lines);
        self.lines.sort_unstable();
        self.lines.dedup();
    }

    /// The tools of one server that a person opened are one row again.
    pub fn fold(&mut self, group: &Group) {
        if !self.opened.remove(group) {
            return;
        }
        let is_member = |line: &&Line| *line.group == *group && line.ticket.is_some();
        let members: BTreeSet<TicketId> = self.lines.iter().filter(is_member).filter_map(|line| line.ticket).collect();
        let Some(kept) = self.counts.get_key_value(group).map(|(known, _)| Rc::clone(known)) else { return };
        let first = members.first().copied();
        self.lines.retain(|line| *line.group != *group || line.ticket.is_none() || line.ticket == first);
        self.folded.insert(kept, members);
    }

    /// The group that a ticket's row is in, or would be.
    #[must_use]
    pub fn group_of(&self, ticket: &Ticket) -> Group {
        Group::of(ticket, self.grouping)
    }

    fn folds(&self, group: &Group) -> bool {
        group.tools_of.is_some() && !self.opened.contains(group)
    }

    /// How rows are gathered.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// How many rows there are, heads included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// True where there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The row at this place.
    #[must_use]
    pub fn line(&self, at: usize) -> Option<&Line> {
        self.lines.get(at)
    }

    /// The rows from this place on.
    pub fn from(&self, at: usize) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(at)
    }

    /// How many tickets a group has.
    #[must_use]
    pub fn count(&self, group: &Group) -> usize {
        self.counts.get(group).copied().unwrap_or(0)
    }

    /// Where a ticket's row is.
    #[must_use]
    pub fn position(&self, ticket: &Ticket) -> Option<usize> {
        let line = self.line_for(ticket);
        self.lines.binary_search(&line).ok()
    }

    /// Where the ticket's row is, or would be.
    #[must_use]
    pub fn place(&self, ticket: &Ticket) -> usize {
        self.lines.binary_search(&self.line_for(ticket)).unwrap_or_else(|place| place)
    }

    /// Adds one ticket; nothing changes where it is there.
    pub fn insert(&mut self, ticket: &Ticket) {
        let line = self.line_for(ticket);
        if self.folds(&line.group) {
            return self.insert_folded(&line.group, ticket.id);
        }
        if self.lines.binary_search(&line).is_err() {
            // The head first: it may move the ticket's own place.
            self.count_up(&line.group);
            let place = self.lines.binary_search(&line).unwrap_or_else(|place| place);
            self.lines.insert(place, line);
        }
    }

    fn insert_folded(&mut self, group: &Rc<Group>, id: TicketId) {
        let members = self.folded.entry(Rc::clone(group)).or_default();
        let first_before = members.first().copied();
        if !members.insert(id) {
            return;
        }
        let first = members.first().copied();
        self.count_up(group);
        self.stand_for(group, first_before, first);
    }

    /// The row of a folded group stands for its first ticket.
    fn stand_for(&mut self, group: &Rc<Group>, before: Option<TicketId>, now: Option<TicketId>) {
        if before == now {
            return;
        }
        let line = |id| Line { group: Rc::clone(group), ticket: Some(id) };
        if let Some(Ok(at)) = before.map(|id| self.lines.binary_search(&line(id))) {
            self.lines.remove(at);
        }
        if let Some(line) = now.map(line) {
            let place = self.lines.binary_search(&line).unwrap_or_else(|place| place);
            self.lines.insert(place, line);
        }
    }

    /// Adds many at once: one sort for all.
    pub fn insert_all<'a>(&mut self, tickets: impl Iterator<Item = &'a Ticket>) {
        let (folded, lines): (Vec<Line>, Vec<Line>) =
            tickets.map(|ticket| self.line_for(ticket)).partition(|line| self.folds(&line.group));
        self.lines.extend(lines);
        self.lines.sort_unstable();
        self.lines.dedup();
        self.recount();
        for Line { group, ticket } in folded {
            ticket.into_iter().for_each(|id| self.insert_folded(&group, id));
        }
    }

    /// Takes one ticket away, and the head of its group with the last.
    pub fn remove(&mut self, ticket: &Ticket) {
        let line = self.line_for(ticket);
        if let Some(members) = self.folded.get_mut(&line.group) {
            let before = members.first().copied();
            if !members.remove(&ticket.id) {
                return;
            }
            let now = members.first().copied();
            if now.is_none() {
                self.folded.remove(&line.group);
            }
            self.stand_for(&line.group, before, now);
        } else {
            let Ok(at) = self.lines.binary_search(&line) else { return };
            self.lines.remove(at);
        }
        let left = self.count(&line.group).saturating_sub(1);
        if left > 0 {
            self.counts.insert(line.group, left);
            return;
        }
        self.counts.remove(&line.group);
        self.opened.remove(&line.group);
        let head = Line { group: line.group, ticket: None };
        if let Ok(at) = self.lines.binary_search(&head) {
            self.lines.remove(at);
        }
    }

    fn line_for(&self, ticket: &Ticket) -> Line {
        let group = Group::of(ticket, self.grouping);
        let group = self.counts.get_key_value(&group).map_or_else(|| Rc::new(group), |(known, _)| Rc::clone(known));
        Line { group, ticket: Some(ticket.id) }
    }

    fn count_up(&mut self, group: &Rc<Group>) {
        let count = self.counts.entry(Rc::clone(group)).or_insert(0);
        *count += 1;
        if *count == 1 && self.grouping != Grouping::None {
            let head = Line { group: Rc::clone(group), ticket: None };
            let place = self.lines.binary_search(&head).unwrap_or_else(|place| place);
            self.lines.insert(place, head);
        }
    }

    fn recount(&mut self) {
        self.lines.retain(|line| line.ticket.is_some());
        self.counts.clear();
        let mut heads = Vec::new();
        for line in &self.lines {
            let count = self.counts.entry(Rc::clone(&line.group)).or_insert(0);
            *count += 1;
            if *count == 1 {
                heads.push(Line { group: Rc::clone(&line.group), ticket: None });
            }
        }
        // A row that stands for many counts for as many.
        for (group, members) in &self.folded {
            self.counts.insert(Rc::clone(group), members.len());
        }
        if self.grouping != Grouping::None {
            self.lines.extend(heads);
            self.lines.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn ticket(n: u8, agent: u8, session: u8) -> Ticket {
        let digest = "sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        // Every fourth is a tool to be approved.
        let (action, params) = match n % 4 {
            3 => ("pin-tool", json!({ "server": format!("server{session}"), "tool": "t" })),
            _ => ("use-tool", json!({ "session": format!("s{session}") })),
        };
        let ticket = json!({
            "id": TicketId::from_bytes([n; 16]), "seq": 1, "status": "queued", "action": action,
            "params": params, "submitted_by": format!("agent{agent}"),
            "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "", "needed": 1,
            "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
        });
        serde_json::from_value(ticket).unwrap()
    }

    proptest! {
        #[test]
        fn one_by_one_comes_to_the_same_as_all_at_once(
            steps in proptest::collection::vec((any::<bool>(), 0_u8..40), 0..200),
            way in 0_usize..3,
        ) {
            let grouping = [Grouping::Session, Grouping::Agent, Grouping::None][way];
            let of = |n: u8| ticket(n, n % 3, n % 2);
            let mut order = Order::new(grouping);
            let mut there = std::collections::BTreeSet::new();
            for (adds, n) in steps {
                if adds {
                    there.insert(n);
                    order.insert(&of(n));
                } else {
                    there.remove(&n);
                    order.remove(&of(n));
                }
            }
            let mut anew = Order::new(grouping);
            let tickets: Vec<Ticket> = there.into_iter().map(of).collect();
            anew.insert_all(tickets.iter());
            prop_assert_eq!(&order.lines, &anew.lines);
            prop_assert_eq!(&order.counts, &anew.counts);
            prop_assert_eq!(&order.folded, &anew.folded);
            let groups: Vec<Group> = order.counts.keys().map(|group| Group::clone(group)).collect();
            for group in groups.iter().filter(|group| group.tools_of.is_some()) {
                order.unfold(group);
                prop_assert_eq!(order.folded(group), None);
                order.fold(group);
            }
            prop_assert_eq!(order.lines, anew.lines);
            prop_assert_eq!(order.folded, anew.folded);
        }
    }

    #[test]
    fn the_tools_of_a_server_are_one_row_that_opens() {
        let mut order = Order::new(Grouping::Session);
        let tools: Vec<Ticket> = (0..30).map(|n| ticket(4 * n + 3, 1, 1)).collect();
        order.insert_all(tools.iter());
        let group = order.line(0).map(|line| Group::clone(&line.group)).unwrap();
        assert_eq!((order.len(), order.folded(&group), order.count(&group)), (2, Some(30), 30));
        order.remove(&tools[0]);
        assert_eq!(order.line(1).and_then(|line| line.ticket), Some(tools[1].id), "the next one stands for all");
        order.unfold(&group);
        assert_eq!((order.len(), order.folded(&group)), (30, None));
        order.insert(&tools[0]);
        assert_eq!(order.len(), 31, "what comes to an open group has a row of its own");
        order.fold(&group);
        assert_eq!((order.len(), order.folded(&group)), (2, Some(30)));
        for tool in &tools {
            order.remove(tool);
        }
        assert!(order.is_empty() && order.folded.is_empty() && order.counts.is_empty());
    }
}
