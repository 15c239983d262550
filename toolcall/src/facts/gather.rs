//! Collects facts: each once, bounded, with the classes that follow from a path or host alone.

use std::collections::HashSet;

use super::sensitive::{holds_secrets, is_agents_note, may_last, sensitive};
use super::variables::Exported;
use super::{Access, At, Class, CommandFact, Facts, PathFact, Place, hosts, paths};
use ccc_protocol::beneath::{beneath, lies_beneath};

use crate::programs::own::Own;

/// The most paths, hosts and reasons kept of one call; more is unknown.
const KEPT_MAX: usize = 512;

/// Longer paths are no paths; Linux' limit.
const PATH_BYTES_MAX: usize = 4096;

/// Facts in the making.
#[derive(Clone)]
pub(super) struct Gather {
    pub(super) facts: Facts,
    /// How often something was found unknown.
    pub(super) unknowns: usize,
    /// Programs that the owner taught.
    pub(super) own: Own,
    /// The working directory of the call.
    pub(super) cwd: String,
    /// The home directory, where the working directory shows it.
    pub(super) home: Option<String>,
    /// Directories that got, in this call, files whose names are not in it, perhaps a repository with its settings.
    pub(super) filled: Vec<String>,
    /// True while nothing but git was run, in the project's own directory: by settings of a repository that nothing confined writes.
    pub(super) only_projects_git: bool,
    /// The variables that the script exports.
    pub(super) exported: Exported,
    seen: HashSet<PathFact>,
}

impl Gather {
    /// Nothing yet, for a call made there.
    pub(super) fn new(at: At<'_>, own: Own) -> Self {
        let home = paths::home_of(at.cwd);
        let absolute = |path: &str| {
            let is_absolute = path.starts_with('/') || path.starts_with('~');
            is_absolute.then(|| paths::resolve("/", path, home.as_deref())).flatten()
        };
        let cwd = absolute(at.cwd).unwrap_or_else(|| "/".to_owned());
        let named = at.project.and_then(absolute).filter(|project| lies_beneath(&cwd, project));
        let project = named.filter(|project| !paths::is_too_wide(project));
        let project = project.or_else(|| (!paths::is_too_wide(&cwd)).then(|| cwd.clone()));
        let facts = Facts { project, ..Facts::default() };
        Self {
            facts,
            unknowns: 0,
            own,
            cwd,
            home,
            filled: Vec::new(),
            only_projects_git: true,
            exported: Exported::default(),
            seen: HashSet::new(),
        }
    }

    fn project(&self) -> Option<&str> {
        self.facts.project.as_deref()
    }

    /// The facts, complete.
    pub(super) fn finish(self) -> Facts {
        // What a path leads to may have been made a link since.
        let names_files = !self.facts.commands.is_empty() && !self.facts.paths.is_empty() && !self.only_projects_git;
        let led = self.facts.led || names_files;
        Facts { led, ..self.facts }
    }

    /// The call does this kind of thing.
    pub(super) fn class(&mut self, class: Class, reason: impl Into<String>) {
        self.facts.network_upload |= class == Class::Upload;
        self.facts.interactive |= class == Class::Interactive;
        self.facts.force_push |= class == Class::ForcePush;
        self.unknowns += usize::from(class == Class::Unknown);
        self.facts.classes.entry(class).or_insert_with(|| reason.into());
    }

    /// Something about the call is not known.
    pub(super) fn opaque(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        if self.facts.opaque.len() < KEPT_MAX && !self.facts.opaque.contains(&reason) {
            self.facts.opaque.push(reason.clone());
        } else if self.facts.opaque.len() >= KEPT_MAX {
            // What is not kept may be anything.
            self.facts.unknown_code = 0;
        }
        self.class(Class::Unknown, reason);
    }

    /// What a program on this machine does is not known: an unknown program, an option or inline code. The text itself was read.
    pub(super) fn unknown_code(&mut self, reason: impl Into<String>) {
        let before = self.facts.opaque.len();
        self.opaque(reason);
        self.facts.unknown_code += self.facts.opaque.len() - before;
    }

    /// A program is run.
    pub(super) fn command(&mut self, command: CommandFact) {
        self.facts.commands.push(command);
    }

    /// `text`, seen from `base`, is touched.
    pub(super) fn path(&mut self, base: &str, text: &str, access: Access) {
        if text.contains('\0') || text.len() > PATH_BYTES_MAX {
            return self.opaque("a path that no system takes");
        }
        match paths::resolve(base, text, self.home.as_deref()) {
            Some(path) => self.resolved(path, access),
            None => self.opaque(format!("the pattern `{text}` may stand for the directory above")),
        }
    }

    /// A path that is touched if the one named is a directory, or that only version control has: its classes count, it is not listed.
    pub(super) fn implied(&mut self, base: &str, text: &str, access: Access) {
        if let Some(path) = paths::resolve(base, text, self.home.as_deref()) {
            let place = self.place(&path);
            self.judge(&PathFact { path, access, place });
        }
    }

    /// What `text` names may be changed in passing: only what it is beyond a file of the project counts.
    pub(super) fn may_change(&mut self, base: &str, text: &str) {
        let Some(path) = paths::resolve(base, text, self.home.as_deref()) else { return };
        for found in sensitive(&path, false).into_iter().filter(|found| !found.on_read) {
            self.class(found.class, format!("may change `{path}`: {}", found.what));
        }
    }

    /// `text` stands in a call of a program that the owner taught: what it is as a path counts, whatever the table says that it is.
    pub(super) fn guard(&mut self, base: &str, text: &str) {
        let Some(path) = paths::resolve(base, text, self.home.as_deref()) else { return };
        for found in sensitive(&path, self.place(&path) == Place::Outside) {
            self.class(found.class, format!("`{path}`: {}", found.what));
        }
    }

    /// Everything beneath `text` is read: where that holds a home directory or a place of secrets, it holds secrets.
    pub(super) fn whole(&mut self, base: &str, text: &str) {
        let Some(path) = paths::resolve(base, text, self.home.as_deref()) else { return };
        if self.holds_secrets(&path) {
            self.class(Class::Credentials, format!("reads all beneath `{path}`, where secrets lie"));
        }
    }

    /// True where secrets lie somewhere beneath `path`. A project's own directories, as its `.config`, go by names of a home's too.
    fn holds_secrets(&self, path: &str) -> bool {
        paths::holds_a_home(path) || self.place(path) == Place::Outside && holds_secrets(path)
    }

    /// True where `text`, seen from `base`, is the project or in it.
    pub(super) fn in_project(&self, base: &str, text: &str) -> bool {
        let path = paths::resolve(base, text, self.home.as_deref());
        path.is_some_and(|path| matches!(self.place(&path), Place::Project | Place::ProjectRoot))
    }

    /// True where `text`, seen from `base`, is the `.git` of the project.
    pub(super) fn is_projects_repository(&self, base: &str, text: &str) -> bool {
        let path = paths::resolve(base, text, self.home.as_deref());
        path.zip(self.project()).is_some_and(|(path, project)| path.strip_prefix(project) == Some("/.git"))
    }

    /// True where `text`, seen from `base`, is the project's own directory.
    pub(super) fn is_project(&self, base: &str, text: &str) -> bool {
        let path = paths::resolve(base, text, self.home.as_deref());
        path.is_some_and(|path| self.place(&path) == Place::ProjectRoot)
    }

    /// `text`, seen from `base`, gets files whose names are not in the call.
    pub(super) fn fill(&mut self, base: &str, text: &str) {
        if self.filled.len() < KEPT_MAX {
            self.filled.extend(paths::resolve(base, text, self.home.as_deref()));
        }
    }

    /// True where `directory` is one that this call filled, or beneath one.
    pub(super) fn is_filled(&self, directory: &str) -> bool {
        self.filled.iter().any(|filled| lies_beneath(directory, filled))
    }

    /// True where `text`, seen from `base`, lies in a temporary directory.
    pub(super) fn is_temporary(&self, base: &str, text: &str) -> bool {
        let path = paths::resolve(base, text, self.home.as_deref());
        path.is_some_and(|path| self.place(&path) == Place::Temporary)
    }

    /// True for the project's directory, and for `*` in it.
    fn is_everything(&self, path: &str) -> bool {
        let rest = self.project().and_then(|project| beneath(path, project));
        rest.is_some_and(|rest| matches!(rest, "" | "*" | "?*" | "*?"))
    }

    fn place(&self, path: &str) -> Place {
        paths::place(path, self.project())
    }

    fn resolved(&mut self, path: String, access: Access) {
        if paths::is_void(&path, access) {
            return self.class(Class::Reads, format!("uses `{path}`"));
        }
        if paths::is_descriptor(&path) && matches!(access, Access::Execute | Access::Write) {
            self.opaque(format!("runs or writes `{path}`, which is known only when it runs"));
        }
        let place = self.place(&path);
        let fact = PathFact { path, access, place };
        if self.seen.contains(&fact) {
            return;
        }
        if self.facts.paths.len() >= KEPT_MAX {
            return self.opaque(format!("touches more than {KEPT_MAX} paths"));
        }
        self.judge(&fact);
        self.seen.insert(fact.clone());
        self.facts.paths.push(fact);
    }

    fn judge(&mut self, fact: &PathFact) {
        let PathFact { path, access, place } = fact;
        let inside = matches!(place, Place::Project | Place::ProjectRoot);
        match access {
            Access::Read => self.class(Class::Reads, format!("reads `{path}`")),
            Access::Write if is_agents_note(path) => {
                return self.class(Class::Bookkeeping, format!("writes `{path}`, a note of the agent's own"));
            }
            Access::Write if inside || *place == Place::Temporary => {
                self.class(Class::Writes, format!("writes `{path}`"));
            }
            Access::Write => self.class(Class::WritesOutside, format!("writes `{path}`, outside of the project")),
            Access::Delete if inside && self.is_everything(path) => {
                self.class(Class::Discards, "removes the whole project");
            }
            Access::Delete if *place == Place::Project || paths::is_own_temporary(path) => {
                self.class(Class::Deletes, format!("removes `{path}`"));
            }
            Access::Delete => self.class(Class::DeletesOutside, format!("removes `{path}`, outside of the project")),
            Access::Execute if inside => self.class(Class::Runs, format!("runs `{path}`")),
            Access::Execute => self.opaque(format!("runs `{path}`, outside of the project")),
        }
        let changed = matches!(access, Access::Write | Access::Delete);
        if *access == Access::Write && path.ends_with("/HEAD") {
            self.opaque(format!(
                "`{path}` may make a repository of its directory, by whose settings git runs programs"
            ));
        }
        if *access == Access::Write
            && path.rsplit('/').next().is_some_and(|name| name.starts_with('-') && name.len() > 1)
        {
            self.opaque(format!("`{path}` has the name of an option, which it becomes where `*` stands for names"));
        }
        if *access == Access::Write && path.split('/').any(splits_into_paths) {
            self.opaque(format!("the blanks in `{path}` make it several names where a list of names is taken apart"));
        }
        for found in sensitive(path, *place == Place::Outside) {
            if found.on_read || changed {
                self.class(found.class, format!("`{path}`: {}", found.what));
            }
        }
        self.judge_beneath(fact);
    }

    /// `DIRECTORY/**` and `DIRECTORY/**/NAME`: what a search found.
    fn judge_beneath(&mut self, fact: &PathFact) {
        let Some((root, name)) = fact.path.split_once("/**") else { return };
        if fact.access == Access::Read {
            if self.holds_secrets(root) {
                self.class(Class::Credentials, format!("reads what lies beneath `{root}`, where secrets lie"));
            }
        } else if self.project() == Some(root) && may_last(name.trim_start_matches('/')) {
            self.class(Class::Persistence, "changes files found anywhere in the project, perhaps hooks or settings");
        }
    }

    /// A host is contacted; `upload` says that data goes there.
    pub(super) fn host(&mut self, host: &str, upload: bool) {
        let host = host.to_lowercase();
        if upload {
            self.class(Class::Upload, format!("sends data to `{host}`"));
        } else if hosts::is_loopback(&host) {
            self.class(Class::Loopback, format!("talks to `{host}`"));
        } else {
            self.class(Class::Network, format!("contacts `{host}`"));
        }
        if self.facts.hosts.len() >= KEPT_MAX {
            self.opaque(format!("contacts more than {KEPT_MAX} hosts"));
        } else if !self.facts.hosts.contains(&host) {
            self.facts.hosts.push(host);
        }
    }
}

/// True for a name of which a piece between blanks is a path elsewhere or an option: `x /etc` in a path is `x` and `/etc` to `xargs`.
fn splits_into_paths(name: &str) -> bool {
    let leads_away = |piece: &str| piece.starts_with("..") || piece.starts_with('-') && piece.len() > 1;
    name.ends_with(char::is_whitespace) || name.split_whitespace().skip(1).any(leads_away)
}
