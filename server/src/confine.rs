//! How far programs can be confined here: the launcher, what it can have on this machine, and what no program is ever given.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ccc_protocol::bodies::Confined;
use serde::Deserialize;

use crate::{
    places::{Surroundings, resolved},
    programs::Programs,
};

const LAUNCHER: &str = "ccc-confine";
const DOCS: &str = "docs/confinement.md";

/// What this machine offers for confining programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confine {
    /// The launcher, found outside every volume.
    pub launcher: Option<PathBuf>,
    /// The person's home, links resolved: `~` in declarations.
    pub home: Option<PathBuf>,
    /// What no program is given, whatever is given around it.
    pub never: Vec<PathBuf>,
    against_full: Option<String>,
    against_files: Option<String>,
}

/// What `ccc-confine probe` prints.
#[derive(Debug, Deserialize)]
struct Probed {
    full: Option<String>,
    files: Option<String>,
}

impl Confine {
    /// Finds the launcher, beside this program or on the path, and has it try.
    #[must_use]
    pub(crate) fn probe(around: &Surroundings, programs: &Programs, never: Vec<PathBuf>) -> Self {
        let beside = around.beside.as_ref().map(|dir| dir.join(LAUNCHER).display().to_string());
        let launcher =
            beside.and_then(|path| programs.find(&path)).or_else(|| programs.find(LAUNCHER)).map(PathBuf::from);
        let tried = match &launcher {
            Some(launcher) => tried(launcher),
            None => Err(format!("there is no `{LAUNCHER}` beside this server, nor on its path outside the volumes")),
        };
        let home = around.home.as_deref().map(resolved);
        let (against_full, against_files) = match tried {
            Ok(probed) => (probed.full, probed.files),
            Err(why) => (Some(why.clone()), Some(why)),
        };
        Self { launcher, home, never, against_full, against_files }
    }

    /// Where no action is confined, nothing is looked for.
    #[must_use]
    pub fn unneeded() -> Self {
        let why = || Some("it was not tried: no action asks for it".to_owned());
        Self { launcher: None, home: None, never: vec![], against_full: why(), against_files: why() }
    }

    /// The best that can be had.
    #[must_use]
    pub fn best(&self) -> Option<Confined> {
        [Confined::Full, Confined::Files].into_iter().find(|level| self.against(*level).is_none())
    }

    /// Why a level cannot be had, where it cannot.
    #[must_use]
    pub fn against(&self, level: Confined) -> Option<&str> {
        match level {
            Confined::Full => self.against_full.as_deref(),
            Confined::Files => self.against_files.as_deref(),
        }
    }

    /// What speaks against an action that wants this level, and what mends it.
    #[must_use]
    pub fn refusal(&self, level: Confined) -> Option<String> {
        let why = self.against(level)?;
        let mend = match self.best() {
            Some(best) if best != level => {
                format!("write `confined = \"{}\"` for less, or `confined = false`", best.word())
            }
            _ => "write `confined = false` if it may reach all that the bridge's user does".to_owned(),
        };
        Some(format!("its program cannot be confined to level `{}` here ({why}): {mend}; see {DOCS}", level.word()))
    }
}

fn tried(launcher: &Path) -> Result<Probed, String> {
    let output = Command::new(launcher).arg("probe").stdin(Stdio::null()).env_clear().output();
    let output = output.map_err(|error| format!("`{}` cannot be started: {error}", launcher.display()))?;
    serde_json::from_slice(&output.stdout).map_err(|_| format!("`{} probe` gave no answer", launcher.display()))
}
