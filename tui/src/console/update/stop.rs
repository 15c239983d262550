//! Stopping agents, letting them go on, and changing policies. What lets more through is asked about first; what stops is not.

use super::{open, press};
use crate::{
    console::{
        message::Command,
        model::{
            Model,
            dialog::{Change, Choice, Dialog, Kind},
        },
    },
    keys::{Act, View},
    text::Tone,
};

/// Asks whom to stop: all, unless the agents are on screen and one is chosen there.
pub(super) fn open(model: &mut Model) {
    let agents = model.agents();
    let only = (model.view == View::Agents).then(|| agents.get(model.agent_pick.at).cloned()).flatten();
    let at = only.as_ref().and_then(|only| agents.iter().position(|agent| agent == only)).unwrap_or(0);
    let choices = agents.into_iter().map(|agent| Choice {
        chosen: only.as_ref().is_none_or(|only| *only == agent),
        frozen: model.is_frozen(&agent),
        agent,
    });
    let choices = choices.collect();
    open::dialog(model, Kind::Panic { agents: choices, at });
}

/// Chooses or leaves out the agent under the cursor.
pub(super) fn toggle(model: &mut Model) {
    if let Some(Dialog { kind: Kind::Panic { agents, at }, .. }) = &mut model.dialog
        && let Some(choice) = agents.get_mut(*at)
    {
        choice.chosen = !choice.chosen;
    }
}

/// Stops the chosen ones at once: stopping is never delayed.
pub(super) fn freeze(model: &mut Model, frozen: bool, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Panic { agents, .. }, .. }) = &model.dialog else { return };
    let all = agents.iter().all(|choice| choice.chosen);
    let users: Vec<_> =
        agents.iter().filter(|choice| choice.chosen && !all).map(|choice| choice.agent.clone()).collect();
    if users.is_empty() && !all {
        model.say(Tone::Care, "no agent is chosen");
        return;
    }
    model.dialog = None;
    model.say(Tone::Care, if frozen { "stopping …" } else { "letting them ask again …" });
    out.push(Command::Freeze { users, frozen });
}

/// Lets the chosen ones go on, where the key counts.
pub(super) fn thaw(model: &mut Model, out: &mut Vec<Command>) {
    if press::fired(model).is_some() {
        freeze(model, false, out);
    }
}

/// A key of the policies' view.
pub(super) fn policy(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    let change = match act {
        Act::Toggle => model.policies.toggle(),
        Act::SwitchGroup => model.policies.switch_group(),
        Act::Looser => model.policies.shift(false),
        _ => model.policies.shift(true),
    };
    match change {
        Some(change) if model.policies.loosens(&change) => open::dialog(model, Kind::Loosen(change)),
        Some(change) => send(change, out),
        None => model.say(Tone::Care, "no further that way"),
    }
}

/// Sends a change.
pub(super) fn send(change: Change, out: &mut Vec<Command>) {
    out.push(match change {
        Change::Group { group, enabled } => Command::SetGroup { group, enabled },
        Change::Action { action, policy } => Command::SetPolicy { action, policy },
    });
}
