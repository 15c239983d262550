//! Versions of hosts, as their programs print them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The three numbers of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub [u64; 3]);

impl Version {
    /// The three numbers, wherever they stand in what was printed.
    #[must_use]
    pub fn in_words(printed: &str) -> Option<Self> {
        printed.split_whitespace().find_map(|word| {
            let mut parts = word.trim_start_matches('v').split('.').map(|part| part.parse().ok());
            Some(Self([parts.next()??, parts.next()??, parts.next()??]))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_wherever_they_stand() {
        let rows = [
            ("2.1.332 (Claude Code)", Some([2, 1, 332])),
            ("codex-cli 0.171.0", Some([0, 171, 0])),
            ("v1.2.3", Some([1, 2, 3])),
            ("unknown", None),
            ("1.2", None),
            ("", None),
        ];
        for (printed, numbers) in rows {
            assert_eq!(Version::in_words(printed).map(|version| version.0), numbers, "{printed}");
        }
    }
}
