//! `--check`: reads everything a start would read, says what was found, and changes nothing.

use std::fmt::Write as _;

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
    let volumes = setup.law.volumes.iter().map(|volume| format!("volume     {} = {}", volume.container(), volume.host));
    facts.extend(volumes);
    if setup.law.volumes.is_empty() {
        facts.push("volume     none: give one with `--volume /workspace=DIR`".to_owned());
    }
    facts
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
