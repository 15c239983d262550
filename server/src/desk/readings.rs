//! The bridge's own answers that many requests get alike, written and digested once: agents ask for the action list often,
//! and making it is most of what answering costs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ccc_core::{
    law::Law,
    policy::{LocalTime, Overrides},
};
use ccc_protocol::{UserName, bodies::Ticket, content_digest::SharedBeginning};
use serde::Serialize;

/// What a ticket without a result begins with on the wire.
pub(crate) const NO_RESULT: &[u8] = br#"{"result":null"#;

/// A ticket as its caller is answered.
#[derive(Debug)]
pub struct Shown {
    /// As its reader may see it.
    pub ticket: Ticket,
    /// Its result, where that is written already and the ticket holds none: what stands in the place of [`NO_RESULT`].
    pub result: Option<Arc<SharedBeginning>>,
}

/// The action list of each user as it was last written; at most one for each user of the law in force.
#[derive(Debug, Default)]
pub(super) struct ActionLists(Mutex<HashMap<UserName, Written>>);

/// All that a list depends on beside its user.
#[derive(Debug)]
pub(super) struct Basis {
    pub(super) law: Arc<Law>,
    pub(super) overrides: Arc<Overrides>,
    pub(super) local: LocalTime,
}

#[derive(Debug)]
struct Written {
    basis: Basis,
    list: Arc<SharedBeginning>,
}

impl Basis {
    fn still_holds(&self, now: &Self) -> bool {
        Arc::ptr_eq(&self.law, &now.law) && Arc::ptr_eq(&self.overrides, &now.overrides) && self.local == now.local
    }
}

impl ActionLists {
    /// The list of this user on this basis, which `make` makes where none was made on the same.
    pub(super) fn of<L: Serialize>(
        &self,
        user: &UserName,
        basis: Basis,
        make: impl FnOnce(&Basis) -> L,
    ) -> Option<Arc<SharedBeginning>> {
        // A poisoned lock holds whole lists all the same.
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = lists.get(user).filter(|written| written.basis.still_holds(&basis)) {
            return Some(Arc::clone(&written.list));
        }
        // What was made under another law holds for nobody any more, and may be of users that are gone.
        lists.retain(|_, written| Arc::ptr_eq(&written.basis.law, &basis.law));
        let list = Arc::new(beginning(&make(&basis))?);
        lists.insert(user.clone(), Written { basis, list: Arc::clone(&list) });
        Some(list)
    }
}

fn beginning(result: &impl Serialize) -> Option<SharedBeginning> {
    let mut bytes = br#"{"result":"#.to_vec();
    serde_json::to_writer(&mut bytes, result).ok()?;
    Some(SharedBeginning::of(bytes))
}

#[cfg(test)]
mod tests {
    use ccc_core::{config::Config, policy::Weekday, user::Users, volume::Volumes};

    use super::*;

    const NOON: LocalTime = LocalTime { weekday: Weekday::Wed, minute_of_day: 720 };

    fn law() -> Arc<Law> {
        let volumes = Volumes::new(vec![], None).unwrap();
        Arc::new(Config::default().law(Users::default(), volumes, |_| None).unwrap())
    }

    #[test]
    fn a_list_is_made_anew_when_law_overrides_minute_or_user_are_others() {
        let lists = ActionLists::default();
        let (law, overrides) = (law(), Arc::new(Overrides::default()));
        let basis = |law: &Arc<Law>, overrides: &Arc<Overrides>, local| Basis {
            law: Arc::clone(law),
            overrides: Arc::clone(overrides),
            local,
        };
        let mut made = 0;
        let mut ask = |user: &str, basis: Basis| {
            let before = made;
            let list = lists.of(&user.parse().unwrap(), basis, |_| {
                made += 1;
                made
            });
            let (body, _) = list.unwrap().followed_by(b"}");
            assert!(body.starts_with(br#"{"result":"#) && body.ends_with(b"}"));
            made > before
        };
        assert!(ask("agent", basis(&law, &overrides, NOON)), "the first is made");
        assert!(!ask("agent", basis(&law, &overrides, NOON)), "the same is not made again");
        assert!(ask("other", basis(&law, &overrides, NOON)), "another user");
        assert!(ask("agent", basis(&law, &overrides, LocalTime { minute_of_day: 721, ..NOON })), "another minute");
        assert!(ask("agent", basis(&law, &Arc::default(), NOON)), "other overrides");
        assert!(ask("agent", basis(&self::law(), &overrides, NOON)), "another law");
        assert!(ask("other", basis(&law, &overrides, NOON)), "another law's lists are gone");
    }
}
