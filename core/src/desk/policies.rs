//! Run-time policy: what an approver sets for the users they may approve for, never for themselves.

use std::collections::BTreeSet;

use ccc_protocol::{
    ActionName, UserName,
    bodies::{AuditEntry, EntryKind, Freeze, Policy, Status},
};
use serde_json::{Map, Value, json};

use crate::{
    policy::Settings,
    refusal::Refusal,
    ticket::{Event, Ticket},
};

use super::{Change, Cx, Desk, Setting};

impl Desk {
    /// Switches a group of actions on or off.
    ///
    /// # Errors
    /// 403 without approval rights, 404 where no action is in the group.
    pub fn set_group(
        &mut self,
        by: &UserName,
        group: &str,
        enabled: bool,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        has_rights(by, cx)?;
        if !cx.law.catalogue.iter().any(|action| action.group == group) {
            return Err(Refusal::no_such("group", group));
        }
        let set = |settings: &mut Settings| match enabled {
            true => settings.disabled_groups.remove(group),
            false => settings.disabled_groups.insert(group.to_owned()),
        };
        let detail = json!({ "group": group, "enabled": enabled });
        self.set(by, EntryKind::GroupSet, set, detail, cx, change);
        Ok(())
    }

    /// Sets or takes away the override of one action.
    ///
    /// # Errors
    /// 403 without approval rights, 404 without such an action, 422 where it would be looser than the action's floor, or
    /// is `confine` for another action than tool calls.
    pub fn set_policy(
        &mut self,
        by: &UserName,
        action: &ActionName,
        policy: Option<Policy>,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        has_rights(by, cx)?;
        let declared = cx.law.catalogue.named(action.as_str()).ok_or_else(|| Refusal::no_such("action", action))?;
        if let (Some(asked), Some(floor)) =
            (policy, declared.floor.filter(|floor| policy.is_some_and(|asked| asked < *floor)))
        {
            return Err(Refusal::invalid(
                "policy",
                format!("`{asked}` is looser than the floor of `{action}`, `{floor}`"),
            ));
        }
        if policy == Some(Policy::Confine) && !declared.is_judge_only() {
            return Err(Refusal::invalid("policy", format!("`confine` is for tool calls, and `{action}` is none")));
        }
        let set = |settings: &mut Settings| match policy {
            Some(policy) => settings.actions.insert(action.clone(), policy) != Some(policy),
            None => settings.actions.remove(action).is_some(),
        };
        let detail = json!({ "action": action, "policy": policy });
        self.set(by, EntryKind::PolicySet, set, detail, cx, change);
        Ok(())
    }

    /// Freezes users: their grants end, what waits is denied, what comes is refused, until it is lifted. Lifting also lifts what earlier
    /// calls hold against their sessions.
    ///
    /// # Errors
    /// 403 without approval rights, or for a user the caller may not approve for.
    pub fn freeze(&mut self, by: &UserName, body: Freeze, cx: Cx<'_>, change: &mut Change) -> Result<(), Refusal> {
        has_rights(by, cx)?;
        let users = frozen_users(by, body.users, cx)?;
        let set = |settings: &mut Settings| {
            let before = settings.frozen.clone();
            settings.frozen.retain(|user| !users.contains(user));
            if body.frozen {
                settings.frozen.extend(users.iter().cloned());
            }
            settings.frozen != before
        };
        let detail = json!({ "users": users, "frozen": body.frozen });
        self.set(by, EntryKind::FreezeSet, set, detail, cx, change);
        if !body.frozen {
            self.thaw_for_the_gone(by, &users, cx, change);
            for user in &users {
                self.lift_holds(by, user, cx, change);
            }
        }
        if body.frozen {
            self.clear(by, &users, cx, change);
        }
        Ok(())
    }

    /// A freeze whose setter could not lift it any more is lifted by whoever may approve for the user.
    fn thaw_for_the_gone(&mut self, by: &UserName, users: &BTreeSet<UserName>, cx: Cx<'_>, change: &mut Change) {
        for user in users {
            let setters: Vec<_> = self.overrides.orphaned_freezes(user, &cx.law.users).cloned().collect();
            for setter in setters {
                let thaw = |settings: &mut Settings| settings.frozen.remove(user);
                let detail = json!({ "users": [user], "frozen": false, "of": setter });
                self.set_of(&setter, thaw, entry(EntryKind::FreezeSet, by, detail, cx), change);
            }
        }
    }

    /// True where the ticket's user or session is frozen, or its group switched off, since it was approved.
    pub(super) fn is_barred(&self, ticket: &Ticket, cx: Cx<'_>) -> bool {
        let (user, users) = (ticket.submitted_by(), &cx.law.users);
        let group = cx.law.catalogue.named(ticket.request().action.as_str()).map(|action| action.group.as_str());
        self.overrides.frozen_by(user).is_some()
            || self.is_session_frozen(user, &ticket.request().params)
            || group.is_none_or(|group| self.overrides.group_disabled_by(group, user, users).is_some())
    }

    fn set(
        &mut self,
        by: &UserName,
        kind: EntryKind,
        set: impl FnOnce(&mut Settings) -> bool,
        detail: Value,
        cx: Cx<'_>,
        change: &mut Change,
    ) {
        self.set_of(by, set, entry(kind, by, detail, cx), change);
    }

    fn set_of(
        &mut self,
        whose: &UserName,
        set: impl FnOnce(&mut Settings) -> bool,
        entry: AuditEntry,
        change: &mut Change,
    ) {
        let mut changed = self.overrides.clone();
        if !set(changed.by.entry(whose.clone()).or_default()) {
            return;
        }
        changed.by.retain(|_, settings| *settings != Settings::default());
        self.overrides = changed;
        change.settings.push(Setting::Overrides(self.overrides.clone()));
        self.log(entry, change);
    }

    /// The panic key's work: nothing of these users goes on.
    fn clear(&mut self, by: &UserName, users: &BTreeSet<UserName>, cx: Cx<'_>, change: &mut Change) {
        let tickets: Vec<_> =
            self.open.values().filter(|ticket| users.contains(ticket.submitted_by())).cloned().collect();
        for ticket in tickets {
            let event = match ticket.status() {
                Status::Queued => Event::Freeze { by: by.clone() },
                Status::Approved => Event::Stop { reason: "frozen before it was started".to_owned() },
                // What runs already ends as it ends.
                _ => continue,
            };
            // A ticket whose time is over is left to its expiry.
            let _ = self.advance(&ticket, event, cx, change);
        }
        let grants: Vec<_> = self.grants.values().filter(|grant| users.contains(&grant.user)).cloned().collect();
        for grant in grants {
            self.end_grant(&grant, EntryKind::GrantRevoked, Some(by), cx, change);
        }
    }
}

fn has_rights(by: &UserName, cx: Cx<'_>) -> Result<(), Refusal> {
    if cx.law.users.has_approval_rights(by) {
        return Ok(());
    }
    Err(Refusal::not_allowed("policies are set by users with approval rights, for those they may approve for"))
}

fn frozen_users(by: &UserName, named: Option<Vec<UserName>>, cx: Cx<'_>) -> Result<BTreeSet<UserName>, Refusal> {
    let own = cx.law.users.named(by).map(|user| user.can_approve.clone()).unwrap_or_default();
    let Some(named) = named else { return Ok(own) };
    match named.iter().find(|user| !own.contains(*user)) {
        Some(user) => Err(Refusal::not_allowed(format!("you may not freeze `{user}`"))),
        None => Ok(named.into_iter().collect()),
    }
}

fn entry(kind: EntryKind, by: &UserName, detail: Value, cx: Cx<'_>) -> AuditEntry {
    AuditEntry {
        seq: 0,
        at: cx.now,
        kind,
        by: Some(by.clone()),
        about: None,
        ticket: None,
        action: None,
        status: None,
        detail: match detail {
            Value::Object(fields) => fields,
            _ => Map::new(),
        },
    }
}
