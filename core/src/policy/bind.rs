//! Reads `where` of a rule against one action's declaration, so that each condition has the type of its parameter.

use std::collections::BTreeMap;

use ccc_protocol::bodies::{Class, Level, Policy};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer},
};
use toml::Value;

use super::{
    clock::{TimeSpec, TimeWindow},
    condition::{Condition, Dir, FactTest, NumberRange, ParamTest, Test},
    glob::{Globs, HostGlobs},
    spec::{OneOrMany, RuleSpec},
};
use crate::{
    catalogue::{
        action::Action,
        param::{Kind, Param},
    },
    risk::SessionTest,
};

/// Why a rule has no conditions for this action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misfit {
    /// The action has nothing that could meet it: the rule never matches this action.
    Inapplicable(String),
    /// It could not mean anything for any action.
    Malformed(String),
}

use Misfit::{Inapplicable, Malformed};

/// All conditions of the rule, for this action.
pub(super) fn conditions(spec: &RuleSpec, action: &Action) -> Result<Vec<Condition>, Misfit> {
    of_table(&spec.conditions, action)
}

/// Conditions on tool calls that stand elsewhere than in a rule.
///
/// # Errors
/// A sentence where they mean nothing for a tool call.
pub(crate) fn conditions_of_tool_calls(
    table: &BTreeMap<String, Value>,
    tool_call: &Action,
) -> Result<Vec<Condition>, String> {
    of_table(table, tool_call).map_err(|misfit| match misfit {
        Inapplicable(why) | Malformed(why) => why,
    })
}

fn of_table(table: &BTreeMap<String, Value>, action: &Action) -> Result<Vec<Condition>, Misfit> {
    let mut bound = vec![];
    for (key, value) in table {
        match key.as_str() {
            "time" => bound.push(time(value)?),
            "param" => {
                let params =
                    value.as_table().ok_or_else(|| Malformed("`where.param` is a table of parameters".into()))?;
                for (name, value) in params {
                    bound.extend(param(name, value, action)?);
                }
            }
            "command" | "path" | "host" | "class" if action.is_judge_only() => bound.extend(fact(key, value)?),
            "risk" if action.is_judge_only() => bound.push(risk(value)?),
            // The session's own name, a text, is a parameter as every other.
            "session" if action.is_judge_only() && value.is_table() => bound.push(session(value)?),
            name => bound.extend(param(name, value, action)?),
        }
    }
    Ok(bound)
}

/// True where a misfit of every action that a rule names would leave a gate open that the rule was to close.
pub(super) fn must_apply(policy: Policy) -> bool {
    policy > Policy::AutoAccept
}

fn time(value: &Value) -> Result<Condition, Misfit> {
    let spec: TimeSpec = read("where.time", value, "`{ from = \"09:00\", to = \"17:00\", days = [\"mon\"] }`")?;
    let window = TimeWindow::new(spec).map_err(|why| Malformed(format!("`where.time`: {why}")))?;
    Ok(Condition { written: "where.time".into(), test: Test::Time(window) })
}

fn risk(value: &Value) -> Result<Condition, Misfit> {
    let level: Level = read("where.risk", value, "`medium`, `high` or `critical`")?;
    if level == Level::Low {
        return Err(Malformed(
            "`where.risk = \"low\"` holds for every call: write `medium`, `high` or `critical`".into(),
        ));
    }
    Ok(Condition { written: "where.risk".into(), test: Test::Risk(level) })
}

fn session(value: &Value) -> Result<Condition, Misfit> {
    let hint = "`{ denied = 3 }`, `{ tainted = true }`, `{ read-secret = true }` or the like";
    let test: SessionTest = read("where.session", value, hint)?;
    let test = test.checked().map_err(|why| Malformed(format!("`where.session`: {why}")))?;
    Ok(Condition { written: "where.session".into(), test: Test::Session(test) })
}

fn fact(key: &str, value: &Value) -> Result<Vec<Condition>, Misfit> {
    let condition = |written: String, test: FactTest| Condition { written, test: Test::Fact(test) };
    let at = format!("where.{key}");
    Ok(vec![match key {
        "command" => {
            let spec: CommandSpec = read(&at, value, "`{ program = [\"git\"], subcommand = [\"status\"] }`")?;
            condition(at.clone(), spec.test(&at)?)
        }
        "path" => {
            let spec: UnderSpec = read(&at, value, "`{ under = [\"/workspace\"] }`")?;
            condition(format!("{at}.under"), FactTest::Under(dirs(&at, spec.under, true)?))
        }
        "host" => condition(at.clone(), FactTest::Host(hosts(&at, read(&at, value, "a host or a list of hosts")?)?)),
        _ => condition(at.clone(), FactTest::Class(classes(&at, value)?)),
    }])
}

fn classes(at: &str, value: &Value) -> Result<Vec<Class>, Misfit> {
    let written: OneOrMany = read(at, value, "a class or a list of classes")?;
    let class = |word: &String| {
        let class = Class::deserialize(word.as_str().into_deserializer());
        class.map_err(|error: serde::de::value::Error| Malformed(format!("`{at}`: {error}")))
    };
    match written.into_list().as_slice() {
        [] => Err(Malformed(format!("`{at}` is an empty list: name a class"))),
        words => words.iter().map(class).collect(),
    }
}

fn param(name: &str, value: &Value, action: &Action) -> Result<Vec<Condition>, Misfit> {
    let declared = action.params.iter().find(|param| param.name == name).ok_or_else(|| lacks(name, action))?;
    let at = format!("where.{name}");
    let condition = |suffix: &str, test: ParamTest| Condition {
        written: format!("{at}{suffix}"),
        test: Test::Param { name: name.to_owned(), test },
    };
    let wants =
        |hint: &str| Inapplicable(format!("`{at}` of `{}` is a {}: write {hint}", action.name, declared.kind.word()));
    Ok(match item_kind(declared) {
        Kind::Text { .. } | Kind::Email => vec![condition("", ParamTest::Text(text(&at, value, &wants)?))],
        Kind::Enum(words) => {
            let globs = text(&at, value, &wants)?;
            if !words.iter().any(|word| globs.fits(word)) {
                return Err(wants(&format!("one of `{}`", words.join("`, `"))));
            }
            vec![condition("", ParamTest::Text(globs))]
        }
        Kind::Bool => vec![condition("", ParamTest::Flag(value.as_bool().ok_or_else(|| wants("`true` or `false`"))?))],
        Kind::Integer { .. } => vec![condition("", ParamTest::Number(range(&at, value, &wants)?))],
        Kind::Path(_) => {
            let spec: UnderSpec = value.clone().try_into().map_err(|_| wants("`{ under = [\"/workspace\"] }`"))?;
            vec![condition(".under", ParamTest::Under(dirs(&at, spec.under, false)?))]
        }
        Kind::Url { schemes } => {
            let spec: UrlSpec =
                value.clone().try_into().map_err(|_| wants("`{ host = […], scheme = […], port = […] }`"))?;
            url(&at, spec, schemes, &wants)?.into_iter().map(|(suffix, test)| condition(suffix, test)).collect()
        }
        Kind::List { .. } | Kind::Object => {
            return Err(Inapplicable(format!("`{at}` of `{}` cannot be matched by a rule", action.name)));
        }
    })
}

/// A condition on a list asks about each of its items.
fn item_kind(param: &Param) -> &Kind {
    match &param.kind {
        Kind::List { item, .. } => item,
        kind => kind,
    }
}

fn lacks(name: &str, action: &Action) -> Misfit {
    let known = action.params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".to_owned() } else { known };
    Inapplicable(format!("`{}` has no parameter `{name}` (it has: {known})", action.name))
}

fn text(at: &str, value: &Value, wants: &dyn Fn(&str) -> Misfit) -> Result<Globs, Misfit> {
    globs(at, value.clone().try_into().map_err(|_| wants("a glob or a list of globs"))?)
}

fn range(at: &str, value: &Value, wants: &dyn Fn(&str) -> Misfit) -> Result<NumberRange, Misfit> {
    if let Some(number) = value.as_integer() {
        return Ok(NumberRange { min: number, max: number });
    }
    let spec: RangeSpec = value.clone().try_into().map_err(|_| wants("a number or `{ min = 1, max = 9 }`"))?;
    let range = NumberRange { min: spec.min.unwrap_or(i64::MIN), max: spec.max.unwrap_or(i64::MAX) };
    if range.min > range.max { Err(Malformed(format!("`{at}` has a min above its max"))) } else { Ok(range) }
}

fn url(
    at: &str,
    spec: UrlSpec,
    declared: &[String],
    wants: &dyn Fn(&str) -> Misfit,
) -> Result<Vec<(&'static str, ParamTest)>, Misfit> {
    let mut tests = vec![];
    if let Some(written) = spec.host {
        tests.push((".host", ParamTest::Host(hosts(&format!("{at}.host"), written)?)));
    }
    if let Some(written) = spec.scheme {
        let schemes: Vec<_> = written.into_list().into_iter().map(|scheme| scheme.to_ascii_lowercase()).collect();
        if !schemes.iter().any(|scheme| declared.contains(scheme)) {
            return Err(wants(&format!("a `scheme` of `{}`", declared.join("`, `"))));
        }
        tests.push((".scheme", ParamTest::Scheme(schemes)));
    }
    if let Some(written) = spec.port {
        tests.push((".port", ParamTest::Port(written.into_list())));
    }
    if tests.is_empty() {
        Err(Malformed(format!("`{at}` is empty: write `host`, `scheme` or `port`")))
    } else {
        Ok(tests)
    }
}

fn globs(at: &str, written: OneOrMany) -> Result<Globs, Misfit> {
    Globs::new(&written.into_list()).map_err(|why| Malformed(format!("`{at}`: {why}")))
}

fn hosts(at: &str, written: OneOrMany) -> Result<HostGlobs, Misfit> {
    HostGlobs::new(&written.into_list()).map_err(|why| Malformed(format!("`{at}`: {why}")))
}

fn dirs(at: &str, written: OneOrMany, is_tool_call: bool) -> Result<Vec<Dir>, Misfit> {
    let written = written.into_list();
    if written.is_empty() {
        return Err(Malformed(format!("`{at}.under` is an empty list: name a directory")));
    }
    written.iter().map(|text| dir(text, is_tool_call).ok_or_else(|| not_a_dir(at, text, is_tool_call))).collect()
}

fn dir(text: &str, is_tool_call: bool) -> Option<Dir> {
    match text {
        "{cwd}" => return is_tool_call.then_some(Dir::Cwd),
        "{project}" => return is_tool_call.then_some(Dir::Project),
        _ => {}
    }
    let is_plain = |rest: &str| rest.is_empty() || rest.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    let (top, rest) = match text.strip_prefix('~').filter(|_| is_tool_call) {
        Some(rest) => ("~", rest),
        None => ("", text),
    };
    let rest = if top.is_empty() || !rest.is_empty() { rest.strip_prefix('/')? } else { rest };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let slash = if top.is_empty() || !rest.is_empty() { "/" } else { "" };
    (is_plain(rest) && !text.contains('\0')).then(|| Dir::Fixed(format!("{top}{slash}{rest}")))
}

fn not_a_dir(at: &str, text: &str, is_tool_call: bool) -> Misfit {
    let or_else = if is_tool_call { ", or `~/…`, or `{cwd}`, or `{project}`" } else { "" };
    Malformed(format!("`{at}.under`: `{text}` is no container directory: write an absolute path without `..`{or_else}"))
}

fn read<T: DeserializeOwned>(at: &str, value: &Value, hint: &str) -> Result<T, Misfit> {
    value.clone().try_into().map_err(|_| Malformed(format!("`{at}` is not understood: write {hint}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandSpec {
    program: Option<OneOrMany>,
    subcommand: Option<OneOrMany>,
}

impl CommandSpec {
    fn test(self, at: &str) -> Result<FactTest, Misfit> {
        if self.program.is_none() && self.subcommand.is_none() {
            return Err(Malformed(format!("`{at}` is empty: write `program` or `subcommand`")));
        }
        let program = self.program.map(|written| globs(&format!("{at}.program"), written)).transpose()?;
        let subcommand = self.subcommand.map(|written| globs(&format!("{at}.subcommand"), written)).transpose()?;
        Ok(FactTest::Command { program, subcommand })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnderSpec {
    under: OneOrMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeSpec {
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UrlSpec {
    host: Option<OneOrMany>,
    scheme: Option<OneOrMany>,
    port: Option<Ports>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ports {
    One(u16),
    Many(Vec<u16>),
}

impl Ports {
    fn into_list(self) -> Vec<u16> {
        match self {
            Self::One(port) => vec![port],
            Self::Many(ports) => ports,
        }
    }
}
