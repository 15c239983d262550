//! This machine, where the console came with `--local`: hooks, demo, container, volume, copies, and leaving.

use ccc_protocol::TicketId;

use super::{open, press::fired};
use crate::{
    console::{
        message::{Command, HereNews},
        model::{
            Model, Surface,
            dialog::{Dialog, Kind},
            here::{Here, Hook, Whose},
        },
    },
    keys::{Context, View},
    text::{Tone, Untrusted, Visible},
    wording::{span, summary},
};

const NOT_HERE: &str = "this console was not started with `--local`";

/// The bridge was set up here.
pub(super) fn begin(model: &mut Model, here: Here, out: &mut Vec<Command>) {
    let joined = joined(&here.server);
    model.here = Some(here);
    out.push(Command::LookForHooks);
    if let Some(words) = joined {
        model.say(Tone::Care, words);
    } else if model.surface == Surface::Plain {
        container(model);
    }
}

/// Whose server it is, where it is not this console's.
fn joined(server: &Whose) -> Option<Visible> {
    let Whose::Joined { process, directory, offers } = server else { return None };
    let mut words = Visible::label("a server was running already");
    if let Some(process) = process {
        words = words.then(" (process ").then(Visible::number(*process)).then(")");
    }
    words = match directory {
        Some(directory) => words.then(": it gives agents ").then(directory.clone()),
        None => words.then(": which directory it gives agents is not known here"),
    };
    Some(if offers.is_some() { words.then("; v gives them this one too") } else { words })
}

/// How the agent's container is started: on a screen in a dialog, else in a line that the terminal wraps.
pub(super) fn container(model: &mut Model) {
    match (&model.here, model.surface) {
        (None, _) => model.say(Tone::Care, NOT_HERE),
        (Some(_), Surface::Screen) => open::dialog(model, Kind::Container { top: 0 }),
        (Some(here), Surface::Plain) => {
            let options = here.container.line();
            model.say(Tone::Strong, Visible::label("start the agent's container with: ").then(options));
        }
    }
}

/// Shows what the hook's install would change, read anew.
pub(super) fn hooks(model: &mut Model, out: &mut Vec<Command>) {
    if model.here.is_none() {
        return model
            .say(Tone::Care, "not started with `--local`: `ccc-hook install --agent NAME --secrets FILE` does it");
    }
    out.push(Command::LookForHooks);
    let hooks = model.hooks.as_deref().unwrap_or_default();
    if hooks.is_empty() {
        let words = match model.hooks {
            None => "coding agents are being looked for …",
            Some(_) => "no coding agent that the hook knows was found in PATH; docs/hosts has the list",
        };
        return model.say(Tone::Care, words);
    }
    let chosen = hooks.iter().map(|hook| !hook.in_place).collect();
    open::dialog(model, Kind::Install { chosen, at: 0, top: 0 });
}

/// Chooses the agent under the cursor, or leaves it out.
pub(super) fn toggle(model: &mut Model) {
    if let Some(Dialog { kind: Kind::Install { chosen, at, .. }, .. }) = &mut model.dialog
        && let Some(is_chosen) = chosen.get_mut(*at)
    {
        *is_chosen = !*is_chosen;
    }
}

/// A yes to what is shown, where the key counts.
pub(super) fn yes(model: &mut Model, out: &mut Vec<Command>) {
    if fired(model).is_none() {
        return;
    }
    if model.context() == Context::Install {
        return install(model, out);
    }
    model.dialog = None;
    model.say(Tone::Plain, "writing …");
    out.push(Command::AddVolume);
}

/// Installs for those that were chosen.
fn install(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Install { chosen, .. }, .. }) = model.dialog.take() else { return };
    let hooks = model.hooks.as_deref().unwrap_or_default();
    let named = hooks.iter().zip(chosen).filter(|(_, chosen)| *chosen);
    let agents: Vec<String> = named.map(|(hook, _)| hook.agent.clone()).collect();
    if agents.is_empty() {
        return model.say(Tone::Care, "none was chosen: nothing was written");
    }
    model.say(Tone::Plain, "installing …");
    out.push(Command::InstallHooks(agents));
}

/// Something to approve and something to deny, of which nothing comes.
pub(super) fn demo(model: &mut Model, out: &mut Vec<Command>) {
    match &model.here {
        None => model.say(Tone::Care, NOT_HERE),
        Some(_) => {
            model.say(Tone::Plain, "asking as the agent: nothing is run, whatever you answer …");
            out.push(Command::Demo);
        }
    }
}

/// Shows how this directory is given to agents too.
pub(super) fn volume(model: &mut Model) {
    let offered = model.here.as_ref().and_then(|here| match &here.server {
        Whose::Joined { offers: Some(name), .. } => Some((name.clone(), here.directory.clone())),
        _ => None,
    });
    match offered {
        Some((name, directory)) => {
            let lines = Visible::label("\"").then(name).then("\" = \"").then(directory).then("\"");
            open::dialog(model, Kind::Volume { lines });
        }
        None => model.say(Tone::Care, "nothing to add: agents have the directory that this console was started in"),
    }
}

/// Copies what is on screen: the container's command; the lines of a rule; of a ticket its command, or, the second time, its id.
pub(super) fn copy(model: &mut Model, out: &mut Vec<Command>) {
    let found = match model.dialog.as_ref().map(|dialog| &dialog.kind) {
        Some(Kind::Container { .. }) => model.here.as_ref().map(|here| ("the command", here.container.command())),
        Some(Kind::Rule(Ok(draft))) => Some(("the lines", draft.lines.clone())),
        Some(_) => None,
        None => copyable(model),
    };
    let Some((what, text)) = found else { return model.say(Tone::Care, "nothing is selected") };
    // What is copied is what was seen: a hidden character, or one that a terminal obeys, would be pasted into a shell.
    let lines: Vec<String> = text.split('\n').map(|line| Untrusted(line).line().to_string()).collect();
    let shown = lines.join("\n");
    if shown.len() > COPY_BYTES_MAX {
        return model.say(Tone::Care, "too long to be copied through the terminal");
    }
    let words = Visible::label("copied: ").then(what);
    let changed = if shown == text { "" } else { ", with its hidden characters written out" };
    model.say(Tone::Plain, words.then(changed));
    out.push(Command::Copy(shown));
}

/// Terminals drop longer ones.
const COPY_BYTES_MAX: usize = 64 * 1024;

fn copyable(model: &mut Model) -> Option<(&'static str, String)> {
    let id_of = |id: TicketId| ("its id", id.to_string());
    if model.view == View::History {
        return model.history.selected().first().and_then(|entry| entry.ticket).map(id_of);
    }
    let ticket = model.queue.selected()?;
    let again = model.copied.take() == Some(ticket.id);
    // The list has long texts cut: what is copied is what the details show.
    let whole = model.details.preview().map(|preview| &preview.ticket).filter(|whole| whole.id == ticket.id);
    match whole.and_then(summary::command).filter(|_| !again) {
        Some(command) => {
            model.copied = Some(ticket.id);
            Some(("its command; again copies the id", command.to_owned()))
        }
        None => Some(id_of(ticket.id)),
    }
}

/// Leaves, once it was said what stops with it.
pub(super) fn quit(model: &mut Model, out: &mut Vec<Command>) {
    let asked = matches!(model.dialog.as_ref().map(|dialog| &dialog.kind), Some(Kind::Leave));
    if asked || !model.here.as_ref().is_some_and(Here::ends_with_us) {
        out.push(Command::Quit);
    } else {
        open::dialog(model, Kind::Leave);
    }
}

/// What came of it.
pub(super) fn news(model: &mut Model, news: HereNews, out: &mut Vec<Command>) {
    match news {
        HereNews::Hooks(Ok(hooks)) => found(model, hooks),
        HereNews::Hooks(Err(why)) => model.report(Untrusted(&format!("the hook's program: {why}")).line()),
        HereNews::Installed(Ok(lines)) => {
            model.answer(Tone::Good, Untrusted(&lines.join("; ")).line());
            out.push(Command::LookForHooks);
        }
        HereNews::Demo(Ok(())) => model.answer(Tone::Good, "two requests wait: y approves one, n denies one"),
        HereNews::Written(Ok(file)) => {
            model.answer(Tone::Good, Untrusted(&format!("written: run {file} IMAGE")).line());
        }
        HereNews::VolumeAdded(Ok(backup)) => volume_added(model, &backup),
        HereNews::Installed(Err(why))
        | HereNews::Demo(Err(why))
        | HereNews::Written(Err(why))
        | HereNews::VolumeAdded(Err(why)) => model.answer(Tone::Bad, Untrusted(&why).line()),
        HereNews::ServerEnded { how, again_seconds } => {
            let again = Visible::label("; it is started again in ").then(span::seconds(again_seconds));
            model.answer(Tone::Bad, Visible::label("the server ended: ").then(Untrusted(&how).line()).then(again));
        }
        HereNews::ServerBack => model.answer(Tone::Good, "the server was started again"),
    }
}

/// The list in front changed under nobody's hand: what was chosen is about another list.
fn found(model: &mut Model, hooks: Vec<Hook>) {
    let changed = model.hooks.as_ref().is_some_and(|known| *known != hooks);
    let in_front = matches!(model.dialog.as_ref().map(|dialog| &dialog.kind), Some(Kind::Install { .. }));
    model.hooks = Some(hooks);
    if changed && in_front {
        model.dialog = None;
        model.say(Tone::Care, "the agents' settings have changed meanwhile: look again");
    }
}

fn volume_added(model: &mut Model, backup: &str) {
    if let Some(Here { server: Whose::Joined { offers, .. }, .. }) = &mut model.here {
        *offers = None;
    }
    let words = format!("added; the server takes it up by itself. The config as it was: {backup}");
    model.answer(Tone::Good, Untrusted(&words).line());
}
