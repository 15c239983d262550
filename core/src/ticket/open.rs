//! How a ticket begins: what policy decided becomes its first standing.

use ccc_protocol::{
    TicketId, Timestamp,
    bodies::{EntryKind, Status},
};
use serde_json::Value;

use super::{Note, Permit, Request, Standing, Ticket};
use crate::risk::Assessment;

/// What policy decided, as far as a ticket's beginning goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// Wait for a person until then.
    Queue {
        /// The deadline: the shorter of the limit and what its rules say.
        until: Timestamp,
    },
    /// Accepted, and there is room to start at once.
    Start,
    /// Accepted, and to be started as soon as there is room.
    Await,
    /// Accepted, and done by the bridge itself within this commit.
    Done {
        /// What the bridge did or knows; none where a read's answer is made anew for each reader.
        result: Option<Value>,
    },
    /// Accepted, and passed to its caller within this commit.
    Release,
    /// Passed to its caller within this commit, to be run confined.
    Confine,
    /// Refused.
    Deny {
        /// Why, for the agent.
        reason: String,
    },
}

/// A new ticket, its audit note, and the permit where it starts at once.
#[derive(Debug)]
pub struct Opened {
    /// Not yet in the books; its sequence is 0 until its note is sealed.
    pub ticket: Ticket,
    /// What the log will say.
    pub note: Note,
    /// Leave to run, where it was opened as started.
    pub permit: Option<Permit>,
}

/// Begins a ticket. Opening and starting, opening and releasing, opening and ending are one step here, and one commit.
#[must_use]
pub fn open(request: Request, opening: Opening) -> Opened {
    let now = request.created;
    let permit = (opening == Opening::Start).then(|| Permit::new(request.id, request.plan_digest));
    let approved_until = now.plus_seconds(request.approved_seconds_max);
    let standing = match opening {
        Opening::Queue { until } => Standing { deadline: Some(until), ..standing(Status::Queued) },
        Opening::Start => Standing { decided: Some(now), ..standing(Status::Running) },
        Opening::Await => Standing { decided: Some(now), deadline: Some(approved_until), ..standing(Status::Approved) },
        Opening::Done { result } => Standing { decided: Some(now), result, ..standing(Status::Succeeded) },
        Opening::Release => Standing { decided: Some(now), ..standing(Status::Released) },
        Opening::Confine => Standing { decided: Some(now), ..standing(Status::Confined) },
        Opening::Deny { reason } => Standing { decided: Some(now), reason: Some(reason), ..standing(Status::Denied) },
    };
    let note = submitted(&request, &standing);
    Opened { ticket: Ticket { request: request.into(), standing }, note, permit }
}

fn standing(status: Status) -> Standing {
    Standing {
        status,
        seq: 0,
        opened: 0,
        deadline: None,
        approvals: vec![],
        decided_by: None,
        decided: None,
        reason: None,
        result: None,
        replaced_by: None,
        repeats: 0,
        by_freeze: false,
        needs: None,
        stopped_by: None,
        held: None,
        clock_moved_millis: 0,
    }
}

fn submitted(request: &Request, standing: &Standing) -> Note {
    Note::new(EntryKind::Submitted, Some(&request.submitted_by))
        .with("params", request.params.clone())
        .with("plan", request.plan_digest.text())
        .with("digest", request.digest.text())
        .with("rule", request.rule.clone())
        .with_some("reason", standing.reason.clone())
        .with_some("replaces", request.replaces.as_ref().map(TicketId::to_string))
        .with_some("left_out", request.left_out_note())
        .with_some("risk", request.assessed.as_ref().and_then(|assessed| serde_json::to_value(&assessed.told).ok()))
        .with_some("marks", request.assessed.as_ref().and_then(Assessment::marks_note))
        .with_some("config", request.config.clone())
}
