//! The time in a Date field (RFC 9110, section 5.6.7), in its one current form.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The Date field for a time in Unix seconds, from 1970 on:
/// `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn format(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil(days);
    let weekday = name(&DAYS, days % 7);
    let month = name(&MONTHS, month - 1);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The Unix seconds of a Date field; nothing for any other spelling than the
/// one that [`format`] writes.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let (day, rest) = text.get(5..)?.split_once(' ')?;
    let (month, rest) = rest.split_once(' ')?;
    let (year, rest) = rest.split_once(' ')?;
    let (clock, _) = rest.split_once(' ')?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let mut clock = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let day = day.parse::<u64>().ok().filter(|day| (1..=31).contains(day))?;
    let days = days_before(year.parse().ok()?, u64::try_from(month).ok()? + 1)? + day - 1;
    let unix_seconds = ((days * 24 + hour.min(24)) * 60 + minute.min(60)) * 60 + second.min(60);
    (format(unix_seconds) == text).then(|| i64::try_from(unix_seconds).ok())?
}

fn name(names: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Year, month and day of the month of a day counted from 1970-01-01. Years
/// are taken to begin in March, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_march_0 = days + 719_468;
    let era = since_march_0 / 146_097;
    let day_of_era = since_march_0 % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The days from 1970-01-01 to the first of a month.
fn days_before(year: u64, month: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) {
        return None;
    }
    let shifted_year = year - u64::from(month <= 2);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let year_of_era = shifted_year % 400;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * shifted + 2) / 5;
    (shifted_year / 400 * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use chrono::DateTime;

    #[test]
    fn the_example_of_the_rfc_is_written_and_read() {
        assert_eq!(format(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
    }

    #[test]
    fn every_day_of_four_centuries_agrees_with_another_calendar() {
        for day in (0..146_097_i64).step_by(7).chain(11_000..11_800) {
            let seconds = day * 86_400 + 45_296;
            let text = DateTime::from_timestamp(seconds, 0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            assert_eq!(format(u64::try_from(seconds).unwrap()), text);
            assert_eq!(parse(&text), Some(seconds));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Thu, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 99999999999999999999:49:37 GMT",
            "é, 06 Nov 1994",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
