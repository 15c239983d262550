//! What the checks of one request share: the parameter being checked, and the paths that the server has to resolve.

use serde_json::Value;

use super::{given, value::LexicalPath, wanted};
use crate::{
    catalogue::{Entry, Kind, PathKind},
    refusal::Refusal,
    volume::Volumes,
};

/// A path that the server resolves beneath its volume before anything is decided, and again right before the effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathQuestion {
    /// The parameter it belongs to.
    pub param: String,
    /// What the command puts behind the parameter's value; none for the value itself.
    pub suffix: Option<String>,
    /// Where it lies, as far as text tells.
    pub lexical: LexicalPath,
    /// What must be there, and whether its content is bound.
    pub kind: PathKind,
}

/// What the checks of one request share.
pub(super) struct Drafting<'a> {
    param: &'a str,
    volumes: &'a Volumes,
    questions: Vec<PathQuestion>,
}

impl<'a> Drafting<'a> {
    /// No parameter is being checked yet.
    pub(super) fn new(volumes: &'a Volumes) -> Self {
        Self { param: "", volumes, questions: vec![] }
    }

    /// From now on this parameter is being checked.
    pub(super) fn begin(&mut self, param: &'a str) {
        self.param = param;
    }

    /// 422 about the parameter that is being checked.
    pub(super) fn refusal(&self, at: &str, kind: &Kind, value: &Value, why: &str) -> Refusal {
        Refusal::invalid(self.param, mismatch(at, kind, value, why))
    }

    /// Asks for a path, and for everything that the command puts behind it. Gives the place of the path's own question.
    pub(super) fn ask(&mut self, kind: &PathKind, text: &str) -> Result<usize, Refusal> {
        let lexical = self.volumes.locate(self.param, text)?;
        let own = self.questions.len();
        let beneath = kind
            .suffixes
            .iter()
            .map(|suffix| self.question_beneath(&lexical, suffix))
            .collect::<Result<Vec<_>, _>>()?;
        self.questions.push(PathQuestion { param: self.param.to_owned(), suffix: None, lexical, kind: kind.clone() });
        self.questions.extend(beneath);
        Ok(own)
    }

    /// The paths that were asked for, in order.
    pub(super) fn into_questions(self) -> Vec<PathQuestion> {
        self.questions
    }

    fn question_beneath(&self, base: &LexicalPath, suffix: &str) -> Result<PathQuestion, Refusal> {
        // Through the container's name, because another volume may lie between the two.
        let base = self.volumes.container_path(base.volume, &base.relative).ok_or_else(misfit)?;
        Ok(PathQuestion {
            param: self.param.to_owned(),
            suffix: Some(suffix.to_owned()),
            lexical: self.volumes.locate(self.param, &format!("{base}/{suffix}"))?,
            kind: PathKind { entry: Entry::Any, must_exist: false, content: false, suffixes: vec![] },
        })
    }
}

/// `parameter `x` takes …, not …: why`.
fn mismatch(at: &str, kind: &Kind, value: &Value, why: &str) -> String {
    let colon = if why.is_empty() { "" } else { ": " };
    format!("parameter {at} takes {}, not {}{colon}{why}", wanted::words(kind), given::words(value))
}

/// What was resolved is not what was asked for.
pub(super) fn misfit() -> Refusal {
    Refusal::unavailable("the bridge could not resolve a path: try again")
        .because("resolved paths do not fit the paths asked for")
}
