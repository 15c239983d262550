//! The request behind an approval, with its parameters typed again from what its ticket holds.

use std::sync::Arc;

use ccc_protocol::{
    beneath::beneath,
    bodies::{Facts, PathView, Plan},
};
use ccc_toolcall::facts;
use serde_json::Value;

use crate::{
    catalogue::{action::Action, param::Kind},
    params::{
        url,
        value::{Arg, Args, ResolvedPath},
    },
    ticket::Ticket,
};

/// What an approval is about.
pub(crate) struct Approved<'a> {
    pub(crate) action: &'a Action,
    pub(crate) args: Args,
    pub(crate) facts: Option<Arc<Facts>>,
}

impl<'a> Approved<'a> {
    pub(crate) fn new(ticket: &Ticket, action: &'a Action, knowledge: &facts::Knowledge) -> Self {
        let request = ticket.request();
        let typed = action.params.iter().filter_map(|param| {
            let arg = arg(&param.name, &param.kind, request.params.get(&param.name)?, paths(&request.plan))?;
            Some((param.name.clone(), arg))
        });
        let args = Args { typed: typed.collect(), json: request.params.clone(), beneath: vec![] };
        let facts = ticket.facts(knowledge).filter(|_| action.is_judge_only());
        Self { action, args, facts }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        text(&self.args, name)
    }
}

fn text<'a>(args: &'a Args, name: &str) -> &'a str {
    match args.named(name) {
        Some(Arg::Text(text)) => text,
        _ => "",
    }
}

fn paths(plan: &Plan) -> &[PathView] {
    match plan {
        Plan::Run { paths, .. } | Plan::Open { paths, .. } => paths,
        Plan::Mail { .. } | Plan::Bridge { .. } | Plan::Release { .. } => &[],
    }
}

/// The canonical value as its type. What does not read as its type is left out, and no pattern fits it then.
fn arg(name: &str, kind: &Kind, value: &Value, paths: &[PathView]) -> Option<Arg> {
    match (kind, value) {
        (Kind::Text { .. } | Kind::Enum(_) | Kind::Email, Value::String(text)) => Some(Arg::Text(text.clone())),
        (Kind::Bool, Value::Bool(flag)) => Some(Arg::Bool(*flag)),
        (Kind::Integer { .. }, Value::Number(number)) => number.as_i64().map(Arg::Integer),
        (Kind::Url { schemes }, Value::String(text)) => url::parse(text, schemes).ok().map(Arg::Url),
        (Kind::Path(_), value) => {
            paths.iter().find(|path| path.param == name && names(value, path)).map(path).map(Arg::Path)
        }
        (Kind::List { item, .. }, Value::Array(items)) => {
            items.iter().map(|value| arg(name, item, value, paths)).collect::<Option<_>>().map(Arg::List)
        }
        (Kind::Object, Value::Object(fields)) => Some(Arg::Object(fields.clone())),
        _ => None,
    }
}

/// A path stands in the parameters as text, or beside its content's digest.
fn names(value: &Value, path: &PathView) -> bool {
    let text = value.as_str().or_else(|| value.get("path")?.as_str());
    text == Some(&path.container)
}

fn path(view: &PathView) -> ResolvedPath {
    let relative = beneath(&view.host, &view.volume).unwrap_or(&view.host);
    ResolvedPath {
        volume: 0,
        relative: relative.to_owned(),
        container: view.container.clone(),
        host: view.host.clone(),
        root: view.volume.clone(),
        content: view.content,
    }
}
