//! A small world: a few actions, users, and rules as TOML.

use std::collections::BTreeSet;

use ccc_protocol::{
    Digest, GrantId, TicketId, Timestamp, UserName,
    bodies::{Facts, Policy, Risk},
};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::{Action, Catalogue, Effect, Entry, Kind, Param, PathKind, builtin},
    grant::Grant,
    limits::Limits,
    params::{
        url,
        value::{Arg, Args, ResolvedPath},
    },
    policy::{Decision, LocalTime, Overrides, Question, RuleSpec, Rulebook, Standing, Trace, Weekday, decide, explain},
    user::{User, Users},
};

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(super) fn ticket(n: u8) -> TicketId {
    TicketId::new(u64::from(n), [n; 10])
}

/// Everything a question depends on; each test changes what it is about.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) own: Policy,
    pub(super) floor: Option<Policy>,
    pub(super) rules: String,
    pub(super) overrides: Overrides,
    pub(super) denial: Option<(TicketId, Timestamp)>,
    pub(super) grants: Vec<Grant>,
    pub(super) args: Args,
    pub(super) facts: Option<Facts>,
    pub(super) local: LocalTime,
    pub(super) action: &'static str,
    /// The policy of `use-tool`, where it is another than the built-in one.
    pub(super) tool_policy: Option<Policy>,
    /// False where `visit` is the only action there is.
    pub(super) has_built_ins: bool,
}

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

impl World {
    /// The action `visit` on these parameters, queued by default, with these rules.
    pub(super) fn new(rules: &str, args: Args) -> Self {
        Self {
            own: Policy::Queue,
            floor: None,
            rules: rules.to_owned(),
            overrides: Overrides::default(),
            denial: None,
            grants: vec![],
            args,
            facts: None,
            local: LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 },
            action: "visit",
            tool_policy: None,
            has_built_ins: true,
        }
    }

    pub(super) fn catalogue(&self) -> Catalogue {
        let mut visit = visit();
        (visit.policy, visit.floor) = (self.own, self.floor);
        let mut built_ins = if self.has_built_ins { builtin::actions() } else { vec![] };
        for action in built_ins.iter_mut().filter(|action| action.is_judge_only()) {
            action.policy = self.tool_policy.unwrap_or(action.policy);
        }
        Catalogue::new([visit].into_iter().chain(built_ins))
    }

    pub(super) fn book(&self) -> Result<Rulebook, Vec<String>> {
        book(&self.rules, &self.catalogue())
    }

    pub(super) fn decide(&self) -> Decision {
        self.ask(decide)
    }

    pub(super) fn explain(&self) -> Trace {
        self.ask(explain)
    }

    fn ask<T>(&self, ask: impl Fn(&Question<'_>, &Rulebook, &Standing<'_>) -> T) -> T {
        let catalogue = self.catalogue();
        let (users, limits, caller) = (users(), Limits::default(), name::<UserName>("agent"));
        let question = Question {
            caller: &caller,
            action: catalogue.named(self.action).unwrap(),
            args: &self.args,
            facts: self.facts.as_ref(),
            risk: None,
            local: self.local,
            now: now(),
            users: &users,
            limits: &limits,
        };
        let grants: Vec<&Grant> = self.grants.iter().collect();
        let standing = Standing { overrides: &self.overrides, denial: self.denial, grants: &grants };
        ask(&question, &self.book().unwrap(), &standing)
    }
}

/// Reads rules as the config has them.
pub(super) fn book(rules: &str, catalogue: &Catalogue) -> Result<Rulebook, Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Rules {
        #[serde(default)]
        rule: Vec<RuleSpec>,
    }
    let rules: Rules = toml::from_str(rules).map_err(|error| vec![error.to_string()])?;
    Rulebook::compile(&rules.rule, catalogue)
}

/// `ada` and `bob` approve for `agent`; `bob` is a DBA; `eve` approves for nobody.
pub(super) fn users() -> Users {
    let approver = |roles: &[&str]| User {
        can_approve: [name("agent")].into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    Users::new([
        (name("ada"), approver(&[])),
        (name("agent"), User::default()),
        (name("bob"), approver(&["dba"])),
        (name("eve"), User::default()),
    ])
}

/// An action with a parameter of each type that rules match.
pub(super) fn visit() -> Action {
    let schemes = vec!["http".to_owned(), "https".to_owned()];
    let path = PathKind { entry: Entry::Any, must_exist: false, content: false, suffixes: vec![] };
    let urls = Kind::List { item: Box::new(Kind::Url { schemes: schemes.clone() }), min: None, max: None };
    let param = |name: &str, kind: Kind| Param {
        name: name.to_owned(),
        kind,
        required: false,
        default: None,
        description: None,
    };
    Action {
        name: name("visit"),
        description: "visit".into(),
        group: "desktop".into(),
        policy: Policy::Queue,
        floor: None,
        params: vec![
            param("url", Kind::Url { schemes }),
            param("urls", urls),
            param("path", Kind::Path(path)),
            param("text", Kind::Text { pattern: None, min: None, max: None, multiline: false }),
            param("size", Kind::Enum(vec!["small".into(), "large".into()])),
            param("times", Kind::Integer { min: Some(0), max: Some(100) }),
            param("deep", Kind::Bool),
        ],
        effect: Effect::Release,
        risk: Risk::Normal,
        irreversible: false,
        start_seconds_max: None,
        declaration: Digest::of(b""),
        constant_plan: None,
    }
    .run_here()
}

impl Action {
    /// The same as an action that the bridge itself would run.
    fn run_here(mut self) -> Self {
        self.effect = Effect::Mail;
        self
    }
}

/// Parameters of `visit` from JSON, as checked ones.
pub(super) fn args(given: Value) -> Args {
    let Value::Object(json) = given else { panic!("parameters are an object") };
    let kind = |name: &str| visit().params.into_iter().find(|param| param.name == name).unwrap().kind;
    let typed = json.iter().map(|(name, value)| (name.clone(), arg(&kind(name), value))).collect();
    Args { typed, json, beneath: vec![] }
}

fn arg(kind: &Kind, value: &Value) -> Arg {
    match (kind, value) {
        (Kind::Url { schemes }, Value::String(text)) => Arg::Url(url::parse(text, schemes).unwrap()),
        (Kind::Path(_), Value::String(text)) => Arg::Path(path(text)),
        (Kind::List { item, .. }, Value::Array(items)) => {
            Arg::List(items.iter().map(|value| arg(item, value)).collect())
        }
        (Kind::Integer { .. }, value) => Arg::Integer(value.as_i64().unwrap()),
        (Kind::Bool, value) => Arg::Bool(value.as_bool().unwrap()),
        (_, Value::String(text)) => Arg::Text(text.clone()),
        (_, other) => panic!("{other}"),
    }
}

/// A path in the volume `/workspace`.
pub(super) fn path(container: &str) -> ResolvedPath {
    let relative = container.trim_start_matches("/workspace").trim_start_matches('/').to_owned();
    ResolvedPath {
        volume: 0,
        host: format!("/home/me/ws/{relative}"),
        root: "/home/me/ws".into(),
        container: container.into(),
        relative,
        content: None,
    }
}

/// Parameters of a tool call.
#[expect(clippy::needless_pass_by_value, reason = "`json!` gives values")]
pub(super) fn call(tool: &str, input: Value) -> Args {
    let given = json!({ "host": "claude", "tool": tool, "native": tool, "input": input, "cwd": "/workspace/app", "session": "s1", "agent": "main" });
    let Value::Object(json) = given else { panic!("parameters are an object") };
    let typed = json.iter().map(|(name, value)| match value {
        Value::Object(fields) => (name.clone(), Arg::Object(fields.clone())),
        value => (name.clone(), Arg::Text(value.as_str().unwrap().to_owned())),
    });
    Args { typed: typed.collect(), json: json.clone(), beneath: vec![] }
}

/// Leave by `ada` for the very same parameters, a minute old and good for an hour.
pub(super) fn grant(action: &str, params: &Map<String, Value>) -> Grant {
    Grant {
        id: GrantId::new(1, [1; 10]),
        user: name("agent"),
        action: name(action),
        params: params.clone(),
        differ: Default::default(),
        until: Timestamp::from_seconds(NOW + 3600),
        uses: Some(5),
        used: 1,
        made_by: vec![name("ada")],
        made: Timestamp::from_seconds(NOW - 60),
        from: ticket(1),
        held: None,
        clock_moved_millis: 0,
        approved: None,
    }
}

pub(super) fn roles(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
