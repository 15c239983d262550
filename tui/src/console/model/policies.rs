//! The policies on screen: groups and their actions, as rows.

use ccc_protocol::{
    actions::USE_TOOL,
    bodies::{ActionPolicy, GroupPolicies, Policy, PolicyList},
};

use super::{dialog::Change, filter::Filter};

/// What was read, and the cursor.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    list: Option<PolicyList>,
    filter: Filter,
    at: usize,
    top: usize,
    height: usize,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PolicyRow<'a> {
    /// A group.
    Group(&'a GroupPolicies),
    /// An action of a group.
    Action(&'a GroupPolicies, &'a ActionPolicy),
}

impl PolicyRow<'_> {
    /// What makes it this row and no other: the group, and the action in it.
    fn key(self) -> (String, Option<String>) {
        match self {
            Self::Group(group) => (group.group.clone(), None),
            Self::Action(group, action) => (group.group.clone(), Some(action.action.as_str().to_owned())),
        }
    }
}

impl Policies {
    /// What was read.
    #[must_use]
    pub fn list(&self) -> Option<&PolicyList> {
        self.list.as_ref()
    }

    /// Takes over what was read.
    pub fn take(&mut self, list: PolicyList) {
        let row = self.selected().map(PolicyRow::key);
        self.list = Some(list);
        self.return_to(row.as_ref());
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what fits these words.
    pub fn set_filter(&mut self, words: &str) {
        let row = self.selected().map(PolicyRow::key);
        self.filter = Filter::new(words);
        self.return_to(row.as_ref());
    }

    /// The cursor stays on its row whatever comes or goes around it; where the row is gone, on the first.
    fn return_to(&mut self, row: Option<&(String, Option<String>)>) {
        let at = self.rows().position(|known| Some(&known.key()) == row);
        self.at = at.unwrap_or(0);
        self.step(0);
    }

    /// All rows that fit.
    pub fn rows(&self) -> impl Iterator<Item = PolicyRow<'_>> {
        let groups = self.list.iter().flat_map(|list| &list.groups);
        let rows = groups.flat_map(|group| {
            std::iter::once(PolicyRow::Group(group))
                .chain(group.actions.iter().map(move |action| PolicyRow::Action(group, action)))
        });
        rows.filter(|row| match row {
            PolicyRow::Group(group) => {
                self.filter.fits(&group.group)
                    || group.actions.iter().any(|action| self.filter.fits(action.action.as_str()))
            }
            PolicyRow::Action(_, action) => self.filter.fits(action.action.as_str()),
        })
    }

    /// The rows on screen, each with whether the cursor is on it.
    pub fn visible(&self) -> impl Iterator<Item = (PolicyRow<'_>, bool)> {
        let rows = self.rows().enumerate().skip(self.top).take(self.height);
        rows.map(|(at, row)| (row, at == self.at))
    }

    /// The row under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<PolicyRow<'_>> {
        self.rows().nth(self.at)
    }

    /// Moves the cursor by so many rows.
    pub fn step(&mut self, rows: isize) {
        let last = self.rows().count().saturating_sub(1);
        self.at = self.at.saturating_add_signed(rows).min(last);
        self.keep_in_sight();
    }

    /// Tells how many rows the pane has.
    pub fn resize(&mut self, height: usize) {
        self.height = height;
        self.keep_in_sight();
    }

    fn keep_in_sight(&mut self) {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(self.height.max(1)));
    }

    /// The change that switches the group of the row.
    #[must_use]
    pub fn switch_group(&self) -> Option<Change> {
        let (PolicyRow::Group(group) | PolicyRow::Action(group, _)) = self.selected()?;
        Some(Change::Group { group: group.group.clone(), enabled: !group.enabled })
    }

    /// The change that space makes: a group is switched, an action gets its next override.
    #[must_use]
    pub fn toggle(&self) -> Option<Change> {
        match self.selected()? {
            PolicyRow::Group(_) => self.switch_group(),
            PolicyRow::Action(_, action) => Some(set(action, next(action))),
        }
    }

    /// The change one step looser or stricter; none beyond the last.
    #[must_use]
    pub fn shift(&self, stricter: bool) -> Option<Change> {
        let PolicyRow::Action(_, action) = self.selected()? else { return None };
        let now = action.overridden.unwrap_or(action.own);
        let steps = steps(action);
        let at = steps.iter().position(|policy| *policy == now)?;
        let then = if stricter { at.checked_add(1)? } else { at.checked_sub(1)? };
        steps.get(then).map(|policy| set(action, Some(*policy)))
    }

    /// True where the change lets more through than now.
    #[must_use]
    pub fn loosens(&self, change: &Change) -> bool {
        match change {
            Change::Group { enabled, .. } => *enabled,
            Change::Action { action, policy } => self.rows().any(|row| match row {
                PolicyRow::Action(_, known) if known.action == *action => {
                    policy.unwrap_or(known.own) < known.overridden.unwrap_or(known.own)
                }
                _ => false,
            }),
        }
    }
}

fn set(action: &ActionPolicy, policy: Option<Policy>) -> Change {
    Change::Action { action: action.action.clone(), policy }
}

/// None, then the action's policies from loose to strict, and round again.
fn next(action: &ActionPolicy) -> Option<Policy> {
    let steps = steps(action);
    match action.overridden {
        None => steps.first().copied(),
        Some(now) => steps.iter().position(|policy| *policy == now).and_then(|at| steps.get(at + 1)).copied(),
    }
}

/// From loose to strict. Only a tool call can be confined by policy.
fn steps(action: &ActionPolicy) -> &'static [Policy] {
    match action.action.as_str() == USE_TOOL {
        true => &[Policy::AutoAccept, Policy::Confine, Policy::Queue, Policy::AutoDeny],
        false => &[Policy::AutoAccept, Policy::Queue, Policy::AutoDeny],
    }
}
