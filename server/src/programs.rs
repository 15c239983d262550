//! Programs: found once, when the config is read, and never where an agent could replace them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::places::{self, Surroundings, resolved};

/// Where programs are looked for, and where they must not lie.
#[derive(Debug)]
pub(crate) struct Programs<'a> {
    around: &'a Surroundings,
    volumes: Vec<PathBuf>,
}

impl<'a> Programs<'a> {
    /// Programs outside these host directories.
    #[must_use]
    pub(crate) fn outside(volumes: impl IntoIterator<Item = PathBuf>, around: &'a Surroundings) -> Self {
        Self { around, volumes: volumes.into_iter().map(|volume| resolved(&volume)).collect() }
    }

    /// The absolute path of a program, given by name or path.
    #[must_use]
    pub(crate) fn find(&self, program: &str) -> Option<String> {
        let path = if program.contains('/') {
            Some(self.around.absolute(&self.around.here, program)).filter(|path| self.is_fit(path))
        } else {
            let candidates = self.around.path.iter().filter(|dir| dir.is_absolute()).map(|dir| dir.join(program));
            candidates.into_iter().find(|path| self.is_fit(path))
        };
        path.and_then(|path| path.into_os_string().into_string().ok())
    }

    /// Neither the program nor a link on the way to it lies in a volume.
    fn is_fit(&self, path: &Path) -> bool {
        let executable =
            fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        executable && !places::way(path).iter().any(|place| self.volumes.iter().any(|volume| place.starts_with(volume)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_program_is_found_outside_the_volumes_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        program(&at("volume/bin/editor"), 0o755);
        program(&at("bin/editor"), 0o755);
        program(&at("bin/notes"), 0o644);
        program(&at("volume/tool"), 0o755);
        std::os::unix::fs::symlink(at("volume/tool"), at("bin/tool")).unwrap();
        std::os::unix::fs::symlink(at("bin/editor"), at("volume/turn")).unwrap();
        std::os::unix::fs::symlink(at("volume/turn"), at("bin/turned")).unwrap();
        let around = Surroundings {
            path: vec![at("volume/bin"), "relative".into(), at("bin")],
            here: dir.path().into(),
            ..Surroundings::default()
        };
        let programs = Programs::outside([at("volume")], &around);
        assert_eq!(programs.find("editor"), at("bin/editor").to_str().map(str::to_owned));
        assert_eq!(programs.find("notes"), None, "not executable");
        assert_eq!(programs.find("tool"), None, "a link into a volume");
        assert_eq!(programs.find("turned"), None, "a link through a volume");
        assert_eq!(programs.find(at("volume/tool").to_str().unwrap()), None);
        assert_eq!(programs.find(at("bin/editor").to_str().unwrap()), at("bin/editor").to_str().map(str::to_owned));
        assert_eq!(programs.find("nowhere"), None);
    }
}
