//! The judge on a road whose answers the tests write.

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use ccc_client::{Answer, CallError};
use ccc_protocol::{
    Digest, TicketId,
    bodies::{Status, Ticket},
};
use serde_json::{Value, json};

use super::{BridgeJudge, Road, key_of, shown};
use crate::{
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    signed,
};

#[derive(Debug, PartialEq)]
enum Asked {
    Submit(Value, Option<String>),
    Look(TicketId),
    Cancel(TicketId),
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Option<Ticket>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Script {
    fn answer(&self, asked: Asked) -> Result<Answer, CallError> {
        self.asked.lock().unwrap().push(asked);
        let answer = self.answers.lock().unwrap().pop_front().expect("one answer for each request");
        let signed = |ticket: Ticket| signed::answer(200, &json!(ticket));
        answer.map(signed).ok_or_else(|| CallError::Malformed("the bridge is away".to_owned()))
    }
}

impl Road for Script {
    fn ask(&self, body: &[u8], key: Option<&str>, _: Option<u64>) -> Result<Answer, CallError> {
        self.answer(Asked::Submit(serde_json::from_slice(body).unwrap(), key.map(str::to_owned)))
    }
    fn look(&self, ticket: TicketId, _: Option<u64>) -> Result<Answer, CallError> {
        self.answer(Asked::Look(ticket))
    }
    fn withdraw(&self, ticket: TicketId) -> Result<(), CallError> {
        self.asked.lock().unwrap().push(Asked::Cancel(ticket));
        Ok(())
    }
}

struct Patient {
    deadline: Instant,
    wanted: bool,
    told: RefCell<Vec<TicketId>>,
}

impl Patient {
    fn new(seconds: u64, wanted: bool) -> Self {
        Self { deadline: Instant::now() + Duration::from_secs(seconds), wanted, told: RefCell::default() }
    }
}

impl Watch for Patient {
    fn queued(&self, ticket: TicketId) -> bool {
        self.told.borrow_mut().push(ticket);
        self.wanted
    }
    fn deadline(&self) -> Instant {
        self.deadline
    }
}

fn id(number: u8) -> TicketId {
    TicketId::new(1, [number; 10])
}

fn ticket(number: u8, status: Status, action: &str) -> Option<Ticket> {
    serde_json::from_value(signed::ticket(id(number), status.as_str(), action)).unwrap()
}

fn used(number: u8, status: Status) -> Option<Ticket> {
    ticket(number, status, "use-tool")
}

fn judge(answers: Vec<Option<Ticket>>) -> BridgeJudge<Script> {
    let script = Script { answers: Mutex::new(answers.into()), asked: Mutex::default() };
    BridgeJudge::new(script, "/work".into(), "s-1".into())
}

fn call() -> ToolCall {
    let arguments = json!({"path": "/x"}).as_object().cloned().unwrap();
    ToolCall { server: "fs".into(), tool: "read_file".into(), arguments }
}

fn kinds(judge: &BridgeJudge<Script>) -> Vec<&'static str> {
    let asked = judge.road.asked.lock().unwrap();
    let kind = |asked: &Asked| match asked {
        Asked::Submit(..) => "submit",
        Asked::Look(_) => "look",
        Asked::Cancel(_) => "cancel",
    };
    asked.iter().map(kind).collect()
}

#[test]
fn a_call_is_submitted_whole_and_released_at_once() {
    let judge = judge(vec![used(1, Status::Released)]);
    assert!(matches!(judge.judge(&call(), &Patient::new(0, true)), Verdict::Allow(_)));
    let expected = json!({
        "action": "use-tool", "host": "mcp", "tool": "mcp:fs/read_file", "native": "read_file", "input": {"path": "/x"},
        "cwd": "/work", "session": "s-1", "agent": "main",
    });
    let asked = judge.road.asked.lock().unwrap();
    assert!(matches!(&asked[..], [Asked::Submit(body, _)] if *body == expected), "{asked:?}");
}

#[test]
fn nothing_but_a_fresh_release_of_this_action_is_leave() {
    let mut replayed = used(1, Status::Released);
    replayed.as_mut().unwrap().replayed = true;
    let mut answers = vec![replayed, ticket(1, Status::Released, "open-browser"), None];
    answers.extend(
        [Status::Succeeded, Status::Failed, Status::Denied, Status::Expired, Status::Cancelled, Status::Lost]
            .map(|s| used(1, s)),
    );
    for answer in answers {
        let verdict = judge(vec![answer.clone(), None]).judge(&call(), &Patient::new(5, true));
        assert!(matches!(verdict, Verdict::Deny { .. }), "{answer:?}");
    }
}

#[test]
fn a_persons_denial_says_until_when_it_answers() {
    let mut denied = used(1, Status::Denied);
    let ticket = denied.as_mut().unwrap();
    ticket.decided_by = Some("user".parse().unwrap());
    ticket.reason = Some("not now".to_owned());
    ticket.denied_until = Some("2026-03-07T12:10:00Z".parse().unwrap());
    let verdict = judge(vec![denied]).judge(&call(), &Patient::new(5, true));
    let said = "denied by user: not now (the same request is answered so until 2026-03-07T12:10:00Z)";
    assert!(matches!(&verdict, Verdict::Deny { reason, .. } if reason == said), "{verdict:?}");
}

#[test]
fn waiting_only_looks_and_an_approval_is_taken_by_asking_again() {
    let judge = judge(vec![
        used(1, Status::Queued),
        used(1, Status::Queued),
        None,
        used(1, Status::Approved),
        used(1, Status::Released),
    ]);
    let watch = Patient::new(60, true);
    assert!(matches!(judge.judge(&call(), &watch), Verdict::Allow(_)));
    assert_eq!(kinds(&judge), ["submit", "look", "look", "look", "submit"]);
    assert!(watch.told.borrow().iter().all(|told| *told == id(1)));
}

#[test]
fn at_the_deadline_there_is_a_receipt_and_the_ticket_stays() {
    let judge = judge(vec![used(1, Status::Queued)]);
    let verdict = judge.judge(&call(), &Patient::new(0, true));
    assert_eq!(verdict, Verdict::Receipt { reason: "queue by default".into(), ticket: id(1) });
    assert_eq!(kinds(&judge), ["submit"]);
}

#[test]
fn a_caller_who_has_gone_leaves_no_question_behind() {
    let judge = judge(vec![used(1, Status::Queued)]);
    assert!(matches!(judge.judge(&call(), &Patient::new(60, false)), Verdict::Deny { .. }));
    assert_eq!(kinds(&judge), ["submit", "cancel"]);
}

#[test]
fn a_call_too_large_to_judge_is_denied_unasked() {
    let judge = judge(vec![]);
    let arguments = json!({"x": "y".repeat(1 << 20)}).as_object().cloned().unwrap();
    assert!(matches!(judge.judge(&ToolCall { arguments, ..call() }, &Patient::new(0, true)), Verdict::Deny { .. }));
}

fn pin() -> PinRequest {
    let definition = json!({"name": "read"}).as_object().cloned().unwrap();
    PinRequest {
        server: "fs".into(),
        command: vec!["npx".into(), "a b".into()],
        tool: "read".into(),
        digest: Digest::of(b"x"),
        definition,
    }
}

fn pinned(status: Status) -> Option<Ticket> {
    ticket(1, status, "pin-tool")
}

#[test]
fn an_open_or_denied_question_about_a_tool_is_asked_once_and_a_yes_counts_only_anew() {
    let first = judge(vec![pinned(Status::Queued)]);
    assert_eq!(first.pin(&pin()), Trust::Waiting(id(1)));
    let denied = judge(vec![pinned(Status::Denied)]);
    assert!(matches!(denied.pin(&pin()), Trust::Refused { ticket: Some(_), .. }));
    for old in [Status::Succeeded, Status::Expired, Status::Cancelled] {
        let again = judge(vec![pinned(old), pinned(Status::Queued)]);
        assert_eq!(again.pin(&pin()), Trust::Waiting(id(1)), "{old}");
        let asked = again.road.asked.lock().unwrap();
        let keys: Vec<bool> = asked.iter().map(|asked| matches!(asked, Asked::Submit(_, Some(_)))).collect();
        assert_eq!(keys, [true, false]);
    }
    assert_eq!(judge(vec![pinned(Status::Succeeded), pinned(Status::Succeeded)]).pin(&pin()), Trust::Approved);
    assert!(matches!(judge(vec![None]).pin(&pin()), Trust::Refused { ticket: None, .. }));
}

#[test]
fn waiting_for_a_pin_ends_with_its_decision() {
    let short = Duration::from_millis(1);
    assert_eq!(judge(vec![pinned(Status::Succeeded)]).wait_for_pin(id(1), short), Trust::Approved);
    assert!(matches!(judge(vec![pinned(Status::Denied)]).wait_for_pin(id(1), short), Trust::Refused { .. }));
    assert_eq!(judge(vec![pinned(Status::Queued)]).wait_for_pin(id(1), short), Trust::Waiting(id(1)));
    assert_eq!(judge(vec![None]).wait_for_pin(id(1), short), Trust::Waiting(id(1)));
}

#[test]
fn the_key_of_a_question_depends_on_its_words_alone() {
    let body = json!({"a": 1, "b": [2]});
    assert_eq!(key_of(&body), key_of(&json!({"b": [2], "a": 1})));
    assert_ne!(key_of(&body), key_of(&json!({"a": 1, "b": [3]})));
    assert_eq!(key_of(&body).len(), 38);
}

#[test]
fn two_command_lines_never_look_the_same() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(shown(&words(&["npx", "-y", "@scope/server@1.0"])), "npx -y @scope/server@1.0");
    assert_eq!(shown(&words(&["sh", "-c", "a \"b\"\n", ""])), r#"sh -c "a \"b\"\n" """#);
}
