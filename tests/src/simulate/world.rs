//! The real side: a desk over a store in a directory, driven step by step beside the model.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use ccc_core::{
    clock::{Reading, Stretch},
    config,
    desk::{About, Asked, Change, Cx, Desk, KnownUsers, Submission},
    law::Law,
    params,
    policy::{LocalTime, Weekday},
    refusal::Refusal,
    ticket::{Outcome, Ticket},
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{
    Digest, GrantId, TicketId, Timestamp, UserName,
    actions::USE_TOOL,
    bodies::{Approve, Deny, Freeze, GrantRequest, Policy, Status},
};
use ccc_server::parts::{StoreError, Writer, open_store};
use ccc_toolcall::facts;
use serde_json::{Map, Value, json};

use super::{
    Summary,
    invariants::Invariants,
    model::{ACTIONS, AGENTS, APPROVERS, Ask, EVERYBODY, GRANT_SECONDS, Model, Rank},
};
use crate::dice::Dice;

/// One world: the real thing, the model, and what must hold of both.
pub(super) struct World {
    data: PathBuf,
    law: Law,
    store: Writer,
    desk: Desk,
    model: Model,
    invariants: Invariants,
    users: KnownUsers,
    /// The machine: how long it has been up, how often it was started, and what its wall clock shows, in seconds.
    up: i64,
    boots: u64,
    wall: i64,
    restarts: u64,
    steps: u64,
}

/// The world's config: one action of each kind that policy tells apart.
const CONFIG: &str = r#"
[limits]
queue_seconds_max = 600
start_seconds_max = 60
release_seconds_max = 300
denial_seconds = 120

[actions.asked]
policy = "queue"
params.number = { type = "integer", required = true }
run = ["/bin/true", "{number}"]
confined = false
[actions.direct]
policy = "auto-accept"
params.number = { type = "integer", required = true }
run = ["/bin/true", "{number}"]
confined = false
[actions.barred]
policy = "auto-deny"
params.number = { type = "integer", required = true }
run = ["/bin/true", "{number}"]
confined = false
[actions.floored]
policy = "queue"
floor = "queue"
params.number = { type = "integer", required = true }
run = ["/bin/true", "{number}"]
confined = false
[actions.pair]
policy = "auto-accept"
params.number = { type = "integer", required = true }
run = ["/bin/true", "{number}"]
confined = false

[[rule]]
name = "two people"
action = ["pair"]
policy = "queue"
approve = { count = 2 }
"#;

const START_OF_TIME: i64 = 1_750_000_000;
const LOCAL: LocalTime = LocalTime { weekday: Weekday::Mon, minute_of_day: 600 };

impl World {
    pub(super) fn open(data: &Path) -> Self {
        let law = law();
        let store = open_store(data).expect("a store in an empty directory");
        let desk = Desk::restore(store.books(at(START_OF_TIME)).expect("empty books"), &law);
        let model = Model { now: START_OF_TIME, ..Model::default() };
        let mut world = Self {
            data: data.to_owned(),
            law,
            store,
            desk,
            model,
            invariants: Invariants::default(),
            users: EVERYBODY.map(|who| (name(who), Digest::of(who.as_bytes()))).into(),
            up: 0,
            boots: 0,
            wall: START_OF_TIME,
            restarts: 0,
            steps: 0,
        };
        world.begin_time(Timestamp::default());
        let (users, now, law) = (world.users.clone(), world.now(), world.law.clone());
        let mut change = Change::default();
        world.desk.meet_users(users, Cx { law: &law, now, local: LOCAL }, &mut change);
        world.keep(&change).expect("a commit");
        world
    }

    pub(super) fn summary(&self) -> Summary {
        let Self { model, invariants, restarts, steps, .. } = self;
        Summary { steps: *steps, tickets: model.tickets.len(), runs: invariants.runs(), restarts: *restarts }
    }

    /// One random event on both sides.
    pub(super) fn step(&mut self, dice: &mut Dice, at: &str) {
        match dice.roll(24) {
            0..=5 => self.submit(dice, at),
            6..=9 => self.approve(dice, at),
            10 | 11 => self.deny(dice, at),
            12 => self.cancel(dice, at),
            13 | 14 => self.begin(dice, at),
            15 | 16 => self.finish(dice, at),
            17 => self.set_policy(dice, at),
            18 => self.freeze(dice, at),
            19 => self.stop(dice, at),
            20 => self.rotate(dice, at),
            21 => self.set_clock(dice),
            22 => self.start_machine_or_accept(dice, at),
            _ => self.time_or_restart(dice, at),
        }
        self.pass(1);
        self.tick(at);
        self.compare(at);
    }

    fn submit(&mut self, dice: &mut Dice, at: &str) {
        let (Some(user), Some(action)) = (dice.pick(&AGENTS), dice.pick(&ACTIONS)) else { return };
        let ask = Ask { user, action, number: dice.roll(3) };
        let may_start = !dice.one_in(3);
        let submission = self.submission(dice, &ask, may_start);
        let id = submission.asked().id;
        let before = self.model.clone();
        let answer = self.model.submit(id, &ask, may_start);
        let real = self.commit(dice, |desk, cx, change| desk.open_or_find(submission, None, cx, change));
        let Some(real) = real else { return self.model = before };
        let real = real.unwrap_or_else(|refusal| panic!("{at}: {ask:?} was refused: {}", refusal.detail));
        let (expected_id, expected) = match answer {
            super::model::Answer::Opened(status) => (id, status),
            super::model::Answer::Again(earlier, status) => (earlier, status),
        };
        assert_eq!((real.ticket.id(), real.ticket.status()), (expected_id, expected), "{at}: {ask:?}");
    }

    fn approve(&mut self, dice: &mut Dice, at: &str) {
        let (Some(by), Some(id)) = (dice.pick(&EVERYBODY), self.any_ticket(dice)) else { return };
        let ticket = self.stored(id);
        let wrong = dice.one_in(8);
        let digest = if wrong { Digest::of(b"what nobody was shown") } else { ticket.request().digest };
        let grant = (dice.one_in(3)).then(|| {
            (GrantId::new(unix_millis(self.model.now), dice.bytes()), 1 + u32::try_from(dice.roll(2)).unwrap_or(0))
        });
        let body = Approve {
            digest,
            note: None,
            grant: grant.map(|(_, uses)| GrantRequest {
                uses: Some(uses),
                seconds: GRANT_SECONDS.unsigned_abs(),
                params: BTreeMap::new(),
                beside: vec![],
            }),
            shown: None,
        };
        let grant_id = grant.map_or_else(|| GrantId::new(0, [0; 10]), |(id, _)| id);
        let before = self.model.clone();
        let expected = if wrong { None } else { self.model.approve(by, id, grant) };
        let (user, ended) = (name(by), Some(ticket));
        let real = self
            .commit(dice, |desk, cx, change| desk.approve(&About { by: &user, id, ended }, body, grant_id, cx, change));
        self.settle(before, real, expected, &format!("{at}: {by} approves {id}"));
    }

    fn deny(&mut self, dice: &mut Dice, at: &str) {
        let (Some(by), Some(id)) = (dice.pick(&EVERYBODY), self.any_ticket(dice)) else { return };
        let before = self.model.clone();
        let expected = self.model.deny(by, id);
        let (user, ended) = (name(by), Some(self.stored(id)));
        let real = self
            .commit(dice, |desk, cx, change| desk.deny(&About { by: &user, id, ended }, Deny::default(), cx, change));
        self.settle(before, real, expected, &format!("{at}: {by} denies {id}"));
    }

    fn cancel(&mut self, dice: &mut Dice, at: &str) {
        let (Some(by), Some(id)) = (dice.pick(&EVERYBODY), self.any_ticket(dice)) else { return };
        let before = self.model.clone();
        let expected = self.model.cancel(by, id);
        let (user, ended) = (name(by), Some(self.stored(id)));
        let real = self.commit(dice, |desk, cx, change| desk.cancel(&About { by: &user, id, ended }, cx, change));
        self.settle(before, real, expected, &format!("{at}: {by} withdraws {id}"));
    }

    fn begin(&mut self, dice: &mut Dice, at: &str) {
        let Some(id) = self.any_ticket(dice) else { return };
        let as_shown = !dice.one_in(5);
        let ticket = self.stored(id);
        let plan = if as_shown { ticket.request().plan_digest } else { Digest::of(b"another plan") };
        let before = self.model.clone();
        let expected = self.model.begin(id, as_shown);
        let real = self.commit(dice, |desk, cx, change| desk.begin(id, plan, cx, change));
        self.settle(before, real, expected, &format!("{at}: {id} begins"));
    }

    fn finish(&mut self, dice: &mut Dice, at: &str) {
        let Some(id) = self.any_ticket(dice) else { return };
        let succeeded = dice.one_in(2);
        let before = self.model.clone();
        let expected = self.model.finish(id, succeeded);
        let outcome = Outcome { succeeded, result: None, reason: None, is_unknown: false };
        let real = self.commit(dice, |desk, cx, change| desk.finish(id, outcome, cx, change));
        self.settle(before, real, expected, &format!("{at}: {id} ends"));
    }

    fn stop(&mut self, dice: &mut Dice, at: &str) {
        let (Some(by), Some(id)) = (dice.pick(&EVERYBODY), self.any_ticket(dice)) else { return };
        let before = self.model.clone();
        let expected = self.model.stop(by, id);
        let (user, ended) = (name(by), Some(self.stored(id)));
        let real = self.commit(dice, |desk, cx, change| desk.stop_run(&About { by: &user, id, ended }, cx, change));
        self.settle(before, real, expected, &format!("{at}: {by} stops {id}"));
    }

    fn rotate(&mut self, dice: &mut Dice, at: &str) {
        let approvers = APPROVERS.map(|(by, _)| by);
        let Some(who) = dice.pick(&approvers) else { return };
        let before = self.model.clone();
        self.model.rotate(who);
        let mut users = self.users.clone();
        users.insert(name(who), Digest::of(&dice.bytes()));
        let next = users.clone();
        let real = self.commit(dice, |desk, cx, change| Ok(desk.meet_users(next, cx, change)));
        let Some(real) = real else { return self.model = before };
        assert_eq!(real.map(|cut_off| cut_off.len()).unwrap_or_default(), 1, "{at}: {who} alone has another secret");
        self.users = users;
    }

    fn set_policy(&mut self, dice: &mut Dice, at: &str) {
        let approvers = APPROVERS.map(|(by, _)| by);
        let (Some(by), Some(action)) = (dice.pick(&approvers), dice.pick(&ACTIONS)) else { return };
        let rank = dice.pick(&[None, Some(Rank::Accept), Some(Rank::Queue), Some(Rank::Deny)]).flatten();
        let too_loose = action == "floored" && rank == Some(Rank::Accept);
        let policy = rank.map(|rank| match rank {
            Rank::Accept => Policy::AutoAccept,
            Rank::Queue => Policy::Queue,
            Rank::Deny => Policy::AutoDeny,
        });
        let before = self.model.clone();
        match rank {
            _ if too_loose => {}
            Some(rank) => drop(self.model.overrides.insert((by, action), rank)),
            None => drop(self.model.overrides.remove(&(by, action))),
        }
        let (user, action) = (name(by), action.parse().expect("an action's name"));
        let real = self.commit(dice, |desk, cx, change| desk.set_policy(&user, &action, policy, cx, change));
        let Some(real) = real else { return self.model = before };
        assert_eq!(real.is_ok(), !too_loose, "{at}: {by} sets {action} to {policy:?}");
    }

    fn freeze(&mut self, dice: &mut Dice, at: &str) {
        let (Some(by), Some(user)) = (dice.pick(&EVERYBODY), dice.pick(&AGENTS)) else { return };
        // Lifted more often than set, or nothing would ever happen.
        let frozen = dice.one_in(4);
        let before = self.model.clone();
        let expected = self.model.freeze(by, user, frozen);
        let body = Freeze { users: Some(vec![name(user)]), frozen };
        let by_name = name(by);
        let real = self.commit(dice, |desk, cx, change| desk.freeze(&by_name, body, cx, change));
        let Some(real) = real else { return self.model = before };
        assert_eq!(real.is_ok(), expected, "{at}: {by} freezes {user}: {frozen}");
    }

    fn time_or_restart(&mut self, dice: &mut Dice, at: &str) {
        match dice.roll(2) {
            0 => self.pass(i64::try_from(dice.roll(120)).unwrap_or(0)),
            _ => self.restart(at),
        }
    }

    /// So many seconds go by, on every clock.
    fn pass(&mut self, seconds: i64) {
        self.up += seconds;
        self.wall += seconds;
        self.model.now += seconds;
    }

    /// The wall clock is set, by less than a request waits or by far more; what comes of that is seen at the next look.
    fn set_clock(&mut self, dice: &mut Dice) {
        let most = dice.pick(&[30, 300, 5000]).unwrap_or(30);
        let by = i64::try_from(dice.roll(2 * most)).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
        self.wall += by;
        self.model.set_clock(by);
    }

    fn start_machine_or_accept(&mut self, dice: &mut Dice, at: &str) {
        if dice.one_in(2) {
            return self.accept_clock(at);
        }
        let by = i64::try_from(dice.roll(2000)).unwrap_or(0) - 1000;
        let latest = self.store.latest().expect("the store reads").at;
        self.boots += 1;
        self.up = i64::try_from(dice.roll(100)).unwrap_or(0);
        self.wall += by;
        self.model.start_machine(by, latest.seconds());
        self.reopen();
        self.begin_time(latest);
        self.recover(at);
    }

    fn accept_clock(&mut self, at: &str) {
        self.look_at_clock(at);
        let (reading, law) = (self.reading(), self.law.clone());
        let mut change = Change::default();
        let cx = Cx { law: &law, now: self.desk.clock().time(reading), local: LOCAL };
        let accepted = self.desk.accept_clock(reading, cx, &mut change);
        let expected = self.model.accept_clock();
        assert_eq!(accepted, expected.then(|| self.now()), "{at}: the clock is accepted");
        self.keep(&change).unwrap_or_else(|error| panic!("{at}: {error}"));
    }

    fn begin_time(&mut self, latest: Timestamp) {
        let (reading, law) = (self.reading(), self.law.clone());
        let last = self.store.latest().expect("the store reads").stretch;
        let begun = Stretch::begin(last.as_ref(), latest, &format!("boot {}", self.boots), reading);
        let mut change = Change::default();
        let cx = Cx { law: &law, now: begun.time(reading), local: LOCAL };
        self.desk.begin_time(begun, reading, cx, &mut change);
        self.keep(&change).expect("a commit");
    }

    /// As the clerk does before it serves.
    fn look_at_clock(&mut self, at: &str) {
        let (reading, law) = (self.reading(), self.law.clone());
        let mut change = Change::default();
        let cx = Cx { law: &law, now: self.desk.clock().time(reading), local: LOCAL };
        let now = self.desk.look_at_clock(reading, cx, &mut change);
        assert_eq!(now, self.now(), "{at}: the server's time");
        assert_eq!(self.desk.clock().is_held, self.model.held, "{at}: whether approvals are held");
        self.keep(&change).unwrap_or_else(|error| panic!("{at}: {error}"));
    }

    fn reading(&self) -> Reading {
        Reading { wall: at(self.wall), since_boot_millis: self.up * 1000 }
    }

    /// Ends everything whose time is over, as the clerk does before it serves.
    fn tick(&mut self, at: &str) {
        self.look_at_clock(at);
        let (now, law) = (self.now(), self.law.clone());
        let mut change = Change::default();
        self.desk.tick(Cx { law: &law, now, local: LOCAL }, &mut change);
        self.keep(&change).unwrap_or_else(|error| panic!("{at}: {error}"));
        self.model.tick();
    }

    fn restart(&mut self, at: &str) {
        self.reopen();
        self.recover(at);
        self.model.restart();
    }

    fn recover(&mut self, at: &str) {
        let (now, law) = (self.now(), self.law.clone());
        let mut change = Change::default();
        self.desk.recover(Cx { law: &law, now, local: LOCAL }, &mut change);
        self.keep(&change).unwrap_or_else(|error| panic!("{at}: {error}"));
        self.is_held_until_let_go(at);
    }

    /// Until the store was looked at, nothing that was approved before the start begins or is released.
    fn is_held_until_let_go(&mut self, at: &str) {
        let (now, law) = (self.now(), self.law.clone());
        let cx = Cx { law: &law, now, local: LOCAL };
        self.desk.hold_approved();
        let mut change = Change::default();
        for id in self.desk.held().clone() {
            let ticket = self.stored(id);
            let begun = self.desk.begin(id, ticket.request().plan_digest, cx, &mut change);
            assert!(begun.is_err(), "{at}: {id} begins before the store was looked at");
            let taken = self.desk.take(id, cx, &mut change);
            assert!(taken.is_ok_and(|taken| !taken.leave), "{at}: {id} is released before the store was looked at");
        }
        assert!(change.is_empty(), "{at}: what is held stays as it is");
        self.desk.let_go(&mut change);
        assert!(self.desk.held().is_empty() && change.entries.is_empty(), "{at}: letting go changes no ticket");
    }

    /// The process dies, and another one reads what was committed.
    fn reopen(&mut self) {
        self.restarts += 1;
        self.store = open_store(&self.data).expect("the store opens again");
        self.desk = Desk::restore(self.store.books(self.now()).expect("the books read"), &self.law);
    }

    /// One use case and its commit. Now and then the process dies before the commit: then `None`, and nothing of it may stand.
    fn commit<T>(
        &mut self,
        dice: &mut Dice,
        work: impl FnOnce(&mut Desk, Cx<'_>, &mut Change) -> Result<T, Refusal>,
    ) -> Option<Result<T, Refusal>> {
        let (now, law) = (self.now(), self.law.clone());
        let mut change = Change::default();
        let result = work(&mut self.desk, Cx { law: &law, now, local: LOCAL }, &mut change);
        assert!(result.is_ok() || change.is_empty(), "a refusal changed something");
        if dice.one_in(12) {
            self.store.begin().expect("a transaction");
            self.store.write(&change, &[], &law.limits).expect("a write");
            self.reopen_torn();
            return None;
        }
        self.keep(&change).expect("a commit");
        Some(result)
    }

    /// Dies within the transaction. What was running is still running in the books; a real start would then recover.
    fn reopen_torn(&mut self) {
        self.store.roll_back();
        self.reopen();
    }

    fn keep(&mut self, change: &Change) -> Result<(), StoreError> {
        self.store.begin()?;
        self.store.write(change, &[], &self.law.limits)?;
        self.store.commit()?;
        self.invariants.committed(change, self.model.now);
        Ok(())
    }

    fn settle(
        &mut self,
        before: Model,
        real: Option<Result<Arc<Ticket>, Refusal>>,
        expected: Option<Status>,
        at: &str,
    ) {
        match real {
            None => self.model = before,
            Some(real) => assert_eq!(real.map(|ticket| ticket.status()).ok(), expected, "{at}"),
        }
    }

    /// Open tickets after each step; every ticket now and then, so that a world's cost does not grow with its square.
    fn compare(&mut self, at: &str) {
        self.steps += 1;
        let all = self.steps.is_multiple_of(50);
        for (id, expected) in self.model.tickets.iter().filter(|(_, expected)| all || !expected.status.has_ended()) {
            let real = self.stored(*id);
            let approvals: Vec<_> = real.approvals().iter().map(|approval| approval.by.as_str()).collect();
            assert_eq!(real.status(), expected.status, "{at}: {id} {:?}", expected.ask);
            assert_eq!(approvals, expected.approvals, "{at}: {id}");
            let left = |deadline: Timestamp| deadline.seconds();
            assert_eq!(real.deadline().map(left), expected.deadline, "{at}: {id} {expected:?}");
            assert_eq!(real.is_held(), expected.held.is_some(), "{at}: {id} {expected:?}");
            assert_eq!(real.decided_by().map(UserName::as_str), expected.decided_by, "{at}: {id}");
        }
        let open = self.model.tickets.values().filter(|expected| !expected.status.has_ended()).count();
        assert_eq!(self.desk.open_tickets().count(), open, "{at}: open tickets");
        assert_eq!(self.desk.grants().count(), self.model.grants.len(), "{at}: standing grants");
        let real: BTreeMap<_, _> = self.desk.denials().map(|(_, (id, until))| (id, until.seconds())).collect();
        let answer = self.model.denials.values().filter(|(_, until)| *until > self.model.now);
        assert_eq!(real, answer.copied().collect(), "{at}: what denials answer, and until when");
        if all {
            self.invariants.hold(&self.data, at);
        }
    }

    fn stored(&self, id: TicketId) -> Arc<Ticket> {
        let open = self.desk.open_ticket(id).cloned();
        open.unwrap_or_else(|| Arc::new(self.store.ticket(id).expect("the store reads").expect("the ticket is stored")))
    }

    fn any_ticket(&self, dice: &mut Dice) -> Option<TicketId> {
        let open: Vec<_> = self.desk.open_tickets().map(|ticket| ticket.id()).collect();
        if dice.one_in(10) || open.is_empty() {
            let all: Vec<_> = self.model.tickets.keys().copied().collect();
            return dice.pick(&all);
        }
        dice.pick(&open)
    }

    fn submission(&self, dice: &mut Dice, ask: &Ask, may_start: bool) -> Submission {
        let action = Arc::clone(self.law.catalogue.named(ask.action).expect("an action of the world"));
        let given =
            if ask.action == USE_TOOL { tool_call(ask.number) } else { object(json!({ "number": ask.number })) };
        let args = params::draft(&action, given, &self.law.volumes)
            .and_then(|draft| draft.resolve(vec![]))
            .expect("good parameters");
        let facts = action.is_judge_only().then(|| {
            facts::derive(
                "Bash",
                args.json.get("input").unwrap_or(&Value::Null),
                "/workspace",
                &facts::Knowledge::default(),
            )
        });
        let asked = Asked {
            id: TicketId::new(unix_millis(self.model.now), dice.bytes()),
            caller: name(ask.user),
            plan: ccc_core::plan::make(&action, &args, &self.law).expect("a plan"),
            action,
            args,
            facts,
            signs: ccc_core::risk::TextSigns::default(),
        };
        Submission::new(asked, LOCAL, may_start)
    }

    fn now(&self) -> Timestamp {
        at(self.model.now)
    }
}

fn law() -> Law {
    let config = config::read(CONFIG).expect("the world's config");
    let user = |can_approve: &[&str]| User {
        can_approve: can_approve.iter().map(|user| name(user)).collect(),
        ..User::default()
    };
    let everybody = EVERYBODY.map(|who| {
        let can_approve = APPROVERS.iter().find(|(by, _)| *by == who).map_or(&[][..], |(_, users)| users);
        (name(who), user(can_approve))
    });
    config.law(Users::new(everybody), Volumes::default(), |program| Some(program.to_owned())).expect("the world's law")
}

fn tool_call(number: u64) -> Map<String, Value> {
    object(json!({
        "host": "claude", "tool": "Bash", "native": "Bash", "cwd": "/workspace", "session": "s", "agent": "main",
        "input": { "command": format!("echo {number}") },
    }))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn name(text: &str) -> UserName {
    text.parse().expect("a user's name")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn unix_millis(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0) * 1000
}
