//! One declared action: what may be asked for, under which policy, and what it would do.

use ccc_protocol::{
    ActionName, Digest,
    bodies::{ActionInfo, Policy, Risk},
};

use super::{effect::Effect, param::Param};
use crate::planned::Planned;

/// A declaration, from the built-in catalogue or from config.
#[derive(Debug, Clone)]
pub struct Action {
    /// What a request asks for; one declaration a name.
    pub name: ActionName,
    /// What it does, in a sentence.
    pub description: String,
    /// The group it is switched with.
    pub group: String,
    /// What happens where no rule says otherwise.
    pub policy: Policy,
    /// No rule, override or grant makes it looser than this.
    pub floor: Option<Policy>,
    /// Its parameters, in the order of declaration.
    pub params: Vec<Param>,
    /// What it would do, with places where parameters go.
    pub effect: Effect,
    /// How much care it deserves.
    pub risk: Risk,
    /// True where the effect cannot be taken back.
    pub irreversible: bool,
    /// How long an approved ticket may wait to be started, where it differs from the limit.
    pub start_seconds_max: Option<u64>,
    /// The digest of the whole declaration as written, so that a changed declaration is a changed plan.
    pub declaration: Digest,
    /// What would happen, where no parameter changes that; made with the declaration's digest by the catalogue.
    pub constant_plan: Option<Planned>,
}

impl Action {
    /// True where the effect is the caller's own and an allowed ticket is released.
    #[must_use]
    pub fn is_judge_only(&self) -> bool {
        matches!(self.effect, Effect::Release)
    }

    /// True where the declaration says that an approval is made with care.
    #[must_use]
    pub fn deserves_care(&self) -> bool {
        self.irreversible || self.risk == Risk::High
    }

    /// As `GET /actions` shows it, with the policy in force for the caller.
    #[must_use]
    pub fn info(&self, policy: Policy) -> ActionInfo {
        ActionInfo {
            action: self.name.clone(),
            description: self.description.clone(),
            group: self.group.clone(),
            params: self.params.iter().map(Param::info).collect(),
            policy,
            judge_only: self.is_judge_only(),
            read_only: matches!(&self.effect, Effect::Bridge(service) if service.only_reads()),
            irreversible: self.irreversible,
            confined: match &self.effect {
                Effect::Run(command) => Some(command.reach.confined.into()),
                _ => None,
            },
        }
    }
}
