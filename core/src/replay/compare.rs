//! What a law would have said to each call, beside what was said.

use std::collections::BTreeMap;

use ccc_protocol::{ActionName, TicketId, Timestamp, UserName};
use serde::Serialize;

use super::{Call, Made, Outcome, Ready, Under, described};
use crate::policy::LocalTime;

/// How many requests came to what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Outcome, u64>);

/// Requests that would come to something else: the same call, decided by the same rules, then and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// For whom.
    pub caller: UserName,
    /// The action.
    pub action: ActionName,
    /// The call in one line, as its agent wrote it.
    pub call: String,
    /// What it came to.
    pub was: Outcome,
    /// By which rules.
    pub was_by: String,
    /// What it would come to.
    pub would: Outcome,
    /// By which rules, or why it would not be taken.
    pub would_by: String,
    /// How many times it was made so.
    pub times: u64,
    /// The last time.
    pub last: Timestamp,
    /// The ticket of that time.
    pub ticket: TicketId,
}

/// What was compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// How many different calls were decided.
    pub calls: u64,
    /// What the requests came to.
    pub was: Counts,
    /// What they would come to.
    pub would: Counts,
    /// Each that would change, in no order until [`Compared::sorted`].
    pub cases: Vec<Case>,
}

impl Counts {
    /// How many came to this.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    fn add(&mut self, outcome: Outcome, times: u64) {
        if times > 0 {
            *self.0.entry(outcome).or_default() += times;
        }
    }
}

impl Case {
    /// True where it would pass more easily than it did.
    #[must_use]
    pub fn is_looser(&self) -> bool {
        self.would < self.was
    }
}

impl Compared {
    /// With what another part of the log showed.
    pub fn join(&mut self, other: Self) {
        self.calls += other.calls;
        for outcome in Outcome::ALL {
            self.was.add(outcome, other.was.of(outcome));
            self.would.add(outcome, other.would.of(outcome));
        }
        self.cases.extend(other.cases);
    }

    /// The looser first, then by how often and by name: the order does not depend on who compared which part.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.cases.sort_by(|one, other| {
            let key = |case: &Case| (!case.is_looser(), std::cmp::Reverse(case.times));
            key(one).cmp(&key(other)).then_with(|| {
                (&one.caller, &one.call, one.was, &one.was_by, one.ticket)
                    .cmp(&(&other.caller, &other.call, other.was, &other.was_by, other.ticket))
            })
        });
        self
    }

    /// How many requests would change.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.cases.iter().map(|case| case.times).sum()
    }
}

/// What a law says, and by which rules.
type Said = (Outcome, String);

/// Decides each call once, and once for each time of day where rules ask for it.
#[must_use]
pub fn compare(calls: &[(Call, Vec<Made>)], under: &Under, local: impl Fn(Timestamp) -> LocalTime) -> Compared {
    let mut compared = Compared::default();
    let asks_time = under.asks_time();
    for (call, made) in calls {
        compared.calls += 1;
        let ready = under.ready(call);
        let mut said: Vec<(Option<LocalTime>, Said)> = vec![];
        for made in made {
            let at = asks_time.then(|| local(made.at));
            let known = said.iter().find(|(known, _)| *known == at).map(|(_, said)| said.clone());
            let would = known.unwrap_or_else(|| {
                let now = outcome(call, ready.as_ref(), under, made.at, at.unwrap_or_else(|| local(made.at)));
                said.push((at, now.clone()));
                now
            });
            compared.add(call, made, would);
        }
    }
    compared
}

fn outcome(call: &Call, ready: Result<&Ready, &String>, under: &Under, at: Timestamp, local: LocalTime) -> Said {
    match ready {
        Ok(ready) => under.outcome(call, ready, at, local),
        Err(why) => (Outcome::Refused, why.clone()),
    }
}

impl Compared {
    fn add(&mut self, call: &Call, made: &Made, (would, would_by): Said) {
        self.was.add(made.outcome, 1);
        self.would.add(would, 1);
        if would == made.outcome {
            return;
        }
        let told = described(call);
        let same = self.cases.iter_mut().rev().take_while(|case| case.call == told && case.caller == call.caller).find(
            |case| {
                case.was == made.outcome && case.was_by == made.rule && case.would == would && case.would_by == would_by
            },
        );
        if let Some(case) = same {
            case.times += 1;
            if case.last < made.at {
                (case.last, case.ticket) = (made.at, made.ticket);
            }
            return;
        }
        self.cases.push(Case {
            caller: call.caller.clone(),
            action: call.action.clone(),
            call: told,
            was: made.outcome,
            was_by: made.rule.clone(),
            would,
            would_by,
            times: 1,
            last: made.at,
            ticket: made.ticket,
        });
    }
}
