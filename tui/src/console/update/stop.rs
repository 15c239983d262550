//! Stopping agents, letting them go on, and changing policies. What lets more through is asked about first; what stops is not.

use ccc_protocol::{UserName, actions, bodies::Ticket};

use super::{open, press};
use crate::{
    console::{
        message::Command,
        model::{
            Model,
            dialog::{Change, Choice, Dialog, Kind, Run},
        },
    },
    keys::{Act, View},
    text::Tone,
    wording::summary,
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
    match model.dialog.as_mut().map(|dialog| &mut dialog.kind) {
        Some(Kind::Panic { agents, at }) => {
            if let Some(choice) = agents.get_mut(*at) {
                choice.chosen = !choice.chosen;
            }
        }
        Some(Kind::Stop { runs, at }) => {
            if let Some(run) = runs.get_mut(*at).filter(|run| run.kept.is_none()) {
                run.chosen = !run.chosen;
            }
        }
        _ => {}
    }
}

/// Asks which of what runs to end: none is chosen beforehand.
pub(super) fn open_runs(model: &mut Model) {
    ask_about_runs(model, |_| true, false);
    if model.dialog.is_none() {
        model.say(Tone::Plain, "nothing runs");
    }
}

/// After a freeze, asks whether to end what still runs of the frozen, all of it chosen beforehand. Where nothing does, nothing is
/// asked.
pub(super) fn after_freeze(model: &mut Model) {
    if model.dialog.is_none() {
        let frozen: Vec<UserName> = std::mem::take(&mut model.frozen_now);
        ask_about_runs(model, |ticket| frozen.is_empty() || frozen.contains(&ticket.submitted_by), true);
    }
}

fn ask_about_runs(model: &mut Model, of: impl Fn(&Ticket) -> bool, chosen: bool) {
    let run = |ticket: &Ticket| {
        let kept = kept(ticket);
        Run {
            id: ticket.id,
            summary: summary::short(ticket.id)
                .then(" ")
                .then(&ticket.submitted_by)
                .then(" ")
                .then(summary::summary(ticket)),
            chosen: chosen && kept.is_none(),
            kept,
        }
    };
    let runs: Vec<Run> = model.runs.values().filter(|ticket| of(ticket)).map(run).collect();
    if !runs.is_empty() {
        open::dialog(model, Kind::Stop { runs, at: 0 });
    }
}

/// What is on the person's screen, and a mail that is under way, is not the bridge's to end.
fn kept(ticket: &Ticket) -> Option<&'static str> {
    match ticket.action.as_str() {
        actions::SEND_EMAIL => Some("a mail under way cannot be stopped"),
        actions::EDIT_FILE | actions::OPEN_BROWSER | actions::OPEN_TERMINAL => {
            Some("it opens on the person's screen and cannot be stopped here")
        }
        _ => None,
    }
}

/// Ends the chosen runs, where the key counts.
pub(super) fn runs(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Stop { runs, .. }, .. }) = &model.dialog else { return };
    let chosen: Vec<_> = runs.iter().filter(|run| run.chosen).map(|run| run.id).collect();
    if chosen.is_empty() {
        model.say(Tone::Care, "no run is chosen");
        return;
    }
    if press::fired(model).is_some() {
        model.dialog = None;
        model.say(Tone::Care, "ending what runs …");
        out.extend(chosen.into_iter().map(Command::Stop));
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
    model.frozen_now.clone_from(&users);
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
