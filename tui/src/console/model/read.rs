//! What others read of the model: to draw it, to print it, and to arm its keys.

use ccc_protocol::{
    TicketId, UserName,
    bodies::{Grant, OutOfStep},
};

use super::{
    Areas, Model, Notice, Now, QueueState, Size, Surface,
    connection::{Connection, QUIET_MILLIS},
    details::Details,
    dialog::Dialog,
    filter::Filter,
    here::{Here, Hook},
    history::History,
    pick::Pick,
    policies::Policies,
    queue::Queue,
    stream::Counts,
};
use crate::{
    config::Config,
    console::armed::Armed,
    document,
    keys::{Context, View},
    text::{Row, Visible},
};

impl Model {
    /// Who decides here.
    #[must_use]
    pub fn me(&self) -> &UserName {
        &self.me
    }

    /// Where the server is, as it was given.
    #[must_use]
    pub fn server(&self) -> &Visible {
        &self.server
    }

    /// How the console shows itself.
    #[must_use]
    pub fn surface(&self) -> Surface {
        self.surface
    }

    /// Settings and keys.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The terminal.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The moment of the last message.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// The view on screen.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// True while the server's disk is full and it takes nothing new.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        self.disk_full
    }

    /// True where details fill the screen.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// How the server's time stands to its machine's clock, where they are not in step.
    #[must_use]
    pub fn clock(&self) -> Option<OutOfStep> {
        self.clock
    }

    /// Whether the queue was read.
    #[must_use]
    pub fn queue_read(&self) -> QueueState {
        self.queue_read
    }

    /// How the link stands.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For how long the bridge has said nothing, in seconds, where that is long for one that is there.
    #[must_use]
    pub fn quiet_seconds(&self) -> Option<u64> {
        let silent = self.now.millis.saturating_sub(self.heard_millis);
        (self.connection == Connection::Live && silent >= QUIET_MILLIS).then_some(silent / 1000)
    }

    /// What waits.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The details of the ticket under the cursor.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// The history.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The first row on screen of details that are no ticket's.
    #[must_use]
    pub fn pane_scroll(&self) -> usize {
        self.pane_scroll
    }

    /// The grants.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The cursor among the grants.
    #[must_use]
    pub fn grant_pick(&self) -> Pick {
        self.grant_pick
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The cursor among the agents.
    #[must_use]
    pub fn agent_pick(&self) -> Pick {
        self.agent_pick
    }

    /// The question in front.
    #[must_use]
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialog.as_ref()
    }

    /// When a key may decide.
    #[must_use]
    pub fn armed(&self) -> &Armed {
        &self.armed
    }

    /// When a key that is held back acts, unless another comes too close to it; none where none is held back.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        self.burst.due_at()
    }

    /// The last thing said.
    #[must_use]
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// True while a decision on this ticket is on its way.
    #[must_use]
    pub fn is_deciding(&self, id: TicketId) -> bool {
        self.deciding.contains(&id)
    }

    /// Where the keyboard is.
    #[must_use]
    pub fn context(&self) -> Context {
        self.dialog.as_ref().map_or_else(|| self.behind(), Dialog::context)
    }

    /// Where the keyboard is once the question in front is gone.
    #[must_use]
    pub fn behind(&self) -> Context {
        if self.is_idle() { Context::Idle } else { self.view.into() }
    }

    /// True where the queue's view is on screen and nothing waits, as far as was read: its page takes the list's place.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let nothing = self.queue.order().is_empty() && self.queue.waiting() == 0 && self.queue.filter().is_empty();
        self.view == View::Queue && nothing && self.queue_read == QueueState::Read
    }

    /// What is known of this machine, where this console came with `--local`.
    #[must_use]
    pub fn here(&self) -> Option<&Here> {
        self.here.as_ref()
    }

    /// The coding agents found here; none before they were looked for.
    #[must_use]
    pub fn hooks(&self) -> Option<&[Hook]> {
        self.hooks.as_deref()
    }

    /// What is wrong with the server's config, until it is mended.
    #[must_use]
    pub fn config_fault(&self) -> Option<&Visible> {
        self.config_fault.as_ref()
    }

    /// How many requests there were in the last day, by what became of them.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(self.history.all_newest(), self.now.wall, self.history.older().is_none())
    }

    /// The filter of the view on screen; none where the view has none.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        match self.view {
            View::Queue => Some(self.queue.filter()),
            View::History => Some(self.history.filter()),
            View::Policies => Some(self.policies.filter()),
            View::Grants | View::Agents => None,
        }
    }

    /// The parts of the screen.
    #[must_use]
    pub fn areas(&self) -> Areas {
        let alarm = self.config_fault.is_some();
        match self.view {
            View::Queue | View::History | View::Grants => self.size.areas(self.open, alarm),
            View::Policies | View::Agents => {
                let areas = self.size.areas(false, alarm);
                Areas { list: areas.body, ..areas }
            }
        }
    }

    /// All agents known: those one may approve for, and those that wait.
    #[must_use]
    pub fn agents(&self) -> Vec<UserName> {
        let known = self.policies.list().map(|list| list.users.clone()).unwrap_or_default();
        let mut agents: Vec<UserName> =
            known.into_iter().chain(self.queue.waiting_by_agent().keys().cloned()).collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    }

    /// True where the agent is frozen.
    #[must_use]
    pub fn is_frozen(&self, agent: &UserName) -> bool {
        self.policies.list().is_some_and(|list| list.frozen.contains(agent))
    }

    /// True where earlier calls hold something against the agent's sessions.
    #[must_use]
    pub fn is_held(&self, agent: &UserName) -> bool {
        self.policies.list().is_some_and(|list| list.held.iter().any(|held| held.user == *agent))
    }

    /// What the log has of the row of the history under the cursor, whole.
    #[must_use]
    pub fn entry_page(&self) -> Vec<Row> {
        let width = self.areas().details.width.into();
        self.history.selected().into_iter().flat_map(|entry| document::entry(entry, width)).collect()
    }

    /// The grant under the cursor, whole.
    #[must_use]
    pub fn grant_page(&self) -> Vec<Row> {
        let width = self.areas().details.width.into();
        self.grants.get(self.grant_pick.at).map_or_else(Vec::new, |grant| document::grant(grant, width))
    }

    /// What the hook's install changes for the agent at this place in the list.
    #[must_use]
    pub fn hook_page(&self, at: usize, width: usize) -> Vec<Row> {
        let hook = self.hooks.as_deref().and_then(|hooks| hooks.get(at));
        hook.map_or_else(Vec::new, |hook| document::hook(hook, width))
    }

    /// How much is asked and how it is answered; nothing before it was counted.
    #[must_use]
    pub fn numbers_page(&self, width: usize) -> Vec<Row> {
        self.numbers.as_ref().map_or_else(Vec::new, |numbers| document::numbers(numbers, width))
    }

    /// How the agent's container is started; nothing where this console did not come with `--local`.
    #[must_use]
    pub fn container_page(&self, width: usize) -> Vec<Row> {
        self.here.as_ref().map_or_else(Vec::new, |here| document::container(&here.container, width))
    }
}
