//! The first step: every parameter checked as far as text tells, with the paths that the server has to resolve. And the second: the answers put in.

use ccc_protocol::Digest;
use serde_json::{Map, Value};

use super::{
    check::{self, Drafted},
    drafting::{Drafting, PathQuestion, misfit},
    given,
    value::{Arg, Args, Beneath, ResolvedPath},
};
use crate::{
    catalogue::{Action, Kind, Param},
    refusal::Refusal,
    volume::Volumes,
};

/// Checked parameters whose paths are not resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    typed: Vec<(String, Drafted)>,
    questions: Vec<PathQuestion>,
    claims: Vec<Claim>,
}

/// The content that a request says a file has: an edited ticket's parameters come back with it.
#[derive(Debug, Clone, PartialEq)]
struct Claim {
    param: String,
    digest: String,
}

/// What stands behind a path parameter's name where the file's SHA-256 is given. No parameter's name has a dot.
const CONTENT: &str = ".content";

/// Checks what was given against the declaration.
///
/// # Errors
/// 422 that names the parameter, what was given and what is wanted.
#[expect(clippy::needless_pass_by_value, reason = "the parameters are taken: what goes on is what was checked")]
pub fn draft(action: &Action, given: Map<String, Value>, volumes: &Volumes) -> Result<Draft, Refusal> {
    let claims = claims(action, &given)?;
    let mut drafting = Drafting::new(volumes);
    let mut typed = vec![];
    for param in &action.params {
        let Some(value) = value_of(param, &given)? else { continue };
        drafting.begin(&param.name);
        let drafted = check::check(&mut drafting, &format!("`{}`", param.name), &param.kind, value)?;
        typed.push((param.name.clone(), drafted));
    }
    Ok(Draft { typed, questions: drafting.into_questions(), claims })
}

impl Draft {
    /// The paths to resolve, in the order in which [`Self::resolve`] wants the answers.
    #[must_use]
    pub fn paths(&self) -> &[PathQuestion] {
        &self.questions
    }

    /// Puts the resolved paths in, one for each question, in the same order.
    ///
    /// # Errors
    /// 422 where a file is not the one that the request says; 503 where the answers do not fit the questions.
    pub fn resolve(self, answers: Vec<ResolvedPath>) -> Result<Args, Refusal> {
        fit(&self.questions, &answers)?;
        let mut args = Args::default();
        for (name, drafted) in self.typed {
            let arg = drafted.resolve(&answers).ok_or_else(misfit)?;
            if let Some(digest) = content(&arg) {
                args.json.insert(format!("{name}{CONTENT}"), Value::String(digest.to_string()));
            }
            args.json.insert(name.clone(), json(&arg));
            args.typed.push((name, arg));
        }
        args.beneath = beneath(self.questions, answers);
        self.claims.iter().try_for_each(|claim| claim.check(&args))?;
        Ok(args)
    }
}

impl Drafted {
    fn resolve(self, answers: &[ResolvedPath]) -> Option<Arg> {
        match self {
            Self::Ready(arg) => Some(arg),
            Self::Path(question) => answers.get(question).cloned().map(Arg::Path),
            Self::List(items) => {
                items.into_iter().map(|item| item.resolve(answers)).collect::<Option<_>>().map(Arg::List)
            }
        }
    }
}

impl Claim {
    fn check(&self, args: &Args) -> Result<(), Refusal> {
        let name = format!("{}{CONTENT}", self.param);
        let found = args.json.get(&name).and_then(Value::as_str);
        if found == Some(self.digest.as_str()) {
            return Ok(());
        }
        let detail = format!(
            "parameter `{name}` is `{}`, but the file's content is `{}` now: look at it again",
            given::shown(&self.digest),
            found.unwrap_or("unknown"),
        );
        Err(Refusal::invalid(name, detail))
    }
}

fn value_of<'a>(param: &'a Param, given: &'a Map<String, Value>) -> Result<Option<&'a Value>, Refusal> {
    match given.get(&param.name).or(param.default.as_ref()) {
        None if param.required => {
            let wanted = super::wanted::words(&param.kind);
            Err(Refusal::invalid(&param.name, format!("parameter `{}` is missing: give {wanted}", param.name)))
        }
        value => Ok(value),
    }
}

/// Refuses what the declaration does not know, and takes out what is said about files' content.
fn claims(action: &Action, given: &Map<String, Value>) -> Result<Vec<Claim>, Refusal> {
    let mut claims = vec![];
    for (name, value) in given {
        if action.params.iter().any(|param| param.name == *name) {
            continue;
        }
        let bound = name
            .strip_suffix(CONTENT)
            .and_then(|name| bound_param(action, name))
            .ok_or_else(|| unknown(action, name))?;
        let digest = value.as_str().ok_or_else(|| {
            Refusal::invalid(
                name,
                format!("parameter `{name}` takes a digest of the file, `sha-256:…`, not {}", given::words(value)),
            )
        })?;
        claims.push(Claim { param: bound.name.clone(), digest: digest.to_owned() });
    }
    Ok(claims)
}

fn bound_param<'a>(action: &'a Action, name: &str) -> Option<&'a Param> {
    action.params.iter().find(|param| param.name == name && matches!(&param.kind, Kind::Path(path) if path.content))
}

fn unknown(action: &Action, name: &str) -> Refusal {
    let known: Vec<_> = action.params.iter().map(|param| format!("`{}`", param.name)).collect();
    let takes = if known.is_empty() { "no parameters".to_owned() } else { known.join(", ") };
    let shown = given::shown(name);
    Refusal::invalid(&shown, format!("unknown parameter `{shown}`: `{}` takes {takes}", action.name))
}

/// INVARIANT: an answer lies in the volume that was asked about, and a bound content is known.
fn fit(questions: &[PathQuestion], answers: &[ResolvedPath]) -> Result<(), Refusal> {
    let fits = |(question, answer): (&PathQuestion, &ResolvedPath)| {
        question.lexical.volume == answer.volume && question.kind.content == answer.content.is_some()
    };
    if questions.len() == answers.len() && questions.iter().zip(answers).all(fits) { Ok(()) } else { Err(misfit()) }
}

fn beneath(questions: Vec<PathQuestion>, answers: Vec<ResolvedPath>) -> Vec<Beneath> {
    let suffixed = |(question, path): (PathQuestion, ResolvedPath)| {
        Some(Beneath { suffix: question.suffix?, param: question.param, path })
    };
    questions.into_iter().zip(answers).filter_map(suffixed).collect()
}

fn content(arg: &Arg) -> Option<Digest> {
    match arg {
        Arg::Path(path) => path.content,
        _ => None,
    }
}

fn json(arg: &Arg) -> Value {
    match arg {
        Arg::Text(text) => Value::String(text.clone()),
        Arg::Bool(truth) => Value::Bool(*truth),
        Arg::Integer(number) => Value::from(*number),
        Arg::Path(path) => Value::String(path.container.clone()),
        Arg::Url(url) => Value::String(url.text.clone()),
        Arg::List(items) => Value::Array(items.iter().map(json).collect()),
        Arg::Object(object) => Value::Object(object.clone()),
    }
}
