//! The reference model: what the protocol says, in the plainest terms.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::{GrantId, TicketId, actions::USE_TOOL, bodies::Status};

/// Who there is, and whom each may approve for. `eve` is in nobody's list and has none.
pub(super) const AGENTS: [&str; 2] = ["agent", "other"];
pub(super) const APPROVERS: [(&str, &[&str]); 2] = [("ann", &["agent", "other"]), ("bob", &["agent"])];
pub(super) const EVERYBODY: [&str; 5] = ["agent", "other", "ann", "bob", "eve"];

/// The actions of the world. `pair` is queued by a rule and needs two people, `floored` is never looser than queue,
/// `use-tool` is the caller's own to do.
pub(super) const ACTIONS: [&str; 6] = ["asked", "direct", "barred", "floored", "pair", USE_TOOL];

/// Seconds, as the world's config sets them.
pub(super) const QUEUE_SECONDS: i64 = 600;
pub(super) const START_SECONDS: i64 = 60;
pub(super) const RELEASE_SECONDS: i64 = 300;
pub(super) const DENIAL_SECONDS: i64 = 120;
pub(super) const GRANT_SECONDS: i64 = 240;

/// What is asked: by whom, for what, with which number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    pub(super) user: &'static str,
    pub(super) action: &'static str,
    pub(super) number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) ask: Ask,
    pub(super) status: Status,
    pub(super) deadline: Option<i64>,
    pub(super) approvals: Vec<&'static str>,
    pub(super) decided_by: Option<&'static str>,
    /// Let in by a rule, or by a grant of this maker until then; none once people decide about it.
    pub(super) let_in: Option<Option<(&'static str, i64)>>,
    pub(super) stopping: bool,
    /// Since when its approval's time is not counted, and what its deadline was.
    pub(super) held: Option<(i64, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leave {
    pub(super) ask: Ask,
    pub(super) until: i64,
    pub(super) uses: u32,
    pub(super) by: &'static str,
    /// Since when its time is not counted.
    pub(super) held: Option<i64>,
}

/// All that the protocol says stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    /// How far the server's time is ahead of the wall clock, in seconds.
    pub(super) ahead: i64,
    /// The machine was started with its clock behind the log, and nobody has accepted that.
    pub(super) held: bool,
    pub(super) tickets: BTreeMap<TicketId, Expected>,
    /// Also those whose time is over: one whose end is not written down yet may still answer where the machine was started since.
    pub(super) denials: BTreeMap<Ask, (TicketId, i64)>,
    pub(super) grants: BTreeMap<GrantId, Leave>,
    pub(super) overrides: BTreeMap<(&'static str, &'static str), Rank>,
    pub(super) frozen: BTreeSet<(&'static str, &'static str)>,
}

/// Policies from loose to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Accept,
    Queue,
    Deny,
}

/// How a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A new ticket in this state.
    Opened(Status),
    /// The ticket that this repeats, as it then stands.
    Again(TicketId, Status),
}

pub(super) fn may_approve(by: &str, user: &str) -> bool {
    APPROVERS.iter().any(|(approver, users)| *approver == by && users.contains(&user))
}

impl Expected {
    fn wait_again(&mut self, now: i64) {
        (self.status, self.deadline, self.decided_by) = (Status::Queued, Some(now + QUEUE_SECONDS), None);
        (self.let_in, self.held) = (None, None);
    }

    /// Its times are later by so many seconds.
    fn move_by(&mut self, seconds: i64) {
        self.deadline = self.deadline.map(|deadline| deadline + seconds);
        if let Some(Some((_, until))) = &mut self.let_in {
            *until += seconds;
        }
    }
}

impl Model {
    pub(super) fn submit(&mut self, id: TicketId, ask: &Ask, may_start: bool) -> Answer {
        if let Some(again) = self.open_call(ask) {
            return self.take(again);
        }
        let rank = self.rank(ask);
        let denied = self.denials.get(ask).copied().filter(|(_, until)| self.now < *until);
        if let Some((denied, _)) = denied.filter(|_| rank != (Rank::Deny, Why::Frozen)) {
            return Answer::Again(denied, Status::Denied);
        }
        let judge_only = ask.action == USE_TOOL;
        let leave = if rank.0 == Rank::Queue { self.use_grant(ask) } else { None };
        let let_in = match rank.0 {
            Rank::Accept => Some(None),
            Rank::Queue => leave.map(Some),
            Rank::Deny => None,
        };
        let (status, deadline) = match (rank.0, let_in.is_some()) {
            (Rank::Deny, _) => (Status::Denied, None),
            (_, false) => (Status::Queued, Some(self.now + QUEUE_SECONDS)),
            (_, true) if judge_only => (Status::Released, None),
            (_, true) if may_start => (Status::Running, None),
            (_, true) => (Status::Approved, Some(self.now + START_SECONDS)),
        };
        let expected = Expected {
            ask: ask.clone(),
            status,
            deadline,
            approvals: vec![],
            decided_by: None,
            let_in,
            stopping: false,
            held: None,
        };
        self.tickets.insert(id, expected);
        Answer::Opened(status)
    }

    /// The same tool call again finds the ticket that is open for it.
    fn open_call(&self, ask: &Ask) -> Option<TicketId> {
        let open = |expected: &Expected| matches!(expected.status, Status::Queued | Status::Approved);
        let same = |expected: &Expected| expected.ask == *ask && ask.action == USE_TOOL && open(expected);
        self.tickets.iter().find(|(_, expected)| same(expected)).map(|(id, _)| *id)
    }

    fn take(&mut self, id: TicketId) -> Answer {
        let frozen = self.tickets.get(&id).is_some_and(|expected| self.is_frozen(expected.ask.user));
        let refused = self.is_refused_now(id);
        let Some(expected) = self.tickets.get_mut(&id) else { return Answer::Opened(Status::Lost) };
        if expected.status == Status::Approved && !frozen && expected.held.is_none() {
            // The policy of now is asked again: what was approved under another is refused with the rest.
            let (status, decided_by) =
                if refused { (Status::Denied, None) } else { (Status::Released, expected.decided_by) };
            (expected.status, expected.deadline, expected.decided_by) = (status, None, decided_by);
        }
        Answer::Again(id, expected.status)
    }

    fn is_asked_now(&self, id: TicketId) -> bool {
        self.tickets.get(&id).is_some_and(|expected| self.rank(&expected.ask).0 == Rank::Queue)
    }

    fn is_refused_now(&self, id: TicketId) -> bool {
        self.tickets.get(&id).is_some_and(|expected| self.rank(&expected.ask).0 == Rank::Deny)
    }

    fn is_frozen(&self, user: &str) -> bool {
        self.frozen.iter().any(|(by, frozen)| *frozen == user && may_approve(by, user))
    }

    fn rank(&self, ask: &Ask) -> (Rank, Why) {
        if self.is_frozen(ask.user) {
            return (Rank::Deny, Why::Frozen);
        }
        let binding =
            self.overrides.iter().filter(|((by, action), _)| may_approve(by, ask.user) && *action == ask.action);
        let strictest = binding.map(|(_, rank)| *rank).max();
        let own = match ask.action {
            "direct" => Rank::Accept,
            "barred" => Rank::Deny,
            _ => Rank::Queue,
        };
        // A rule queues `pair`; an override to accept does not reach past it. `floored` is never looser than queue.
        let rank = match (ask.action, strictest) {
            ("pair", stricter) => stricter.unwrap_or(Rank::Queue).max(Rank::Queue),
            ("floored", stricter) => stricter.unwrap_or(own).max(Rank::Queue),
            (_, Some(overridden)) => overridden,
            (_, None) => own,
        };
        (rank, Why::Policy)
    }

    /// Whose leave it was, and until when.
    fn use_grant(&mut self, ask: &Ask) -> Option<(&'static str, i64)> {
        let now = self.now;
        let is_live = |leave: &Leave| leave.held.is_none() && now < leave.until && leave.uses > 0;
        let fits = |leave: &Leave| leave.ask == *ask && is_live(leave);
        let first = self.grants.iter().filter(|(_, leave)| fits(leave)).min_by_key(|(id, leave)| (leave.until, **id));
        let id = first.map(|(id, _)| *id)?;
        let leave = self.grants.get_mut(&id)?;
        leave.uses -= 1;
        let used = (leave.by, leave.until);
        self.grants.retain(|_, leave| leave.uses > 0);
        Some(used)
    }

    /// A yes: `None` where it is refused.
    pub(super) fn approve(&mut self, by: &'static str, id: TicketId, grant: Option<(GrantId, u32)>) -> Option<Status> {
        let now = self.now;
        if self.is_refused_now(id) {
            return None;
        }
        let expected = self.decidable(by, id).filter(|expected| expected.status == Status::Queued)?;
        // A floor of queue forbids grants, and so does a second person whose yes would be counted for it.
        if expected.approvals.contains(&by) || (grant.is_some() && matches!(expected.ask.action, "floored" | "pair")) {
            return None;
        }
        expected.approvals.push(by);
        let needed = if expected.ask.action == "pair" { 2 } else { 1 };
        if expected.approvals.len() < needed {
            return Some(Status::Queued);
        }
        let patience = if expected.ask.action == USE_TOOL { RELEASE_SECONDS } else { START_SECONDS };
        (expected.status, expected.deadline, expected.decided_by) = (Status::Approved, Some(now + patience), Some(by));
        let leave = grant.map(|(id, uses)| {
            (id, Leave { ask: expected.ask.clone(), until: now + GRANT_SECONDS, uses, by, held: None })
        });
        self.grants.extend(leave);
        Some(Status::Approved)
    }

    pub(super) fn deny(&mut self, by: &'static str, id: TicketId) -> Option<Status> {
        let now = self.now;
        let expected = self.decidable(by, id)?;
        (expected.status, expected.deadline, expected.decided_by) = (Status::Denied, None, Some(by));
        expected.held = None;
        let ask = expected.ask.clone();
        self.denials.insert(ask, (id, now + DENIAL_SECONDS));
        Some(Status::Denied)
    }

    fn decidable(&mut self, by: &str, id: TicketId) -> Option<&mut Expected> {
        let expected = self.tickets.get_mut(&id)?;
        (may_approve(by, expected.ask.user) && matches!(expected.status, Status::Queued | Status::Approved))
            .then_some(expected)
    }

    pub(super) fn cancel(&mut self, by: &str, id: TicketId) -> Option<Status> {
        let expected = self.tickets.get_mut(&id)?;
        if expected.ask.user != by || !matches!(expected.status, Status::Queued | Status::Approved) {
            return None;
        }
        (expected.status, expected.deadline, expected.held) = (Status::Cancelled, None, None);
        Some(Status::Cancelled)
    }

    pub(super) fn begin(&mut self, id: TicketId, as_shown: bool) -> Option<Status> {
        let frozen = self.tickets.get(&id).is_some_and(|expected| self.is_frozen(expected.ask.user));
        let (refused, asked) = (self.is_refused_now(id), self.is_asked_now(id));
        let now = self.now;
        let expected = self.tickets.get_mut(&id)?;
        if expected.status != Status::Approved || (expected.ask.action == USE_TOOL && !frozen) {
            return None;
        }
        if refused && !frozen {
            (expected.status, expected.deadline, expected.decided_by) = (Status::Denied, None, None);
            expected.held = None;
            return Some(Status::Denied);
        }
        // What a rule let in waits once the rule asks; what a grant let in goes on until the grant's time is over.
        let leave_stands = expected.let_in.flatten().is_some_and(|(_, until)| now < until);
        if expected.let_in.is_some() && asked && !leave_stands && !frozen {
            expected.wait_again(now);
            return Some(Status::Queued);
        }
        if expected.held.is_some() && !frozen {
            return None;
        }
        expected.status = if as_shown && !frozen { Status::Running } else { Status::Failed };
        (expected.deadline, expected.held) = (None, None);
        Some(expected.status)
    }

    pub(super) fn finish(&mut self, id: TicketId, succeeded: bool) -> Option<Status> {
        let expected = self.tickets.get_mut(&id).filter(|expected| expected.status == Status::Running)?;
        expected.status = if succeeded { Status::Succeeded } else { Status::Failed };
        Some(expected.status)
    }

    pub(super) fn freeze(&mut self, by: &'static str, user: &'static str, frozen: bool) -> bool {
        if !may_approve(by, user) {
            return false;
        }
        if !frozen {
            self.frozen.remove(&(by, user));
            return true;
        }
        self.frozen.insert((by, user));
        self.grants.retain(|_, leave| leave.ask.user != user);
        for expected in self.tickets.values_mut().filter(|expected| expected.ask.user == user) {
            match expected.status {
                Status::Queued => {
                    (expected.status, expected.deadline, expected.decided_by) = (Status::Denied, None, Some(by));
                }
                Status::Approved => {
                    (expected.status, expected.deadline, expected.held) = (Status::Failed, None, None);
                }
                _ => {}
            }
        }
        true
    }

    /// A person wants a run to end.
    pub(super) fn stop(&mut self, by: &str, id: TicketId) -> Option<Status> {
        let expected = self.tickets.get_mut(&id)?;
        let may = may_approve(by, expected.ask.user) && expected.status == Status::Running && !expected.stopping;
        may.then(|| {
            expected.stopping = true;
            Status::Running
        })
    }

    /// An approver has another secret: their votes and grants end, and what went on by them waits again.
    pub(super) fn rotate(&mut self, who: &'static str) {
        let now = self.now;
        self.grants.retain(|_, leave| leave.by != who);
        for expected in self.tickets.values_mut() {
            if !matches!(expected.status, Status::Queued | Status::Approved) {
                continue;
            }
            let voted = expected.approvals.contains(&who);
            expected.approvals.retain(|by| *by != who);
            let by_leave = expected.let_in.flatten().is_some_and(|(by, _)| by == who);
            if expected.status == Status::Approved && (voted || by_leave) {
                expected.wait_again(now);
            }
        }
    }

    /// Time has come so far.
    pub(super) fn tick(&mut self) {
        let now = self.now;
        for expected in self.tickets.values_mut().filter(|expected| expected.deadline.is_some_and(|at| at <= now)) {
            let started_by_nobody = expected.status == Status::Approved && expected.ask.action != USE_TOOL;
            expected.status = if started_by_nobody { Status::Failed } else { Status::Expired };
            expected.deadline = None;
        }
        self.grants.retain(|_, leave| leave.held.is_some() || leave.until > now);
    }

    /// The server stopped and came back.
    pub(super) fn restart(&mut self) {
        for expected in self.tickets.values_mut().filter(|expected| expected.status == Status::Running) {
            expected.status = Status::Lost;
        }
        self.tick();
    }
}

/// What the clock does.
impl Model {
    /// The wall clock is set by so many seconds. Set forward, everything keeps the time it has left; set back, nothing happens.
    pub(super) fn set_clock(&mut self, seconds: i64) {
        self.ahead -= seconds;
        let is_right_again = self.held && self.ahead <= 0;
        if is_right_again || self.ahead < -1 {
            let by = -std::mem::take(&mut self.ahead);
            self.now += by;
            self.move_deadlines(by);
            self.let_go(None);
        }
    }

    /// The machine was started anew, with its clock set by so many seconds: that bridges, unless it is behind the last entry.
    pub(super) fn start_machine(&mut self, seconds: i64, last_entry: i64) {
        let wall = self.now - self.ahead + seconds;
        (self.now, self.ahead) = (wall.max(last_entry), (last_entry - wall).max(0));
        if self.ahead > 0 {
            self.hold();
        } else {
            self.let_go(None);
        }
        self.restart();
    }

    /// The owner says that the wall clock is right; false where there is nothing to accept.
    pub(super) fn accept_clock(&mut self) -> bool {
        if !self.held && self.ahead <= 1 {
            return false;
        }
        let now = self.now;
        self.denials.retain(|_, (_, until)| *until > now);
        let by = -std::mem::take(&mut self.ahead);
        self.now += by;
        self.move_deadlines(by);
        self.let_go(Some(self.now));
        true
    }

    fn hold(&mut self) {
        self.held = true;
        let now = self.now;
        for expected in self.tickets.values_mut().filter(|expected| expected.status == Status::Approved) {
            if let Some(deadline) = expected.deadline.take() {
                expected.held = Some((now, deadline));
            }
        }
        for leave in self.grants.values_mut() {
            leave.held = leave.held.or(Some(now));
        }
    }

    /// What is held goes on: with the time it had left from `from` on, or to where its end stood.
    fn let_go(&mut self, from: Option<i64>) {
        self.held = false;
        for expected in self.tickets.values_mut() {
            if let Some((since, deadline)) = expected.held.take() {
                expected.deadline = Some(deadline);
                expected.move_by(from.map_or(0, |from| from - since));
            }
        }
        for leave in self.grants.values_mut() {
            if let Some(since) = leave.held.take() {
                leave.until += from.map_or(0, |from| from - since);
            }
        }
    }

    fn move_deadlines(&mut self, seconds: i64) {
        self.tickets
            .values_mut()
            .filter(|expected| expected.held.is_none())
            .for_each(|expected| expected.move_by(seconds));
        self.grants.values_mut().filter(|leave| leave.held.is_none()).for_each(|leave| leave.until += seconds);
        self.denials.values_mut().for_each(|(_, until)| *until += seconds);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Frozen,
    Policy,
}
