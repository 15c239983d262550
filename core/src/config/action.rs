//! Actions of the config: their own, and settings of the built-in ones.

use std::collections::BTreeMap;

use ccc_protocol::{
    ActionName, Digest,
    actions::USE_TOOL,
    bodies::{Policy, Risk},
    duration, visible,
};
use serde_json::Map;

use super::{
    Located, command,
    error::{Fault, Position},
    file::{ActionSpec, ParamSpec},
    param, reach,
};
use crate::{
    catalogue::{Action, Catalogue, Command, Effect, Kind, Param, builtin},
    limits::Limits,
    params,
    volume::Volumes,
};

/// An action as the file declares it, its parameters in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) spec: ActionSpec,
    pub(super) params: Vec<Located<(String, ParamSpec)>>,
}

/// The built-in actions with their settings, and the file's own.
pub(super) fn catalogue(
    declared: &[Located<Declared>],
    limits: &Limits,
    found: &dyn Fn(&str) -> Option<String>,
) -> Result<Catalogue, Vec<Fault>> {
    let mut actions: BTreeMap<ActionName, Action> =
        builtin::actions().into_iter().map(|action| (action.name.clone(), action)).collect();
    let mut faults = vec![];
    for Located { position, value } in declared {
        let read = match actions.get(value.name.as_str()) {
            Some(built_in) => settle(built_in, value).map_err(|why| fault(*position, &value.name, &why)),
            None => declare(*position, value, limits, found),
        };
        match read {
            Ok(action) => drop(actions.insert(action.name.clone(), action)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(Catalogue::new(actions.into_values())) } else { Err(faults) }
}

/// Checks that every default is a value that its parameter takes. Paths are left out where there is no volume yet.
pub(super) fn check_defaults(catalogue: &Catalogue, volumes: &Volumes) -> Vec<Fault> {
    let mut faults = vec![];
    for action in catalogue.iter() {
        for param in action.params.iter().filter(|param| param.default.is_some()) {
            let is_path = matches!(param.kind, Kind::Path(_))
                || matches!(&param.kind, Kind::List { item, .. } if matches!(**item, Kind::Path(_)));
            if is_path && volumes.is_empty() {
                continue;
            }
            let alone = Action { params: vec![param.clone()], ..Action::clone(action) };
            if let Err(refusal) = params::draft(&alone, Map::new(), volumes) {
                faults.push(Fault::anywhere(format!("action `{}`, `default`: {}", action.name, refusal.detail)));
            }
        }
    }
    faults
}

fn fault(position: Position, action: &str, why: &str) -> Fault {
    Fault::at(position, format!("action `{}`: {why}", visible::escaped(action)))
}

/// A built-in action with the file's settings. A floor above its own policy lifts the policy.
fn settle(built_in: &Action, declared: &Declared) -> Result<Action, String> {
    let Declared { spec, params, .. } = declared;
    let changes_more = spec.description.is_some()
        || !params.is_empty()
        || spec.run.is_some()
        || spec.dir.is_some()
        || spec.timeout.is_some()
        || spec.confined.is_some()
        || spec.allow_read.is_some()
        || spec.allow_write.is_some()
        || spec.network.is_some();
    if changes_more {
        return Err(
            "it is built in, and only `policy`, `floor`, `risk`, `group`, `irreversible` and `start_seconds_max` can be set: \
             give an action of your own another name"
                .to_owned(),
        );
    }
    let own = built_in.policy.max(spec.floor.unwrap_or(built_in.policy));
    Ok(Action {
        policy: policy(spec, own).and_then(|policy| confines_tool_calls_alone(spec, built_in).map(|()| policy))?,
        floor: spec.floor,
        group: group(spec, &built_in.group)?,
        risk: spec.risk.unwrap_or(built_in.risk),
        irreversible: spec.irreversible.unwrap_or(built_in.irreversible),
        start_seconds_max: spec.start_seconds_max.or(built_in.start_seconds_max),
        ..built_in.clone()
    })
}

fn declare(
    position: Position,
    declared: &Declared,
    limits: &Limits,
    found: &dyn Fn(&str) -> Option<String>,
) -> Result<Action, Fault> {
    let Declared { name, spec, params } = declared;
    let mut params = params.iter().map(|param| declare_param(name, param)).collect::<Result<Vec<_>, _>>()?;
    let at = |why: String| fault(position, name, &why);
    let run = spec
        .run
        .as_deref()
        .ok_or_else(|| at("it has no `run`: write `run = [\"PROGRAM\", \"ARGUMENT\"]`".to_owned()))?;
    let seconds = timeout(spec, limits).map_err(at)?;
    let reach = reach::declare(spec, &params).map_err(at)?;
    let command = command::declare(run, spec.dir.as_deref(), seconds, &mut params, found).map_err(at)?;
    let command = Command { reach, ..command };
    let action = Action {
        name: name.parse().map_err(|error| Fault::at(position, format!("{error}")))?,
        description: spec
            .description
            .clone()
            .unwrap_or_else(|| format!("Run {}", run.first().map_or("", String::as_str))),
        group: group(spec, "custom").map_err(at)?,
        policy: policy(spec, Policy::Queue.max(spec.floor.unwrap_or(Policy::Queue))).map_err(at)?,
        floor: spec.floor,
        params,
        effect: Effect::Run(command),
        risk: spec.risk.unwrap_or(Risk::Normal),
        irreversible: spec.irreversible.unwrap_or(false),
        start_seconds_max: spec.start_seconds_max,
        // Sealed when the catalogue takes it.
        declaration: Digest::of(b""),
        constant_plan: None,
    };
    confines_tool_calls_alone(spec, &action).map_err(at)?;
    Ok(action)
}

fn declare_param(action: &str, located: &Located<(String, ParamSpec)>) -> Result<Param, Fault> {
    let (name, spec) = &located.value;
    param::declare(name, spec)
        .map_err(|why| fault(located.position, action, &format!("parameter `{}`: {why}", visible::escaped(name))))
}

fn policy(spec: &ActionSpec, own: Policy) -> Result<Policy, String> {
    match (spec.policy.unwrap_or(own), spec.floor) {
        (policy, Some(floor)) if policy < floor => {
            Err(format!("`policy = \"{policy}\"` is looser than `floor = \"{floor}\"`: write `policy = \"{floor}\"`"))
        }
        (policy, _) => Ok(policy),
    }
}

/// What runs on the host is confined by its declaration; of tool calls alone it is a matter of policy.
fn confines_tool_calls_alone(spec: &ActionSpec, action: &Action) -> Result<(), String> {
    let says = [spec.policy, spec.floor].contains(&Some(Policy::Confine));
    match says && !action.is_judge_only() {
        true => Err(format!("`confine` is for `{USE_TOOL}` alone: write `auto-accept`, `queue` or `auto-deny`")),
        false => Ok(()),
    }
}

fn group(spec: &ActionSpec, own: &str) -> Result<String, String> {
    let group = spec.group.as_deref().unwrap_or(own);
    // A group stands in a path of the protocol, as an action's name does.
    match group.parse::<ActionName>() {
        Ok(_) => Ok(group.to_owned()),
        Err(_) => {
            Err(format!("`{}` is no group: write a-z 0-9 - _ ., starting with a letter", visible::escaped(group)))
        }
    }
}

fn timeout(spec: &ActionSpec, limits: &Limits) -> Result<u64, String> {
    let Some(text) = &spec.timeout else { return Ok(limits.run_seconds_max) };
    match duration::parse_seconds(text) {
        Ok(0) => Err("`timeout` is 0: write a time such as `10m`".to_owned()),
        Ok(seconds) => Ok(seconds),
        Err(why) => Err(format!("`timeout`: {why}")),
    }
}
