//! Rules of what was approved again and again.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::{Timestamp, actions::USE_TOOL};
use ccc_toolcall::facts;
use serde::Serialize;

use super::{
    add::added,
    answered::{Answered, Seen},
    conditions, escape, grave,
    key::Key,
    no_rule::NoRule,
};
use crate::{
    config::{self, Config, ConfigError},
    policy::{LocalTime, Weekday},
    replay::{Call, Outcome, Ready, Under},
};

/// From so many approvals on, a rule is offered.
pub const OFTEN: u64 = 3;

/// Lines that would save questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Suggestion {
    /// A rule, complete.
    Rule {
        /// Its name.
        name: String,
        /// As they go into the config.
        lines: String,
        /// How many of its calls people approved.
        approved: u64,
        /// What it would have decided, of all that its agent asked of this action.
        tried: Tried,
    },
    /// A program's table, in which a person has still to say what the program does: until then config refuses it.
    Program {
        /// As they go into the config, once `does` is filled in.
        lines: String,
        /// How many calls of it people approved.
        approved: u64,
    },
}

/// What a rule would have decided, of the questions that its agent asked for its action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Questions.
    pub asked: u64,
    /// Those that would have passed.
    pub passed: u64,
    /// Questions that people answered with a no.
    pub denied: u64,
    /// Those that would have passed.
    pub denied_passed: u64,
}

impl Tried {
    /// Of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            passed: self.passed + other.passed,
            denied: self.denied + other.denied,
            denied_passed: self.denied_passed + other.denied_passed,
        }
    }
}

/// A call that a rule has to let pass.
#[derive(Clone, Copy)]
pub(super) struct Covered<'a> {
    pub(super) call: &'a Call,
    pub(super) ready: &'a Ready,
    pub(super) at: Timestamp,
}

/// Calls that one rule may cover.
#[derive(Default)]
struct Group<'a> {
    calls: Vec<Covered<'a>>,
    yes: u64,
    no: u64,
}

/// The rules and programs' lines that this config lacks, those that save most first.
///
/// # Errors
/// Where the config is none.
pub fn suggest(seen: &Seen, config: &str) -> Result<Vec<Suggestion>, ConfigError> {
    let under = Under::config(&config::read(config)?)?;
    let mut asked: Vec<Answered<'_>> = seen.asked().collect();
    asked.sort_by_key(|answered| (answered.first.at, answered.first.ticket));
    let ready: Vec<Option<Ready>> = asked.iter().map(|answered| under.ready(answered.call).ok()).collect();
    let mut groups: BTreeMap<Key, Group<'_>> = BTreeMap::new();
    for (answered, ready) in asked.iter().zip(&ready) {
        let Some(ready) = ready else { continue };
        // What the config would no longer ask needs no other rule.
        if under.outcome(answered.call, ready, answered.first.at, NOON).0 == Outcome::Asked
            && let Some(key) = Key::of(answered.call, ready)
        {
            groups.entry(key).or_default().add(answered, ready);
        }
    }
    let mut found: Vec<Suggestion> = vec![];
    let mut names: BTreeSet<String> = under.law().rulebook.rules().iter().map(|rule| rule.name.clone()).collect();
    for (key, group) in &groups {
        found.extend(group.rule(key, &asked, config, &under, &mut names));
    }
    found.extend(programs(&asked, &ready, &under));
    found.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.approved()));
    Ok(found)
}

impl Suggestion {
    /// How many of its calls people approved.
    #[must_use]
    pub fn approved(&self) -> u64 {
        match self {
            Self::Rule { approved, .. } | Self::Program { approved, .. } => *approved,
        }
    }

    /// As they go into the config.
    #[must_use]
    pub fn lines(&self) -> &str {
        match self {
            Self::Rule { lines, .. } | Self::Program { lines, .. } => lines,
        }
    }
}

impl<'a> Group<'a> {
    fn add(&mut self, answered: &Answered<'a>, ready: &'a Ready) {
        self.yes += answered.yes;
        self.no += answered.no;
        // What nobody has approved is not what a rule is made of.
        if answered.yes > 0 {
            self.calls.push(Covered { call: answered.call, ready, at: answered.first.at });
        }
    }

    /// The rule of this group, where one may be offered.
    fn rule(
        &self,
        key: &Key,
        asked: &[Answered<'_>],
        config: &str,
        under: &Under,
        names: &mut BTreeSet<String>,
    ) -> Option<Suggestion> {
        if self.yes < OFTEN || self.no > 0 {
            return None;
        }
        let name = name(key, "approved often", names);
        let (lines, tried) = rule(key, &name, &self.calls, asked, config, under).ok()?;
        names.insert(name.clone());
        Some(Suggestion::Rule { name, lines, approved: self.yes, tried })
    }
}

/// The narrowest rule of this name that covers these calls, with what it would have decided; or why none is made.
pub(super) fn rule(
    key: &Key,
    name: &str,
    calls: &[Covered<'_>],
    asked: &[Answered<'_>],
    config: &str,
    under: &Under,
) -> Result<(String, Tried), NoRule> {
    let ready: Vec<&Ready> = calls.iter().map(|covered| covered.ready).collect();
    let conditions = conditions::lines(key, &ready).ok_or(NoRule::NotHeld)?.join("\n");
    let action = escape::quoted(&escape::as_glob(&key.action).ok_or(NoRule::NotHeld)?);
    let lines = format!(
        "[[rule]]\nname = {}\naction = {action}\n{conditions}\npolicy = \"auto-accept\"\n",
        escape::quoted(name)
    );
    let (_, config) = added(config, &lines).map_err(NoRule::DoesNotFitIn)?;
    let with = holds(&config, calls, under)?;
    if !calls.iter().all(|covered| would_pass(&with, covered.call, covered.at)) {
        return Err(NoRule::StillAsked);
    }
    let tried = tried((&key.caller, &key.action), asked, &with, under);
    if tried.denied_passed > 0 { Err(NoRule::Denied) } else { Ok((lines, tried)) }
}

/// A config with lines more, as far as it lets no grave example pass that passed not before.
pub(super) fn holds(config: &Config, calls: &[Covered<'_>], without: &Under) -> Result<Under, NoRule> {
    let with = Under::config(config).map_err(|error| NoRule::of_config(&error))?;
    match grave_example(&with, without, calls) {
        Some(why) => Err(NoRule::GraveExample(why)),
        None => Ok(with),
    }
}

/// The example of the list that would pass by the lines, if one would.
fn grave_example(with: &Under, without: &Under, calls: &[Covered<'_>]) -> Option<String> {
    // One call is enough: what the others may differ in, no example asks for.
    let covered = calls.first()?;
    grave::list().into_iter().find_map(|grave| {
        let call = grave.beside(covered.call)?;
        let passes = would_pass(with, &call, covered.at) && !would_pass(without, &call, covered.at);
        passes.then_some(grave.why)
    })
}

/// A rule that asks for the time is the config's own: what is suggested holds at any time.
const NOON: LocalTime = LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 };

pub(super) fn would_pass(under: &Under, call: &Call, at: Timestamp) -> bool {
    under.ready(call).is_ok_and(|ready| under.outcome(call, &ready, at, NOON).0 == Outcome::Passed)
}

/// Of all that this caller asked of this action. What passes already by the config as it is, no lines of these let pass.
pub(super) fn tried((caller, action): (&str, &str), asked: &[Answered<'_>], with: &Under, without: &Under) -> Tried {
    let mut tried = Tried::default();
    for answered in asked {
        if answered.call.caller.as_str() != caller || answered.call.action.as_str() != action {
            continue;
        }
        let (call, at) = (answered.call, answered.first.at);
        let passes = would_pass(with, call, at) && !would_pass(without, call, at);
        tried.asked += answered.asked;
        tried.denied += answered.no;
        if passes {
            tried.passed += answered.asked;
            tried.denied_passed += answered.no;
        }
    }
    tried
}

/// In words of its own and of the call's that name nothing but letters: who reads the log reads this name.
pub(super) fn name(key: &Key, origin: &str, names: &BTreeSet<String>) -> String {
    let what = match &key.tool {
        Some(tool) => {
            let told = |(program, subcommand): &(String, Option<String>)| {
                subcommand.clone().unwrap_or_else(|| program.clone())
            };
            let commands: Vec<String> = tool.commands.iter().map(told).collect();
            if commands.is_empty() { tool.tool.clone() } else { commands.join(", ") }
        }
        None => key.action.clone(),
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || " -_./:,".contains(c);
    let what: String = what.chars().map(|c| if is_letter(c) { c } else { '_' }).take(NAME_CHARS_MAX).collect();
    let base = format!("{} of {}, {origin}", what.trim(), key.caller);
    let numbered = (2..).map(|number| format!("{base} ({number})"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(base)
}

const NAME_CHARS_MAX: usize = 60;

/// The lines of programs that were approved though nothing is known of them.
fn programs(asked: &[Answered<'_>], ready: &[Option<Ready>], under: &Under) -> Vec<Suggestion> {
    let mut said: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (answered, ready) in asked.iter().zip(ready) {
        let Some(facts) = ready.as_ref().and_then(|ready| ready.facts.as_ref()) else { continue };
        let Some(command) = answered.call.input("command").filter(|_| answered.call.action.as_str() == USE_TOOL) else {
            continue;
        };
        if facts.is_readable() {
            continue;
        }
        let lines = facts::suggest(command, &under.law().knowledge());
        // A comment above tells the call itself, which differs: the table is what they have in common.
        for table in lines.split("\n\n").filter_map(table) {
            let (yes, no) = said.entry(table).or_default();
            *yes += answered.yes;
            *no += answered.no;
        }
    }
    let often = said.into_iter().filter(|(_, (yes, no))| *yes >= OFTEN && *no == 0);
    often.map(|(lines, (approved, _))| Suggestion::Program { lines, approved }).collect()
}

pub(super) fn table(block: &str) -> Option<String> {
    let lines: Vec<&str> = block.lines().skip_while(|line| !line.starts_with("[programs.")).collect();
    (!lines.is_empty()).then(|| format!("{}\n", lines.join("\n")))
}
