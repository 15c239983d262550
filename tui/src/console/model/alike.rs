//! Approvals of this person's that are alike, so that a rule is offered after the third, once.

use std::collections::{BTreeMap, BTreeSet};

use ccc_core::suggest::OFTEN;
use ccc_protocol::TicketId;

/// So many shapes are kept; beyond them the oldest tallies are forgotten together.
const SHAPES_MAX: usize = 1000;

/// Approvals by shape.
#[derive(Debug, Clone, Default)]
pub struct Alike {
    tallies: BTreeMap<String, Vec<TicketId>>,
    /// Shapes of which a rule was looked for: it is not offered again.
    done: BTreeSet<String>,
    /// What a rule is offered of.
    pub(in crate::console) offered: Option<Vec<TicketId>>,
}

impl Alike {
    /// One more approval of this shape; the requests that a rule could be made of, where it is the third.
    pub fn approved(&mut self, shape: &str, id: TicketId) -> Option<Vec<TicketId>> {
        if self.done.contains(shape) {
            return None;
        }
        if self.tallies.len() + self.done.len() >= SHAPES_MAX {
            self.tallies.clear();
            self.done.clear();
        }
        let tally = self.tallies.entry(shape.to_owned()).or_default();
        tally.push(id);
        if u64::try_from(tally.len()).is_ok_and(|count| count < OFTEN) {
            return None;
        }
        self.done.insert(shape.to_owned());
        self.tallies.remove(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_of_a_shape_is_told_once() {
        let mut alike = Alike::default();
        let id = |n: u8| TicketId::from_bytes([n; 16]);
        let mut told = |shape: &str, n: u8| alike.approved(shape, id(n)).map(|tickets| tickets.len());
        assert_eq!((told("a", 1), told("b", 2), told("a", 3)), (None, None, None));
        assert_eq!(told("a", 4), Some(3));
        assert_eq!((told("a", 5), told("a", 6), told("a", 7)), (None, None, None));
    }
}
