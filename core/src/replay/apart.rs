//! What decided a request beside the law: told from the words in which the ticket names its rule.

use serde::Serialize;

use crate::config::GUARD;

/// What a replay cannot ask again, because it is not in the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Apart {
    /// A grant let it pass.
    Grant,
    /// An approver's override decided, alone or beside rules.
    Override,
    /// The caller was frozen.
    Freeze,
    /// The action's group was switched off.
    Group,
    /// A person had denied the same a moment ago.
    CoolDown,
    /// The tool's very form had been approved before.
    Pin,
    /// A hook's leave for the same call let it pass.
    Pair,
    /// An approver's edit, which is always asked.
    Edit,
    /// The bridge guards its own files, wherever a server keeps them.
    OwnFiles,
}

impl Apart {
    /// In words: `by a grant`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Grant => "by a grant",
            Self::Override => "by an override",
            Self::Freeze => "by a freeze",
            Self::Group => "by a group that was switched off",
            Self::CoolDown => "by a person's denial a moment before",
            Self::Pin => "by an earlier approval of the tool's form",
            Self::Pair => "by a hook's leave for the same call",
            Self::Edit => "asked because an approver had edited it",
            Self::OwnFiles => "by the guard of the bridge's own files",
        }
    }

    /// What decided beside the law, if anything did. A rule whose own name reads like one of these is counted apart too: that
    /// leaves a request out, and never compares one that the law did not decide.
    #[must_use]
    pub fn of_rule(rule: &str) -> Option<Self> {
        let guard = format!("`{GUARD}`");
        let found = [
            (rule.starts_with("grant "), Self::Grant),
            (rule.starts_with("denied by a person before"), Self::CoolDown),
            (rule.contains(" has frozen the requests of "), Self::Freeze),
            (rule.contains(" has switched off the group `"), Self::Group),
            (rule.starts_with("override to ") || rule.contains("; override to "), Self::Override),
            (rule.contains(": approved as it is by ticket "), Self::Pin),
            (rule.starts_with("the same call as ticket "), Self::Pair),
            (rule.contains(&guard), Self::OwnFiles),
        ];
        found.into_iter().find(|(holds, _)| *holds).map(|(_, apart)| apart)
    }
}
