//! Spans of time in few letters: `12s`, `5m`, `3h`, `2d`.

use ccc_protocol::Timestamp;

use crate::text::Visible;

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

/// So many seconds, in the largest unit that fits, rounded down.
#[must_use]
pub fn seconds(seconds: u64) -> Visible {
    let (number, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "m"),
        3600..86_400 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    Visible::number(number).then(unit)
}

/// Reads `90s`, `15m`, `2h`, or a bare number of seconds.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
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
        assert_eq!((parse(""), parse("m"), parse("-1m"), parse("1.5h")), (None, None, None, None));
    }
}
