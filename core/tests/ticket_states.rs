//! The state machine against the table in the protocol: for every state and every event, where the ticket stands
//! afterwards, or that the event is refused. The table is written from the protocol, not from the code.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use ccc_core::{
    policy::Needs,
    ticket::{Event, Opening, Outcome, Request, StepRefusal, Ticket, Withdrawal, open},
};
use ccc_protocol::{
    Digest, TicketId, Timestamp, UserName, approval,
    bodies::{Plan, Risk, Status},
};
use serde_json::Map;

const OPENED: i64 = 1_000;
const EXPIRES: i64 = 2_000;
const APPROVED_SECONDS: u64 = 60;

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn request(judge_only: bool, needed: u32) -> Request {
    let plan = Plan::Release { declaration: Digest::of(b"declaration") };
    let (id, action, submitted_by) = (TicketId::new(1, [1; 10]), "deploy".parse().unwrap(), user("agent"));
    let plan_digest = approval::plan_digest(&plan);
    Request {
        digest: approval::digest(id, &action, &Map::new(), plan_digest, &submitted_by),
        id,
        action,
        params: Map::new(),
        params_bytes: 0,
        submitted_by,
        created: at(OPENED),
        plan,
        plan_digest,
        rule: "deploy: queue by default".to_owned(),
        needs: Needs {
            roles: [].into(),
            count: needed,
            justification: false,
            care: false,
            expires_seconds: None,
            grant_seconds_max: 0,
        },
        judge_only,
        risk: Risk::Normal,
        irreversible: false,
        call: None,
        replaces: None,
        approved_seconds_max: APPROVED_SECONDS,
        let_in: None,
        known_hosts: None,
        left_out: None,
        assessed: None,
        config: None,
        reading: Default::default(),
    }
}

fn queued(judge_only: bool, needed: u32) -> Ticket {
    open(request(judge_only, needed), Opening::Queue { until: at(EXPIRES) }).ticket
}

fn approve(ticket: &Ticket, by: &str) -> Event {
    Event::Approve {
        by: user(by),
        digest: ticket.request().digest,
        note: None,
        seen: None,
        lapsed: vec![],
        needs: ticket.needs().clone(),
    }
}

fn step(ticket: &Ticket, event: Event) -> Ticket {
    ticket.step(event, at(OPENED + 1)).unwrap().ticket
}

/// A ticket in each state, reached by the road that leads there.
fn in_state(status: Status, judge_only: bool) -> Ticket {
    let queued = queued(judge_only, 1);
    let approved = step(&queued, approve(&queued, "user"));
    let plan = queued.request().plan_digest;
    let running = || step(&step(&queued_runnable(), approve(&queued_runnable(), "user")), Event::Begin { plan });
    let ended = |succeeded| Event::Finish(Outcome { succeeded, result: None, reason: None, is_unknown: false });
    match status {
        Status::Queued => queued,
        Status::Approved => approved,
        Status::Running => running(),
        Status::Succeeded => step(&running(), ended(true)),
        Status::Failed => step(&running(), ended(false)),
        Status::Released => open(request(true, 1), Opening::Release).ticket,
        Status::Confined => open(request(true, 1), Opening::Confine).ticket,
        Status::Denied => step(&queued, Event::Deny { by: user("user"), reason: None, digest: None, seen: None }),
        Status::Expired => queued.step(Event::Expire, at(EXPIRES)).unwrap().ticket,
        Status::Cancelled => step(&queued, Event::Withdraw(Withdrawal::BySubmitter)),
        Status::Lost => step(&running(), Event::Lose),
    }
}

fn queued_runnable() -> Ticket {
    queued(false, 1)
}

#[test]
fn a_freezes_denial_is_a_persons_and_answers_nothing_again() {
    let ticket = queued(true, 1);
    let step = ticket.step(Event::Freeze { by: user("user") }, at(OPENED + 1)).unwrap();
    let (frozen, note) = (step.ticket, step.note);
    assert_eq!((frozen.status(), frozen.decided_by()), (Status::Denied, Some(&user("user"))));
    assert_eq!(
        (note.kind.as_str(), note.by.as_ref(), note.detail["reason"].as_str()),
        ("denied", Some(&user("user")), Some("frozen"))
    );
    assert!(!frozen.was_denied_by_a_person());
    assert!(frozen.step(Event::Repeat, at(OPENED + 1)).is_err());
    let stored: Ticket = serde_json::from_value(serde_json::to_value(&frozen).unwrap()).unwrap();
    assert_eq!(stored, frozen, "also as it is read back");
    for status in [Status::Approved, Status::Denied, Status::Cancelled] {
        let freeze = Event::Freeze { by: user("user") };
        assert!(in_state(status, true).step(freeze, at(OPENED + 1)).is_err(), "{status}");
    }
}

/// Every event, by the column of the table it stands in.
fn events(ticket: &Ticket) -> Vec<Event> {
    vec![
        approve(ticket, "user"),
        Event::Deny { by: user("user"), reason: None, digest: None, seen: None },
        Event::Replace { by: user("user"), digest: ticket.request().digest, with: TicketId::new(2, [2; 10]) },
        Event::Begin { plan: ticket.request().plan_digest },
        Event::Stop { reason: "gone".to_owned() },
        Event::Finish(Outcome { succeeded: true, result: None, reason: None, is_unknown: false }),
        Event::Release,
        Event::Withdraw(Withdrawal::BySubmitter),
        Event::Lose,
        Event::Repeat,
        Event::Requeue {
            lapsed: vec![user("user")],
            needs: Needs { count: 2, ..ticket.needs().clone() },
            reason: "changed".to_owned(),
            until: at(EXPIRES),
        },
        Event::Forbid { reason: "changed".to_owned() },
        Event::AskStop { by: user("user") },
    ]
}

/// Rows: the state before. Columns: approve, deny, replace, begin, stop, finish, release, withdraw, lose, repeat,
/// requeue, forbid, ask to stop.
/// A dot is a refusal.
const RUNNABLE: &str = "
queued    approved denied denied .       .      .         .        cancelled .    .      queued denied .
approved  .        denied .      running failed .         .        cancelled .    .      queued denied .
running   .        .      .      .       .      succeeded .        .         lost .      .      .      running
succeeded .        .      .      .       .      .         .        .         .    .      .      .      .
failed    .        .      .      .       .      .         .        .         .    .      .      .      .
denied    .        .      .      .       .      .         .        .         .    denied .      .      .
expired   .        .      .      .       .      .         .        .         .    .      .      .      .
cancelled .        .      .      .       .      .         .        .         .    .      .      .      .
lost      .        .      .      .       .      .         .        .         .    .      .      .      .
";

const JUDGE_ONLY: &str = "
queued    approved denied denied .       .      .         .        cancelled .    .      queued denied .
approved  .        denied .      .       failed .         released cancelled .    .      queued denied .
released  .        .      .      .       .      .         .        .         .    .      .      .      .
denied    .        .      .      .       .      .         .        .         .    denied .      .      .
expired   .        .      .      .       .      .         .        .         .    .      .      .      .
cancelled .        .      .      .       .      .         .        .         .    .      .      .      .
";

fn check(table: &str, judge_only: bool) {
    for row in table.lines().filter(|line| !line.is_empty()) {
        let mut words = row.split_whitespace();
        let state = words.next().unwrap();
        let status = *Status::ALL.iter().find(|status| status.as_str() == state).unwrap();
        let ticket = in_state(status, judge_only);
        assert_eq!(ticket.status(), status, "the road to {state}");
        for (event, expected) in events(&ticket).into_iter().zip(words) {
            let after = ticket.step(event.clone(), at(OPENED + 2));
            let found = after.as_ref().map_or(".", |step| step.ticket.status().as_str());
            assert_eq!(found, expected, "{state} and {event:?}");
        }
    }
}

#[test]
fn every_event_in_every_state_does_what_the_protocol_says() {
    check(RUNNABLE, false);
    check(JUDGE_ONLY, true);
}

#[test]
fn a_permit_comes_from_begin_or_an_accepted_start_and_from_nothing_else() {
    for status in Status::ALL {
        for judge_only in [false, true] {
            let ticket = in_state(status, judge_only);
            for event in events(&ticket) {
                let begins = matches!(event, Event::Begin { .. });
                let permit = ticket.step(event, at(OPENED + 2)).ok().and_then(|step| step.permit);
                assert_eq!(permit.is_some(), begins && status == Status::Approved && !ticket.request().judge_only);
            }
        }
    }
    assert!(open(request(false, 1), Opening::Start).permit.is_some());
    assert!(open(request(false, 1), Opening::Await).permit.is_none());
    assert!(open(request(false, 1), Opening::Queue { until: at(EXPIRES) }).permit.is_none());
}

#[test]
fn nothing_is_decided_after_its_time() {
    let ticket = queued(false, 1);
    for event in [approve(&ticket, "user"), Event::Deny { by: user("user"), reason: None, digest: None, seen: None }] {
        assert_eq!(ticket.step(event, at(EXPIRES)).unwrap_err(), StepRefusal::Late);
    }
    let expired = ticket.step(Event::Expire, at(EXPIRES)).unwrap().ticket;
    assert_eq!((expired.status(), expired.decided_by()), (Status::Expired, None), "expiry is no denial");
    assert_eq!(ticket.step(Event::Expire, at(EXPIRES - 1)).unwrap_err(), StepRefusal::Early);
}

#[test]
fn an_approved_ticket_that_is_not_started_in_time_fails_and_nothing_runs() {
    let approved = in_state(Status::Approved, false);
    let late = at(OPENED + 1 + i64::try_from(APPROVED_SECONDS).unwrap());
    let begin = Event::Begin { plan: approved.request().plan_digest };
    assert_eq!(approved.step(begin, late).unwrap_err(), StepRefusal::Late);
    assert_eq!(approved.step(Event::Expire, late).unwrap().ticket.status(), Status::Failed);
    let untaken = in_state(Status::Approved, true).step(Event::Expire, late).unwrap().ticket;
    assert_eq!(untaken.status(), Status::Expired);
}

#[test]
fn another_digest_decides_nothing() {
    let ticket = queued(false, 1);
    let other = Digest::of(b"something else");
    let approve = Event::Approve {
        by: user("user"),
        digest: other,
        note: None,
        seen: None,
        lapsed: vec![],
        needs: ticket.needs().clone(),
    };
    assert_eq!(ticket.step(approve, at(OPENED + 1)).unwrap_err(), StepRefusal::WrongDigest);
    let deny = Event::Deny { by: user("user"), reason: None, digest: Some(other), seen: None };
    assert_eq!(ticket.step(deny, at(OPENED + 1)).unwrap_err(), StepRefusal::WrongDigest);
}

#[test]
fn what_would_run_is_what_was_shown_or_nothing_runs() {
    let approved = in_state(Status::Approved, false);
    let step = approved.step(Event::Begin { plan: Digest::of(b"another plan") }, at(OPENED + 2)).unwrap();
    assert!(step.permit.is_none());
    assert_eq!(step.ticket.status(), Status::Failed);
}

#[test]
fn two_people_are_two_people() {
    let ticket = queued(false, 2);
    let once = step(&ticket, approve(&ticket, "ann"));
    assert_eq!(once.status(), Status::Queued);
    assert_eq!(once.step(approve(&ticket, "ann"), at(OPENED + 2)).unwrap_err(), StepRefusal::SecondVote);
    let twice = step(&once, approve(&ticket, "bob"));
    assert_eq!(twice.status(), Status::Approved);
    assert_eq!(twice.decided_by(), Some(&user("bob")));
}

#[test]
fn an_approver_who_lost_the_right_no_longer_counts() {
    let ticket = queued(false, 2);
    let once = step(&ticket, approve(&ticket, "ann"));
    let event = Event::Approve {
        by: user("bob"),
        digest: ticket.request().digest,
        note: None,
        seen: None,
        lapsed: vec![user("ann")],
        needs: ticket.needs().clone(),
    };
    let after = step(&once, event);
    assert_eq!(after.status(), Status::Queued);
    assert_eq!(after.approvals().iter().map(|approval| approval.by.as_str()).collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn a_justification_is_more_than_blanks() {
    let mut asked = request(false, 1);
    asked.needs.justification = true;
    let ticket = open(asked, Opening::Queue { until: at(EXPIRES) }).ticket;
    for note in [None, Some("  \n".to_owned())] {
        let event = Event::Approve {
            by: user("user"),
            digest: ticket.request().digest,
            note,
            seen: None,
            lapsed: vec![],
            needs: ticket.needs().clone(),
        };
        assert_eq!(ticket.step(event, at(OPENED + 1)).unwrap_err(), StepRefusal::NoteMissing);
    }
}

#[test]
fn a_stored_ticket_reads_back_as_it_was() {
    for status in Status::ALL {
        let ticket = in_state(status, status == Status::Released);
        let text = serde_json::to_string(&ticket).unwrap();
        assert_eq!(serde_json::from_str::<Ticket>(&text).unwrap(), ticket);
    }
}

#[test]
fn an_effect_that_nobody_observed_is_lost_and_says_why() {
    let running = in_state(Status::Running, false);
    let lost = running.step(Event::Finish(Outcome::unknown("nobody saw")), at(OPENED + 1)).unwrap();
    assert_eq!((lost.ticket.status(), lost.note.detail["reason"].as_str()), (Status::Lost, Some("nobody saw")));
}
