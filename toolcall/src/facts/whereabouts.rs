//! In which directories a command can run: `cd` is followed by its text, for each subshell on its own.

use std::collections::HashMap;

use super::paths;
use crate::shell::{Context, Scope};

/// The most directories followed at once, those in doubt included.
const DIRECTORIES_MAX: usize = 4;
/// The most that `pushd` is followed at once.
const PUSHED_MAX: usize = 8;
/// The longest directory followed; Linux' limit of a path.
const DIRECTORY_BYTES_MAX: usize = 4096;
/// The deepest directory followed: what is touched there is looked at component by component.
const DIRECTORY_DEPTH_MAX: usize = 64;

/// The directories in which the commands of a scope can run.
#[derive(Debug, Clone, Default)]
struct State {
    /// At least one.
    directories: Vec<String>,
    /// Where it stays if the last `cd` failed; those it must have succeeded for do not run there.
    doubt: Vec<String>,
    /// Where it was before, in any order.
    left: Vec<String>,
    /// Where each `pushd` began, the last behind.
    pushed: Vec<Vec<String>>,
    /// There were too many to follow: only where the last `cd` led is, and it is never called known again.
    lost: bool,
}

impl State {
    /// It is in one of `targets` now, or where it was, if that failed; false where these are too many to follow.
    fn arrive(&mut self, targets: Vec<String>) -> bool {
        let left = std::mem::replace(&mut self.directories, targets);
        for directory in left {
            add(&mut self.left, &directory);
            add(&mut self.doubt, &directory);
        }
        self.lost |= self.directories.len() + self.doubt.len() > DIRECTORIES_MAX;
        if self.lost {
            self.directories.truncate(1);
            self.doubt.clear();
        }
        !self.lost
    }
}

fn add(directories: &mut Vec<String>, directory: &str) {
    if !directories.iter().any(|known| known == directory) {
        directories.push(directory.to_owned());
    }
}

/// Working directories of all scopes of a script.
pub(super) struct Whereabouts {
    scopes: Vec<Scope>,
    states: HashMap<usize, State>,
    home: Option<String>,
}

impl Whereabouts {
    /// A script that starts in `cwd`.
    pub(super) fn new(cwd: &str, home: Option<String>, scopes: &[Scope]) -> Self {
        let start = State { directories: vec![cwd.to_owned()], ..State::default() };
        Self { scopes: scopes.to_vec(), states: HashMap::from([(0, start)]), home }
    }

    /// The directories in which a command can run.
    pub(super) fn of(&mut self, context: &Context) -> Vec<String> {
        let state = self.state(context.scope);
        if !context.after_success {
            let doubt = std::mem::take(&mut state.doubt);
            for directory in doubt {
                if !state.directories.contains(&directory) {
                    state.directories.push(directory);
                }
            }
        }
        state.directories.clone()
    }

    /// A `cd` to `target`; false where the directory is then not known.
    pub(super) fn change(&mut self, context: &Context, target: &str) -> bool {
        let relative = !target.starts_with(['/', '~']);
        if relative && context.looped {
            return false;
        }
        let home = self.home.clone();
        let state = self.state(context.scope);
        let mut targets: Vec<String> = Vec::new();
        for base in &state.directories {
            let Some(found) = paths::resolve(base, target, home.as_deref()) else { return false };
            if !targets.contains(&found) {
                targets.push(found);
            }
        }
        let is_too_far =
            |found: &String| found.len() > DIRECTORY_BYTES_MAX || found.matches('/').count() > DIRECTORY_DEPTH_MAX;
        if targets.iter().any(is_too_far) {
            state.lost = true;
            return false;
        }
        state.arrive(targets)
    }

    /// A `cd -`; false where the directory is then not known. Any `cd` may have failed, so it leads to where one of them began.
    pub(super) fn back(&mut self, context: &Context) -> bool {
        let state = self.state(context.scope);
        if context.looped || state.lost || state.left.is_empty() || state.left.len() > DIRECTORIES_MAX {
            return false;
        }
        let targets = state.left.clone();
        state.arrive(targets)
    }

    /// A `pushd` to `target`; false where the directory is then not known.
    pub(super) fn push(&mut self, context: &Context, target: &str) -> bool {
        if context.looped || self.state(context.scope).pushed.len() >= PUSHED_MAX {
            return false;
        }
        let before = self.state(context.scope).directories.clone();
        let known = self.change(context, target);
        self.state(context.scope).pushed.push(before);
        known
    }

    /// A `popd`; false where the directory is then not known. Any `pushd` may have failed, so it leads to where one of them began.
    pub(super) fn pop(&mut self, context: &Context) -> bool {
        let state = self.state(context.scope);
        if context.looped || state.lost {
            return false;
        }
        let mut targets: Vec<String> = Vec::new();
        for directory in state.pushed.iter().flatten() {
            add(&mut targets, directory);
        }
        if state.pushed.pop().is_none() || targets.len() > DIRECTORIES_MAX {
            state.lost = true;
            return false;
        }
        state.arrive(targets)
    }

    fn state(&mut self, scope: usize) -> &mut State {
        let scope = self.isolated(scope);
        if !self.states.contains_key(&scope) {
            let parent = self.scopes.get(scope).map_or(0, |scope| scope.parent);
            let inherited = self.inherited(parent);
            self.states.insert(scope, inherited);
        }
        self.states.entry(scope).or_default()
    }

    /// The state of the nearest scope around that has one.
    fn inherited(&self, scope: usize) -> State {
        let mut scope = scope;
        loop {
            if let Some(state) = self.states.get(&scope) {
                return state.clone();
            }
            match self.scopes.get(scope) {
                Some(around) if around.parent < scope => scope = around.parent,
                _ => return State { directories: vec!["/".to_owned()], ..State::default() },
            }
        }
    }

    /// The scope itself, or the one around it that it shares its state with.
    fn isolated(&self, scope: usize) -> usize {
        let mut scope = scope;
        while let Some(here) = self.scopes.get(scope).filter(|here| !here.isolated && here.parent < scope) {
            scope = here.parent;
        }
        scope
    }
}
