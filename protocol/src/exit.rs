//! The exit codes of every program, which scripts may rely on.
//!
//! 0, 1 and 2 mean the same everywhere. 3 to 7 are said by whatever asks the bridge for something: `ccc-client`, the console's
//! commands, `ccc-hook session`. What one program alone says stands in the module of its name. The console that a
//! signal ended says 128 and the signal's number ([`of_signal`]).
//!
//! Two things are not ours to number: `ccc-mcp` before a server ends with that server's code, and what a hook's code means
//! is each coding agent's own.

use crate::bodies::{Problem, Status, Ticket};

/// It did what it was asked to do. Of a ticket: it succeeded or was released; or is queued, when nobody asked to wait.
pub const SUCCEEDED: u8 = 0;

/// It could not do it. Of a ticket: it ran and failed, or its outcome is unknown.
pub const FAILED: u8 = 1;

/// It was called wrongly, or what it was to read is missing or not fit.
pub const USAGE: u8 = 2;

/// The ticket was denied, by policy or by a person.
pub const DENIED: u8 = 3;

/// The ticket had not ended when the wait was over: it is queued, approved or running.
pub const NOT_ENDED: u8 = 4;

/// The ticket expired or was cancelled.
pub const WITHDRAWN: u8 = 5;

/// The server cannot be reached or accepts nothing, or its answer is not authentic.
pub const UNREACHABLE: u8 = 6;

/// The server refused: signature, unknown action or ticket, invalid parameter, not allowed, conflict, limit. Also a refusal
/// whose signature nobody checked.
pub const REFUSED: u8 = 7;

/// What `ccc-server` alone says.
pub mod server {
    /// The store could not be read again after a failed commit. Nothing committed is lost: the next start finds it.
    pub const STORE_LOST: u8 = 3;
}

/// What `ccc-audit verify` alone says. Where several are true, `docs/audit.md` has the order.
pub mod audit {
    /// An entry was modified, added or deleted, or a ticket or setting no longer says what the log says of it.
    pub const MODIFIED: u8 = 10;

    /// The end of the log was cut off.
    pub const TRUNCATED: u8 = 11;

    /// The entries are all there, in another order.
    pub const REORDERED: u8 = 12;

    /// The log is not the one that the checkpoints were made of.
    pub const FORKED: u8 = 13;

    /// No checkpoint vouches for the end of the log, though one should by now.
    pub const UNSIGNED_TAIL: u8 = 14;

    /// Entries are missing, and the log itself says so.
    pub const DECLARED_GAP: u8 = 15;
}

/// What `ccc-audit replay` alone says; nothing that would change is 0.
pub mod replay {
    /// Some requests would come to something else, and none would pass more easily than it did.
    pub const STRICTER: u8 = 20;

    /// Some requests would pass more easily than they did.
    pub const LOOSER: u8 = 21;
}

/// What `ccc-queue` alone says.
pub mod queue {
    /// Nothing was decided: the person said no, or somebody had decided before.
    pub const NOT_DONE: u8 = 1;
}

/// What `ccc-hook` says to a coding agent.
pub mod hook {
    /// The host goes by what stands on stdout, and goes on where nothing does.
    pub const ANSWERS: u8 = 0;

    /// The status by which all hosts block, given words on stderr and nothing on stdout.
    pub const BLOCKS: u8 = 2;
}

/// The exit code for a ticket. `waited` says whether the caller asked to wait for its end.
#[must_use]
pub fn of_ticket(ticket: &Ticket, waited: bool) -> u8 {
    match ticket.status {
        // The leave was given to somebody before; what came of it is unknown.
        Status::Released if ticket.replayed => FAILED,
        Status::Succeeded | Status::Released => SUCCEEDED,
        Status::Queued if !waited => SUCCEEDED,
        Status::Queued | Status::Approved | Status::Running => NOT_ENDED,
        // Who asks by this program cannot confine: what it calls success would be taken for leave to go on as asked.
        Status::Failed | Status::Lost | Status::Confined => FAILED,
        Status::Denied => DENIED,
        Status::Expired | Status::Cancelled => WITHDRAWN,
    }
}

/// The exit code for a signed refusal.
#[must_use]
pub fn of_problem(problem: &Problem) -> u8 {
    match &problem.ticket {
        Some(ticket) if problem.status == 403 && ticket.status == Status::Denied => DENIED,
        _ => of_http_status(problem.status),
    }
}

/// The exit code for a refusal of which only the HTTP status is known.
#[must_use]
pub fn of_http_status(status: u16) -> u8 {
    match status {
        400..=499 => REFUSED,
        _ => UNREACHABLE,
    }
}

/// The exit code of a program that a signal ended, as shells report it: 128 and the signal's number.
#[must_use]
pub fn of_signal(signal: i32) -> u8 {
    u8::try_from(signal).map_or(FAILED, |signal| signal.saturating_add(128))
}

/// The exit code of a program that ends with that of another, which is `None` where a signal ended that one.
#[must_use]
pub fn handed_on(code: Option<i32>) -> u8 {
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::{handed_on, of_http_status, of_problem, of_signal, of_ticket};
    use crate::bodies::{Problem, Status, Ticket};
    use serde_json::json;

    fn ticket(status: Status) -> Ticket {
        let digest = crate::Digest::of(b"");
        serde_json::from_value(json!({
            "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "seq": 42, "status": status,
            "action": "open-browser", "params": {}, "submitted_by": "agent",
            "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest,
            "rule": "", "needed": 1, "approvals": [], "decided_by": null, "decided": null,
            "reason": null, "result": null,
        }))
        .unwrap()
    }

    fn problem(status: u16, ended: Option<Status>) -> Problem {
        serde_json::from_value(json!({
            "type": "urn:ccc:denied", "title": "", "status": status, "detail": "", "instance": "",
            "ticket": ended.map(ticket),
        }))
        .unwrap()
    }

    /// The table of exit codes as it is documented, row by row.
    #[test]
    fn each_end_of_a_ticket_has_its_code() {
        for (status, waited, code) in [
            (Status::Succeeded, true, 0),
            (Status::Succeeded, false, 0),
            (Status::Released, true, 0),
            (Status::Queued, false, 0),
            (Status::Failed, true, 1),
            (Status::Lost, false, 1),
            (Status::Denied, true, 3),
            (Status::Queued, true, 4),
            (Status::Approved, true, 4),
            (Status::Running, false, 4),
            (Status::Expired, true, 5),
            (Status::Cancelled, false, 5),
        ] {
            assert_eq!(of_ticket(&ticket(status), waited), code, "{status} {waited}");
        }
    }

    #[test]
    fn a_leave_that_was_given_before_is_none() {
        let mut replayed = ticket(Status::Released);
        replayed.replayed = true;
        assert_eq!(of_ticket(&replayed, true), 1);
    }

    #[test]
    fn each_refusal_has_its_code() {
        assert_eq!(of_problem(&problem(403, Some(Status::Denied))), 3);
        assert_eq!(of_problem(&problem(409, Some(Status::Denied))), 7);
        for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 429] {
            assert_eq!(of_problem(&problem(status, None)), 7, "{status}");
        }
        for status in [500, 503] {
            assert_eq!(of_http_status(status), 6, "{status}");
        }
    }

    #[test]
    fn a_signal_is_reported_as_shells_do() {
        assert_eq!((of_signal(15), of_signal(2), of_signal(-1)), (143, 130, 1));
    }

    #[test]
    fn another_programs_code_is_handed_on() {
        assert_eq!([handed_on(Some(0)), handed_on(Some(7)), handed_on(Some(-1)), handed_on(None)], [0, 7, 1, 1]);
    }
}
