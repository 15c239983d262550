//! A law that past calls are decided under.

use std::sync::Arc;

use ccc_protocol::{Timestamp, bodies::Facts};
use ccc_toolcall::facts;

use super::{Call, Outcome};
use crate::{
    catalogue::Action,
    config::{Config, ConfigError},
    law::Law,
    params::{self, Args, PathQuestion, ResolvedPath},
    policy::{LocalTime, Overrides, Question, Ruling, Standing, decide},
    risk::Assessment,
    user::Users,
    volume::{Volume, Volumes},
};

/// A law that past calls are decided under.
#[derive(Debug)]
pub struct Under {
    law: Law,
    knowledge: facts::Knowledge,
}

/// A call that this law takes: its parameters checked, its facts read.
#[derive(Debug)]
pub struct Ready {
    pub(crate) action: Arc<Action>,
    pub(crate) args: Args,
    /// What was derived from a tool call's input.
    pub facts: Option<Facts>,
}

impl Under {
    /// Under this law. Which directories lie behind the volumes is not compared: a path counts as the log has it, after links.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let volumes = everywhere(&law.volumes);
        let law = Law { volumes, ..law };
        Self { knowledge: law.knowledge(), law }
    }

    /// Under the law of this config, as far as decisions go: no users are known, no program is looked for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn config(config: &Config) -> Result<Self, ConfigError> {
        let volume = |(container, _): &(String, String)| Volume::new(container, "");
        let list = config.volumes.iter().map(volume).collect::<Result<Vec<_>, _>>();
        let volumes = list.and_then(|list| Volumes::new(list, None)).unwrap_or_default();
        let law = config.law(Users::default(), everywhere(&volumes), |program| Some(program.to_owned()))?;
        Ok(Self::new(law))
    }

    /// True where what is said depends on the time of day.
    #[must_use]
    pub fn asks_time(&self) -> bool {
        self.law.rulebook.asks_time()
    }

    /// The law itself.
    #[must_use]
    pub fn law(&self) -> &Law {
        &self.law
    }

    /// Checks the parameters and reads the call.
    ///
    /// # Errors
    /// Why it would not be taken.
    pub fn ready(&self, call: &Call) -> Result<Ready, String> {
        let action = self.law.catalogue.named(call.action.as_str());
        let action = Arc::clone(action.ok_or_else(|| format!("there is no action `{}`", call.action))?);
        let draft = params::draft(&action, call.params.clone(), &self.law.volumes).map_err(|refusal| refusal.detail)?;
        let answers = draft.paths().iter().map(|question| self.as_logged(question, call)).collect();
        let args = draft.resolve(answers).map_err(|refusal| refusal.detail)?;
        let facts = action.is_judge_only().then(|| facts::of_request(&args.json, &self.knowledge));
        Ok(Ready { action, args, facts })
    }

    /// What it would come to at this time, and the rules that would say so. Nobody has said anything before.
    #[must_use]
    pub fn outcome(&self, call: &Call, ready: &Ready, at: Timestamp, local: LocalTime) -> (Outcome, String) {
        let alone = |facts| Assessment::alone(&call.caller, &ready.args.json, facts, &self.law.risk);
        let risk = ready.facts.as_ref().map(alone);
        let question = Question {
            caller: &call.caller,
            action: &ready.action,
            args: &ready.args,
            facts: ready.facts.as_ref(),
            risk: risk.as_ref(),
            local,
            now: at,
            users: &self.law.users,
            limits: &self.law.limits,
        };
        let standing = Standing { overrides: &Overrides::default(), denial: None, grants: &[] };
        let decision = decide(&question, &self.law.rulebook, &standing);
        let outcome = match decision.ruling {
            Ruling::Accept => Outcome::Passed,
            Ruling::Confine => Outcome::Confined,
            Ruling::Queue => Outcome::Asked,
            Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => Outcome::Denied,
        };
        (outcome, decision.rule)
    }

    /// Where the log says that a path led; nothing is looked at.
    fn as_logged(&self, question: &PathQuestion, call: &Call) -> ResolvedPath {
        let lexical = &question.lexical;
        let container = self.law.volumes.container_path(lexical.volume, &lexical.relative).unwrap_or_default();
        let content = call.text(&format!("{}.content", question.param)).and_then(|digest| digest.parse().ok());
        ResolvedPath {
            volume: lexical.volume,
            relative: lexical.relative.clone(),
            container,
            host: String::new(),
            root: String::new(),
            content: content.filter(|_| question.kind.content),
        }
    }
}

/// These volumes, and one beneath them that holds every other path.
fn everywhere(volumes: &Volumes) -> Volumes {
    let mut list: Vec<Volume> = volumes.iter().cloned().collect();
    if !list.iter().any(|volume| volume.container() == "/") {
        list.extend(Volume::new("/", ""));
    }
    Volumes::new(list, None).unwrap_or_default()
}
