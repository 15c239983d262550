//! What of a project stays unwritten: version control, hooks, CI, agents' and editors' settings, secrets, and directories of programs
//! that the person's shell looks in. Also what is not there yet: an empty directory is put in its place while a call runs.
//!
//! Placeholders are marked as ours outside of the project before they are made, and removed by the last of the calls that run at
//! the same time, which share a lock. Only what is empty is removed.

use std::{
    fs::{self, DirEntry, File},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    process::geteuid,
};

use super::{Answer, own::Own};
use crate::{Fault, fault::Trying};

/// Kept at the top of a project whether it is there or not.
const ALWAYS: &[&str] = &[
    ".git", ".githooks", ".husky", ".gitmodules", ".hg", ".jj", ".svn", ".bzr", ".github", ".gitlab-ci.yml",
    ".circleci", ".buildkite", ".forgejo", ".gitea", ".claude", ".mcp.json", ".codex", ".gemini", ".cursor",
    ".copilot", ".kimi-code", ".kimi", ".continue", ".windsurf", ".opencode", ".qwen", ".kiro", ".roo", ".cline",
    ".junie", ".amazonq", ".augment", ".vscode", ".idea", ".devcontainer", ".zed", ".fleet", ".envrc", ".npmrc",
    ".cargo", ".pip", ".vim", ".exrc", ".nvimrc", ".gdbinit", ".lldbinit", ".pdbrc", ".irbrc", ".wgetrc", ".curlrc",
    ".ssh", "sitecustomize.py", "usercustomize.py",
];
/// Kept where they are there, at the top and in directories below.
const WHERE_THERE: &[&str] = &[
    ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml",
    "jenkinsfile", ".gitlab-ci.yaml", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".drone.yml",
    "appveyor.yml", ".appveyor.yml", ".teamcity", "cloudbuild.yaml", "codefresh.yml", "codeowners", ".claude.json",
    "mcp.json", ".cursorrules", ".aider.conf.yml", "opencode.json", ".roomodes", ".clinerules", ".windsurfrules",
    ".kilocode", ".trae", ".devcontainer.json", ".gitpod.yml", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pip.conf",
    ".pypirc", ".nvim.lua", ".lvimrc", ".dir-locals.el", ".psqlrc", ".rprofile", ".renviron", ".latexmkrc", ".pryrc",
    ".iex.exs", ".ghci", ".mise.toml", "mise.toml", ".netrc", ".htpasswd", ".pgpass", ".git-credentials",
    "credentials", "credentials.json", "credentials.toml", "secrets.json", "secrets.yml", "secrets.yaml",
    "secrets.toml", "master.key", "terraform.tfvars",
];
const SECRET_ENDS: &[&str] = &[".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".env"];
/// Beneath the top, where programs are known by their names.
const PROGRAMS: &[&str] = &["node_modules/.bin", "venv/bin", ".venv/bin", "env/bin", "vendor/bin"];
/// Directories that hold what was downloaded or built, and are large.
const NOT_SEARCHED: &[&str] = &["node_modules", "target", "dist", "build", "vendor", "venv", ".venv", "__pycache__"];

/// How many entries of a project are looked at, those in directories of what was downloaded or built not counted.
const SEARCHED_MAX: usize = 262_144;
const KEPT_MAX: usize = 512;
const ASK_A_PERSON: &str = "a person can approve the call as it is: ask for it again";

/// Held while a call runs.
pub(crate) struct Kept {
    places: Vec<PathBuf>,
    project: PathBuf,
    marks: PathBuf,
    lock: File,
}

/// Finds what is kept, and makes what must be there for that.
pub(crate) fn keep(project: &Path, on_path: &[PathBuf], own: &Own) -> Answer<Kept> {
    let lock = own.lock()?;
    let mut kept = Kept { places: Vec::new(), project: project.to_owned(), marks: own.marks(), lock };
    ALWAYS.iter().try_for_each(|name| kept.always(name))?;
    kept.search()?;
    PROGRAMS.iter().map(|place| project.join(place)).for_each(|place| kept.where_there(place));
    on_path.iter().filter(|place| place.starts_with(project)).try_for_each(|place| kept.program_directory(place))?;
    kept.places.sort();
    kept.places.dedup();
    match kept.places.len() <= KEPT_MAX {
        true => Ok(kept),
        false => Err(Fault::new(
            "cannot keep what must stay unwritten in the project",
            format!("it is more than {KEPT_MAX} places"),
            ASK_A_PERSON,
        )),
    }
}

impl Kept {
    pub(crate) fn places(&self) -> Vec<PathBuf> {
        self.places.clone()
    }

    fn always(&mut self, name: &str) -> Answer<()> {
        let place = self.project.join(name);
        match fs::symlink_metadata(&place) {
            Ok(about) if about.is_symlink() => Err(Fault::new(
                format!("cannot keep `{}` unwritten", place.display()),
                "it is a link, which could be put elsewhere",
                ASK_A_PERSON,
            )),
            Ok(_) => {
                self.places.push(place);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => self.placeholder(name, place),
            Err(error) => Err(Fault::new(format!("cannot keep `{}` unwritten", place.display()), error, ASK_A_PERSON)),
        }
    }

    /// Marked first: what this process makes and does not live to remove, the next call removes.
    fn placeholder(&mut self, name: &str, place: PathBuf) -> Answer<()> {
        let what = || format!("cannot keep `{}` unwritten", place.display());
        File::create(self.marks.join(name)).trying(what, ASK_A_PERSON)?;
        match fs::create_dir(&place) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error).trying(what, ASK_A_PERSON),
            _ => {
                self.places.push(place);
                Ok(())
            }
        }
    }

    /// Where the person's shell finds programs by name: what lay there would be run later by calls that pass.
    fn program_directory(&mut self, place: &Path) -> Answer<()> {
        let is_kept = place != self.project && fs::canonicalize(place).is_ok_and(|real| real == place);
        match is_kept {
            true => {
                self.places.push(place.to_owned());
                Ok(())
            }
            false => Err(Fault::new(
                format!("cannot keep `{}` unwritten", place.display()),
                "`PATH` names it, and it is the project itself, a link, or not there",
                ASK_A_PERSON,
            )),
        }
    }

    /// Looks for what is there below the top. Where that cannot be said of all of the project, nothing runs.
    fn search(&mut self) -> Answer<()> {
        let mut left = vec![self.project.clone()];
        let mut searched: usize = 0;
        while let Some(directory) = left.pop() {
            let cannot = |error: &dyn std::fmt::Display| {
                Fault::new(format!("cannot look through `{}`", directory.display()), error, ASK_A_PERSON)
            };
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if is_out_of_reach(&directory, &error) => continue,
                Err(error) => return Err(cannot(&error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| cannot(&error))?;
                searched = searched.saturating_add(1);
                if searched > SEARCHED_MAX {
                    return Err(Fault::new(
                        "cannot keep what must stay unwritten in the project",
                        format!("it has more than {SEARCHED_MAX} entries to look through"),
                        ASK_A_PERSON,
                    ));
                }
                self.look_at(&entry, directory == self.project, &mut left);
            }
        }
        Ok(())
    }

    fn look_at(&mut self, entry: &DirEntry, is_top: bool, left: &mut Vec<PathBuf>) {
        // What has gone meanwhile is not there.
        let Ok(kind) = entry.file_type() else { return };
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if is_kept(&name, is_top) && !kind.is_symlink() {
            self.places.push(entry.path());
        } else if kind.is_dir()
            && !NOT_SEARCHED.contains(&name.as_str())
            && !(is_top && ALWAYS.contains(&name.as_str()))
        {
            left.push(entry.path());
        }
    }

    /// What is reached by a link is elsewhere, where nothing may be written or what it is decides.
    fn where_there(&mut self, place: PathBuf) {
        if fs::canonicalize(&place).is_ok_and(|real| real == place) {
            self.places.push(place);
        }
    }
}

/// What has gone meanwhile, or belongs to somebody else: a call cannot give itself a right there. It could in its person's own.
fn is_out_of_reach(directory: &Path, error: &std::io::Error) -> bool {
    let is_own = || fs::symlink_metadata(directory).is_ok_and(|about| about.uid() == geteuid().as_raw());
    error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::PermissionDenied && !is_own()
}

fn is_kept(name: &str, is_top: bool) -> bool {
    let is_environment = name.starts_with(".env")
        && ![".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end));
    // At the top these are there by now, as they are or as placeholders.
    !is_top && ALWAYS.contains(&name)
        || WHERE_THERE.contains(&name)
        || is_environment
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
        || name.ends_with(".code-workspace")
        || name.starts_with("id_rsa")
        || name.starts_with("id_ed25519")
}

impl Drop for Kept {
    /// The last of those that run at the same time tidies up.
    fn drop(&mut self) {
        if flock(&self.lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return;
        }
        for mark in fs::read_dir(&self.marks).into_iter().flatten().flatten() {
            // Only what is empty goes: a person may have put something there meanwhile.
            let _ = fs::remove_dir(self.project.join(mark.file_name()));
            let _ = fs::remove_file(mark.path());
        }
    }
}
