//! Lengths of time as people write them, in config, on command lines and on screens: `90s`, `15m`, `2h30m`, `1d`.

/// The units from the longest, with what each has of seconds.
const UNITS: [(u64, char, &str); 4] = [(86_400, 'd', "d"), (3600, 'h', "h"), (60, 'm', "m"), (1, 's', "s")];

/// The seconds that a text such as `10m` or `2h30m` means: whole numbers, each with its unit, the longest first.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn parse_seconds(text: &str) -> Result<u64, String> {
    total(text).ok_or_else(|| {
        let text = crate::visible::excerpt(text, TEXT_CHARS_MAX);
        format!("`{text}` is no length of time: write whole numbers with d, h, m or s, such as `10m` or `2h30m`")
    })
}

/// More than any length of time needs.
const TEXT_CHARS_MAX: usize = 40;

fn total(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    loop {
        let (digits, unit) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        // What stands before it in the list is longer and was to come before it in the text.
        let (seconds, letter, _) = units.find(|(_, letter, _)| unit.starts_with(*letter))?;
        let number: u64 = digits.parse().ok()?;
        total = total.checked_add(number.checked_mul(*seconds)?)?;
        rest = unit.strip_prefix(*letter)?;
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// The shortest text that means exactly these seconds.
#[must_use]
pub fn to_text(seconds: u64) -> String {
    let even = UNITS.iter().find(|(unit, ..)| seconds > 0 && seconds.is_multiple_of(*unit));
    even.map_or_else(|| format!("{seconds}s"), |(unit, letter, _)| format!("{}{letter}", seconds / unit))
}

/// The number and the largest unit that fits, rounded down: for what passes while one looks at it.
#[must_use]
pub fn rounded(seconds: u64) -> (u64, &'static str) {
    let fits = UNITS.iter().find(|(unit, ..)| seconds >= *unit);
    fits.map_or((seconds, "s"), |(unit, _, name)| (seconds / unit, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_units_make_seconds() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("10m", 600),
            ("2h", 7200),
            ("1d", 86_400),
            ("2h30m", 9000),
            ("1d12h", 129_600),
            ("1d1h1m1s", 90_061),
            ("1h90m", 9000),
        ] {
            assert_eq!(parse_seconds(text), Ok(seconds));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "", "m", "10", "10 m", "-1s", "+1s", "1.5h", "10mm", "30m1h", "1h1h", "1h30", "1h 30m", "h30m", "10M",
            "١m", "99999999999999999999d", "999999999999999d", "18446744073709551615s1s", "18446744073709551615d",
        ] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
        let error = parse_seconds("\u{202e}m").unwrap_err();
        assert!(error.starts_with(r"`\u{202e}m` is no length of time"), "{error}");
    }

    #[test]
    fn a_rounded_length_is_in_its_largest_unit() {
        for (seconds, rounded_down) in
            [(0, (0, "s")), (59, (59, "s")), (60, (1, "m")), (3599, (59, "m")), (7200, (2, "h")), (200_000, (2, "d"))]
        {
            assert_eq!(rounded(seconds), rounded_down);
        }
    }

    proptest! {
        #[test]
        fn a_text_says_the_same_seconds(seconds: u64, unit in prop::sample::select(vec![1_u64, 60, 3600, 86_400])) {
            for seconds in [seconds, seconds / unit * unit, seconds % 100_000] {
                prop_assert_eq!(parse_seconds(&to_text(seconds)), Ok(seconds));
                let (number, unit) = rounded(seconds);
                let least = parse_seconds(&format!("{number}{unit}")).unwrap();
                prop_assert!(least <= seconds);
                let more = parse_seconds(&format!("{}{unit}", number + 1)).unwrap_or(u64::MAX);
                prop_assert!(seconds < more);
            }
        }
    }
}
