//! What a call would do, as class and target: what a person's denial is about. Another tool, spelling or wrapper has the same effect; a
//! text that merely looks alike has not.

use std::collections::BTreeSet;

use ccc_protocol::{
    beneath::lies_beneath,
    bodies::{Access, Class, CommandFact, Facts, Gravity, PathFact},
};
use ccc_toolcall::verdict;
use serde::{Deserialize, Serialize};

/// Effects of one call that are kept at most.
const EFFECTS_MAX: usize = 16;
/// Characters of a target; a longer one is known by its beginning.
const TARGET_CHARS_MAX: usize = 256;

/// One thing that a call would do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Effect {
    /// What kind of thing.
    pub class: Class,
    /// To what: a host, a path, or the words of a command.
    pub target: String,
}

/// Kinds of thing that come to the same for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Contacts,
    Reads,
    Changes,
    Removes,
    Runs,
    Installs,
    /// Like itself alone.
    Other(Class),
}

impl Kind {
    fn of(class: Class) -> Self {
        match class {
            Class::Network | Class::Upload | Class::ForcePush | Class::Loopback | Class::Server => Self::Contacts,
            Class::Reads | Class::VcsQuery | Class::Credentials => Self::Reads,
            Class::Writes | Class::WritesOutside | Class::Persistence | Class::HookSettings | Class::Bridge => {
                Self::Changes
            }
            Class::Deletes | Class::DeletesOutside | Class::Discards => Self::Removes,
            Class::Runs | Class::Builds | Class::Unknown | Class::Interactive => Self::Runs,
            Class::Installs => Self::Installs,
            other => Self::Other(other),
        }
    }

    /// True where targets are paths: what lies beneath one belongs to it.
    fn is_about_paths(self) -> bool {
        matches!(self, Self::Reads | Self::Changes | Self::Removes | Self::Runs)
    }
}

/// What a call would do that is grave, or all where nothing is: a denial is about the worst of it.
#[must_use]
pub fn effects(facts: &Facts) -> Vec<Effect> {
    let gravity = facts.classes.keys().map(|class| verdict::gravity_of(*class)).max().unwrap_or(Gravity::Plain);
    let worst = facts.classes.keys().copied().filter(|class| verdict::gravity_of(*class) == gravity);
    of_classes(worst, facts, EFFECTS_MAX)
}

/// All that a call would do, each kind of thing to each target.
pub(super) fn all_effects(facts: &Facts) -> Vec<Effect> {
    of_classes(facts.classes.keys().copied(), facts, usize::MAX)
}

fn of_classes(classes: impl Iterator<Item = Class>, facts: &Facts, most: usize) -> Vec<Effect> {
    let mut effects = BTreeSet::new();
    for class in classes {
        for target in targets(class, facts) {
            if effects.len() >= most {
                break;
            }
            effects.insert(Effect { class, target: target.chars().take(TARGET_CHARS_MAX).collect() });
        }
    }
    effects.into_iter().collect()
}

fn targets(class: Class, facts: &Facts) -> Vec<String> {
    let paths = |wanted: fn(&PathFact) -> bool| -> Vec<String> {
        facts.paths.iter().filter(|fact| wanted(fact)).map(|fact| fact.path.clone()).collect()
    };
    let found = match Kind::of(class) {
        Kind::Contacts => facts.hosts.clone(),
        Kind::Reads => paths(|fact| fact.access == Access::Read),
        Kind::Changes => paths(|fact| matches!(fact.access, Access::Write | Access::Delete)),
        Kind::Removes => paths(|fact| fact.access == Access::Delete),
        Kind::Runs => paths(|fact| fact.access == Access::Execute),
        Kind::Installs => facts.commands.iter().flat_map(operands).collect(),
        Kind::Other(_) => vec![],
    };
    // What names neither path nor host is known by the words of its commands.
    if found.is_empty() { facts.commands.iter().map(words).collect() } else { found }
}

/// What a command is given behind its sub-command, beside options: what is installed.
fn operands(command: &CommandFact) -> Vec<String> {
    command.args.iter().filter(|arg| !arg.starts_with('-')).skip(1).cloned().collect()
}

fn words(command: &CommandFact) -> String {
    let given = command.args.iter().filter(|arg| !arg.starts_with('-')).map(String::as_str);
    [command.program.as_str()].into_iter().chain(given).collect::<Vec<_>>().join(" ")
}

impl Effect {
    /// True where doing this is doing that.
    #[must_use]
    pub fn is_within(&self, denied: &Self) -> bool {
        let (kind, theirs) = (Kind::of(self.class), Kind::of(denied.class));
        if kind != theirs {
            return false;
        }
        let same_path = || lies_beneath(&self.target, &denied.target) || lies_beneath(&denied.target, &self.target);
        self.target == denied.target || kind.is_about_paths() && is_path(&denied.target) && same_path()
    }

    /// True where it cannot be taken back, or gives away what should stay.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        verdict::gravity_of(self.class) == Gravity::Grave
    }

    /// True where a text that names the target could do it when it is run.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        // A short word stands in many texts.
        self.target.chars().count() >= 4
            && (is_path(&self.target) || Kind::of(self.class) == Kind::Contacts)
            && text.contains(&self.target)
    }
}

fn is_path(target: &str) -> bool {
    target.starts_with('/') || target.starts_with('~')
}
