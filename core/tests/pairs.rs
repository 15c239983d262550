//! One MCP call, one question: a hook's leave answers the proxy's request for the same call once, and nothing else.

#![cfg(test)]

use std::sync::Arc;

use ccc_core::{
    config,
    desk::{About, Asked, Books, Change, Cx, Desk, Submission},
    law::Law,
    params, plan,
    policy::{LocalTime, Weekday},
    refusal::Refusal,
    risk::TextSigns,
    ticket::Ticket,
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{
    GrantId, TicketId, Timestamp, UserName,
    actions::{PIN_TOOL, USE_TOOL},
    bodies::{Approve, Deny, FenceAnswer, Finding, FindingKind, Freeze, Level, ProblemType, Status},
};
use ccc_toolcall::facts;
use serde_json::{Value, json};

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn law(rules: &str) -> Law {
    let approver = || User { can_approve: [name("agent"), name("other")].into(), ..User::default() };
    let people = [("ann", approver()), ("bob", approver()), ("agent", User::default()), ("other", User::default())];
    let users = Users::new(people.map(|(who, user)| (name(who), user)));
    let config = config::read(rules).unwrap();
    config.law(users, Volumes::new(vec![], None).unwrap(), |program| Some(program.to_owned())).unwrap()
}

struct Rig {
    law: Law,
    desk: Desk,
    now_millis: i64,
    tickets: u8,
}

impl Rig {
    fn new(rules: &str) -> Self {
        let law = law(rules);
        let desk = Desk::restore(Books::default(), &law);
        Self { law, desk, now_millis: 1_800_000_000_000, tickets: 0 }
    }

    fn work<T>(&mut self, work: impl FnOnce(&mut Desk, Cx<'_>, &mut Change) -> T) -> (T, Change) {
        let local = LocalTime { weekday: Weekday::Mon, minute_of_day: 600 };
        let cx = Cx { law: &self.law, now: Timestamp::from_millis(self.now_millis), local };
        let mut change = Change::default();
        (work(&mut self.desk, cx, &mut change), change)
    }

    fn ask(&mut self, user: &str, action: &str, params: &Value) -> Result<Arc<Ticket>, Refusal> {
        self.tickets += 1;
        let action = Arc::clone(self.law.catalogue.named(action).unwrap());
        let draft = params::draft(&action, params.as_object().unwrap().clone(), &self.law.volumes).unwrap();
        let args = draft.resolve(vec![]).unwrap();
        let plan = plan::make(&action, &args, &self.law).unwrap();
        let facts = action.is_judge_only().then(|| facts::of_request(&args.json, &self.law.knowledge()));
        let id = TicketId::new(1, [self.tickets; 10]);
        let asked = Asked { id, caller: name(user), action, args, facts, signs: TextSigns::default(), plan };
        let local = LocalTime { weekday: Weekday::Mon, minute_of_day: 600 };
        let submission = Submission::new(asked, local, false);
        self.work(|desk, cx, change| desk.open_or_find(submission, None, cx, change)).0.map(|done| done.ticket)
    }

    fn hook(&mut self, user: &str, tool: &str, input: &Value) -> Arc<Ticket> {
        self.ask(user, USE_TOOL, &call("claude", tool, input)).unwrap()
    }

    fn proxy(&mut self, user: &str, tool: &str, input: &Value) -> Arc<Ticket> {
        self.ask(user, USE_TOOL, &call("mcp", tool, input)).unwrap()
    }

    /// A hook's call that a person approved and its caller took.
    fn released(&mut self) -> Arc<Ticket> {
        let ticket = self.hook("agent", TOOL, &input());
        self.approve(&ticket);
        let id = ticket.id();
        let taken = self.work(|desk, cx, change| desk.take(id, cx, change)).0.unwrap();
        assert!(taken.leave);
        taken.ticket
    }

    fn approve(&mut self, ticket: &Ticket) {
        let (by, id) = (name("ann"), ticket.id());
        let body = Approve { digest: ticket.request().digest, note: None, grant: None, shown: None };
        let grant = GrantId::new(1, [9; 10]);
        self.work(|desk, cx, change| desk.approve(&About { by: &by, id, ended: None }, body, grant, cx, change))
            .0
            .unwrap();
    }
}

const TOOL: &str = "mcp:files/read";

fn input() -> Value {
    json!({ "path": "notes.txt" })
}

fn call(host: &str, tool: &str, input: &Value) -> Value {
    json!({ "host": host, "tool": tool, "native": tool, "input": input, "cwd": "/home/me/app", "session": "s", "agent": "main" })
}

#[test]
fn what_the_proxy_asks_about_a_call_that_a_hook_was_given_leave_for_asks_nobody_again() {
    let mut rig = Rig::new("");
    let hooks = rig.released();
    rig.now_millis += 4_999;
    let paired = rig.proxy("agent", TOOL, &input());
    assert_eq!(paired.status(), Status::Released);
    assert_eq!(
        paired.request().rule,
        format!("the same call as ticket {}, which a hook was given leave for", hooks.id())
    );
}

#[test]
fn a_leave_answers_one_request_and_no_second() {
    let mut rig = Rig::new("");
    rig.released();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Released);
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued);
}

#[test]
fn a_leave_answers_nothing_but_the_same_call_of_the_same_user_in_time() {
    for (why, user, tool, input) in [
        ("another user", "other", TOOL, input()),
        ("another argument", "agent", TOOL, json!({ "path": "keys.txt" })),
        ("one argument more", "agent", TOOL, json!({ "path": "notes.txt", "as": "root" })),
        ("what stands beside the arguments", "agent", TOOL, json!({ "path": "notes.txt", "(beside)": {} })),
        ("the same server alone", "agent", "mcp:files/write", input()),
        ("the same tool of another server", "agent", "mcp:other/read", input()),
        ("no argument", "agent", TOOL, json!({})),
    ] {
        let mut rig = Rig::new("");
        rig.released();
        assert_eq!(rig.proxy(user, tool, &input).status(), Status::Queued, "{why}");
    }
    for millis in [5_000, -1] {
        let mut rig = Rig::new("");
        rig.released();
        rig.now_millis += millis;
        assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "{millis} ms");
    }
}

#[test]
fn what_was_not_given_leave_answers_nothing() {
    let mut rig = Rig::new("");
    let waiting = rig.hook("agent", TOOL, &input());
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "it waits");

    let mut rig = Rig::new("");
    let denied = rig.hook("agent", TOOL, &input());
    let (by, id) = (name("ann"), denied.id());
    let about = About { by: &by, id, ended: None };
    rig.work(|desk, cx, change| desk.deny(&about, Deny::default(), cx, change)).0.unwrap();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "it was denied");

    let mut rig = Rig::new("");
    let approved = rig.hook("agent", TOOL, &input());
    rig.approve(&approved);
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "nobody took it");
    assert_eq!(waiting.status(), Status::Queued);
}

#[test]
fn a_hook_is_not_answered_by_a_leave_and_neither_is_a_name_with_two_readings() {
    let mut rig = Rig::new("");
    rig.released();
    assert_eq!(rig.hook("agent", TOOL, &input()).status(), Status::Queued, "another hook");
    let free = "[[rule]]\nname = 'free'\naction = ['use-tool']\nwhere.param.host = 'claude'\npolicy = 'auto-accept'\n";
    let mut rig = Rig::new(free);
    for tool in ["mcp:a__b__c", "Read"] {
        rig.hook("agent", tool, &input());
        assert_eq!(rig.proxy("agent", tool, &input()).status(), Status::Queued, "{tool}");
    }
}

#[test]
fn what_refuses_or_asks_more_of_what_the_proxy_asks_stays() {
    let ruled =
        |policy: &str| format!("[[rule]]\nname = 'x'\naction = ['use-tool']\nwhere.param.host = 'mcp'\n{policy}\n");
    let mut rig = Rig::new(&ruled("policy = 'auto-deny'"));
    rig.released();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Denied, "a rule");

    let mut rig = Rig::new(&ruled("policy = 'queue'\napprove = { count = 2 }"));
    rig.released();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "two people");

    let mut rig = Rig::new("");
    rig.released();
    let freeze = Freeze { users: Some(vec![name("agent")]), frozen: true };
    rig.work(|desk, cx, change| desk.freeze(&name("ann"), freeze, cx, change)).0.unwrap();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Denied, "a freeze");

    let mut rig = Rig::new("");
    rig.released();
    rig.law = law("[[rule]]\nname = 'x'\naction = ['use-tool']\nwhere.param.host = 'claude'\npolicy = 'auto-deny'\n");
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "the hook's call is refused by now");

    let mut rig = Rig::new("[limits]\npair_seconds_max = 0\n");
    rig.released();
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "switched off");
}

#[test]
fn a_flood_of_definitions_of_one_server_is_bounded_and_others_are_asked_about() {
    let mut rig = Rig::new("[limits]\npins_queued_per_server_max = 3\n");
    let pin = |rig: &mut Rig, server: &str, tool: &str| {
        let definition = json!({ "name": tool });
        let digest = ccc_protocol::Digest::of_json(&definition);
        let params =
            json!({ "server": server, "command": "x", "tool": tool, "digest": digest, "definition": definition });
        rig.ask("agent", PIN_TOOL, &params).map(|ticket| ticket.id()).map_err(|refusal| refusal.kind)
    };
    let first = pin(&mut rig, "files", "a").unwrap();
    for tool in ["b", "c"] {
        pin(&mut rig, "files", tool).unwrap();
    }
    assert_eq!(pin(&mut rig, "files", "d"), Err(ProblemType::Limit));
    assert!(pin(&mut rig, "mail", "d").is_ok(), "another server");
    let by = name("ann");
    let about = About { by: &by, id: first, ended: None };
    rig.work(|desk, cx, change| desk.deny(&about, Deny::default(), cx, change)).0.unwrap();
    assert!(pin(&mut rig, "files", "d").is_ok(), "one was decided");
}

#[test]
fn what_holds_the_session_is_undone_by_a_persons_yes_to_this_call_and_by_no_rule() {
    let escalate = |rig: &mut Rig| {
        let finding = Finding {
            kind: FindingKind::Injection,
            severity: Level::High,
            place: "a page".to_owned(),
            digest: ccc_protocol::Digest::of(b"x"),
        };
        rig.work(|desk, cx, change| desk.found(&name("agent"), "s", &[finding], FenceAnswer::Escalate, cx, change));
    };
    let free = "[[rule]]\nname = 'free'\naction = ['use-tool']\nwhere.tool = 'mcp:files/*'\nwhere.param.host = 'claude'\npolicy = 'auto-accept'\n";
    let mut rig = Rig::new(free);
    assert_eq!(rig.hook("agent", TOOL, &input()).status(), Status::Released);
    escalate(&mut rig);
    assert_eq!(rig.proxy("agent", TOOL, &input()).status(), Status::Queued, "a rule let the hook's call go on");
    let mut rig = Rig::new("");
    escalate(&mut rig);
    let hooks = rig.hook("agent", TOOL, &input());
    assert_eq!(hooks.status(), Status::Queued);
}
