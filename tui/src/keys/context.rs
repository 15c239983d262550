//! Where the keyboard is, and which view is on screen. A view can be turned to; a context can also be a question in front of one.

/// A view: a list on screen, and what is under its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(missing_docs, reason = "each is named by what it lists")]
pub enum View {
    #[default]
    Queue,
    History,
    Grants,
    Policies,
    Agents,
}

impl View {
    /// All of them, in the order of Tab.
    pub const ALL: [Self; 5] = [Self::Queue, Self::History, Self::Grants, Self::Policies, Self::Agents];

    /// Its name, as it stands in the title and as a person writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::History => "history",
            Self::Grants => "grants",
            Self::Policies => "policies",
            Self::Agents => "agents",
        }
    }

    /// The view of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }

    /// The view that Tab turns to.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Queue => Self::History,
            Self::History => Self::Grants,
            Self::Grants => Self::Policies,
            Self::Policies => Self::Agents,
            Self::Agents => Self::Queue,
        }
    }

    /// The view whose [`Self::next`] this is.
    #[must_use]
    pub fn previous(self) -> Self {
        match self {
            Self::Queue => Self::Agents,
            Self::History => Self::Queue,
            Self::Grants => Self::History,
            Self::Policies => Self::Grants,
            Self::Agents => Self::Policies,
        }
    }
}

/// Where the keyboard is: in the view on screen, or in the question in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "dialogs bear their own names")]
pub enum Context {
    View(View),
    Deny,
    Note,
    Word,
    Confirm,
    Scope,
    Edit,
    Bulk,
    Results,
    Panic,
    Stop,
    Rule,
    Does,
    Help,
    Container,
    Install,
    Volume,
    Leave,
    Filter,
    CommandLine,
    /// The queue's view while nothing waits: a page of its own.
    Idle,
}

impl Context {
    /// True where a key that types a character writes it.
    #[must_use]
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Deny | Self::Note | Self::Word | Self::Edit | Self::Does | Self::Filter | Self::CommandLine
        )
    }
}

impl From<View> for Context {
    fn from(view: View) -> Self {
        Self::View(view)
    }
}

pub(super) const QUEUE: Context = Context::View(View::Queue);
pub(super) const HISTORY: Context = Context::View(View::History);
pub(super) const GRANTS: Context = Context::View(View::Grants);
pub(super) const POLICIES: Context = Context::View(View::Policies);
pub(super) const AGENTS: Context = Context::View(View::Agents);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_goes_through_every_view_in_order_and_back_the_same_way() {
        let mut view = View::default();
        for expected in View::ALL {
            assert_eq!(view, expected);
            assert_eq!(view.next().previous(), view);
            view = view.next();
        }
        assert_eq!(view, View::default());
    }

    #[test]
    fn every_view_is_found_by_its_name_and_nothing_else_is() {
        for view in View::ALL {
            assert_eq!(View::from_name(view.name()), Some(view));
        }
        assert_eq!(View::from_name("deny"), None);
    }
}
