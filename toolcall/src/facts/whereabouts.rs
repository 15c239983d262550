//! In which directories a command can run: `cd` is followed by its text, for each subshell on its own.

use std::collections::HashMap;

use super::paths;
use crate::shell::{Context, Scope};

/// The most directories followed at once, those in doubt included.
const DIRECTORIES_MAX: usize = 4;
/// The longest directory followed; Linux' limit of a path.
const DIRECTORY_BYTES_MAX: usize = 4096;
/// The deepest directory followed: what is touched there is looked at component by component.
const DIRECTORY_DEPTH_MAX: usize = 64;

/// The directories in which the commands of a scope can run.
#[derive(Debug, Clone)]
struct State {
    /// At least one.
    directories: Vec<String>,
    /// Where it stays if the last `cd` failed; those it must have succeeded for do not run there.
    doubt: Vec<String>,
    /// There were too many to follow: only where the last `cd` led is, and it is never called known again.
    lost: bool,
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
        let start = State { directories: vec![cwd.to_owned()], doubt: Vec::new(), lost: false };
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
        let left = std::mem::replace(&mut state.directories, targets);
        for directory in left {
            if !state.doubt.contains(&directory) {
                state.doubt.push(directory);
            }
        }
        state.lost |= state.directories.len() + state.doubt.len() > DIRECTORIES_MAX;
        if state.lost {
            state.directories.truncate(1);
            state.doubt.clear();
        }
        !state.lost
    }

    fn state(&mut self, scope: usize) -> &mut State {
        let scope = self.isolated(scope);
        if !self.states.contains_key(&scope) {
            let parent = self.scopes.get(scope).map_or(0, |scope| scope.parent);
            let inherited = self.inherited(parent);
            self.states.insert(scope, inherited);
        }
        self.states.entry(scope).or_insert_with(|| State { directories: Vec::new(), doubt: Vec::new(), lost: false })
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
                _ => return State { directories: vec!["/".to_owned()], doubt: Vec::new(), lost: false },
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
