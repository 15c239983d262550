use ccc_protocol::TicketId;
use ccc_protocol::bodies::Status;
use serde_json::{Value, json};

use super::{Clearance, Objection, Ruling, TOOL_BODY_BYTES_MAX, Terms, ask_for_clearance};
use crate::played::{Clockwork, Script};
use crate::signed::{answer, cleared, ticket};
use crate::{Answer, Manner};

fn id() -> TicketId {
    TicketId::from_bytes([1; 16])
}
const MANNERS: [Manner; 3] = [Manner::Held, Manner::Opened, Manner::Watched];

fn ruled(manner: Manner, answer: Option<Answer>, seconds: u64) -> Ruling {
    ask_for_clearance(&Script::new([answer]), &json!({}), manner, &Clockwork::waiting(seconds))
}

fn used(status: &str) -> Value {
    ticket(id(), status, "use-tool")
}

fn with(status: &str, member: &str, value: Value) -> Value {
    let mut ticket = used(status);
    ticket[member] = value;
    ticket
}

fn is_closed(ruling: &Ruling, objection: Objection) -> bool {
    matches!(ruling, Ruling::Closed(why, _) if *why == objection)
}

#[test]
fn a_release_to_this_request_clears_and_is_free() {
    for manner in MANNERS {
        let ruling = ruled(manner, Some(answer(200, &used("released"))), 0);
        assert!(matches!(ruling, Ruling::Cleared(Clearance { terms: Terms::Free })), "{ruling:?}");
    }
    assert_eq!(cleared().spend(), Terms::Free);
}

#[test]
fn a_confined_call_is_cleared_to_be_confined_and_in_no_other_way() {
    for manner in MANNERS {
        let ruling = ruled(manner, Some(answer(200, &used("confined"))), 0);
        assert!(matches!(ruling, Ruling::Cleared(Clearance { terms: Terms::Confined })), "{ruling:?}");
    }
}

#[test]
fn a_replayed_release_is_no_clearance() {
    for (manner, status) in MANNERS.into_iter().zip(["released", "confined", "released"]) {
        let ruling = ruled(manner, Some(answer(200, &with(status, "replayed", json!(true)))), 0);
        assert!(is_closed(&ruling, Objection::Spent), "{status}: {ruling:?}");
    }
}

#[test]
fn a_call_whose_leave_went_to_an_equal_one_is_asked_about_anew_under_another_key() {
    for manner in MANNERS {
        let answers = [used("queued"), with("released", "replayed", json!(true)), used("queued"), used("released")];
        let script = Script::new(answers.map(|body| Some(answer(200, &body))));
        let ruling = ask_for_clearance(&script, &json!({}), manner, &Clockwork::waiting(60));
        assert!(matches!(ruling, Ruling::Cleared(_)), "{manner:?}: {ruling:?}");
        let mut keys = script.keys.borrow().clone();
        keys.dedup();
        assert_eq!(keys.len(), 2, "{manner:?}");
    }
}

#[test]
fn what_goes_to_others_for_ever_ends_at_the_deadline() {
    let replayed = || Some(answer(200, &with("released", "replayed", json!(true))));
    let script = Script::new(std::iter::repeat_with(replayed).take(11));
    let watch = Clockwork::waiting(1);
    let ruling = ask_for_clearance(&script, &json!({}), Manner::Held, &watch);
    assert!(is_closed(&ruling, Objection::Spent), "{ruling:?}");
    assert_eq!(watch.paused.borrow().len(), 10);
}

#[test]
fn the_release_of_another_action_is_no_clearance() {
    for manner in MANNERS {
        for action in ["pin-tool", "use-tools", "start-session"] {
            for status in ["released", "confined"] {
                let ruling = ruled(manner, Some(answer(200, &ticket(id(), status, action))), 60);
                assert!(is_closed(&ruling, Objection::Foreign), "{action} {status}: {ruling:?}");
            }
        }
    }
}

#[test]
fn no_status_but_released_and_confined_is_a_clearance() {
    for manner in MANNERS {
        for status in Status::ALL {
            let ruling = ruled(manner, Some(answer(200, &used(status.as_str()))), 0);
            let fits = match status {
                Status::Released | Status::Confined => matches!(ruling, Ruling::Cleared(_)),
                Status::Queued | Status::Approved | Status::Running => matches!(ruling, Ruling::Open(_)),
                Status::Denied => is_closed(&ruling, Objection::Denied),
                Status::Expired => is_closed(&ruling, Objection::Expired),
                Status::Succeeded | Status::Failed | Status::Cancelled | Status::Lost => {
                    is_closed(&ruling, Objection::Ended)
                }
            };
            assert!(fits, "{status}: {ruling:?}");
        }
    }
}

#[test]
fn a_status_that_nobody_knows_is_no_clearance() {
    // As `confined` was none to the programs of the versions before.
    for manner in MANNERS {
        let ruling = ruled(manner, Some(answer(200, &used("contained"))), 60);
        assert!(matches!(ruling, Ruling::Unanswered(_)), "{ruling:?}");
    }
}

#[test]
fn a_released_ticket_within_a_refusal_is_no_clearance() {
    for (kind, status) in [("urn:ccc:denied", 403), ("urn:ccc:conflict", 409)] {
        let body = json!({"type": kind, "title": "", "status": status, "detail": "no", "instance": "", "ticket": used("released")});
        for manner in MANNERS {
            let ruling = ruled(manner, Some(answer(status, &body)), 60);
            assert!(is_closed(&ruling, Objection::Foreign) || matches!(ruling, Ruling::Unanswered(_)), "{ruling:?}");
        }
    }
}

#[test]
fn a_release_that_is_read_in_passing_is_no_clearance() {
    let looked_at = with("released", "replayed", json!(true));
    let script = Script::new([used("queued"), looked_at, used("denied")].map(|body| Some(answer(200, &body))));
    let ruling = ask_for_clearance(&script, &json!({}), Manner::Watched, &Clockwork::waiting(60));
    assert!(is_closed(&ruling, Objection::Denied), "it is asked about anew: {ruling:?}");
}

#[test]
fn without_an_answer_there_is_no_clearance() {
    for manner in MANNERS {
        assert!(matches!(ruled(manner, None, 60), Ruling::Unanswered(_)));
    }
}

#[test]
fn nobody_who_waits_is_no_clearance() {
    let script = Script::new([Some(answer(200, &used("approved")))]);
    let watch = Clockwork::waiting(60).gone_after(0);
    assert!(matches!(ask_for_clearance(&script, &json!({}), Manner::Watched, &watch), Ruling::Gone(_)));
}

#[test]
fn a_call_too_large_to_judge_is_not_asked_about() {
    let largest = TOOL_BODY_BYTES_MAX - r#"{"x":""}"#.len();
    let call = |bytes: usize| json!({"x": "y".repeat(bytes)});
    let ask = |call: &Value| {
        let script = Script::new([Some(answer(200, &used("released")))]);
        let ruling = ask_for_clearance(&script, call, Manner::Held, &Clockwork::waiting(0));
        (ruling, script.asked.borrow().len())
    };
    assert!(matches!(ask(&call(largest)), (Ruling::Cleared(_), 1)));
    let (ruling, asked) = ask(&call(largest + 1));
    assert!(matches!(ruling, Ruling::TooLarge { bytes } if bytes == TOOL_BODY_BYTES_MAX + 1), "{ruling:?}");
    assert_eq!(asked, 0);
}
