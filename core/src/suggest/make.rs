//! Rules of what was approved again and again.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::actions::USE_TOOL;
use ccc_toolcall::facts;
use serde::Serialize;

use super::{
    add::added,
    answered::{Answered, Seen},
    conditions, escape, grave,
    key::Key,
};
use crate::{
    config::{self, ConfigError},
    policy::{LocalTime, Weekday},
    replay::{Outcome, Ready, Under},
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

/// Calls that one rule may cover.
#[derive(Default)]
struct Group<'a> {
    calls: Vec<(&'a Answered<'a>, &'a Ready)>,
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
        if outcome(&under, answered, ready) == Outcome::Asked
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
    fn add(&mut self, answered: &'a Answered<'a>, ready: &'a Ready) {
        self.yes += answered.yes;
        self.no += answered.no;
        // What nobody has approved is not what a rule is made of.
        if answered.yes > 0 {
            self.calls.push((answered, ready));
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
        let ready: Vec<&Ready> = self.calls.iter().map(|(_, ready)| *ready).collect();
        let conditions = conditions::lines(key, &ready)?.join("\n");
        let name = name(key, names);
        let action = escape::quoted(&escape::as_glob(&key.action)?);
        let lines = format!(
            "[[rule]]\nname = {}\naction = {action}\n{conditions}\npolicy = \"auto-accept\"\n",
            escape::quoted(&name)
        );
        let (_, added) = added(config, &lines).ok()?;
        let with = Under::config(&added).ok()?;
        let fits = self.calls.iter().all(|(answered, _)| would_pass(&with, answered));
        let tried = tried(key, asked, &with);
        if !fits || tried.denied_passed > 0 || self.lets_grave_pass(&with, under) {
            return None;
        }
        names.insert(name.clone());
        Some(Suggestion::Rule { name, lines, approved: self.yes, tried })
    }

    /// True where an example of the list would pass by the rule.
    fn lets_grave_pass(&self, with: &Under, without: &Under) -> bool {
        let list = grave::list();
        let passes = |under: &Under, call: &crate::replay::Call, answered: &Answered<'_>| {
            under
                .ready(call)
                .is_ok_and(|ready| under.outcome(call, &ready, answered.first.at, NOON).0 == Outcome::Passed)
        };
        // One call is enough: what the others may differ in, no example asks for.
        self.calls.first().is_none_or(|(answered, _)| {
            let mut beside = list.iter().filter_map(|grave| grave.beside(answered.call));
            beside.any(|call| passes(with, &call, answered) && !passes(without, &call, answered))
        })
    }
}

/// A rule that asks for the time is the config's own: what is suggested holds at any time.
const NOON: LocalTime = LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 };

fn outcome(under: &Under, answered: &Answered<'_>, ready: &Ready) -> Outcome {
    under.outcome(answered.call, ready, answered.first.at, NOON).0
}

fn would_pass(under: &Under, answered: &Answered<'_>) -> bool {
    under.ready(answered.call).is_ok_and(|ready| outcome(under, answered, &ready) == Outcome::Passed)
}

fn tried(key: &Key, asked: &[Answered<'_>], with: &Under) -> Tried {
    let mut tried = Tried::default();
    for answered in asked {
        if answered.call.caller.as_str() != key.caller || answered.call.action.as_str() != key.action {
            continue;
        }
        let passes = would_pass(with, answered);
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
fn name(key: &Key, names: &BTreeSet<String>) -> String {
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
    let base = format!("{} of {}, approved often", what.trim(), key.caller);
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

fn table(block: &str) -> Option<String> {
    let lines: Vec<&str> = block.lines().skip_while(|line| !line.starts_with("[programs.")).collect();
    (!lines.is_empty()).then(|| format!("{}\n", lines.join("\n")))
}
