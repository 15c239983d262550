//! Who there is, whom each may approve for, and in which roles.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::UserName;

/// One user, without the secret: what decisions need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The users whose tickets this one may decide. Never holds the user itself.
    pub can_approve: BTreeSet<UserName>,
    /// Roles that rules may ask of an approver. They restrict, they never extend.
    pub roles: BTreeSet<String>,
}

/// All users, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(BTreeMap<UserName, User>);

impl Users {
    /// From pairs of name and user. A user's own name is taken out of its `can_approve`:
    /// nobody decides for themselves, whatever a file says.
    pub fn new(users: impl IntoIterator<Item = (UserName, User)>) -> Self {
        let without_self = |(name, mut user): (UserName, User)| {
            user.can_approve.remove(&name);
            (name, user)
        };
        Self(users.into_iter().map(without_self).collect())
    }

    /// The user of this name.
    #[must_use]
    pub fn named(&self, name: &UserName) -> Option<&User> {
        self.0.get(name)
    }

    /// True where `approver` may decide for `submitter`; never for itself.
    #[must_use]
    pub fn may_approve(&self, approver: &UserName, submitter: &UserName) -> bool {
        approver != submitter && self.named(approver).is_some_and(|user| user.can_approve.contains(submitter))
    }

    /// True where `reader` may see a ticket of `submitter`.
    #[must_use]
    pub fn may_see(&self, reader: &UserName, submitter: &UserName) -> bool {
        reader == submitter || self.may_approve(reader, submitter)
    }

    /// True where the user may approve for anybody.
    #[must_use]
    pub fn has_approval_rights(&self, name: &UserName) -> bool {
        self.named(name).is_some_and(|user| !user.can_approve.is_empty())
    }

    /// True where there is somebody for whom both may approve: what one of them sets at run time is the other's business too.
    #[must_use]
    pub fn share_somebody(&self, one: &UserName, other: &UserName) -> bool {
        self.named(other).is_some_and(|user| user.can_approve.iter().any(|user| self.may_approve(one, user)))
    }

    /// True where the user holds the role.
    #[must_use]
    pub fn has_role(&self, name: &UserName, role: &str) -> bool {
        self.named(name).is_some_and(|user| user.roles.contains(role))
    }

    /// Everybody, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&UserName, &User)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_decides_for_themselves_whatever_the_file_says() {
        let user = User { can_approve: [name("user"), name("agent")].into(), roles: BTreeSet::new() };
        let users = Users::new([(name("user"), user)]);
        assert!(users.may_approve(&name("user"), &name("agent")));
        assert!(!users.may_approve(&name("user"), &name("user")));
        assert!(!users.may_approve(&name("agent"), &name("user")));
    }

    #[test]
    fn approvers_share_whom_both_may_approve_for() {
        let approver =
            |of: &[&str]| User { can_approve: of.iter().map(|user| name(user)).collect(), ..User::default() };
        let users = Users::new([
            (name("user"), approver(&["agent", "dba"])),
            (name("dba"), approver(&["agent"])),
            (name("lead"), approver(&["other", "user"])),
        ]);
        assert!(users.share_somebody(&name("user"), &name("dba")) && users.share_somebody(&name("dba"), &name("user")));
        for stranger in ["lead", "agent", "nobody"] {
            assert!(!users.share_somebody(&name("user"), &name(stranger)), "{stranger}");
            assert!(!users.share_somebody(&name(stranger), &name("user")), "{stranger}");
        }
    }
}
