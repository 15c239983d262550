//! The level of a call: six dimensions, one formula, short circuits before it, and the reasons in words.
//!
//! | | dimension | 0 to | from |
//! |---|---|---|---|
//! | D1 | what it does | 3 | the table of verdicts (`toolcall/src/verdict.rs`) |
//! | D2 | where | 3 | the same table, and paths outside of the project |
//! | D3 | patterns in its text | 3 | [`super::patterns`] |
//! | D4 | the session so far | 2 | [`Picture`] |
//! | D5 | trust of the agent | 2 | `[risk.trust]`, never the request |
//! | D6 | signs of injection | 3 | what was found in outputs, and marked values in the call |

use std::collections::BTreeSet;

use ccc_protocol::{
    Timestamp, UserName,
    bodies::{Assessed, Care, Class, Facts, Gravity, Level, Verdict},
};
use ccc_toolcall::verdict;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Last, Marks, Picture, RiskLaw, Sign, State, TextSigns, patterns::Matched, sessions::session_of};

/// A tool call as its risk is asked.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who signed.
    pub user: &'a UserName,
    /// Whom the session claims to belong to.
    pub declared_user: Option<&'a str>,
    /// What it touches.
    pub facts: &'a Facts,
    /// The patterns that its text fits.
    pub matched: &'a [Matched],
    /// Where a marked value stands in it that nobody should have read, in words.
    pub canary: Option<&'a str>,
}

/// The risk of a call, as its ticket keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What is told of it.
    #[serde(flatten)]
    pub told: Assessed,
    /// Its level before the last word, where that raised it: what rules are asked by, so that a person can release what was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level_alone: Option<Level>,
    /// The session before it.
    #[serde(default, skip_serializing_if = "Picture::is_blank")]
    pub session: Picture,
    /// What it leaves behind.
    #[serde(default)]
    pub marks: Marks,
}

impl Call<'_> {
    fn signs(&self) -> BTreeSet<Sign> {
        let classes = [
            (Class::Credentials, Sign::ReadSecret),
            (Class::Network, Sign::Contacted),
            (Class::Upload, Sign::Uploaded),
            (Class::Persistence, Sign::Persisted),
        ];
        let by_class = classes.into_iter().filter(|(class, _)| self.facts.any(&[*class])).map(|(_, sign)| sign);
        by_class.chain(self.is_anothers().then_some(Sign::OtherUser)).collect()
    }

    /// True where the session says that it belongs to somebody else than whose key signs.
    fn is_anothers(&self) -> bool {
        self.declared_user.is_some_and(|declared| declared != self.user.as_str())
    }
}

/// D1 to D6.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dims {
    pub(super) deed: u8,
    pub(super) place: u8,
    pub(super) patterns: u8,
    pub(super) session: u8,
    pub(super) trust: u8,
    pub(super) injection: u8,
}

/// The level of a call in this session, with its reasons.
#[must_use]
pub fn assess(call: &Call<'_>, session: &Picture, law: &RiskLaw) -> Assessed {
    let (weight, gravity) = verdict::weigh(call.facts);
    let by_canary = if call.canary.is_some() { 3 } else { 0 };
    let dims = Dims {
        deed: weight.deed,
        place: weight.place,
        patterns: call.matched.iter().map(|matched| matched.grade.weight().min(3)).max().unwrap_or(0),
        session: of_session(session),
        trust: law.trust_of(call.user).points(),
        injection: session.taint.max(by_canary).min(3),
    };
    let score_millis = dims.score_millis(law);
    let by_formula = if call.canary.is_some() { Level::Critical } else { dims.level(score_millis, law) };
    // One table with the console's gravity: what is shown as grave is high at least, what is odd medium at least.
    let level = by_formula.max(Level::least_of(gravity));
    let mut reasons = reasons(call, session, dims, gravity);
    reasons.truncate(Assessed::REASONS_MAX);
    Assessed { level, score_millis, reasons }
}

impl Dims {
    /// `(act · max(D1, D2, D3) + session · D4 + trust · D5) · (1 + injection · D6 / 3)`, in thousandths.
    pub(super) fn score_millis(self, law: &RiskLaw) -> u32 {
        let weights = &law.weights;
        let most = u32::from(self.deed.max(self.place).max(self.patterns));
        let base = weights.act_millis * most
            + weights.session_millis * u32::from(self.session)
            + weights.trust_millis * u32::from(self.trust);
        let factor = 3000 + weights.injection_millis * u32::from(self.injection);
        let score = u64::from(base) * u64::from(factor) / 3000;
        u32::try_from(score).unwrap_or(u32::MAX)
    }

    /// The formula alone never makes the worst command critical: the short circuits stand before it.
    pub(super) fn level(self, score_millis: u32, law: &RiskLaw) -> Level {
        if self.deed == 3 && self.place >= 2 || self.patterns == 3 {
            return Level::Critical;
        }
        if self.is_blank() && self.injection < 2 {
            return Level::Low;
        }
        law.thresholds.level(score_millis)
    }

    fn is_blank(self) -> bool {
        Self { injection: 0, ..self } == Self::default()
    }
}

/// D4: 1 for a sign of trouble, 2 for several denials, or for a pair that belongs together.
fn of_session(session: &Picture) -> u8 {
    let read_secret = session.has(Sign::ReadSecret);
    if session.denied >= 3 || session.high >= 3 || session.held || read_secret && session.is_tainted() {
        return 2;
    }
    let troubled = session.denied > 0
        || read_secret
        || session.is_tainted()
        || session.has(Sign::Marked)
        || session.has(Sign::OtherUser);
    u8::from(troubled)
}

fn reasons(call: &Call<'_>, session: &Picture, dims: Dims, gravity: Gravity) -> Vec<String> {
    let mut reasons = vec![];
    if let Some(place) = call.canary {
        reasons.push(format!("a marked value that nobody should have read stands in it: {place}"));
    }
    reasons.extend(call.matched.iter().map(|matched| format!("it {} (`{}`)", matched.reason, matched.id)));
    if dims.injection > 0 && call.canary.is_none() {
        reasons.push("the session read text that tells agents what to do".to_owned());
    }
    if session.denied > 0 {
        reasons.push(counted(session.denied, "call of this session was denied", "calls of this session were denied"));
    }
    if session.high > 0 {
        reasons.push(counted(session.high, "call of high risk before it", "calls of high risk before it"));
    }
    if session.has(Sign::ReadSecret) {
        reasons.push("the session has read secrets".to_owned());
    }
    if session.has(Sign::Marked) {
        reasons.push("the session is watched".to_owned());
    }
    if call.is_anothers() {
        reasons.push(format!("the session says that it is another's than `{}`, whose key signs", call.user));
    }
    if dims.trust == 2 {
        reasons.push(format!("`{}` is not trusted (`[risk.trust]`)", call.user));
    }
    if gravity > Gravity::Plain {
        reasons.push(verdict::headline(call.facts).to_lowercase());
    }
    reasons
}

fn counted(count: u8, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

impl Assessment {
    /// Of this call, in a session that stands so.
    #[must_use]
    pub fn of(
        user: &UserName,
        params: &Map<String, Value>,
        facts: &Facts,
        signs: &TextSigns,
        state: &State,
        law: &RiskLaw,
        now: Timestamp,
    ) -> Self {
        let declared_user = params.get("declared_user").and_then(Value::as_str);
        let call = Call { user, declared_user, facts, matched: &signs.matched, canary: signs.canary.as_deref() };
        let session = state.picture(now, law);
        let told = assess(&call, &session, law);
        let marks = Marks { session: session_of(params), signs: call.signs(), ..Marks::default() };
        Self { told, level_alone: None, session, marks }
    }

    /// Of this call, as if nothing had come before.
    #[must_use]
    pub fn alone(user: &UserName, params: &Map<String, Value>, facts: &Facts, law: &RiskLaw) -> Self {
        Self::of(user, params, facts, &TextSigns::default(), &State::default(), law, Timestamp::default())
    }

    /// The level that rules ask about.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level_alone.unwrap_or(self.told.level)
    }

    /// What the last word asked for stands among the reasons, and in what holds from now on.
    pub(crate) fn take(&mut self, last: Last) {
        if last.level > self.told.level {
            self.level_alone = Some(self.told.level);
            self.told.level = last.level;
        }
        self.told.reasons.splice(0..0, last.reasons);
        self.told.reasons.truncate(Assessed::REASONS_MAX);
        self.marks.follows.extend(last.follows);
        self.marks.high = self.told.level >= Level::High;
    }

    /// As the log keeps what it leaves behind, where there is something.
    pub(crate) fn marks_note(&self) -> Option<Value> {
        let marks = self.marks.without_effects();
        if marks.is_empty() { None } else { serde_json::to_value(marks).ok() }
    }

    /// The verdict of a call with this risk: never milder than its level. What the call itself is said to be stands first among the
    /// objects where something else is graver.
    #[must_use]
    pub fn over(&self, verdict: Verdict) -> Verdict {
        let wanted = self.told.level.gravity();
        if wanted <= verdict.gravity {
            return verdict;
        }
        let is_grave = wanted == Gravity::Grave;
        let reason = self.told.reasons.first().cloned().unwrap_or_default();
        let headline = match is_grave {
            true => format!("{} RISK, BY WHAT CAME WITH IT OR BEFORE IT", self.told.level.as_str().to_uppercase()),
            false => format!("{}; more risk than that, by what came before it", verdict.headline),
        };
        let said = is_grave.then_some(verdict.headline);
        let objects = [Some(reason), said].into_iter().flatten().filter(|text| !text.is_empty());
        let mut objects: Vec<String> =
            objects.map(|text| text.chars().take(Verdict::OBJECT_CHARS_MAX).collect()).collect();
        objects.extend(verdict.objects);
        objects.truncate(Verdict::OBJECTS_MAX);
        let care = if is_grave { Care::Always } else { verdict.care };
        Verdict { gravity: wanted, headline, objects, care, ..verdict }
    }
}
