//! The rows of the list in their order, kept incrementally: a ticket more or less costs a search, not a sort.

use std::{collections::BTreeMap, rc::Rc};

use ccc_protocol::{TicketId, UserName, bodies::Ticket};

use crate::{config::Grouping, wording::summary};

/// What rows are gathered under.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// Who asked.
    pub agent: Option<UserName>,
    /// In which session, as the agent names it.
    pub session: Option<String>,
}

impl Group {
    /// Where this ticket's row stands.
    fn of(ticket: &Ticket, grouping: Grouping) -> Self {
        let agent = Some(ticket.submitted_by.clone());
        match grouping {
            Grouping::Session => Self { agent, session: summary::session(ticket).map(str::to_owned) },
            Grouping::Agent => Self { agent, session: None },
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
}

impl Order {
    /// Nothing yet, to be gathered so.
    #[must_use]
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, ..Self::default() }
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
        if self.lines.binary_search(&line).is_err() {
            // The head first: it may move the ticket's own place.
            self.count_up(&line.group);
            let place = self.lines.binary_search(&line).unwrap_or_else(|place| place);
            self.lines.insert(place, line);
        }
    }

    /// Adds many at once: one sort for all.
    pub fn insert_all<'a>(&mut self, tickets: impl Iterator<Item = &'a Ticket>) {
        let lines: Vec<Line> = tickets.map(|ticket| self.line_for(ticket)).collect();
        self.lines.extend(lines);
        self.lines.sort_unstable();
        self.lines.dedup();
        self.recount();
    }

    /// Takes one ticket away, and the head of its group with the last.
    pub fn remove(&mut self, ticket: &Ticket) {
        let line = self.line_for(ticket);
        let Ok(at) = self.lines.binary_search(&line) else { return };
        self.lines.remove(at);
        let left = self.count(&line.group).saturating_sub(1);
        if left > 0 {
            self.counts.insert(line.group, left);
            return;
        }
        self.counts.remove(&line.group);
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
        let ticket = json!({
            "id": TicketId::from_bytes([n; 16]), "seq": 1, "status": "queued", "action": "use-tool",
            "params": { "session": format!("s{session}") }, "submitted_by": format!("agent{agent}"),
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
            prop_assert_eq!(order.lines, anew.lines);
            prop_assert_eq!(order.counts, anew.counts);
        }
    }
}
