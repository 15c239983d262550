//! Makes a grant of what an approval asks for: no wider than the approved request's rules, action and types let it be.

use std::collections::BTreeSet;

use ccc_protocol::{
    GrantId, Timestamp,
    beneath::{beneath, lies_beneath},
    bodies::{BESIDE_MAX, Class, Difference, Facts, GrantRequest},
    duration,
};
use ccc_toolcall::facts::Knowledge;
use serde_json::Value;

use super::{
    Grant,
    approved::Approved,
    fits::{BY_CLASS, is_mail_text, is_tools_name, origin, program_text},
};
use crate::{
    catalogue::{
        action::Action,
        effect::Effect,
        param::{Kind, Param},
    },
    limits::Limits,
    params::value::Arg,
    policy::Needs,
    refusal::Refusal,
    ticket::Ticket,
};

/// The most values that [`Difference::OneOf`] lists.
pub const VALUES_MAX: usize = 32;

/// JSON integers go no further (docs/protocol.md).
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The grant that this approval asks for. It is made by everybody whose approval the ticket holds.
///
/// # Errors
/// 422 where grants are forbidden here, it would be wider than may be, or would not fit the approved request itself.
pub fn make(
    asked: &GrantRequest,
    ticket: &Ticket,
    action: &Action,
    id: GrantId,
    now: Timestamp,
    limits: &Limits,
    knowledge: &Knowledge,
) -> Result<Grant, Refusal> {
    let request = ticket.request();
    if asked.beside.len() > BESIDE_MAX {
        return Err(refused(format!("{} tickets beside it; at most {BESIDE_MAX}", asked.beside.len())));
    }
    within_terms(asked, &ticket.needs().clone().under_floor(action.floor), limits)?;
    let approved = Approved::new(ticket, action, knowledge);
    for (name, difference) in &asked.params {
        check(name, difference, &approved).map_err(|why| refused(format!("`{name}`: {why}")))?;
    }
    let grant = Grant {
        id,
        user: request.submitted_by.clone(),
        action: request.action.clone(),
        params: request.params.clone(),
        differ: asked.params.clone(),
        until: now.plus_seconds(asked.seconds),
        uses: asked.uses,
        used: 0,
        made_by: ticket.approvals().iter().map(|approval| approval.by.clone()).collect(),
        made: now,
        from: request.id,
        held: None,
        clock_moved_millis: 0,
        approved: approved.facts.clone(),
    };
    // A pattern that the approved request itself does not fit is leave for something nobody saw.
    if grant.fits_args(action, &approved.args, approved.facts.as_deref()) {
        Ok(grant)
    } else {
        Err(refused("it would reach further than what was approved, or the approved request itself does not fit it"))
    }
}

fn within_terms(asked: &GrantRequest, needs: &Needs, limits: &Limits) -> Result<(), Refusal> {
    let seconds_max = needs.grant_seconds_max.min(limits.grant_seconds_max);
    if seconds_max == 0 {
        return Err(refused("the rules allow no grants for this request: approve it alone"));
    }
    if !(1..=seconds_max).contains(&asked.seconds) {
        let most = duration::to_text(seconds_max);
        return Err(refused(format!("`seconds` is 1 to {seconds_max} ({most}), not {}", asked.seconds)));
    }
    match asked.uses {
        Some(uses) if uses == 0 || u64::from(uses) > limits.grant_uses_max => {
            Err(refused(format!("`uses` is 1 to {}, not {uses}", limits.grant_uses_max)))
        }
        _ => Ok(()),
    }
}

fn refused(why: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("grant", format!("no grant: {why}"))
}

/// The difference is of the parameter's type, covers the approved value, and leaves something out.
fn check(name: &str, difference: &Difference, approved: &Approved<'_>) -> Result<(), String> {
    let param = approved.action.params.iter().find(|param| param.name == name);
    let (Some(param), Some(value)) = (param, approved.args.json.get(name)) else {
        return Err("the approved request has no such parameter".into());
    };
    match (difference, approved.args.named(name)) {
        (Difference::OneOf(values), _) => one_of(values, value, param),
        (Difference::SameHost(wanted), Some(Arg::Url(url))) => equal(wanted, &origin(url)),
        (Difference::Under(dir), Some(Arg::Path(path))) => under(dir, &path.container, &path.relative),
        (Difference::Between(least, most), Some(Arg::Integer(given))) => between(*least, *most, *given, param),
        (Difference::SameRecipient(to), Some(Arg::Text(_))) => same_recipient(name, to, approved),
        (Difference::SameProgram(wanted), Some(Arg::Object(_))) => same_program(wanted, approved),
        (Difference::SameTool(wanted), Some(Arg::Object(_))) => same_tool(wanted, approved),
        (Difference::FilesUnder(dir), Some(Arg::Object(_))) => files_under(dir, approved),
        (Difference::SameClass(classes), Some(Arg::Object(_))) => same_class(classes, approved),
        (Difference::SameClass(classes), Some(Arg::Text(_))) if is_tools_name(name) => same_class(classes, approved),
        _ => Err(format!("a {} cannot differ in this way", param.kind.word())),
    }
}

fn equal(wanted: &str, approved: &str) -> Result<(), String> {
    if wanted == approved {
        Ok(())
    } else {
        Err(format!("`{wanted}` is not of the approved request, which has `{approved}`"))
    }
}

fn one_of(values: &[Value], approved: &Value, param: &Param) -> Result<(), String> {
    if !values.contains(approved) {
        return Err("the values do not hold the approved one".into());
    }
    if values.len() > VALUES_MAX {
        return Err(format!("{} values; at most {VALUES_MAX}", values.len()));
    }
    let is_everything = match &param.kind {
        Kind::Bool => [Value::Bool(true), Value::Bool(false)].iter().all(|value| values.contains(value)),
        Kind::Enum(words) => words.iter().all(|word| values.iter().any(|value| value.as_str() == Some(word))),
        _ => false,
    };
    if is_everything { Err("these are all the values there are".into()) } else { Ok(()) }
}

fn under(dir: &str, container: &str, relative: &str) -> Result<(), String> {
    let is_plain = dir.starts_with('/') && dir.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."));
    if !is_plain {
        return Err(format!(
            "`{dir}` is no container directory: write an absolute path without `..` and without a slash at its end"
        ));
    }
    let root = container.strip_suffix(relative).unwrap_or(container);
    if beneath(dir, root).is_none_or(str::is_empty) {
        let root = root.trim_end_matches('/');
        return Err(format!("`{dir}` holds the whole volume: name a directory within `{root}`"));
    }
    Ok(())
}

fn between(least: i64, most: i64, approved: i64, param: &Param) -> Result<(), String> {
    if !(least..=most).contains(&approved) {
        return Err(format!("{least} to {most} does not hold the approved {approved}"));
    }
    let (min, max) = match param.kind {
        Kind::Integer { min, max } => (min.unwrap_or(-INTEGER_MAX), max.unwrap_or(INTEGER_MAX)),
        _ => (-INTEGER_MAX, INTEGER_MAX),
    };
    if least <= min && max <= most { Err("these are all the numbers there are".into()) } else { Ok(()) }
}

fn same_recipient(name: &str, to: &str, approved: &Approved<'_>) -> Result<(), String> {
    if approved.action.effect != Effect::Mail || !is_mail_text(name) {
        return Err("only the subject and the text of a mail can differ in this way".into());
    }
    equal(to, approved.text("to"))
}

fn same_program(wanted: &str, approved: &Approved<'_>) -> Result<(), String> {
    let facts = readable(approved)?;
    match facts.commands.as_slice() {
        [] => Err("the approved call runs no program".into()),
        commands => commands.iter().try_for_each(|command| equal(wanted, program_text(command))),
    }
}

fn same_tool(wanted: &str, approved: &Approved<'_>) -> Result<(), String> {
    readable(approved)?;
    if approved.text("session").is_empty() {
        return Err("the approved call belongs to no session".into());
    }
    equal(wanted, approved.text("tool"))
}

fn files_under(dir: &str, approved: &Approved<'_>) -> Result<(), String> {
    let facts = readable(approved)?;
    let project = facts.project.as_deref().ok_or("the approved call belongs to no project")?;
    if beneath(dir, project).is_none_or(str::is_empty) || dir.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("`{dir}` is no directory within the project `{project}`"));
    }
    match facts.paths.iter().find(|path| !lies_beneath(&path.path, dir)) {
        Some(path) => Err(format!("the approved call touches `{}`, which is not in `{dir}`", path.path)),
        None if facts.paths.is_empty() => Err("the approved call touches no file".into()),
        None => Ok(()),
    }
}

fn same_class(classes: &[Class], approved: &Approved<'_>) -> Result<(), String> {
    let facts = readable(approved)?;
    if approved.text("session").is_empty() {
        return Err("the approved call belongs to no session".into());
    }
    let named = classes.iter().copied().collect::<BTreeSet<_>>();
    if !facts.classes.keys().copied().eq(named) {
        return Err("these are not the kinds of thing that the approved call does".into());
    }
    match classes.iter().find(|class| !BY_CLASS.contains(class)) {
        Some(class) => Err(format!("`{}` is granted call by call, and not as a kind", class.as_str())),
        None if classes.is_empty() => Err("the approved call does nothing that has a name".into()),
        None => Ok(()),
    }
}

fn readable<'a>(approved: &'a Approved<'_>) -> Result<&'a Facts, String> {
    let facts = approved.facts.as_deref().filter(|facts| facts.is_readable());
    facts.ok_or_else(|| "only a tool call that can be read whole can differ in this way".to_owned())
}
