//! `--check`: reads everything a start would read, says what was found, and changes nothing.

mod log;

use std::fmt::Write as _;

use ccc_core::catalogue::{Effect, Given, Wanted};
use ccc_protocol::bodies::Confined;
use ccc_toolcall::programs::{lint::missed_examples, own::Taught};

use crate::{
    args::Wishes,
    key_file,
    places::Surroundings,
    setup::{Setup, SetupError},
};

/// What `--check` says about a setup that would start.
///
/// # Errors
/// Why it would not.
pub fn report(wishes: &Wishes, around: &Surroundings) -> Result<String, SetupError> {
    let setup = Setup::read(wishes, around)?;
    key_file::read(&setup.audit_key_file, setup.signed_log().as_deref())?;
    let mut text = String::new();
    for line in facts(&setup)
        .into_iter()
        .chain(users(&setup))
        .chain(programs(&setup))
        .chain(log::line(&setup))
        .chain(setup.warnings.iter().map(|warning| format!("warning: {warning}")))
    {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}

fn facts(setup: &Setup) -> Vec<String> {
    let config = setup
        .config_file
        .as_ref()
        .map_or_else(|| "none: built-in actions alone".to_owned(), |path| path.display().to_string());
    let listening = [
        setup.tcp.map(|addr| format!("http://{addr}")),
        setup.socket.as_ref().map(|socket| format!("unix://{}", socket.path.display())),
    ];
    let listening: Vec<String> = listening.into_iter().flatten().collect();
    let mut facts = vec![
        format!("config     {config}"),
        format!("secrets    {}", setup.secrets_file.display()),
        format!("data       {}", setup.data.display()),
        format!("audit key  {}", setup.audit_key_file.display()),
        format!("listens on {}", listening.join(" and ")),
        format!("actions    {}", setup.law.catalogue.iter().count()),
        format!("rules      {}, one of them built in", setup.law.rulebook.rules().len()),
    ];
    facts.extend(confined(setup));
    let volumes = setup.law.volumes.iter().map(|volume| format!("volume     {} = {}", volume.container(), volume.host));
    facts.extend(volumes);
    if setup.law.volumes.is_empty() {
        facts.push("volume     none: give one with `--volume /workspace=DIR`".to_owned());
    }
    facts
}

/// What can be had, and what each action of the owner's that runs a program asks for.
fn confined(setup: &Setup) -> Vec<String> {
    let runs = setup.law.catalogue.iter().filter_map(|action| match &action.effect {
        Effect::Run(command) => Some((&action.name, &command.reach)),
        _ => None,
    });
    let mut lines: Vec<String> = runs.map(|(name, reach)| format!("runs       {name}: {}", reach_of(reach))).collect();
    if !lines.is_empty() && setup.confine.launcher.is_some() {
        let best = setup.confine.best().map_or("none", Confined::word);
        lines.insert(0, format!("confines   up to level {best}"));
    }
    lines
}

fn reach_of(reach: &Wanted) -> String {
    let Some(level) = reach.confined else { return "not confined: it reaches all that this user does".to_owned() };
    let places = |given: &[Given]| given.iter().map(Given::text).collect::<Vec<_>>().join(", ");
    let mut told = format!("confined to level {}, reads the volumes of its paths", level.word());
    if !reach.read.is_empty() {
        let _ = write!(told, " and {}", places(&reach.read));
    }
    match reach.write.is_empty() {
        true => told.push_str(", writes nothing"),
        false => drop(write!(told, ", writes {}", places(&reach.write))),
    }
    told.push_str(if reach.network { ", with the network" } else { ", without network" });
    told
}

/// The programs that the owner taught, and what of them never counts or does not hold.
fn programs(setup: &Setup) -> Vec<String> {
    let knowledge = setup.law.knowledge();
    let program = |taught: &Taught| {
        let name = taught.name();
        let wrong = taught.idle().into_iter().chain(missed_examples(&taught.examples, &knowledge));
        let wrong = wrong.map(|what| format!("warning: program `{name}`: {what}"));
        std::iter::once(format!("program    {name}: {}", taught.standing())).chain(wrong).collect::<Vec<_>>()
    };
    knowledge.programs.iter().flat_map(program).collect()
}

fn users(setup: &Setup) -> Vec<String> {
    let user = |(name, user): (&ccc_protocol::UserName, &ccc_core::user::User)| {
        let whom: Vec<&str> = user.can_approve.iter().map(ccc_protocol::UserName::as_str).collect();
        let roles: Vec<&str> = user.roles.iter().map(String::as_str).collect();
        let approves = if whom.is_empty() {
            "approves for nobody".to_owned()
        } else {
            format!("approves for {}", whom.join(", "))
        };
        let roles = if roles.is_empty() { String::new() } else { format!(", as {}", roles.join(", ")) };
        format!("user       {name} {approves}{roles}")
    };
    setup.law.users.iter().map(user).collect()
}
