//! What may be asked for: the built-in actions and those that the config declares.

pub mod action;
pub mod builtin;
mod constant;
pub mod declaration;
pub mod effect;
pub mod param;
pub mod template;

use std::{collections::BTreeMap, sync::Arc};

use ccc_protocol::{
    ActionName,
    bodies::{ActionInfo, Policy},
};

pub use action::Action;
pub use effect::{Command, Effect, Given, Opener, Service, Wanted};
pub use param::{Entry, Kind, Param, PathKind};
pub use template::{Part, Template};

/// All actions, by name.
#[derive(Debug, Clone)]
pub struct Catalogue(BTreeMap<ActionName, Arc<Action>>);

impl Catalogue {
    /// The built-in actions alone.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// From these actions. Each declaration is sealed here: its digest covers it as it stands now.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Self {
        let sealed = |action: Action| {
            let action = Action { declaration: declaration::digest(&action), ..action };
            let action = Action { constant_plan: constant::plan(&action), ..action };
            (action.name.clone(), Arc::new(action))
        };
        Self(actions.into_iter().map(sealed).collect())
    }

    /// The action of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<Action>> {
        self.0.get(name)
    }

    /// Every action, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Action>> {
        self.0.values()
    }

    /// Every action as `GET /actions` shows it, with the policy that `in_force` gives for it.
    pub fn infos(&self, in_force: impl Fn(&Action) -> Policy) -> Vec<ActionInfo> {
        self.iter().map(|action| action.info(in_force(action))).collect()
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new(builtin::actions())
    }
}
