//! Makes a grant of what an approval asks for: no wider than the approved request's rules, action and types let it be.

use ccc_protocol::{
    GrantId, TicketId, Timestamp, UserName,
    bodies::{Difference, GrantRequest},
};
use serde_json::Value;

use super::{Grant, fits::{is_mail_text, origin, program_text}};
use crate::{
    catalogue::{
        action::Action,
        effect::Effect,
        param::{Kind, Param},
    },
    duration,
    facts::Facts,
    limits::Limits,
    params::value::{Arg, Args},
    policy::Needs,
    refusal::Refusal,
};

/// The most values that [`Difference::OneOf`] lists.
pub const VALUES_MAX: usize = 32;

/// JSON integers go no further (protocol §2).
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The request that an approval is about.
#[derive(Debug, Clone, Copy)]
pub struct Approved<'a> {
    /// Its ticket.
    pub ticket: TicketId,
    /// Who submitted it.
    pub user: &'a UserName,
    /// What was asked for.
    pub action: &'a Action,
    /// With which parameters, as the ticket has them.
    pub args: &'a Args,
    /// What a tool call would do.
    pub facts: Option<&'a Facts>,
    /// What its rules ask of an approval.
    pub needs: &'a Needs,
}

/// The grant that was asked for.
///
/// # Errors
/// 422 where grants are forbidden here, it would be wider than may be, or would not fit the approved request itself.
pub fn make(
    request: &GrantRequest,
    approved: &Approved<'_>,
    limits: &Limits,
    id: GrantId,
    made_by: Vec<UserName>,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    within_terms(request, approved.needs, limits)?;
    for (name, difference) in &request.params {
        check(name, difference, approved).map_err(|why| refused(format!("`{name}`: {why}")))?;
    }
    let grant = Grant {
        id,
        user: approved.user.clone(),
        action: approved.action.name.clone(),
        params: approved.args.json.clone(),
        differ: request.params.clone(),
        until: now.plus_seconds(request.seconds),
        uses: request.uses,
        used: 0,
        made_by,
        made: now,
        from: approved.ticket,
    };
    // A pattern that the approved request itself does not fit is leave for something nobody saw.
    if grant.fits_args(approved.action, approved.args, approved.facts) {
        Ok(grant)
    } else {
        Err(refused("the approved request itself does not fit it"))
    }
}

fn within_terms(request: &GrantRequest, needs: &Needs, limits: &Limits) -> Result<(), Refusal> {
    let seconds_max = needs.grant_seconds_max.min(limits.grant_seconds_max);
    if seconds_max == 0 {
        return Err(refused("the rules allow no grants for this request: approve it alone"));
    }
    if !(1..=seconds_max).contains(&request.seconds) {
        let most = duration::to_text(seconds_max);
        return Err(refused(format!("`seconds` is 1 to {seconds_max} ({most}), not {}", request.seconds)));
    }
    match request.uses {
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
        _ => Err(format!("a {} cannot differ in this way", param.kind.word())),
    }
}

fn equal(wanted: &str, approved: &str) -> Result<(), String> {
    if wanted == approved { Ok(()) } else { Err(format!("`{wanted}` is not of the approved request, which has `{approved}`")) }
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
        return Err(format!("`{dir}` is no container directory: write an absolute path without `..` and without a slash at its end"));
    }
    let root = container.strip_suffix(relative).unwrap_or(container).trim_end_matches('/');
    if dir.strip_prefix(root).is_none_or(|rest| !rest.starts_with('/')) {
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
    equal(to, text(approved.args, "to").unwrap_or_default())
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
    if text(approved.args, "session").is_none_or(str::is_empty) {
        return Err("the approved call belongs to no session".into());
    }
    equal(wanted, text(approved.args, "tool").unwrap_or_default())
}

fn readable<'a>(approved: &Approved<'a>) -> Result<&'a Facts, String> {
    let facts = approved.facts.filter(|facts| approved.action.is_judge_only() && facts.is_readable());
    facts.ok_or_else(|| "only a tool call that can be read whole can differ in this way".to_owned())
}

fn text<'a>(args: &'a Args, name: &str) -> Option<&'a str> {
    match args.named(name) {
        Some(Arg::Text(text)) => Some(text),
        _ => None,
    }
}
