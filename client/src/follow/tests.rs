use std::time::Duration;

use ccc_protocol::TicketId;
use ccc_protocol::bodies::Status;
use serde_json::{Value, json};

use super::{End, Followed, Manner, follow, follow_ticket};
use crate::played::{Asked, Clockwork, Script};
use crate::signed::{answer, ticket};
use crate::{Answer, CallError};

fn id() -> TicketId {
    TicketId::from_bytes([1; 16])
}

fn other() -> TicketId {
    TicketId::from_bytes([2; 16])
}

fn called(status: &str) -> Option<Answer> {
    Some(answer(200, &ticket(id(), status, "use-tool")))
}

fn page(status: &str) -> Option<Answer> {
    Some(answer(200, &ticket(id(), status, "open-browser")))
}

fn replaced() -> Option<Answer> {
    let mut edited = ticket(id(), "denied", "open-browser");
    edited["replaced_by"] = json!(other());
    Some(answer(200, &edited))
}

fn problem(kind: &str, status: u16, ticket: &Value) -> Option<Answer> {
    let body = json!({"type": kind, "title": "", "status": status, "detail": "no", "instance": "", "ticket": ticket});
    Some(answer(status, &body))
}

fn followed(script: &Script, manner: Manner, watch: &Clockwork) -> Followed {
    follow(script, b"{}", manner, watch).unwrap()
}

fn status(followed: &Followed) -> Status {
    followed.ticket.as_ref().unwrap().status
}

#[test]
fn held_a_tool_call_is_asked_for_until_it_is_released() {
    let script = Script::new([called("queued"), called("approved"), called("released")]);
    let found = followed(&script, Manner::Held, &Clockwork::waiting(900));
    assert_eq!((status(&found), found.end), (Status::Released, End::Ended));
    assert_eq!(*script.asked.borrow(), [Asked::Ask(Some(300)), Asked::Ask(Some(300)), Asked::Ask(Some(300))]);
}

#[test]
fn opened_a_call_is_told_before_it_is_held_and_held_at_once() {
    let script = Script::new([called("queued"), called("approved"), called("released")]);
    let watch = Clockwork::waiting(900);
    let found = followed(&script, Manner::Opened, &watch);
    assert_eq!((status(&found), found.end), (Status::Released, End::Ended));
    assert_eq!(*script.asked.borrow(), [Asked::Ask(None), Asked::Ask(Some(300)), Asked::Ask(Some(300))]);
    assert_eq!(*watch.told.borrow(), [id(); 2]);
    assert_eq!(*watch.paused.borrow(), [Duration::from_millis(500)], "what was opened is held without a pause");
    let keys = script.keys.borrow();
    assert!(keys.iter().all(|key| key == &keys[0]), "one question: {keys:?}");
}

#[test]
fn held_another_action_is_asked_for_once_and_then_looked_at() {
    let script = Script::new([page("queued"), page("running"), page("succeeded")]);
    let found = followed(&script, Manner::Held, &Clockwork::waiting(60));
    assert_eq!((status(&found), found.end), (Status::Succeeded, End::Ended));
    assert_eq!(
        *script.asked.borrow(),
        [Asked::Ask(Some(60)), Asked::Look(id(), Some(60)), Asked::Look(id(), Some(60))]
    );
}

#[test]
fn watched_it_is_opened_at_once_looked_at_in_slices_and_taken_once_it_is_approved() {
    let script = Script::new([called("queued"), called("queued"), called("approved"), called("released")]);
    let watch = Clockwork::waiting(60);
    let found = followed(&script, Manner::Watched, &watch);
    assert_eq!((status(&found), found.end), (Status::Released, End::Ended));
    let (look, ask) = (Asked::Look(id(), Some(10)), Asked::Ask(Some(10)));
    assert_eq!(*script.asked.borrow(), [Asked::Ask(None), look.clone(), look, ask]);
    assert_eq!(*watch.told.borrow(), [id(); 3]);
}

#[test]
fn however_often_it_is_asked_it_is_one_question() {
    for manner in [Manner::Held, Manner::Watched] {
        let script = Script::new([called("approved"), called("approved"), called("released")]);
        drop(followed(&script, manner, &Clockwork::waiting(60)));
        let keys = script.keys.borrow();
        assert_eq!(keys.len(), 3, "{manner:?}");
        assert!(keys.iter().all(|key| key == &keys[0] && key.len() == 38), "{manner:?}: {keys:?}");
    }
}

#[test]
fn what_an_edit_put_in_its_place_is_followed() {
    for manner in [Manner::Held, Manner::Watched] {
        let succeeded = Some(answer(200, &ticket(other(), "succeeded", "open-browser")));
        let script = Script::new([page("queued"), replaced(), succeeded]);
        let watch = Clockwork::waiting(60);
        let found = followed(&script, manner, &watch);
        assert_eq!((found.ticket.unwrap().id, found.end), (other(), End::Ended), "{manner:?}");
        assert_eq!(*watch.told.borrow(), [id(), other()], "{manner:?}");
        assert!(watch.paused.borrow().is_empty(), "{manner:?}: each request was another one");
    }
}

#[test]
fn the_same_is_not_asked_again_at_once() {
    let script = Script::new([called("queued"), called("queued"), called("released")]);
    let watch = Clockwork::waiting(60);
    drop(followed(&script, Manner::Held, &watch));
    assert_eq!(*watch.paused.borrow(), [Duration::from_millis(500); 2]);
}

/// As while a freeze stands above the approval.
#[test]
fn an_approved_call_that_is_not_given_out_is_not_asked_for_at_once() {
    for manner in [Manner::Held, Manner::Watched] {
        let script = Script::new([called("approved"), called("approved"), called("approved"), called("released")]);
        let watch = Clockwork::waiting(60);
        drop(followed(&script, manner, &watch));
        assert_eq!(watch.paused.borrow().len(), 3, "{manner:?}");
    }
}

#[test]
fn at_the_deadline_it_is_left_open() {
    for (manner, wait_seconds) in [(Manner::Held, Some(0)), (Manner::Opened, None), (Manner::Watched, None)] {
        let script = Script::new([called("queued")]);
        let found = followed(&script, manner, &Clockwork::waiting(0));
        assert_eq!((status(&found), found.end), (Status::Queued, End::Deadline));
        assert_eq!(*script.asked.borrow(), [Asked::Ask(wait_seconds)]);
        let script = Script::new([(); 4].map(|()| called("queued")));
        let found = followed(&script, manner, &Clockwork::waiting(1));
        assert_eq!(found.end, End::Deadline);
        assert!(!script.asked.borrow().iter().any(|asked| matches!(asked, Asked::Withdraw(_))));
    }
}

#[test]
fn who_has_gone_leaves_no_question_behind() {
    let script = Script::new([called("queued"), called("approved")]);
    let found = followed(&script, Manner::Watched, &Clockwork::waiting(60).gone_after(1));
    assert_eq!(found.end, End::Gone);
    assert_eq!(*script.asked.borrow(), [Asked::Ask(None), Asked::Look(id(), Some(10)), Asked::Withdraw(id())]);
}

#[test]
fn watched_a_bridge_that_is_away_may_be_back() {
    let limit = problem("urn:ccc:limit", 429, &Value::Null);
    let script = Script::new([called("queued"), None, limit, called("approved"), None, called("released")]);
    let watch = Clockwork::waiting(60);
    let found = followed(&script, Manner::Watched, &watch);
    assert_eq!((status(&found), found.end), (Status::Released, End::Ended));
    assert_eq!(watch.paused.borrow().len(), 3, "a pause after each failure, and none before what is taken");
}

#[test]
fn a_first_request_that_fails_is_the_end_and_held_each_is() {
    for manner in [Manner::Held, Manner::Opened, Manner::Watched] {
        let error = follow(&Script::new([None]), b"{}", manner, &Clockwork::waiting(60)).unwrap_err();
        assert!(matches!(error, CallError::Malformed(_)), "{error}");
    }
    for manner in [Manner::Held, Manner::Opened] {
        assert!(follow(&Script::new([called("queued"), None]), b"{}", manner, &Clockwork::waiting(60)).is_err());
    }
}

#[test]
fn a_refusal_is_the_answer_and_a_denial_its_ticket() {
    for manner in [Manner::Held, Manner::Watched] {
        let open = ticket(id(), "queued", "use-tool");
        let script = Script::new([problem("urn:ccc:conflict", 409, &open)]);
        let found = followed(&script, manner, &Clockwork::waiting(60));
        assert!(matches!(found.ticket, Err(CallError::Refused(_))), "another's ticket is not followed: {found:?}");
        let denied = ticket(id(), "denied", "use-tool");
        let found = followed(&Script::new([problem("urn:ccc:denied", 403, &denied)]), manner, &Clockwork::waiting(60));
        assert_eq!((found.answer.status(), status(&found)), (403, Status::Denied));
    }
}

#[test]
fn a_ticket_that_is_there_is_only_looked_at() {
    let script = Script::new([page("queued"), page("failed")]);
    let found = follow_ticket(&script, id(), &Clockwork::waiting(60)).unwrap();
    assert_eq!(status(&found), Status::Failed);
    assert_eq!(*script.asked.borrow(), [Asked::Look(id(), Some(60)), Asked::Look(id(), Some(60))]);
}
