//! Whether what approvers set, as it stands beside the log, is what the log says they set: overrides, groups, freezes and
//! grants. Each is set by an entry of its own, so that the log replayed gives what must stand; that takes no more memory than
//! what stands.

use std::collections::BTreeMap;

use ccc_core::{
    grant::Grant,
    policy::{self, Overrides},
};
use ccc_protocol::{
    ActionName, GrantId, Timestamp, UserName,
    bodies::{self, AuditEntry, EntryKind, Policy},
};
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    database::Database,
    error::Error,
    verify::{Finding, Findings},
};

/// What the entries so far have set.
#[derive(Debug, Default)]
pub struct Settings {
    overrides: Overrides,
    grants: BTreeMap<GrantId, Given>,
    /// Entries are missing, and with them what they set.
    has_gap: bool,
}

/// A grant as it was made, and how often it was used since.
#[derive(Debug)]
struct Given {
    grant: bodies::Grant,
    used: u32,
    /// Since when its time is not counted.
    held: Option<Timestamp>,
}

/// What a step of the clock did to grants.
#[derive(Deserialize)]
struct Clock {
    #[serde(default)]
    moved_millis: i64,
    held: bool,
}

#[derive(Deserialize)]
struct GroupSet {
    group: String,
    enabled: bool,
}

#[derive(Deserialize)]
struct PolicySet {
    action: ActionName,
    policy: Option<Policy>,
}

#[derive(Deserialize)]
struct FreezeSet {
    users: Vec<UserName>,
    frozen: bool,
    /// Whose freeze it was, where that is somebody who is gone and another lifted it.
    #[serde(default)]
    of: Option<UserName>,
}

#[derive(Deserialize)]
struct OfGrant {
    grant: GrantId,
}

impl Settings {
    /// Takes in what this entry sets. One that does not read sets nothing: what stands will differ.
    pub fn replay(&mut self, entry: &AuditEntry) {
        match &entry.kind {
            EntryKind::GroupSet => self.set(entry, |settings, GroupSet { group, enabled }| match enabled {
                true => drop(settings.disabled_groups.remove(&group)),
                false => drop(settings.disabled_groups.insert(group)),
            }),
            EntryKind::PolicySet => self.set(entry, |settings, PolicySet { action, policy }| match policy {
                Some(policy) => drop(settings.actions.insert(action, policy)),
                None => drop(settings.actions.remove(&action)),
            }),
            EntryKind::FreezeSet => {
                let of = detail(entry).and_then(|FreezeSet { of, .. }| of).or_else(|| entry.by.clone());
                self.set_of(of, entry, |settings, FreezeSet { users, frozen, .. }| {
                    settings.frozen.retain(|user| !users.contains(user));
                    settings.frozen.extend(users.into_iter().filter(|_| frozen));
                });
            }
            EntryKind::GrantMade => {
                let made: Option<bodies::Grant> = detail(entry);
                self.grants.extend(made.map(|grant| (grant.id, Given { grant, used: 0, held: None })));
            }
            EntryKind::GrantUsed => {
                let used = detail(entry).and_then(|OfGrant { grant }| self.grants.get_mut(&grant));
                used.into_iter().for_each(|given| given.used = given.used.saturating_add(1));
            }
            kind if kind.ends_a_grant() => {
                detail(entry).map(|OfGrant { grant }| self.grants.remove(&grant));
            }
            kind if kind.is_about_the_clock() => {
                let clock: Option<Clock> = detail(entry);
                clock
                    .into_iter()
                    .for_each(|clock| self.grants.values_mut().for_each(|given| given.meet(entry, &clock)));
            }
            EntryKind::GapDeclared => self.has_gap = true,
            _ => {}
        }
    }

    fn set<D: DeserializeOwned>(&mut self, entry: &AuditEntry, set: impl FnOnce(&mut policy::Settings, D)) {
        self.set_of(entry.by.clone(), entry, set);
    }

    fn set_of<D: DeserializeOwned>(
        &mut self,
        whose: Option<UserName>,
        entry: &AuditEntry,
        set: impl FnOnce(&mut policy::Settings, D),
    ) {
        let (Some(whose), Some(detail)) = (whose, detail(entry)) else { return };
        set(self.overrides.by.entry(whose).or_default(), detail);
        self.overrides.by.retain(|_, settings| *settings != policy::Settings::default());
    }

    /// Holds what stands in the database against what was replayed. Gives how many grants stand; none where entries are missing,
    /// so that nothing could be held against them.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn finish(self, database: &Database, findings: &mut Findings) -> Result<Option<u64>, Error> {
        if self.has_gap {
            return Ok(None);
        }
        let mut wrong = |why: String| findings.add(Finding::Setting { why });
        match overrides(database)? {
            Ok(stored) => self.differing(&stored).into_iter().for_each(|user| {
                wrong(format!("what `{user}` has set (overrides, groups, freezes) is not what the log says"));
            }),
            Err(why) => wrong(format!("the overrides do not read: {why}")),
        }
        let count = u64::try_from(self.grants.len()).unwrap_or(u64::MAX);
        self.check_grants(database, &mut wrong)?;
        Ok(Some(count))
    }

    /// Whose settings are not the same in both.
    fn differing(&self, stored: &Overrides) -> Vec<UserName> {
        let known = self.overrides.by.iter().filter(|(user, settings)| stored.by.get(*user) != Some(*settings));
        let more = stored.by.iter().filter(|(user, _)| !self.overrides.by.contains_key(*user));
        known.chain(more).map(|(user, _)| user.clone()).collect()
    }

    fn check_grants(mut self, database: &Database, wrong: &mut dyn FnMut(String)) -> Result<(), Error> {
        let query = "SELECT body FROM standing_grant ORDER BY id";
        let mut statement = database.connection().prepare(query).map_err(database.failed())?;
        let mut rows = statement.query([]).map_err(database.failed())?;
        while let Some(row) = rows.next().map_err(database.failed())? {
            let body: String = row.get(0).map_err(database.failed())?;
            match serde_json::from_str::<Grant>(&body) {
                Ok(stored) if self.grants.remove(&stored.id).is_some_and(|given| given.is(&stored)) => {}
                Ok(stored) => wrong(format!("grant {} is not what the log says of it", stored.id)),
                Err(error) => wrong(format!("a grant does not read: {error}")),
            }
        }
        self.grants.keys().for_each(|id| wrong(format!("grant {id} is missing, though the log has not ended it")));
        Ok(())
    }
}

impl Given {
    fn is(self, stored: &Grant) -> bool {
        let made = Grant { used: 0, ..stored.clone() }.view();
        stored.used == self.used && stored.held == self.held && made == self.grant
    }

    /// Its end is moved with the clock; or it is held, and goes on with the time that it had left, or where that stood.
    fn meet(&mut self, entry: &AuditEntry, clock: &Clock) {
        let moved = match self.held {
            None if entry.kind == EntryKind::ClockHeld => return self.held = Some(entry.at),
            None => clock.moved_millis,
            Some(_) if clock.held => return,
            Some(since) if entry.kind == EntryKind::ClockAccepted => entry.at.millis().saturating_sub(since.millis()),
            Some(_) => 0,
        };
        self.held = None;
        self.grant.until = self.grant.until.plus_millis(moved);
        self.grant.made = self.grant.made.plus_millis(moved);
    }
}

/// The stored overrides, or why they do not read; none are stored until one is set.
fn overrides(database: &Database) -> Result<Result<Overrides, serde_json::Error>, Error> {
    let query = "SELECT body FROM setting WHERE name = 'overrides'";
    let body: Option<String> =
        database.connection().query_row(query, [], |row| row.get(0)).optional().map_err(database.failed())?;
    Ok(body.map_or_else(|| Ok(Overrides::default()), |body| serde_json::from_str(&body)))
}

fn detail<D: DeserializeOwned>(entry: &AuditEntry) -> Option<D> {
    serde_json::from_value(Value::Object(entry.detail.clone())).ok()
}
