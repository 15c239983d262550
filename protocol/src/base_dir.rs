//! Where a person's files lie, by the XDG Base Directory Specification 0.8. Asks nobody: whoever may read the environment gives
//! its values.

use std::{ffi::OsString, path::PathBuf};

/// A directory that each person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseDir {
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    Config,
    /// `$XDG_DATA_HOME`, else `~/.local/share`.
    Data,
}

/// The directory of this project's files in each.
const OURS: &str = "ccc";

impl BaseDir {
    /// The directory of this project's files, by the variables' values. A relative path is ignored, as the specification
    /// wants it: it would mean another directory wherever a program is started.
    #[must_use]
    pub fn ours(self, value_of: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let absolute = |name| value_of(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let (variable, in_home) = match self {
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
            Self::Data => ("XDG_DATA_HOME", ".local/share"),
        };
        let dir = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(in_home)))?;
        Some(dir.join(OURS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(dir: BaseDir, values: &[(&str, &str)]) -> Option<PathBuf> {
        dir.ours(|name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_variable_goes_before_the_home_directory() {
        let home = ("HOME", "/home/ana");
        assert_eq!(ours(BaseDir::Config, &[home]), Some("/home/ana/.config/ccc".into()));
        assert_eq!(ours(BaseDir::Data, &[home]), Some("/home/ana/.local/share/ccc".into()));
        let named = [home, ("XDG_CONFIG_HOME", "/conf"), ("XDG_DATA_HOME", "/data")];
        assert_eq!(ours(BaseDir::Config, &named), Some("/conf/ccc".into()));
        assert_eq!(ours(BaseDir::Data, &named), Some("/data/ccc".into()));
        assert_eq!(ours(BaseDir::Config, &[("XDG_CONFIG_HOME", "/conf")]), Some("/conf/ccc".into()));
    }

    #[test]
    fn a_relative_or_empty_path_is_ignored() {
        for relative in ["", "conf", "./conf", "../conf", "~/conf"] {
            let values = [("HOME", "/home/ana"), ("XDG_CONFIG_HOME", relative)];
            assert_eq!(ours(BaseDir::Config, &values), Some("/home/ana/.config/ccc".into()), "{relative}");
            assert_eq!(ours(BaseDir::Config, &[("HOME", relative)]), None, "{relative}");
        }
        assert_eq!(ours(BaseDir::Config, &[]), None);
    }
}
