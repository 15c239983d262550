//! What rules are told about a call's risk: `where.risk` and `where.session`.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::Sign;

/// What a session did within the windows that count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// How many of its calls were denied.
    pub denied: u8,
    /// How many were of high risk, and no person approved them.
    pub high: u8,
    /// How many there were within a minute.
    pub calls: u8,
    /// How grave instructions to the agent were that it read, 0 to 3.
    pub taint: u8,
    /// Its next calls wait for a person.
    pub held: bool,
    /// What else it did.
    pub signs: BTreeSet<Sign>,
}

impl Picture {
    /// True where nothing counts but how many calls there were.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        Self { calls: 0, ..self.clone() } == Self::default()
    }

    /// True where it read what tells agents what to do.
    #[must_use]
    pub fn is_tainted(&self) -> bool {
        self.taint > 0
    }

    pub(super) fn has(&self, sign: Sign) -> bool {
        self.signs.contains(&sign)
    }
}

/// `where.session`: all of it must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SessionTest {
    denied: Option<u8>,
    high: Option<u8>,
    calls: Option<u8>,
    tainted: Option<bool>,
    read_secret: Option<bool>,
    contacted: Option<bool>,
    uploaded: Option<bool>,
    persisted: Option<bool>,
    other_user: Option<bool>,
    marked: Option<bool>,
}

impl SessionTest {
    /// The most that is counted of anything.
    pub const COUNT_MAX: u8 = 16;
    /// The most calls that are counted within a minute.
    pub const CALLS_MAX: u8 = 120;

    /// This test, where it asks something that can hold.
    ///
    /// # Errors
    /// A sentence that says what cannot.
    pub fn checked(self) -> Result<Self, String> {
        if self == Self::default() {
            return Err("it is empty: write `{ denied = 3 }`, `{ tainted = true }` or the like".into());
        }
        for (name, count, most) in [
            ("denied", self.denied, Self::COUNT_MAX),
            ("high", self.high, Self::COUNT_MAX),
            ("calls", self.calls, Self::CALLS_MAX),
        ] {
            if count.is_some_and(|count| count == 0 || count > most) {
                return Err(format!("`{name}` is counted from 1 to {most}"));
            }
        }
        if self.flags().any(|(_, wanted)| wanted == Some(false)) {
            return Err("what did not happen is no condition: write `true`, or leave it out".into());
        }
        Ok(self)
    }

    /// True where the session is so.
    #[must_use]
    pub fn holds(&self, session: &Picture) -> bool {
        let counts = [(self.denied, session.denied), (self.high, session.high), (self.calls, session.calls)];
        let signs = self.flags().filter(|(_, wanted)| wanted.is_some());
        counts.into_iter().all(|(wanted, count)| wanted.is_none_or(|wanted| count >= wanted))
            && (self.tainted.is_none() || session.is_tainted())
            && signs.filter_map(|(sign, _)| sign).all(|sign| session.has(sign))
    }

    fn flags(&self) -> impl Iterator<Item = (Option<Sign>, Option<bool>)> {
        [
            (None, self.tainted),
            (Some(Sign::ReadSecret), self.read_secret),
            (Some(Sign::Contacted), self.contacted),
            (Some(Sign::Uploaded), self.uploaded),
            (Some(Sign::Persisted), self.persisted),
            (Some(Sign::OtherUser), self.other_user),
            (Some(Sign::Marked), self.marked),
        ]
        .into_iter()
    }
}

impl fmt::Display for SessionTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [("denied", self.denied), ("high", self.high), ("calls", self.calls)];
        let counts = counts.into_iter().filter_map(|(name, count)| Some(format!("{name} {}", count?)));
        let word = |sign: Option<Sign>| sign.map_or("tainted", Sign::as_str).to_owned();
        let flags = self.flags().filter(|(_, wanted)| wanted.is_some()).map(|(sign, _)| word(sign));
        write!(f, "a session with {}", counts.chain(flags).collect::<Vec<_>>().join(", "))
    }
}
