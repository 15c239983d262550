//! What is wrong with a config that was not taken, until it is mended: for whoever may approve, and for the log.

use std::sync::{Arc, PoisonError, RwLock};

use ccc_core::refusal::Refusal;
use ccc_protocol::{UserName, bodies::EntryKind};
use serde_json::{Map, Value};

use super::{Front, Sitting};

/// What is wrong; nothing where what was read last is in force. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigFault(Arc<RwLock<Option<Arc<str>>>>);

/// More faults than these are counted: `ccc-server --check` tells them all.
const FAULTS_TOLD_MAX: usize = 3;
/// As much of each is told, in characters.
const FAULT_CHARS_MAX: usize = 400;

impl ConfigFault {
    /// True where it is another than before.
    fn holds(&self, fault: &str) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = held.as_deref() != Some(fault);
        *held = Some(fault.into());
        is_new
    }

    pub(super) fn is_mended(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn told(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_deref().map(str::to_owned)
    }
}

impl Front {
    /// What is wrong with the config, for whoever may approve; an agent is not told of its owner's files.
    pub(super) fn config_fault_for(&self, user: &UserName) -> Option<String> {
        self.config_fault.told().filter(|_| self.law().users.has_approval_rights(user))
    }

    /// A changed config was not taken: what was read before stays, until this is mended.
    ///
    /// # Errors
    /// 503 where the store does not accept writes; the fault is told all the same.
    pub async fn refuse_reload(&self, faults: &[String]) -> Result<(), Refusal> {
        let fault = summed_up(faults);
        if !self.config_fault.holds(&fault) {
            return Ok(());
        }
        let note = move |sitting: &mut Sitting<'_>| {
            let detail = Map::from_iter([("reason".to_owned(), Value::from(fault))]);
            sitting.desk.note(EntryKind::ReloadRefused, detail, sitting.cx, sitting.change);
            Ok(())
        };
        self.clerk.serve(None, note).await
    }
}

fn summed_up(faults: &[String]) -> String {
    let told = faults.iter().take(FAULTS_TOLD_MAX).map(|fault| cut(fault));
    let more = faults.len().saturating_sub(FAULTS_TOLD_MAX);
    let more = (more > 0).then(|| format!("and {more} more; `ccc-server --check` tells all"));
    told.chain(more).collect::<Vec<_>>().join("; ")
}

fn cut(fault: &str) -> String {
    match fault.char_indices().nth(FAULT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", fault.get(..end).unwrap_or_default()),
        None => fault.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_faults_are_told_and_the_others_counted() {
        let faults: Vec<String> = (1..=5).map(|line| format!("config.toml: line {line}")).collect();
        assert_eq!(summed_up(&faults[..1]), "config.toml: line 1");
        let all = summed_up(&faults);
        assert!(all.starts_with("config.toml: line 1; config.toml: line 2;") && all.contains("and 2 more"), "{all}");
        assert_eq!(summed_up(&["é".repeat(500)]).chars().count(), FAULT_CHARS_MAX + 1);
    }

    #[test]
    fn the_same_fault_is_new_once_and_again_after_it_was_mended() {
        let fault = ConfigFault::default();
        assert!(fault.holds("a") && !fault.holds("a") && fault.holds("b"));
        fault.is_mended();
        assert_eq!(fault.told(), None);
        assert!(fault.holds("b"));
    }
}
