//! What stands of all sessions, by user and by session: bounded, fed with audit entries alone, so that a start comes to the same.
//!
//! A user's worst hears what all their sessions hear. A new, forgotten or unnamed session starts with it: another name washes nothing
//! clean, and what is forgotten for want of room goes on there.

use std::collections::{HashMap, VecDeque};

use ccc_protocol::{
    TicketId, Timestamp, UserName,
    bodies::{AuditEntry, EntryKind, FenceAnswer, Finding, Held, Status},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    Effect, Follow, Key, Marks, State,
    state::{Hold, is_recent},
};
use crate::law::Law;

/// Denied effects that are remembered of one user; the oldest are forgotten first.
const DENIED_MAX: usize = 64;

/// All sessions.
#[derive(Debug, Clone, Default)]
pub struct Sessions(HashMap<UserName, OfUser>);

/// What one user's requests come to.
#[derive(Debug, Clone, Default)]
struct OfUser {
    worst: State,
    sessions: HashMap<Key, State>,
    denied: VecDeque<Denied>,
}

/// An effect that a person denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) effect: Effect,
    pub(super) by: UserName,
    pub(super) at: Timestamp,
    ticket: Option<TicketId>,
}

/// A session that nothing passes of until a person lifts it: kept beyond every window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Whose.
    pub user: UserName,
    /// Which; none is all that have no name.
    pub session: Option<Key>,
    /// Why, in words.
    pub why: String,
}

impl Sessions {
    /// As they were: frozen sessions, and what the log tells of the time that still counts.
    #[must_use]
    pub fn rebuilt(frozen: Vec<Frozen>, entries: &[AuditEntry], law: &Law) -> Self {
        let mut sessions = Self::default();
        entries.iter().for_each(|entry| sessions.feed(entry, law));
        // What froze before the log is read, and what was lifted within it, is settled by what is kept.
        for of_user in sessions.0.values_mut() {
            of_user.each(State::thaw);
        }
        for Frozen { user, session, why } in frozen {
            sessions.hear(&user, session, law, |state| state.freeze(why.clone()));
        }
        sessions
    }

    /// How the session stands.
    pub(crate) fn state(&self, user: &UserName, session: Option<Key>) -> Option<&State> {
        let of_user = self.0.get(user)?;
        Some(session.and_then(|session| of_user.sessions.get(&session)).unwrap_or(&of_user.worst))
    }

    /// The effects that people denied to this user, and that are still denied.
    pub(super) fn denied<'a>(
        &'a self,
        user: &UserName,
        now: Timestamp,
        seconds: u64,
    ) -> impl Iterator<Item = &'a Denied> {
        let denied = self.0.get(user).into_iter().flat_map(|of_user| &of_user.denied);
        denied.filter(move |denied| is_recent(denied.at, now, seconds))
    }

    /// Hears what happened. Entries that say nothing about sessions change nothing.
    pub fn feed(&mut self, entry: &AuditEntry, law: &Law) {
        let Some(user) = &entry.about else { return };
        let marks: Marks = part(entry, "marks").unwrap_or_default();
        let now = entry.at;
        match &entry.kind {
            EntryKind::Submitted => self.hear_asked(user, entry, marks, law),
            EntryKind::Released => self.hear(user, marks.session, law, |state| state.hear_done(&marks, now, &law.risk)),
            EntryKind::Approved if entry.status == Some(Status::Approved) => self.hear_approved(user, &marks, law),
            EntryKind::Denied if !marks.effects.is_empty() || entry.detail.contains_key("marks") => {
                self.hear(user, marks.session, law, |state| state.hear_denied(now));
                self.deny(user, entry, marks.effects);
            }
            EntryKind::DenialLifted => {
                if let Some(of_user) = self.0.get_mut(user) {
                    of_user.denied.retain(|denied| denied.ticket != entry.ticket);
                }
            }
            EntryKind::OutputFound => {
                let findings: Vec<Finding> = part(entry, "findings").unwrap_or_default();
                let answer: FenceAnswer = part(entry, "answer").unwrap_or(FenceAnswer::Monitor);
                self.hear(user, marks.session, law, |state| state.hear_found(&findings, answer, now, &law.risk));
            }
            EntryKind::RiskLifted => {
                if let Some(of_user) = self.0.get_mut(user) {
                    of_user.each(State::lift);
                }
            }
            _ => {}
        }
    }

    fn hear_asked(&mut self, user: &UserName, entry: &AuditEntry, mut marks: Marks, law: &Law) {
        let params = entry.detail.get("params");
        marks.session = marks.session.or_else(|| params.and_then(Value::as_object).and_then(session_of));
        let now = entry.at;
        let is_leave = entry.status.is_some_and(Status::is_leave);
        let of_session = marks.session.and_then(|session| self.0.get_mut(user)?.sessions.get_mut(&session));
        if let Some(state) = of_session {
            state.count_call();
        }
        self.hear(user, marks.session, law, |state| {
            state.hear_call(&marks, now, &law.risk);
            if is_leave {
                state.hear_done(&marks, now, &law.risk);
            }
            if entry.status == Some(Status::Denied) {
                state.hear_denied(now);
            }
        });
    }

    fn hear_approved(&mut self, user: &UserName, marks: &Marks, law: &Law) {
        if marks.high {
            self.hear(user, marks.session, law, State::hear_approved);
        }
        if let Some(of_user) = self.0.get_mut(user) {
            // A person released exactly this.
            of_user.denied.retain(|denied| !marks.effects.iter().any(|effect| effect.is_within(&denied.effect)));
        }
    }

    fn deny(&mut self, user: &UserName, entry: &AuditEntry, effects: Vec<Effect>) {
        let (Some(by), Some(of_user)) = (&entry.by, self.0.get_mut(user)) else { return };
        for effect in effects {
            of_user.denied.push_back(Denied { effect, by: by.clone(), at: entry.at, ticket: entry.ticket });
        }
        let over = of_user.denied.len().saturating_sub(DENIED_MAX);
        of_user.denied.drain(..over);
    }

    /// INVARIANT: whatever a session hears, its user's worst hears too.
    fn hear(&mut self, user: &UserName, session: Option<Key>, law: &Law, mut hear: impl FnMut(&mut State)) {
        if !self.0.contains_key(user) {
            self.0.insert(user.clone(), OfUser::default());
        }
        let Some(of_user) = self.0.get_mut(user) else { return };
        if let Some(session) = session {
            hear(of_user.session(session, law.limits.sessions_per_user_max));
        }
        hear(&mut of_user.worst);
    }

    /// What holds against sessions of these users.
    pub fn held<'a>(&'a self, users: impl Iterator<Item = &'a UserName>, now: Timestamp) -> Vec<Held> {
        let mut held = vec![];
        for (user, of_user) in users.filter_map(|user| Some((user, self.0.get(user)?))) {
            let mut rows: Vec<(Option<Key>, &State)> =
                of_user.sessions.iter().map(|(session, state)| (Some(*session), state)).collect();
            rows.sort_by_key(|(session, _)| *session);
            // A session that is held is in its user's worst too; alone there it is what a forgotten one left behind.
            rows.retain(|(_, state)| state.holds(now).next().is_some());
            if rows.is_empty() {
                rows.push((None, &of_user.worst));
            }
            held.extend(
                rows.into_iter()
                    .flat_map(|(session, state)| state.holds(now).map(move |hold| (session, hold)))
                    .map(|(session, hold)| hold.told(user, session)),
            );
        }
        held
    }

    /// The same of everybody.
    #[must_use]
    pub fn all_held(&self, now: Timestamp) -> Vec<Held> {
        let mut users: Vec<&UserName> = self.0.keys().collect();
        users.sort();
        self.held(users.into_iter(), now)
    }

    /// The sessions that are frozen, to be kept.
    #[must_use]
    pub fn frozen(&self) -> Vec<Frozen> {
        let mut frozen = vec![];
        for (user, of_user) in &self.0 {
            let of = |session: Option<Key>, state: &State| {
                state.frozen().map(|why| Frozen { user: user.clone(), session, why: why.to_owned() })
            };
            frozen.extend(of_user.sessions.iter().filter_map(|(session, state)| of(Some(*session), state)));
            frozen.extend(of(None, &of_user.worst));
        }
        frozen.sort_by(|one, other| (&one.user, one.session).cmp(&(&other.user, other.session)));
        frozen
    }

    /// How many sessions are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().map(|of_user| of_user.sessions.len()).sum()
    }
}

impl OfUser {
    /// This session; a new one starts with the user's worst. The one that was quiet the longest makes room.
    fn session(&mut self, session: Key, most: u64) -> &mut State {
        if !self.sessions.contains_key(&session) && u64::try_from(self.sessions.len()).unwrap_or(u64::MAX) >= most {
            let quiet = self.sessions.iter().min_by_key(|(key, state)| (state.heard, **key)).map(|(key, _)| *key);
            if let Some(quiet) = quiet {
                self.sessions.remove(&quiet);
            }
        }
        let worst = &self.worst;
        self.sessions.entry(session).or_insert_with(|| worst.clone())
    }

    fn each(&mut self, mut change: impl FnMut(&mut State)) {
        self.sessions.values_mut().chain([&mut self.worst]).for_each(&mut change);
    }
}

impl Hold {
    fn told(self, user: &UserName, session: Option<Key>) -> Held {
        let (what, until, why) = match self {
            Self::Frozen { why } => ("frozen", None, why),
            Self::Narrowed { why, until, .. } => ("narrowed", Some(until), why),
            Self::Escalated { why, until } => ("escalated", Some(until), why),
            Self::Enforced { until } => ("enforced", Some(until), "many calls of high risk".to_owned()),
        };
        Held { user: user.clone(), session: session.map(|key| key.to_string()), what: what.to_owned(), until, why }
    }
}

/// The short name of the session that these parameters name.
pub(crate) fn session_of(params: &Map<String, Value>) -> Option<Key> {
    let named = params.get("session")?.as_str().filter(|session| !session.is_empty())?;
    Some(Key::of(named))
}

fn part<T: DeserializeOwned>(entry: &AuditEntry, key: &str) -> Option<T> {
    entry.detail.get(key).and_then(|value| T::deserialize(value).ok())
}

/// True where something may be held against sessions by this entry, or lifted.
#[must_use]
pub fn may_hold(entry: &AuditEntry) -> bool {
    match entry.kind {
        EntryKind::RiskLifted | EntryKind::OutputFound => true,
        EntryKind::Submitted => {
            part::<Marks>(entry, "marks").is_some_and(|marks| marks.high || !marks.follows.is_empty())
        }
        _ => false,
    }
}

/// True where sessions may be frozen by this entry, or thawed.
pub(crate) fn may_freeze(entry: &AuditEntry) -> bool {
    let freezes = |marks: Marks| marks.follows.iter().any(|follow| matches!(follow, Follow::Freeze { .. }));
    match entry.kind {
        EntryKind::RiskLifted => true,
        EntryKind::OutputFound => part(entry, "answer") == Some(FenceAnswer::Emergency),
        EntryKind::Submitted => part::<Marks>(entry, "marks").is_some_and(freezes),
        _ => false,
    }
}
