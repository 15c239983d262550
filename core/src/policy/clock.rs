//! The local time of day, as far as rules ask for it. The caller says what time it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the days are known")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// From Monday on.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// The word in the config.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// The day before: a window over midnight belongs to the day it begins on.
    #[must_use]
    pub fn before(self) -> Self {
        match self {
            Self::Mon => Self::Sun,
            Self::Tue => Self::Mon,
            Self::Wed => Self::Tue,
            Self::Thu => Self::Wed,
            Self::Fri => Self::Thu,
            Self::Sat => Self::Fri,
            Self::Sun => Self::Sat,
        }
    }
}

/// Where the server's clock on the wall stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LocalTime {
    /// Today.
    pub weekday: Weekday,
    /// Minutes since midnight, 0 to 1439.
    pub minute_of_day: u16,
}

/// A part of each day, on some days. The end is not part of it. Where it ends before it begins it goes over
/// midnight, and belongs to the day on which it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeWindow {
    from: u16,
    to: u16,
    days: Vec<Weekday>,
}

/// `where.time` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpec {
    from: Option<String>,
    to: Option<String>,
    days: Option<Vec<Weekday>>,
}

const DAY_MINUTES: u16 = 24 * 60;

impl TimeWindow {
    /// From what the rule writes; `24:00` is the end of the day.
    ///
    /// # Errors
    /// A sentence where a time is none, or the window is empty.
    pub fn new(spec: TimeSpec) -> Result<Self, String> {
        let from = spec.from.as_deref().map_or(Ok(0), minute)?;
        let to = spec.to.as_deref().map_or(Ok(DAY_MINUTES), minute)?;
        let days = spec.days.unwrap_or_else(|| Weekday::ALL.to_vec());
        if from == to || from == DAY_MINUTES || days.is_empty() {
            return Err(
                "the time window is empty: write `{ from = \"09:00\", to = \"17:00\", days = [\"mon\"] }`".into()
            );
        }
        Ok(Self { from, to, days })
    }

    /// True where this moment is within the window.
    #[must_use]
    pub fn holds(&self, at: LocalTime) -> bool {
        let minute = at.minute_of_day;
        let goes_over_midnight = self.to < self.from;
        let (is_within, began) = match goes_over_midnight {
            false => (self.from <= minute && minute < self.to, at.weekday),
            true if minute < self.to => (true, at.weekday.before()),
            true => (self.from <= minute, at.weekday),
        };
        is_within && self.days.contains(&began)
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{} to {}", clock(self.from), clock(self.to))?;
        if Weekday::ALL.iter().all(|day| self.days.contains(day)) {
            return Ok(());
        }
        write!(f, " on {}", self.days.iter().map(|day| day.as_str()).collect::<Vec<_>>().join(", "))
    }
}

fn minute(text: &str) -> Result<u16, String> {
    let two = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let at = text.split_once(':').and_then(|(hours, minutes)| Some((two(hours)?, two(minutes)?)));
    match at {
        Some((hours, minutes)) if (hours < 24 && minutes < 60) || (hours, minutes) == (24, 0) => {
            Ok(hours * 60 + minutes)
        }
        _ => Err(format!("`{text}` is no time of day: write it like `09:30`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Result<TimeWindow, String> {
        TimeWindow::new(toml::from_str(text).map_err(|error| error.to_string())?)
    }

    fn at(weekday: Weekday, hours: u16, minutes: u16) -> LocalTime {
        LocalTime { weekday, minute_of_day: hours * 60 + minutes }
    }

    #[test]
    fn the_end_is_not_part_of_the_window() {
        let office = window("from = '09:00'\nto = '17:00'\ndays = ['mon', 'tue']").unwrap();
        assert!(office.holds(at(Weekday::Mon, 9, 0)) && office.holds(at(Weekday::Tue, 16, 59)));
        assert!(!office.holds(at(Weekday::Mon, 17, 0)) && !office.holds(at(Weekday::Mon, 8, 59)));
        assert!(!office.holds(at(Weekday::Wed, 10, 0)));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let night = window("from = '22:00'\nto = '06:00'\ndays = ['fri']").unwrap();
        assert!(night.holds(at(Weekday::Fri, 23, 0)) && night.holds(at(Weekday::Sat, 5, 59)));
        assert!(!night.holds(at(Weekday::Fri, 5, 0)) && !night.holds(at(Weekday::Sat, 23, 0)));
    }

    #[test]
    fn what_is_no_window_is_said() {
        for bad in [
            "from = '9:00'", "to = '24:01'", "from = '10:00'\nto = '10:00'", "days = []", "days = ['monday']",
            "form = '10:00'",
        ] {
            assert!(window(bad).is_err(), "{bad}");
        }
        assert!(window("to = '24:00'").unwrap().holds(at(Weekday::Sun, 23, 59)));
    }
}
