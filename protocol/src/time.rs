//! A point in time as the protocol writes it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::inline::Inline;

/// Milliseconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC, with milliseconds where there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch; years outside 0001 to 9999 are brought to the nearest end.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(-62_135_596_800_000, 253_402_300_799_999))
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and so many seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This moment and so many milliseconds, which may be negative.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; 0 where `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// As it is written: `2026-03-07T12:00:00.250Z`.
    fn written(self) -> Inline<24> {
        let at = self.date_time();
        let (date, time) = (at.date_naive(), at.time());
        let mut text = Inline::new();
        // Years go from 0001 to 9999, whatever was given.
        text.push_digits::<4>(date.year().unsigned_abs());
        for (before, number) in [
            (b'-', date.month()),
            (b'-', date.day()),
            (b'T', time.hour()),
            (b':', time.minute()),
            (b':', time.second()),
        ] {
            text.push(&[before]);
            text.push_digits::<2>(number);
        }
        let millis = time.nanosecond() / 1_000_000;
        if millis > 0 {
            text.push(b".");
            text.push_digits::<3>(millis);
        }
        text.push(b"Z");
        text
    }

    fn date_time(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.written().as_str())
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|at| Self(at.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.written().as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_seconds(1_772_884_800).to_string(), "2026-03-07T12:00:00Z");
        assert_eq!(Timestamp::from_millis(1_772_884_800_250).to_string(), "2026-03-07T12:00:00.250Z");
    }

    #[test]
    fn is_written_as_another_writer_writes_it() {
        for millis in [i64::MIN, -62_000_000_000_001, -1, 0, 999, 951_782_399_999, 1_709_164_800_000, i64::MAX] {
            let at = Timestamp::from_millis(millis);
            let expected = at.date_time().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            assert_eq!(at.to_string(), expected);
        }
    }

    #[test]
    fn no_arithmetic_overflows() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus_seconds(u64::MAX), end);
        assert_eq!(end.plus_millis(i64::MAX), end);
        assert_eq!(end.plus_millis(-1).millis(), end.millis() - 1);
        assert_eq!(Timestamp::from_millis(i64::MIN).millis_since(end), 0);
    }
}
