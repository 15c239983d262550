//! A length of time as config writes it: `90s`, `10m`, `2h`, `1d`.

/// The seconds that a text such as `10m` means.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn parse_seconds(text: &str) -> Result<u64, String> {
    let invalid = || format!("`{text}` is no length of time: write a whole number and s, m, h or d, such as `10m`");
    let unit = text.chars().next_back().ok_or_else(invalid)?;
    let factor: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(invalid()),
    };
    let digits = text.trim_end_matches(unit);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() + 1 == text.len();
    let number: u64 = if is_number { digits.parse().map_err(|_| invalid())? } else { return Err(invalid()) };
    number.checked_mul(factor).ok_or_else(invalid)
}

/// The shortest text that means these seconds.
#[must_use]
pub fn to_text(seconds: u64) -> String {
    let unit = [(86_400, 'd'), (3600, 'h'), (60, 'm')]
        .into_iter()
        .find(|(factor, _)| seconds > 0 && seconds.is_multiple_of(*factor));
    match unit {
        Some((factor, unit)) => format!("{}{unit}", seconds / factor),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_seconds() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86_400)] {
            assert_eq!(parse_seconds(text), Ok(seconds));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "", "m", "10", "10 m", "-1s", "+1s", "1.5h", "10mm", "1h30m", "10M", "99999999999999999999d",
            "999999999999999d",
        ] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_says_the_same_seconds() {
        for seconds in [0, 1, 59, 60, 61, 600, 3600, 5400, 86_400, 90_000] {
            assert_eq!(parse_seconds(&to_text(seconds)), Ok(seconds));
        }
    }
}
