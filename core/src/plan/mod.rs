//! What would happen, exactly: the resolved effect that a person approves by its digest.
//!
//! Pure, so that the server makes it when a request comes and again right before the effect, and compares.

mod desktop;
mod fill;
mod reach;

use ccc_protocol::{
    Digest,
    bodies::{MailView, PathView, Plan, ProblemType},
};

pub(crate) use desktop::Place;

use crate::{
    catalogue::{Action, Command, Effect, Opener},
    law::Law,
    params::{Arg, Args, ResolvedPath, given},
    planned::Planned,
    refusal::Refusal,
};

/// The resolved effect of this action with these parameters.
///
/// # Errors
/// 422 where a value cannot stand where the command puts it, or where the owner has not set up what the action needs.
pub fn make(action: &Action, args: &Args, law: &Law) -> Result<Planned, Refusal> {
    let declaration = action.declaration;
    match &action.effect {
        Effect::Run(command) => run(declaration, command, args).map(Planned::of),
        Effect::Open(opener) => open(declaration, opener, args, law).map(Planned::of),
        Effect::Mail => mail(declaration, args, law).map(Planned::of),
        Effect::Bridge(_) | Effect::Release => action.constant_plan.clone().ok_or_else(unsealed),
    }
}

/// Only a catalogue gives out actions, and it has sealed them.
fn unsealed() -> Refusal {
    Refusal::unavailable("the action cannot be planned").because("its declaration is not sealed")
}

fn run(declaration: Digest, command: &Command, args: &Args) -> Result<Plan, Refusal> {
    let dir = command.dir_param.as_ref().map(|param| path(args, param)).transpose()?;
    let paths = paths(args);
    Ok(Plan::Run {
        confined: reach::of(&command.reach, args, &paths),
        declaration,
        program: command.program.clone(),
        args: fill::arguments(&command.args, args)?,
        dir: dir.map(|dir| dir.host.clone()),
        timeout_seconds: command.timeout_seconds,
        paths,
    })
}

fn open(declaration: Digest, opener: &Opener, args: &Args, law: &Law) -> Result<Plan, Refusal> {
    let (place, param) = match opener {
        Opener::Editor { param } => (Place::Editor, param),
        Opener::Browser { param } => (Place::Browser, param),
        Opener::Terminal { param } => (Place::Terminal, param),
    };
    let (program, templates) = desktop::program(&law.desktop, place)?;
    let value = args.named(param).cloned().ok_or_else(|| missing(param))?;
    let dir = if place == Place::Terminal { Some(path(args, param)?.host.clone()) } else { None };
    let named = Args { typed: vec![(place.name().to_owned(), value)], ..Args::default() };
    Ok(Plan::Open { declaration, program, args: fill::arguments(&templates, &named)?, dir, paths: paths(args) })
}

fn mail(declaration: Digest, args: &Args, law: &Law) -> Result<Plan, Refusal> {
    let from = law.desktop.mail_from.clone().ok_or_else(|| {
        Refusal::new(
            ProblemType::InvalidParameter,
            "this bridge sends no mail: its owner sets `host` and `from` under `[smtp]`",
        )
    })?;
    let text = |name: &str| match args.named(name) {
        Some(Arg::Text(text)) => Ok(text.clone()),
        _ => Err(missing(name)),
    };
    let subject = text("subject")?;
    // Its recipient's program would decode it, and show what nobody here was shown.
    if subject.contains("=?") {
        let given = given::shown(&subject);
        let wanted = "takes one line of text without `=?`, which begins an encoded word";
        return Err(Refusal::invalid("subject", format!("parameter `subject` {wanted}, not the string `{given}`")));
    }
    let mail = MailView { from, to: text("to")?, subject, body: text("body")? };
    Ok(Plan::Mail { declaration, mail, topic: text("topic").ok() })
}

fn path<'a>(args: &'a Args, param: &str) -> Result<&'a ResolvedPath, Refusal> {
    match args.named(param) {
        Some(Arg::Path(path)) => Ok(path),
        _ => Err(missing(param)),
    }
}

fn missing(param: &str) -> Refusal {
    Refusal::invalid(param, format!("parameter `{param}` is missing"))
}

/// Every path parameter, and every place beneath one that the command names.
fn paths(args: &Args) -> Vec<PathView> {
    let mut views = vec![];
    for (name, arg) in &args.typed {
        push_views(name, arg, &mut views);
    }
    views.extend(args.beneath.iter().map(|at| view(&format!("{{{}}}/{}", at.param, at.suffix), &at.path)));
    views
}

fn push_views(name: &str, arg: &Arg, views: &mut Vec<PathView>) {
    match arg {
        Arg::Path(path) => views.push(view(name, path)),
        Arg::List(items) => items.iter().for_each(|item| push_views(name, item, views)),
        _ => {}
    }
}

fn view(param: &str, path: &ResolvedPath) -> PathView {
    PathView {
        param: param.to_owned(),
        container: path.container.clone(),
        host: path.host.clone(),
        volume: path.root.clone(),
        content: path.content,
    }
}

#[cfg(test)]
mod tests;
