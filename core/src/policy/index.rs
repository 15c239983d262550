//! Which of an action's rules could match a request, found by what the request holds and not by looking at each rule.
//!
//! A rule stands under the exact hosts, directories, texts, programs or callers that one of its conditions asks for; a rule
//! that asks for none of these is always looked at. What is found is judged as ever: the index leaves out only what cannot match.

use std::collections::{BTreeMap, HashMap};

use super::{
    condition::{Condition, Dir, FactTest, ParamTest, Test},
    glob::{Globs, HostKey},
    question::Question,
};
use crate::params::value::Arg;

/// The rules of one action, each by its place among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    count: usize,
    always: Vec<usize>,
    callers: Places,
    programs: Places,
    params: BTreeMap<String, ParamPlaces>,
}

type Places = HashMap<Box<str>, Vec<usize>>;

/// Rules by one parameter's value, and by what the value lies beneath: a domain or a directory.
#[derive(Debug, Clone, Default)]
struct ParamPlaces {
    exact: Places,
    beneath: Places,
}

/// Where a rule stands.
enum Stand<'a> {
    Program(&'a str),
    Param(&'a str, &'a str),
    Beneath(&'a str, &'a str),
    Caller(&'a str),
}

impl Index {
    /// Takes the next rule in.
    pub(super) fn push(&mut self, callers: Option<&Globs>, conditions: &[Condition]) {
        let place = self.count;
        self.count += 1;
        let by_condition =
            conditions.iter().filter_map(|condition| stands(&condition.test)).max_by_key(|(worth, _)| *worth);
        let by_caller = || Some(callers?.exact_texts()?.into_iter().map(Stand::Caller).collect());
        match by_condition.map(|(_, stands)| stands).or_else(by_caller) {
            None => self.always.push(place),
            Some(stands) => stands.into_iter().for_each(|stand| self.put(&stand, place)),
        }
    }

    fn put(&mut self, stand: &Stand<'_>, place: usize) {
        let (places, key) = match *stand {
            Stand::Program(program) => (&mut self.programs, program),
            Stand::Caller(caller) => (&mut self.callers, caller),
            Stand::Param(param, value) => (&mut self.param(param).exact, value),
            Stand::Beneath(param, dir) => (&mut self.param(param).beneath, dir),
        };
        let list = places.entry(key.into()).or_default();
        if list.last() != Some(&place) {
            list.push(place);
        }
    }

    fn param(&mut self, name: &str) -> &mut ParamPlaces {
        self.params.entry(name.to_owned()).or_default()
    }

    /// The rules that could match, in their order.
    pub(super) fn candidates(&self, question: &Question<'_>) -> Candidates<'_> {
        let mut found = Candidates::new(&self.always, self.count);
        if !self.callers.is_empty() {
            found.add(self.callers.get(question.caller.as_str()));
        }
        for (name, places) in &self.params {
            if let Some(arg) = question.args.named(name) {
                places.find(arg, &mut found);
            }
        }
        if !self.programs.is_empty() {
            let commands = question.facts.map(|facts| facts.commands.as_slice()).unwrap_or_default();
            commands.iter().for_each(|command| found.add(self.programs.get(command.program.as_str())));
        }
        found
    }
}

/// Where a condition lets its rule stand, and how few requests are likely to come by there.
fn stands(test: &Test) -> Option<(u8, Vec<Stand<'_>>)> {
    match test {
        Test::Fact(FactTest::Command { program: Some(globs), .. }) => {
            Some((4, globs.exact_texts()?.into_iter().map(Stand::Program).collect()))
        }
        Test::Param { name, test: ParamTest::Host(hosts) } => {
            let stand = |key| match key {
                HostKey::Exact(host) => Stand::Param(name, host),
                HostKey::Beneath(domain) => Stand::Beneath(name, domain),
            };
            Some((3, hosts.keys()?.into_iter().map(stand).collect()))
        }
        Test::Param { name, test: ParamTest::Under(dirs) } => {
            let stands = dirs.iter().map(|dir| match dir {
                Dir::Fixed(dir) => Some(Stand::Beneath(name, dir)),
                Dir::Cwd | Dir::Project => None,
            });
            Some((2, stands.collect::<Option<_>>()?))
        }
        Test::Param { name, test: ParamTest::Text(globs) } => {
            Some((1, globs.exact_texts()?.into_iter().map(|text| Stand::Param(name, text)).collect()))
        }
        _ => None,
    }
}

impl ParamPlaces {
    fn find<'a>(&'a self, arg: &Arg, found: &mut Candidates<'a>) {
        match arg {
            Arg::Text(text) => found.add(self.exact.get(text.as_str())),
            Arg::Url(url) => {
                let host = url.host.strip_suffix('.').unwrap_or(&url.host);
                found.add(self.exact.get(host));
                let mut rest = host;
                while let Some((_, domain)) = rest.split_once('.') {
                    found.add(self.beneath.get(domain));
                    rest = domain;
                }
            }
            Arg::Path(path) => {
                let mut dir = path.container.as_str();
                found.add(self.beneath.get(dir));
                while let Some((parent, _)) = dir.rsplit_once('/').filter(|_| dir != "/") {
                    dir = if parent.is_empty() { "/" } else { parent };
                    found.add(self.beneath.get(dir));
                }
            }
            Arg::List(items) => items.iter().for_each(|item| self.find(item, found)),
            Arg::Bool(_) | Arg::Integer(_) | Arg::Object(_) => {}
        }
    }
}

/// How many places of one request are kept apart; a request that comes by at more is judged by every rule.
const PLACES_MAX: usize = 16;

/// Rules that could match: each once, in order, without an allocation.
pub(super) struct Candidates<'a> {
    lists: [&'a [usize]; PLACES_MAX],
    used: usize,
    /// Where there were too many places: how far all rules have been gone through.
    all: Option<std::ops::Range<usize>>,
    count: usize,
}

impl<'a> Candidates<'a> {
    fn new(always: &'a [usize], count: usize) -> Self {
        let mut found = Self { lists: [&[]; PLACES_MAX], used: 0, all: None, count };
        found.push(always);
        found
    }

    fn add(&mut self, list: Option<&'a Vec<usize>>) {
        if let Some(list) = list {
            self.push(list);
        }
    }

    fn push(&mut self, list: &'a [usize]) {
        match self.lists.get_mut(self.used) {
            Some(free) => *free = list,
            None => self.all = Some(0..self.count),
        }
        self.used += 1;
    }
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if let Some(all) = &mut self.all {
            return all.next();
        }
        let lists = self.lists.get_mut(..self.used)?;
        let next = *lists.iter().filter_map(|list| list.first()).min()?;
        for list in lists {
            if let Some((_, rest)) = list.split_first().filter(|(first, _)| **first == next) {
                *list = rest;
            }
        }
        Some(next)
    }
}
