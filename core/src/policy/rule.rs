//! Rules, read once against the catalogue: which actions each is about, and what it asks of a request.

use std::collections::{BTreeSet, HashMap};

use ccc_protocol::{ActionName, UserName, actions::USE_TOOL, bodies::Policy, duration};

use super::{
    bind::{self, Misfit},
    condition::{Condition, Fit},
    glob::Globs,
    index::Index,
    question::Question,
    spec::{ApproveSpec, RuleSpec},
};
use crate::{
    catalogue::Catalogue,
    params::{url::is_internal_host, value::Arg},
};

/// All rules, with the conditions of each bound to each action it is about.
#[derive(Debug, Clone, Default)]
pub struct Rulebook {
    rules: Vec<Rule>,
    by_action: HashMap<ActionName, Bucket>,
    misfits: Vec<NeverMatches>,
}

/// A rule of the config, its globs compiled. Its conditions are kept by action: each reads the parameters of its own.
#[derive(Debug, Clone)]
pub struct Rule {
    /// As the config has it, unlike every other rule's; decisions name it.
    pub name: String,
    /// What happens where it matches.
    pub policy: Policy,
    /// What the agent reads where it denies.
    pub reason: Option<String>,
    pub(super) actions: Globs,
    pub(super) callers: Option<Globs>,
    pub(super) is_unconditional: bool,
    /// True where it asks about risk: it makes stricter, and stands in the place of nothing.
    pub(super) asks_risk: bool,
    pub(super) asks: Asks,
}

/// What a queueing rule asks of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asks {
    pub(super) roles: BTreeSet<String>,
    pub(super) count: u32,
    pub(super) justification: bool,
    pub(super) care: bool,
    pub(super) expires_seconds: Option<u64>,
    pub(super) grant_seconds_max: Option<u64>,
}

/// The rules that could match one action.
#[derive(Debug, Clone, Default)]
struct Bucket {
    bounds: Vec<Bound>,
    index: Index,
}

/// One rule's conditions for one action.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    rule: usize,
    conditions: Vec<Condition>,
}

/// A rule that names an action and can never match it.
#[derive(Debug, Clone)]
pub(super) struct NeverMatches {
    pub(super) rule: usize,
    pub(super) action: ActionName,
    pub(super) why: String,
}

/// What kept a rule from matching.
#[derive(Debug, Clone, Copy)]
pub(super) enum Miss<'a> {
    Caller(&'a Globs),
    Condition(&'a Condition),
}

impl Rulebook {
    /// Reads the rules against the actions of the catalogue.
    ///
    /// # Errors
    /// A sentence for each thing that is wrong. A rule that denies or queues and could never match is wrong; one that
    /// accepts and could never match is left to `lint`.
    pub fn compile(specs: &[RuleSpec], catalogue: &Catalogue) -> Result<Self, Vec<String>> {
        let mut book = Self::default();
        let mut errors = vec![];
        for spec in specs {
            let named_twice = book.rules.iter().any(|rule| rule.name == spec.name);
            let added =
                if named_twice { Err("another rule has this name".to_owned()) } else { book.add(spec, catalogue) };
            if let Err(why) = added {
                errors.push(format!("rule `{}`: {why}", spec.name));
            }
        }
        if errors.is_empty() { Ok(book) } else { Err(errors) }
    }

    /// All rules, in the order of the config.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// True where the time of day may make a difference.
    #[must_use]
    pub fn asks_time(&self) -> bool {
        let bounds = self.by_action.values().flat_map(|bucket| &bucket.bounds);
        bounds.flat_map(|bound| &bound.conditions).any(Condition::asks_time)
    }

    /// The rules that could match this question, each with what it asks.
    pub(super) fn candidates(&self, question: &Question<'_>) -> impl Iterator<Item = (&Rule, &Bound)> {
        let bucket = self.by_action.get(&question.action.name);
        bucket.into_iter().flat_map(|bucket| {
            bucket.index.candidates(question).filter_map(|place| {
                let bound = bucket.bounds.get(place)?;
                Some((self.rules.get(bound.rule)?, bound))
            })
        })
    }

    /// The rules that could match this action.
    pub(super) fn about(&self, action: &ActionName) -> impl Iterator<Item = &Rule> {
        self.bounds(action).iter().filter_map(|bound| self.rules.get(bound.rule))
    }

    /// What this rule asks of this action.
    pub(super) fn bound(&self, rule: usize, action: &ActionName) -> Option<&Bound> {
        self.bounds(action).iter().find(|bound| bound.rule == rule)
    }

    fn bounds(&self, action: &ActionName) -> &[Bound] {
        self.by_action.get(action).map(|bucket| bucket.bounds.as_slice()).unwrap_or_default()
    }

    /// Where rules can never match.
    pub(super) fn misfits(&self) -> &[NeverMatches] {
        &self.misfits
    }

    fn add(&mut self, spec: &RuleSpec, catalogue: &Catalogue) -> Result<(), String> {
        let mut rule = Rule::new(spec)?;
        if rule.policy == Policy::Confine {
            only_of_tool_calls(&rule, catalogue)?;
        }
        let index = self.rules.len();
        let mut inapplicable = vec![];
        let mut bound = vec![];
        for action in catalogue.iter().filter(|action| rule.actions.fits(action.name.as_str())) {
            match bind::conditions(spec, action) {
                Ok(conditions) => {
                    rule.asks_risk |= conditions.iter().any(Condition::asks_risk);
                    bound.push((action.name.clone(), Bound { rule: index, conditions }));
                }
                Err(Misfit::Inapplicable(why)) => {
                    inapplicable.push(NeverMatches { rule: index, action: action.name.clone(), why });
                }
                Err(Misfit::Malformed(why)) => return Err(why),
            }
        }
        if rule.asks_risk && rule.policy == Policy::AutoAccept {
            return Err("`where.risk` and `where.session` are for rules that queue, confine or deny: risk lets nothing pass, and \
                        what passes is said by rules without them"
                .into());
        }
        if let (true, true, Some(first)) = (bind::must_apply(rule.policy), bound.is_empty(), inapplicable.first()) {
            return Err(format!("it could never match: {}", first.why));
        }
        for (action, bound) in bound {
            let bucket = self.by_action.entry(action).or_default();
            bucket.index.push(rule.callers.as_ref(), &bound.conditions);
            bucket.bounds.push(bound);
        }
        self.misfits.append(&mut inapplicable);
        self.rules.push(rule);
        Ok(())
    }
}

impl Rule {
    fn new(spec: &RuleSpec) -> Result<Self, String> {
        if spec.name.trim().is_empty() {
            return Err("it needs a name".into());
        }
        if spec.policy != Policy::Queue && (spec.approve.is_some() || spec.grants.is_some()) {
            return Err("`approve` and `grants` belong to rules with `policy = \"queue\"`".into());
        }
        if spec.policy != Policy::AutoDeny && spec.reason.is_some() {
            return Err("`reason` belongs to rules with `policy = \"auto-deny\"`".into());
        }
        let actions = Globs::new(&spec.action.clone().into_list()).map_err(|why| format!("`action`: {why}"))?;
        let callers = spec.caller.clone().map(|caller| Globs::new(&caller.into_list())).transpose();
        Ok(Self {
            name: spec.name.clone(),
            policy: spec.policy,
            reason: spec.reason.clone(),
            actions,
            callers: callers.map_err(|why| format!("`caller`: {why}"))?,
            is_unconditional: spec.conditions.is_empty(),
            asks_risk: false,
            asks: Asks::new(spec.approve.clone().unwrap_or_default(), spec.grants)?,
        })
    }

    /// True where the rule is about this caller.
    pub(super) fn is_about(&self, caller: &UserName) -> bool {
        self.callers.as_ref().is_none_or(|globs| globs.fits(caller.as_str()))
    }

    /// How far the rule, with its conditions for the question's action, matches; or what kept it from matching.
    pub(super) fn fit<'a>(&'a self, bound: &'a Bound, question: &Question<'_>) -> Result<Fit, Miss<'a>> {
        if let Some(callers) = self.callers.as_ref().filter(|globs| !globs.fits(question.caller.as_str())) {
            return Err(Miss::Caller(callers));
        }
        let is_readable = match self.policy {
            Policy::Confine => question.is_confinable(),
            _ => question.is_readable(),
        };
        let may_be_whole = is_readable && bound.names_internal_hosts(question) && bound.names_server(question);
        let mut fit = if may_be_whole { Fit::Whole } else { Fit::Part };
        for condition in &bound.conditions {
            match condition.fit(question) {
                Fit::No => return Err(Miss::Condition(condition)),
                part_or_whole => fit = fit.min(part_or_whole),
            }
        }
        Ok(fit)
    }
}

impl Bound {
    /// True where every internal host of the request is one that the conditions ask for. Whether they name it in full,
    /// each condition says itself.
    fn names_internal_hosts(&self, question: &Question<'_>) -> bool {
        let names = |param: &str| self.conditions.iter().any(|condition| condition.names_host_of(param));
        let contacted = question.facts.is_none_or(|facts| {
            !facts.hosts.iter().any(|at| is_internal_host(at))
                || self.conditions.iter().any(Condition::names_contacted_hosts)
        });
        contacted && question.args.typed.iter().all(|(param, arg)| !holds_internal_host(arg) || names(param))
    }
}

impl Bound {
    /// True where the conditions name the tool of a server that does as it pleases: `mcp:server/tool`, not `*`.
    fn names_server(&self, question: &Question<'_>) -> bool {
        !question.asks_server() || self.conditions.iter().any(|condition| condition.names_server_of_tool(question))
    }
}

/// What runs on the host is confined by its declaration; of tool calls alone it is a matter of policy.
fn only_of_tool_calls(rule: &Rule, catalogue: &Catalogue) -> Result<(), String> {
    let other = catalogue.iter().find(|action| rule.actions.fits(action.name.as_str()) && !action.is_judge_only());
    match other {
        Some(other) => Err(format!("`policy = \"confine\"` is for `{USE_TOOL}` alone, and it names `{}`", other.name)),
        None => Ok(()),
    }
}

fn holds_internal_host(arg: &Arg) -> bool {
    match arg {
        Arg::Url(url) => url.is_internal,
        Arg::List(items) => items.iter().any(holds_internal_host),
        _ => false,
    }
}

impl Asks {
    fn new(spec: ApproveSpec, grants: Option<bool>) -> Result<Self, String> {
        let seconds = |key: &str, text: Option<String>| {
            text.map(|text| duration::parse_seconds(&text)).transpose().map_err(|why| format!("`approve.{key}`: {why}"))
        };
        let expires_seconds = seconds("expires", spec.expires)?;
        let grant_max = seconds("grant_max", spec.grant_max)?;
        if spec.count == Some(0) || expires_seconds == Some(0) {
            return Err("`approve.count` and `approve.expires` are at least 1".into());
        }
        Ok(Self {
            roles: spec.role.map(|role| role.into_list().into_iter().collect()).unwrap_or_default(),
            count: spec.count.unwrap_or(1),
            justification: spec.justification,
            care: spec.care,
            expires_seconds,
            grant_seconds_max: if grants == Some(false) { Some(0) } else { grant_max },
        })
    }
}
