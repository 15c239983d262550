//! A desk with its law and clock, the people at it, and what rules alone would say.

use std::{collections::HashMap, sync::Arc};

use ccc_core::{
    config,
    desk::{About, Asked, Books, Change, Cx, Desk, Setting, Submission},
    law::Law,
    params, plan,
    policy::{self, LocalTime, Question, Ruling, Standing, Weekday},
    refusal::Refusal,
    risk::{TextSigns, patterns::Matched},
    ticket::Ticket,
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{
    Digest, GrantId, TicketId, Timestamp, UserName,
    actions::USE_TOOL,
    approval,
    bodies::{
        Approve, AuditEntry, Deny, EntryKind, Facts, FenceAnswer, Finding, FindingKind, Freeze, GrantRequest, Level,
        Shown, Status,
    },
};
use ccc_toolcall::facts;
use serde_json::{Map, Value, json};

pub(crate) const LOCAL: LocalTime = LocalTime { weekday: Weekday::Mon, minute_of_day: 600 };

pub(crate) fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

pub(crate) fn law(config: &str) -> Law {
    let ana = User { can_approve: [name("agent")].into(), ..User::default() };
    let users = [(name("agent"), User::default()), (name("ana"), ana), (name("bob"), User::default())];
    let config = config::read(config).unwrap();
    config.law(Users::new(users), Volumes::default(), |program| Some(program.to_owned())).unwrap()
}

pub(crate) struct Rig {
    pub(crate) law: Law,
    pub(crate) desk: Desk,
    pub(crate) now: i64,
    pub(crate) entries: Vec<AuditEntry>,
    frozen: Vec<ccc_core::risk::Frozen>,
    tickets: u32,
    read: HashMap<String, (Facts, Vec<Matched>)>,
}

impl Rig {
    pub(crate) fn new(config: &str) -> Self {
        let law = law(config);
        let desk = Desk::restore(Books::default(), &law);
        Self { law, desk, now: 1_800_000_000, entries: vec![], frozen: vec![], tickets: 0, read: HashMap::new() }
    }

    pub(crate) fn work<T>(&mut self, work: impl FnOnce(&mut Desk, Cx<'_>, &mut Change) -> T) -> T {
        let cx = Cx { law: &self.law, now: Timestamp::from_seconds(self.now), local: LOCAL };
        let mut change = Change::default();
        let done = work(&mut self.desk, cx, &mut change);
        for setting in &change.settings {
            if let Setting::Frozen(frozen) = setting {
                self.frozen.clone_from(frozen);
            }
        }
        self.entries.extend(change.entries.into_iter().map(|sealed| sealed.entry));
        done
    }

    pub(crate) fn submission(&mut self, action: &str, params: Map<String, Value>, signs: TextSigns) -> Submission {
        self.tickets += 1;
        let action = Arc::clone(self.law.catalogue.named(action).unwrap());
        let draft = params::draft(&action, params, &self.law.volumes).unwrap();
        let args = draft.resolve(vec![]).unwrap();
        let plan = plan::make(&action, &args, &self.law).unwrap();
        let knowledge = self.law.knowledge();
        let text = args.json.get("input").map(Value::to_string).unwrap_or_default();
        // As the server reads a call: what it does, and which patterns it fits.
        let read = || {
            let facts = facts::of_request(&args.json, &knowledge);
            let matched = self.law.patterns.matched(&args.json, &facts, usize::MAX);
            (facts, matched)
        };
        let read = action.is_judge_only().then(|| self.read.entry(text).or_insert_with(read).clone());
        let (facts, matched) = read.unzip();
        let signs = TextSigns { matched: matched.unwrap_or_default(), ..signs };
        let mut random = [0; 10];
        random[..4].copy_from_slice(&self.tickets.to_be_bytes());
        let asked = Asked { id: TicketId::new(1, random), caller: name("agent"), action, args, facts, signs, plan };
        Submission::new(asked, LOCAL, false)
    }

    pub(crate) fn try_run(&mut self, session: &str, command: &str) -> Result<Arc<Ticket>, Refusal> {
        let submission = self.submission(USE_TOOL, call(session, command), TextSigns::default());
        self.work(|desk, cx, change| desk.open_or_find(submission, None, cx, change)).map(|submitted| submitted.ticket)
    }

    pub(crate) fn run(&mut self, session: &str, command: &str) -> Arc<Ticket> {
        self.now += 1;
        self.try_run(session, command).unwrap()
    }

    pub(crate) fn ask(&mut self, action: &str, params: &Value) -> Arc<Ticket> {
        let submission = self.submission(action, params.as_object().unwrap().clone(), TextSigns::default());
        self.work(|desk, cx, change| desk.open_or_find(submission, None, cx, change)).unwrap().ticket
    }

    /// Ana's yes, with all the care that is needed.
    pub(crate) fn approve(&mut self, ticket: &Ticket, grant: Option<GrantRequest>) -> Result<Arc<Ticket>, Refusal> {
        let verdict = ticket.verdict(ticket.needs(), &self.law.knowledge());
        let shown = Some(Shown { verdict: verdict.digest(), word: Some(verdict.word) });
        let body = Approve { digest: ticket.request().digest, note: None, grant, shown };
        let mut random = [9; 10];
        random[..4].copy_from_slice(&self.tickets.to_be_bytes());
        let (by, id) = (name("ana"), ticket.id());
        self.work(|desk, cx, change| {
            desk.approve(&About { by: &by, id, ended: None }, body, GrantId::new(1, random), cx, change)
        })
    }

    pub(crate) fn deny(&mut self, ticket: &Ticket) -> Arc<Ticket> {
        let (by, id) = (name("ana"), ticket.id());
        let body = Deny { reason: None, digest: None, shown: None };
        self.work(|desk, cx, change| desk.deny(&About { by: &by, id, ended: None }, body, cx, change)).unwrap()
    }

    pub(crate) fn found(&mut self, session: &str, answer: FenceAnswer) {
        let (user, digest) = (name("agent"), Digest::of(b"x"));
        let finding = Finding { kind: FindingKind::Injection, severity: Level::High, place: "a.md".into(), digest };
        self.work(|desk, cx, change| desk.found(&user, session, &[finding], answer, cx, change));
    }

    pub(crate) fn thaw(&mut self, by: &str) -> Result<(), Refusal> {
        let (by, body) = (name(by), Freeze { users: Some(vec![name("agent")]), frozen: false });
        self.work(|desk, cx, change| desk.freeze(&by, body, cx, change))
    }

    /// The desk as a start finds it.
    pub(crate) fn restart(&mut self) {
        let kept = |entry: &&AuditEntry| entry.detail.contains_key("marks") || entry.kind == EntryKind::DenialLifted;
        let books = Books {
            chain: *self.desk.chain(),
            open: self.desk.open_tickets().map(|ticket| Ticket::clone(ticket)).collect(),
            overrides: self.desk.overrides().clone(),
            frozen: self.frozen.clone(),
            recent: self.entries.iter().filter(kept).cloned().collect(),
            ..Books::default()
        };
        self.desk = Desk::restore(books, &self.law);
    }
}

pub(crate) fn call(session: &str, command: &str) -> Map<String, Value> {
    let call = json!({
        "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command }, "cwd": "/home/dev/p",
        "project": "/home/dev/p", "session": session, "agent": "main",
    });
    call.as_object().unwrap().clone()
}

/// 0 passes, 1 confined, 2 asked, 3 denied.
pub(crate) fn alone(rig: &Rig, without: &Law, submission: &Submission) -> u8 {
    let asked = submission.asked();
    let question = Question {
        caller: &asked.caller,
        action: &asked.action,
        args: &asked.args,
        facts: asked.facts.as_ref(),
        risk: None,
        local: LOCAL,
        now: Timestamp::from_seconds(rig.now),
        users: &without.users,
        limits: &without.limits,
    };
    let known = approval::call_digest(&asked.action.name, &asked.args.json, &asked.caller);
    let denial = rig.desk.denials().find(|(call, _)| *call == known).map(|(_, denial)| denial);
    let grants: Vec<_> = rig.desk.grants().collect();
    let standing = Standing { overrides: rig.desk.overrides(), denial, grants: &grants };
    match policy::decide(&question, &without.rulebook, &standing).ruling {
        Ruling::Accept => 0,
        Ruling::Confine => 1,
        Ruling::Queue => 2,
        Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => 3,
    }
}

/// 0 released, 1 confined, 2 waits, 3 refused.
pub(crate) fn rank(status: Status) -> u8 {
    match status {
        Status::Released => 0,
        Status::Confined => 1,
        Status::Queued | Status::Approved => 2,
        _ => 3,
    }
}
