//! Spans of time in few letters: `12s`, `5m`, `3h`, `2d`.

use ccc_protocol::{Timestamp, duration};

use crate::text::{Untrusted, Visible};

/// How long ago.
#[must_use]
pub fn age(now: Timestamp, then: Timestamp) -> Visible {
    seconds(now.millis_since(then) / 1000)
}

/// How long until; `0s` where it is past.
#[must_use]
pub fn until(now: Timestamp, then: Timestamp) -> Visible {
    seconds(then.millis_since(now).div_ceil(1000))
}

/// So many seconds, in the largest unit that fits, rounded down: for what passes while one looks at it.
#[must_use]
pub fn seconds(seconds: u64) -> Visible {
    let (number, unit) = duration::rounded(seconds);
    Visible::number(number).then(unit)
}

/// So many seconds and no other number of them: for what somebody agrees to.
#[must_use]
pub fn exactly(seconds: u64) -> Visible {
    Untrusted(&duration::to_text(seconds)).line()
}

/// Reads `90s`, `15m`, `2h30m`, `1d`, or a bare number of seconds.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => duration::parse_seconds(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_in_its_largest_unit() {
        for (given, shown) in [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (200_000, "2d")] {
            assert_eq!(seconds(given).as_str(), shown);
        }
    }

    #[test]
    fn written_spans_are_read() {
        assert_eq!((parse("15m"), parse("90"), parse("2h"), parse("30s")), (Some(900), Some(90), Some(7200), Some(30)));
        assert_eq!((parse("1d"), parse("2h30m")), (Some(86_400), Some(9000)));
        assert_eq!((parse(""), parse("m"), parse("-1m"), parse("1.5h")), (None, None, None, None));
    }

    #[test]
    fn what_is_shown_is_read() {
        for given in [1, 59, 60, 90, 5400, 3600, 86_400, 172_800] {
            assert_eq!(parse(exactly(given).as_str()), Some(given));
            assert!(parse(seconds(given).as_str()).is_some_and(|read| read <= given));
        }
    }
}
