//! What this session knows of the server's tools: which definition stands under each name, and whether it is trusted.

use std::collections::{HashMap, HashSet};

use ccc_protocol::{Digest, TicketId};

use crate::{
    answer::Refusal,
    definition::{Definition, Page},
    judge::Trust,
};

#[derive(Debug)]
struct Known {
    digest: Digest,
    trust: Trust,
    has_output_schema: bool,
    seen: Generation,
    /// True where some form of it was trusted in this session.
    was_trusted: bool,
}

/// Counts the times the server has said that its tools changed.
pub(super) type Generation = u64;

/// What may be done about a call by what is known of its tool.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The tool's definition is trusted.
    Trusted(Digest),
    /// It is known and not to be called.
    Withheld(Refusal),
    /// The server must be asked what it says of it now.
    Unknown,
}

/// The tools of one server.
#[derive(Debug, Default)]
pub(super) struct Tools {
    known: HashMap<String, Known>,
    generation: Generation,
    /// The client's own listing, as far as it has come.
    listing: Option<Listing>,
}

/// The pages of a list so far, one after the other.
#[derive(Debug)]
struct Listing {
    names: HashSet<String>,
    begun: Generation,
    next: Option<String>,
}

impl Tools {
    /// That to which what arrives now belongs.
    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// The server says that its tools changed: nothing known counts before it is seen again.
    pub(super) fn changed(&mut self) {
        self.generation += 1;
    }

    /// What is known of `tool`.
    pub(super) fn standing(&self, tool: &str) -> Standing {
        match self.known.get(tool) {
            Some(known) if known.seen == self.generation => known.standing(tool),
            _ => Standing::Unknown,
        }
    }

    /// True where the tool says what its results look like.
    pub(super) fn has_output_schema(&self, tool: &str) -> bool {
        self.known.get(tool).is_some_and(|known| known.has_output_schema)
    }

    /// What has been decided about this very definition, seen again in `generation`. Failures are not decisions.
    pub(super) fn seen_again(
        &mut self,
        definition: &Definition,
        digest: Digest,
        generation: Generation,
    ) -> Option<Trust> {
        let known = self.known.get_mut(&definition.name).filter(|known| known.digest == digest)?;
        if matches!(known.trust, Trust::Refused { ticket: None, .. }) {
            return None;
        }
        known.seen = known.seen.max(generation);
        Some(known.trust.clone())
    }

    /// Notes what was decided about a definition, unless a newer one stands under its name.
    pub(super) fn decided(&mut self, definition: &Definition, digest: Digest, trust: Trust, generation: Generation) {
        let before = self.known.get(&definition.name);
        if before.is_some_and(|known| known.seen > generation) {
            return;
        }
        let was_trusted = trust == Trust::Approved || before.is_some_and(|known| known.was_trusted);
        let known =
            Known { digest, trust, has_output_schema: definition.has_output_schema(), seen: generation, was_trusted };
        self.known.insert(definition.name.clone(), known);
    }

    /// Notes the page of the client's listing that begins at `cursor`. With the last page, what no page held is no longer known.
    pub(super) fn listed(&mut self, cursor: Option<&str>, page: &Page<'_>, generation: Generation) {
        let before = self.listing.take();
        let mut listing = match (cursor, before) {
            (None, _) => Listing { names: HashSet::new(), begun: generation, next: None },
            (Some(cursor), Some(before)) if before.next.as_deref() == Some(cursor) => before,
            // A page out of order says nothing of the others.
            _ => return,
        };
        listing.names.extend(page.definitions().map(|definition| definition.name.clone()));
        listing.next.clone_from(&page.cursor);
        match listing.next {
            None => self.keep_listed(&listing.names, listing.begun),
            Some(_) => self.listing = Some(listing),
        }
    }

    /// A whole list, begun in generation `begun`, holds these names: a tool that it no longer holds must be listed again to be called.
    pub(super) fn keep_listed(&mut self, names: &HashSet<String>, begun: Generation) {
        self.known.retain(|name, known| names.contains(name) || known.seen > begun);
    }

    /// The tickets about definitions that a person has not decided yet.
    pub(super) fn waiting(&self) -> Vec<TicketId> {
        let ticket = |known: &Known| match known.trust {
            Trust::Waiting(ticket) => Some(ticket),
            _ => None,
        };
        self.known.values().filter_map(ticket).collect()
    }

    /// Notes what a person decided under `ticket`.
    pub(super) fn settled(&mut self, ticket: TicketId, trust: &Trust) {
        for known in self.known.values_mut().filter(|known| known.trust == Trust::Waiting(ticket)) {
            known.trust = trust.clone();
            known.was_trusted |= *trust == Trust::Approved;
        }
    }
}

impl Known {
    fn standing(&self, tool: &str) -> Standing {
        let (why, ticket) = match &self.trust {
            Trust::Approved => return Standing::Trusted(self.digest),
            Trust::Waiting(ticket) => ("a person has not approved it yet".to_owned(), Some(*ticket)),
            Trust::Refused { reason, ticket } => (reason.clone(), *ticket),
        };
        let state = if self.was_trusted { "changed since it was approved" } else { "is not approved as it is now" };
        Standing::Withheld(Refusal {
            status: "withheld",
            reason: format!("the definition of tool `{tool}` {state}, and {why}"),
            ticket,
            next: "Do without this tool until a person has approved its definition.".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, Tools};
    use crate::{definition::Definition, judge::Trust};
    use ccc_protocol::{Digest, TicketId};
    use serde_json::json;

    fn definition(description: &str) -> (Definition, Digest) {
        let members = json!({"name": "t", "description": description}).as_object().cloned().unwrap();
        let digest = Digest::of(description.as_bytes());
        (Definition { name: "t".into(), members }, digest)
    }

    fn withheld(tools: &Tools) -> String {
        match tools.standing("t") {
            Standing::Withheld(refusal) => refusal.reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_changed_tool_loses_its_trust_until_it_is_trusted_anew() {
        let mut tools = Tools::default();
        let (old, old_digest) = definition("reads");
        let (new, new_digest) = definition("reads and sends");
        assert_eq!(tools.standing("t"), Standing::Unknown);
        tools.decided(&old, old_digest, Trust::Approved, 0);
        assert_eq!(tools.standing("t"), Standing::Trusted(old_digest));
        assert_eq!(tools.seen_again(&new, new_digest, 0), None);
        let ticket = TicketId::new(1, [1; 10]);
        tools.decided(&new, new_digest, Trust::Waiting(ticket), 0);
        assert!(withheld(&tools).contains("changed since it was approved"));
        tools.settled(ticket, &Trust::Approved);
        assert_eq!(tools.standing("t"), Standing::Trusted(new_digest));
    }

    #[test]
    fn after_a_change_nothing_counts_until_it_is_seen_again() {
        let mut tools = Tools::default();
        let (tool, digest) = definition("reads");
        tools.decided(&tool, digest, Trust::Approved, tools.generation());
        tools.changed();
        assert_eq!(tools.standing("t"), Standing::Unknown);
        assert_eq!(tools.seen_again(&tool, digest, 0), Some(Trust::Approved), "a page from before the change");
        assert_eq!(tools.standing("t"), Standing::Unknown);
        assert_eq!(tools.seen_again(&tool, digest, tools.generation()), Some(Trust::Approved));
        assert_eq!(tools.standing("t"), Standing::Trusted(digest));
    }

    #[test]
    fn a_failure_to_ask_is_asked_again_and_a_denial_is_not() {
        let mut tools = Tools::default();
        let (tool, digest) = definition("reads");
        tools.decided(&tool, digest, Trust::Refused { reason: "the bridge is away".into(), ticket: None }, 0);
        assert!(withheld(&tools).contains("is not approved as it is now, and the bridge is away"));
        assert_eq!(tools.seen_again(&tool, digest, 0), None);
        let denied = Trust::Refused { reason: "no".into(), ticket: Some(TicketId::new(1, [1; 10])) };
        tools.decided(&tool, digest, denied.clone(), 0);
        assert_eq!(tools.seen_again(&tool, digest, 0), Some(denied));
    }
}
