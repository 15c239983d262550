//! One condition of a rule, bound to the action whose parameters it asks about, and how far a request meets it.

use std::fmt;

use ccc_protocol::{
    beneath::lies_beneath,
    bodies::{Class, CommandFact, Facts, Level},
};
use serde::Serialize;

use super::{
    clock::TimeWindow,
    glob::{Globs, HostGlobs, Naming},
    question::Question,
};
use crate::{
    params::{
        url::is_internal_host,
        value::{Arg, UrlArg},
    },
    risk::SessionTest,
};

/// How far a request meets a condition or a rule. What is met in part can make policy stricter, never looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// It does not hold for any part of the request.
    No,
    /// Some of several values meet it, or an internal host meets it by a wildcard alone.
    Part,
    /// All there is meets it.
    Whole,
}

impl Fit {
    /// Of several values: all of them, some, or none. Nothing to ask about is no fit.
    fn of_all(fits: impl Iterator<Item = Self>) -> Self {
        let joined = fits.fold(None, |joined: Option<(Self, Self)>, fit| match joined {
            None => Some((fit, fit)),
            Some((least, most)) => Some((least.min(fit), most.max(fit))),
        });
        match joined {
            None | Some((_, Self::No)) => Self::No,
            Some((Self::Whole, _)) => Self::Whole,
            Some(_) => Self::Part,
        }
    }

    fn when(holds: bool) -> Self {
        if holds { Self::Whole } else { Self::No }
    }
}

/// One condition, bound to one action.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Where the rule says it: `where.url.host`.
    pub(super) written: String,
    pub(super) test: Test,
}

/// What is asked, and of what.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Param { name: String, test: ParamTest },
    Time(TimeWindow),
    Fact(FactTest),
    Risk(Level),
    Session(SessionTest),
}

/// What is asked about one parameter, or about each item of a list.
#[derive(Debug, Clone)]
pub(super) enum ParamTest {
    Text(Globs),
    Flag(bool),
    Number(NumberRange),
    Under(Vec<Dir>),
    Host(HostGlobs),
    Scheme(Vec<String>),
    Port(Vec<u16>),
}

/// What is asked about a tool call.
#[derive(Debug, Clone)]
pub(super) enum FactTest {
    Command { program: Option<Globs>, subcommand: Option<Globs> },
    Under(Vec<Dir>),
    Host(HostGlobs),
    Class(Vec<Class>),
}

/// Whole numbers, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberRange {
    pub(super) min: i64,
    pub(super) max: i64,
}

/// A directory as agents know it: absolute, normalised, without a slash at its end.
#[derive(Debug, Clone)]
pub(super) enum Dir {
    Fixed(String),
    /// The working directory of a tool call.
    Cwd,
    /// The project that a tool call is made in.
    Project,
}

impl Condition {
    /// How far the request meets it.
    pub(super) fn fit(&self, question: &Question<'_>) -> Fit {
        match &self.test {
            Test::Time(window) => Fit::when(window.holds(question.local)),
            Test::Param { name, test } => test.fit_param(name, question),
            Test::Fact(test) => question.facts.map_or(Fit::No, |facts| test.fit(facts, question)),
            Test::Risk(least) => Fit::when(question.risk.is_some_and(|risk| risk.level() >= *least)),
            Test::Session(test) => Fit::when(question.risk.is_some_and(|risk| test.holds(&risk.session))),
        }
    }

    /// True where a part of the request meets it.
    pub(crate) fn holds_in_part(&self, question: &Question<'_>) -> bool {
        self.fit(question) >= Fit::Part
    }

    /// True where it asks for what came before, or for what that makes of the request.
    pub(super) fn asks_risk(&self) -> bool {
        matches!(self.test, Test::Risk(_) | Test::Session(_))
    }

    /// True where it asks for the time of day.
    pub(super) fn asks_time(&self) -> bool {
        matches!(self.test, Test::Time(_))
    }

    /// True where it asks for the host of this URL parameter.
    pub(super) fn names_host_of(&self, param: &str) -> bool {
        matches!(&self.test, Test::Param { name, test: ParamTest::Host(_) } if name == param)
    }

    /// True where it asks for the question's tool by a name that says whose it is.
    pub(super) fn names_server_of_tool(&self, question: &Question<'_>) -> bool {
        match (&self.test, question.args.named("tool")) {
            (Test::Param { name, test: ParamTest::Text(globs) }, Some(Arg::Text(tool))) => {
                name == "tool" && globs.fits_by_prefix(tool, "mcp:")
            }
            _ => false,
        }
    }

    /// True where it asks for the hosts that a tool call contacts.
    pub(super) fn names_contacted_hosts(&self) -> bool {
        matches!(self.test, Test::Fact(FactTest::Host(_)))
    }
}

impl ParamTest {
    fn fit_param(&self, name: &str, question: &Question<'_>) -> Fit {
        let fit = question.args.named(name).map_or(Fit::No, |arg| self.fit(arg, question));
        // What the command puts behind a path may be a link that leads elsewhere.
        match self {
            Self::Under(dirs) if fit == Fit::Whole && !Self::holds_beneath(name, dirs, question) => Fit::Part,
            _ => fit,
        }
    }

    fn holds_beneath(name: &str, dirs: &[Dir], question: &Question<'_>) -> bool {
        let mut places = question.args.beneath.iter().filter(|place| place.param == name);
        places.all(|place| is_beneath_any(&place.path.container, dirs, question))
    }

    fn fit(&self, arg: &Arg, question: &Question<'_>) -> Fit {
        match (self, arg) {
            (_, Arg::List(items)) => Fit::of_all(items.iter().map(|item| self.fit(item, question))),
            (Self::Text(globs), Arg::Text(text)) => Fit::when(globs.fits(text)),
            (Self::Flag(wanted), Arg::Bool(given)) => Fit::when(wanted == given),
            (Self::Number(range), Arg::Integer(given)) => Fit::when(range.min <= *given && *given <= range.max),
            (Self::Under(dirs), Arg::Path(path)) => Fit::when(is_beneath_any(&path.container, dirs, question)),
            (Self::Host(hosts), Arg::Url(UrlArg { host, is_internal, .. })) => host_fit(hosts, host, *is_internal),
            (Self::Scheme(schemes), Arg::Url(url)) => Fit::when(schemes.contains(&url.scheme)),
            (Self::Port(ports), Arg::Url(url)) => Fit::when(url.port.is_some_and(|port| ports.contains(&port))),
            _ => Fit::No,
        }
    }
}

impl FactTest {
    fn fit(&self, facts: &Facts, question: &Question<'_>) -> Fit {
        match self {
            Self::Command { program, subcommand } => {
                let meets = |command: &CommandFact| {
                    program.as_ref().is_none_or(|globs| globs.fits(&command.program))
                        && subcommand.as_ref().is_none_or(|globs| is_subcommand(command, globs))
                };
                Fit::of_all(facts.commands.iter().map(|command| Fit::when(meets(command))))
            }
            Self::Under(dirs) => {
                Fit::of_all(facts.paths.iter().map(|fact| Fit::when(is_beneath_any(&fact.path, dirs, question))))
            }
            Self::Host(hosts) => Fit::of_all(facts.hosts.iter().map(|at| host_fit(hosts, at, is_internal_host(at)))),
            Self::Class(named) => Fit::of_all(facts.classes.keys().map(|class| Fit::when(named.contains(class)))),
        }
    }
}

/// `git push` is fitted by `push` and by `git push`.
fn is_subcommand(command: &CommandFact, globs: &Globs) -> bool {
    command.subcommand.as_deref().is_some_and(|full| {
        let bare = full.strip_prefix(&command.program).and_then(|rest| rest.strip_prefix(' '));
        globs.fits(full) || bare.is_some_and(|bare| globs.fits(bare))
    })
}

/// An internal host is let pass only where it is named in full.
fn host_fit(hosts: &HostGlobs, host: &str, is_internal: bool) -> Fit {
    match hosts.naming(host) {
        Naming::Not => Fit::No,
        Naming::ByWildcard if is_internal => Fit::Part,
        Naming::ByWildcard | Naming::Exactly => Fit::Whole,
    }
}

fn is_beneath_any(path: &str, dirs: &[Dir], question: &Question<'_>) -> bool {
    dirs.iter().any(|dir| match dir {
        Dir::Fixed(dir) => lies_beneath(path, dir),
        Dir::Project => {
            question.facts.and_then(|facts| facts.project.as_deref()).is_some_and(|dir| lies_beneath(path, dir))
        }
        Dir::Cwd => match question.args.named("cwd") {
            Some(Arg::Text(cwd)) => cwd.starts_with('/') && lies_beneath(path, cwd),
            _ => false,
        },
    })
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = &self.written;
        match &self.test {
            Test::Time(window) => write!(f, "`{written}` wants {window}"),
            Test::Param { test, .. } => write!(f, "`{written}` wants {test}"),
            Test::Fact(test) => write!(f, "`{written}` wants {test}"),
            Test::Risk(least) => write!(f, "`{written}` wants risk `{}` at least", least.as_str()),
            Test::Session(test) => write!(f, "`{written}` wants {test}"),
        }
    }
}

impl fmt::Display for ParamTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(globs) => globs.fmt(f),
            Self::Flag(wanted) => wanted.fmt(f),
            Self::Number(range) => write!(f, "{} to {}", range.min, range.max),
            Self::Under(dirs) => write_dirs(dirs, f),
            Self::Host(hosts) => hosts.fmt(f),
            Self::Scheme(schemes) => write_words(schemes, f),
            Self::Port(ports) => write_words(ports, f),
        }
    }
}

impl fmt::Display for FactTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { program: Some(globs), subcommand: None }
            | Self::Command { program: None, subcommand: Some(globs) } => globs.fmt(f),
            Self::Command { program: Some(program), subcommand: Some(subcommand) } => {
                write!(f, "{program} with {subcommand}")
            }
            Self::Command { program: None, subcommand: None } => f.write_str("a command"),
            Self::Under(dirs) => write_dirs(dirs, f),
            Self::Host(hosts) => hosts.fmt(f),
            Self::Class(named) => write_words(&named.iter().map(|class| class.as_str()).collect::<Vec<_>>(), f),
        }
    }
}

fn write_dirs(dirs: &[Dir], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let written = |dir: &Dir| match dir {
        Dir::Fixed(dir) => dir.clone(),
        Dir::Cwd => "{cwd}".to_owned(),
        Dir::Project => "{project}".to_owned(),
    };
    write_words(&dirs.iter().map(written).collect::<Vec<_>>(), f)
}

/// Words as the config has them.
fn write_words(words: &[impl fmt::Display], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    words.iter().enumerate().try_for_each(|(at, word)| {
        let comma = if at == 0 { "" } else { ", " };
        write!(f, "{comma}`{word}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_values_fit_whole_only_where_each_does() {
        assert_eq!(Fit::of_all([Fit::Whole, Fit::Whole].into_iter()), Fit::Whole);
        assert_eq!(Fit::of_all([Fit::Whole, Fit::No].into_iter()), Fit::Part);
        assert_eq!(Fit::of_all([Fit::Part, Fit::Whole].into_iter()), Fit::Part);
        assert_eq!(Fit::of_all([Fit::No].into_iter()), Fit::No);
        assert_eq!(Fit::of_all([].into_iter()), Fit::No);
    }
}
