//! From when on entries are wanted.

use std::str::FromStr;

use ccc_protocol::Timestamp;
use ccc_protocol::duration;

/// A moment as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// That moment.
    At(Timestamp),
    /// So many seconds before now.
    Ago(u64),
}

impl FromStr for Since {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = duration::parse_seconds(text) {
            return Ok(Self::Ago(seconds));
        }
        let midnight = format!("{text}T00:00:00Z");
        let at = text.parse().or_else(|_| midnight.parse());
        at.map(Self::At)
            .map_err(|_| format!("`{text}` is no time: write `2026-03-07`, `2026-03-07T12:00:00Z` or `15m`"))
    }
}

impl Since {
    /// The moment, seen from now.
    pub(crate) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(seconds) => {
                let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
                Timestamp::from_millis(now.millis().saturating_sub(millis))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_a_time_or_how_long_ago() {
        let noon: Timestamp = "2026-03-07T12:00:00Z".parse().unwrap();
        let at = |text: &str| Since::from_str(text).map(|since| since.at(noon).to_string());
        assert_eq!(at("2026-03-07").unwrap(), "2026-03-07T00:00:00Z");
        assert_eq!(at("2026-03-07T10:00:00+01:00").unwrap(), "2026-03-07T09:00:00Z");
        assert_eq!(at("90m").unwrap(), "2026-03-07T10:30:00Z");
        assert!(at("yesterday").unwrap_err().contains("`yesterday`"));
    }
}
