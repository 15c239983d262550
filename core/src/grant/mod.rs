//! A person's leave for more of the same, as pure data: for whom, what exactly, until when, how many times.

mod approved;
mod fits;
mod make;
mod reach;
mod trial;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use ccc_protocol::{
    ActionName, GrantId, TicketId, Timestamp, UserName, actions,
    bodies::{self, Difference, Facts, abridge::Abridge},
};
use ccc_toolcall::facts::{self, Knowledge};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use approved::Approved;
pub use fits::{BY_CLASS, origin, program_text};
pub use make::{VALUES_MAX, make};
pub use trial::Trial;

/// A standing grant. Never without an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Tickets that it accepted and the audit log name it by this.
    pub id: GrantId,
    /// Whose requests it accepts: the submitter of the ticket it was made from, nobody else.
    pub user: UserName,
    /// The one action it is for.
    pub action: ActionName,
    /// The parameters of the ticket it was made from; what `differ` does not name must equal these.
    pub params: Map<String, Value>,
    /// Which parameters may differ, and how far.
    pub differ: BTreeMap<String, Difference>,
    /// From this moment on it accepts nothing.
    pub until: Timestamp,
    /// How many uses were given; none is as often as time allows.
    pub uses: Option<u32>,
    /// How often it was used.
    pub used: u32,
    /// Everybody whose approval made it. It ends when one of them loses the right.
    pub made_by: Vec<UserName>,
    /// When it was made. Its age counts against what rules allow at each use, not only at its making.
    pub made: Timestamp,
    /// The ticket whose approval carried it.
    pub from: TicketId,
    /// Since when its time is not counted, because the clock lies behind the log: it accepts nothing meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
    /// How far its end and its making have been moved since it was made, in milliseconds, where the clock was set.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clock_moved_millis: i64,
    /// What the approved tool call touches, read from `params`: how far a difference reaches. Without it none does.
    #[serde(skip)]
    pub approved: Option<Arc<Facts>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_zero(millis: &i64) -> bool {
    *millis == 0
}

impl Grant {
    /// A grant as stored, with the approved call read once more.
    #[must_use]
    pub(crate) fn read(self, knowledge: &Knowledge) -> Self {
        let is_call = self.action.as_str() == actions::USE_TOOL && !self.differ.is_empty();
        let approved = is_call.then(|| Arc::new(facts::of_request(&self.params, knowledge)));
        Self { approved, ..self }
    }

    /// True where time and uses are left, and it is not held.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.held.is_none() && now < self.until && self.uses.is_none_or(|uses| self.used < uses)
    }

    /// Held from now on; none where it is already.
    pub(crate) fn hold(&self, now: Timestamp) -> Option<Self> {
        self.held.is_none().then(|| Self { held: Some(now), ..self.clone() })
    }

    /// Held no longer: as old as it was, with as much time left. None where it is not held.
    #[must_use]
    pub fn let_go(&self, now: Timestamp) -> Option<Self> {
        let millis = now.millis().saturating_sub(self.held?.millis());
        Self { held: None, ..self.clone() }.moved_with_the_clock(millis)
    }

    /// Held no longer: its end stands where it was. None where it is not held.
    #[must_use]
    pub fn let_go_in_time(&self) -> Option<Self> {
        self.held.map(|_| Self { held: None, ..self.clone() })
    }

    /// The server's time made a step of so many milliseconds, and its end with it, and its age. None where it is held.
    #[must_use]
    pub fn moved_with_the_clock(&self, millis: i64) -> Option<Self> {
        self.held.is_none().then(|| self.moved_by(millis))
    }

    /// As it was made, before the clock was set: as the log has it.
    #[must_use]
    pub fn as_made(&self) -> Self {
        self.moved_by(self.clock_moved_millis.saturating_neg())
    }

    fn moved_by(&self, millis: i64) -> Self {
        let moved = |at: Timestamp| at.plus_millis(millis);
        let clock_moved_millis = self.clock_moved_millis.saturating_add(millis);
        Self { until: moved(self.until), made: moved(self.made), clock_moved_millis, ..self.clone() }
    }

    /// How many uses are left, where they are counted.
    #[must_use]
    pub fn uses_left(&self) -> Option<u32> {
        self.uses.map(|uses| uses.saturating_sub(self.used))
    }

    /// As approvers see it.
    #[must_use]
    pub fn view(&self) -> bodies::Grant {
        self.with_params(self.params.clone(), false)
    }

    /// The same for a list: `params` are cut where they are long.
    #[must_use]
    pub fn listed(&self) -> bodies::Grant {
        let mut abridge = Abridge::default();
        let params = abridge.object(&self.params);
        self.with_params(params, abridge.has_cut())
    }

    fn with_params(&self, params: Map<String, Value>, abridged: bool) -> bodies::Grant {
        bodies::Grant {
            id: self.id,
            user: self.user.clone(),
            action: self.action.clone(),
            params,
            differ: self.differ.clone(),
            until: self.until,
            uses: self.uses,
            uses_left: self.uses_left(),
            made_by: self.made_by.clone(),
            made: self.made,
            from: self.from,
            abridged,
        }
    }

    /// The words for `rule` in a ticket that this use of the grant accepted.
    #[must_use]
    pub fn rule_text(&self) -> String {
        let makers = self.made_by.iter().map(UserName::as_str).collect::<Vec<_>>().join(", ");
        let left = match (self.uses, self.uses_left()) {
            (Some(uses), Some(left)) => format!(", {} of {uses} uses left", left.saturating_sub(1)),
            _ => String::new(),
        };
        format!("grant {} by {makers}{left}, until {}", self.id, self.until)
    }
}

#[cfg(test)]
mod tests;
