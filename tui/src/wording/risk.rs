//! What a call's risk and what is held against sessions are called in a row.

use ccc_protocol::bodies::{Assessed, Held, Level};

use super::verdict;
use crate::text::{Row, Tone, Untrusted, Visible};

/// Level, score and reasons, but for those that are told beside it; none where there is nothing out of the ordinary.
#[must_use]
pub fn risk(assessed: &Assessed, is_told: impl Fn(&str) -> bool) -> Option<Row> {
    if assessed.level == Level::Low && assessed.reasons.is_empty() {
        return None;
    }
    let reasons: Vec<&str> = assessed.reasons.iter().map(String::as_str).filter(|reason| !is_told(reason)).collect();
    let (whole, rest) = (assessed.score_millis / 1000, assessed.score_millis % 1000 / 10);
    let score = Visible::label(assessed.level.as_str()).then(Untrusted(&format!(" ({whole}.{rest:02})")).line());
    let colon = Visible::label(if reasons.is_empty() { "" } else { ": " });
    let row = Row::new().with(Tone::Name, "risk ").with(verdict::tone(assessed.level.gravity()), score);
    Some(row.with(Tone::Plain, colon.then(Untrusted(&reasons.join("; ")).line())))
}

/// Whose session is held, how, until when, and why.
#[must_use]
pub fn held(held: &Held) -> Row {
    let session = held.session.as_deref().map_or_else(Visible::default, |session| {
        Visible::label(" (session ").then(Untrusted(session).line()).then(")")
    });
    let until = match held.until {
        Some(until) => Visible::label(" until ").then(Untrusted(&until.to_string()).line()),
        None => Visible::label(" until a person lifts it"),
    };
    let head = Visible::from(&held.user).then(session).then(": ").then(Untrusted(&held.what).line()).then(until);
    Row::new().with(Tone::Care, head.then(": ").then(Untrusted(&held.why).line()))
}

#[cfg(test)]
mod tests {
    use ccc_protocol::bodies::Level;

    use super::*;

    #[test]
    fn a_risk_is_told_with_its_reasons_and_an_ordinary_one_not_at_all() {
        let assessed = |level, reasons: &[&str]| Assessed {
            level,
            score_millis: 1550,
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        };
        let told = |reason: &str| reason == "deletes";
        assert!(risk(&assessed(Level::Low, &[]), told).is_none());
        let row =
            risk(&assessed(Level::High, &["the session has read secrets", "deletes", "a\u{202e}b"]), told).unwrap();
        assert_eq!(row.text().to_string(), "risk high (1.55): the session has read secrets; a‹U+202E›b");
        let row = risk(&assessed(Level::High, &["deletes"]), told).unwrap();
        assert_eq!(row.text().to_string(), "risk high (1.55)");
        let held_row = held(&Held {
            user: "agent".parse().unwrap(),
            session: None,
            what: "frozen".to_owned(),
            until: None,
            why: "a canary".to_owned(),
        });
        assert_eq!(held_row.text().to_string(), "agent: frozen until a person lifts it: a canary");
    }
}
