//! Landlock's rules: the second wall at `full`, and the first at `files`.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, make_bitflags,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};

use super::{
    ASK_PROBE, Answer,
    defence::{Defence, Defences},
    given::{Place, What},
    root::{DEVICES, PROCESSES, SHARED_MEMORY, TERMINALS},
};
use crate::{Fault, Level, Network, Record, fault::Trying};

/// The newest version whose rights were read and are given or refused here on purpose.
const KNOWN: ABI = ABI::V10;
/// Below this, files outside could be truncated (Linux 6.2).
const LEAST_FOR_FILES: ABI = ABI::V3;
/// Below this, signals reach processes outside (Linux 6.12).
pub(crate) const WITH_SCOPE: u32 = 6;

const READING: BitFlags<AccessFs> = make_bitflags!(AccessFs::{Execute | ReadFile | ReadDir});
const WRITING: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    WriteFile | Truncate | RemoveDir | RemoveFile | MakeDir | MakeReg | MakeSock | MakeFifo | MakeSym | Refer
});
const DEVICE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate | IoctlDev | ReadDir});
/// What can be said of a file; the rest is of directories.
const OF_FILES: BitFlags<AccessFs> = make_bitflags!(AccessFs::{Execute | ReadFile | WriteFile | Truncate | IoctlDev});

/// Restricts this process for good, and says which version of Landlock does it.
pub(crate) fn restrict(record: &Record, places: &[Place], defences: &Defences) -> Answer<u32> {
    let what = || "cannot lay Landlock's rules".to_owned();
    let Some(ruleset) = handled(record, defences)? else { return Ok(0) };
    let mut rules = Rules { ruleset: Some(ruleset.create().trying(what, ASK_PROBE)?) };
    if defences.hold(Defence::LandlockFiles) {
        rules.give_usual(record.level)?;
        places.iter().try_for_each(|place| rules.give_place(record.level, place))?;
    }
    let Some(ruleset) = rules.ruleset else { return Ok(0) };
    let status = ruleset.restrict_self().trying(what, ASK_PROBE)?;
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Ok(effective_abi as u32),
        (_, landlock) => Err(Fault::new(what(), format!("this kernel has none ({landlock:?})"), ASK_PROBE)),
    }
}

/// What is refused unless a rule gives it.
fn handled(record: &Record, defences: &Defences) -> Answer<Option<Ruleset>> {
    let mut ruleset = None;
    if defences.hold(Defence::LandlockFiles) {
        ruleset = Some(handle_files(record.level, Ruleset::default())?);
    }
    if defences.hold(Defence::LandlockScope) {
        ruleset = Some(
            optional(ruleset)
                .scope(Scope::from_all(KNOWN))
                .trying(|| "cannot keep signals in".to_owned(), ASK_PROBE)?,
        );
    }
    if record.network == Network::BindOnly && defences.hold(Defence::LandlockNetwork) {
        let refused = AccessNet::from_all(KNOWN) & !BitFlags::from(AccessNet::BindTcp);
        ruleset = Some(
            optional(ruleset).handle_access(refused).trying(|| "cannot refuse connections".to_owned(), ASK_PROBE)?,
        );
    }
    Ok(ruleset)
}

fn handle_files(level: Level, ruleset: Ruleset) -> Answer<Ruleset> {
    let least = if level == Level::Files { LEAST_FOR_FILES } else { ABI::V1 };
    let needed = ruleset.set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(least));
    let needed = needed
        .trying(|| "cannot keep files back".to_owned(), "it needs Linux 6.2 or newer with Landlock switched on")?;
    optional(Some(needed))
        .handle_access(AccessFs::from_all(KNOWN))
        .trying(|| "cannot keep files back".to_owned(), ASK_PROBE)
}

/// From here on, what the kernel does not know is left out.
fn optional(ruleset: Option<Ruleset>) -> Ruleset {
    ruleset.unwrap_or_default().set_compatibility(CompatLevel::BestEffort)
}

struct Rules {
    ruleset: Option<RulesetCreated>,
}

impl Rules {
    /// What every program finds, whatever it is given.
    fn give_usual(&mut self, level: Level) -> Answer<()> {
        self.give_path(PROCESSES, READING)?;
        for device in DEVICES {
            self.give_path(device, DEVICE)?;
        }
        if level == Level::Full {
            // All that lies in the root was put there: listing it tells nothing new.
            self.give_path("/", AccessFs::ReadDir.into())?;
            self.give_path(TERMINALS, DEVICE)?;
            self.give_path(SHARED_MEMORY, READING | WRITING)?;
        }
        Ok(())
    }

    fn give_place(&mut self, level: Level, place: &Place) -> Answer<()> {
        let rights = match &place.what {
            What::Tree { is_writable: true, .. } | What::Scratch => READING | WRITING,
            What::Tree { .. } => READING,
            What::Link(_) | What::Listing | What::Cover { .. } => return Ok(()),
        };
        match (&place.what, level) {
            (What::Tree { source, .. }, Level::Files) => self.give(source.as_fd(), rights, &place.path),
            // At `full` the path is one of the new root, where nothing is exchanged before the program starts.
            _ => self.give_path(&place.path, rights),
        }
    }

    /// A path that is not there gives nothing.
    fn give_path(&mut self, path: impl AsRef<Path>, rights: BitFlags<AccessFs>) -> Answer<()> {
        match opened(path.as_ref()) {
            Some(file) => self.give(file.as_fd(), rights, path.as_ref()),
            None => Ok(()),
        }
    }

    fn give(&mut self, file: BorrowedFd<'_>, rights: BitFlags<AccessFs>, path: &Path) -> Answer<()> {
        let what = || format!("cannot lay a rule on `{}`", path.display());
        let kind = FileType::from_raw_mode(fstat(file).trying(what, ASK_PROBE)?.st_mode);
        let rights = if kind == FileType::Directory { rights } else { rights & OF_FILES };
        let ruleset = self.ruleset.take().map(|ruleset| ruleset.add_rule(PathBeneath::new(file, rights)));
        self.ruleset = ruleset.transpose().trying(what, ASK_PROBE)?;
        Ok(())
    }
}

fn opened(path: &Path) -> Option<OwnedFd> {
    openat2(
        CWD,
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
    .ok()
}
