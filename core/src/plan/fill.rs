//! Arguments from templates: every value stays whole, nothing in it is read again.

use crate::{
    catalogue::{Part, Template},
    params::{Arg, Args},
    refusal::Refusal,
};

/// The arguments, in order.
///
/// # Errors
/// 422 where a value starts with `-` at a place where its program could read it as an option.
pub(super) fn arguments(templates: &[Template], args: &Args) -> Result<Vec<String>, Refusal> {
    let mut filled = vec![];
    let mut options_have_ended = false;
    for template in templates {
        let arguments = of(template, args)?;
        if !options_have_ended {
            refuse_options(template, &arguments)?;
        }
        filled.extend(arguments);
        options_have_ended |= template.fixed() == Some("--");
    }
    Ok(filled)
}

/// One argument; none where an optional parameter was not given; several where a list stands alone.
fn of(template: &Template, args: &Args) -> Result<Vec<String>, Refusal> {
    if template.optional && template.places().any(|name| args.named(name).is_none()) {
        return Ok(vec![]);
    }
    if let Some(Arg::List(items)) = template.alone().and_then(|name| args.named(name)) {
        return items.iter().map(|item| text(item).ok_or_else(|| unfit(template))).collect();
    }
    Ok(vec![whole(template, args)?])
}

fn whole(template: &Template, args: &Args) -> Result<String, Refusal> {
    let mut argument = String::new();
    let mut parts = template.parts.iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(fixed) => argument.push_str(fixed),
            Part::Place(name) => {
                let suffix = parts.peek().and_then(|next| suffix(next));
                let arg = args.named(name).ok_or_else(|| unfit(template))?;
                if let (Arg::Path(_), Some(suffix)) = (arg, suffix) {
                    let path = args.beneath(name, suffix).ok_or_else(|| unfit(template))?;
                    argument.push_str(&path.host);
                    parts.next();
                } else {
                    argument.push_str(&text(arg).ok_or_else(|| unfit(template))?);
                }
            }
        }
    }
    Ok(argument)
}

/// What a template puts behind a path, without its first `/`.
pub(crate) fn suffix(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => text.strip_prefix('/'),
        Part::Place(_) => None,
    }
}

fn text(arg: &Arg) -> Option<String> {
    match arg {
        Arg::Text(text) => Some(text.clone()),
        Arg::Bool(truth) => Some(truth.to_string()),
        Arg::Integer(number) => Some(number.to_string()),
        Arg::Path(path) => Some(path.host.clone()),
        Arg::Url(url) => Some(url.text.clone()),
        Arg::List(_) | Arg::Object(_) => None,
    }
}

fn refuse_options(template: &Template, arguments: &[String]) -> Result<(), Refusal> {
    let Some(Part::Place(name)) = template.parts.first() else { return Ok(()) };
    if !arguments.iter().any(|argument| argument.starts_with('-')) {
        return Ok(());
    }
    let detail =
        format!("parameter `{name}` starts with `-` where the program could read it as an option: give it without");
    Err(Refusal::invalid(name, detail))
}

/// The declaration was checked against its parameters when it was read; this keeps a mistake there from running anything.
fn unfit(template: &Template) -> Refusal {
    Refusal::unavailable("the action cannot be run as it is declared").because(format!("`{template}` cannot be filled"))
}
