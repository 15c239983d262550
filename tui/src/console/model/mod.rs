//! All that the console knows. Views draw from it alone; `crate::console::update` alone changes it.

pub mod connection;
pub mod details;
pub mod dialog;
pub mod field;
pub mod filter;
pub mod history;
mod layout;
mod now;
pub mod order;
pub mod pick;
pub mod policies;
pub mod queue;
pub mod scope;

use std::collections::BTreeMap;

use ccc_protocol::{
    TicketId, UserName,
    bodies::{ActionInfo, Grant, Status},
};
pub use layout::{Areas, HEAD_ROWS, HEIGHT_MIN, Size, WIDTH_MIN};
pub use now::Now;

use crate::{
    config::Config,
    console::armed::{Armed, Lack, Place, Refusal, Subject, Target},
    console::message::Verb,
    keys::{Chord, Context},
    text::{Tone, Visible},
    wording::summary,
};
use connection::Connection;
use details::Details;
use dialog::{Dialog, Kind};
use history::History;
use pick::Pick;
use policies::Policies;
use queue::Queue;

/// How the console shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A screen of cells.
    Screen,
    /// Line by line; details count as shown once they were printed.
    Plain,
}

/// The last thing said to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it went.
    pub tone: Tone,
    /// The words.
    pub text: Visible,
    /// What of it answers the person, and until when no news takes its place, by the monotonic clock.
    answer: Option<(Visible, u64)>,
}

/// How long the answer to what a person did stays where they can read it.
const ANSWER_STAYS_MILLIS: u64 = 3000;

/// How an agent reaches this bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Options of `docker run`.
    pub options: Visible,
    /// A line of this machine's shell that asks as the agent does.
    pub from_here: Visible,
}

/// What this person decided last, so that it can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Denied this.
    Denied(TicketId),
    /// Approved this, and more of the same.
    Granted(TicketId),
}

/// Everything.
#[derive(Debug)]
pub struct Model {
    /// Who decides here.
    pub me: UserName,
    /// Where the server is, as it was given.
    pub server: Visible,
    /// How the console shows itself.
    pub surface: Surface,
    /// Settings and keys.
    pub config: Config,
    /// The terminal.
    pub size: Size,
    /// The moment of the last message.
    pub now: Now,
    /// The key of the last message, where it was one.
    pub key: Option<Chord>,
    /// The view on screen.
    pub view: Context,
    /// Details over the whole screen.
    pub open: bool,
    /// How the link stands.
    pub connection: Connection,
    /// What waits.
    pub queue: Queue,
    /// The audit sequence up to which the queue is true.
    pub seq: u64,
    /// The details of the ticket under the cursor.
    pub details: Details,
    /// The history.
    pub history: History,
    /// The first row on screen of details that are no ticket's: an entry of the history, a grant.
    pub pane_scroll: usize,
    /// The grants, and the cursor among them.
    pub grants: Vec<Grant>,
    /// The cursor among the grants.
    pub grant_pick: Pick,
    /// The policies.
    pub policies: Policies,
    /// The cursor among the agents.
    pub agent_pick: Pick,
    /// The actions as declared, by name.
    pub actions: BTreeMap<String, ActionInfo>,
    /// The question in front.
    pub dialog: Option<Dialog>,
    /// How the agent's container is started, where this console came with `--local`.
    pub container: Option<Container>,
    /// The edit on its way, for the case that it is refused.
    pub edited: Option<Dialog>,
    /// How many dialogs there were.
    pub dialogs: u64,
    /// When a key may decide.
    pub armed: Armed,
    /// Decisions on their way.
    pub deciding: BTreeMap<TicketId, Verb>,
    /// What this person decided last.
    pub done: Option<Done>,
    /// The last thing said.
    pub notice: Option<Notice>,
    /// The window is in front; told by terminals that can.
    pub focused: bool,
    /// The next click only brings the window to the front.
    pub click_is_focus: bool,
    /// What the page below is made for; the line console has printed it whole.
    pub printed: Option<Target>,
}

/// Rows of a dialog beside those that name its tickets: edge, title, and at least two of its own.
const DIALOG_ROWS: usize = 4;

impl Model {
    /// Before anything was read.
    #[must_use]
    pub fn new(me: UserName, server: Visible, config: Config, surface: Surface) -> Self {
        Self {
            me,
            server,
            surface,
            queue: Queue::new(config.grouping),
            config,
            size: Size { width: 80, height: 24 },
            now: Now::default(),
            key: None,
            view: Context::Queue,
            open: false,
            connection: Connection::default(),
            seq: 0,
            details: Details::default(),
            history: History::default(),
            pane_scroll: 0,
            grants: Vec::new(),
            grant_pick: Pick::default(),
            policies: Policies::default(),
            agent_pick: Pick::default(),
            actions: BTreeMap::new(),
            dialog: None,
            container: None,
            edited: None,
            dialogs: 0,
            armed: Armed::default(),
            deciding: BTreeMap::new(),
            done: None,
            notice: None,
            focused: true,
            click_is_focus: false,
            printed: None,
        }
    }

    /// Where the keyboard is.
    #[must_use]
    pub fn context(&self) -> Context {
        self.dialog.as_ref().map_or(self.view, Dialog::context)
    }

    /// The filter of the view on screen; none where the view has none.
    #[must_use]
    pub fn filter(&self) -> Option<&filter::Filter> {
        match self.view {
            Context::Queue => Some(self.queue.filter()),
            Context::History => Some(self.history.filter()),
            Context::Policies => Some(self.policies.filter()),
            _ => None,
        }
    }

    /// The parts of the screen.
    #[must_use]
    pub fn areas(&self) -> Areas {
        let has_details = matches!(self.view, Context::Queue | Context::History | Context::Grants);
        if has_details {
            return self.size.areas(self.open);
        }
        let areas = self.size.areas(false);
        Areas { list: areas.body, ..areas }
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

    /// What is on screen to be decided: tickets as they were shown, never rows.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        match &self.dialog {
            Some(dialog) => self.subject_of(dialog),
            None if self.view == Context::Queue => self.subject_of_row(),
            None => None,
        }
    }

    fn subject_of_row(&self) -> Option<Subject> {
        let ticket = self.queue.selected()?;
        let target = Target { id: ticket.id, digest: ticket.digest };
        let areas = self.areas();
        let line = if self.surface == Surface::Plain {
            0
        } else {
            u16::try_from(self.queue.cursor_line()).unwrap_or(u16::MAX)
        };
        let lacks = self.lack(target).or_else(|| self.not_on_screen(target, &areas)).or_else(|| self.unread(target));
        Some(Subject { targets: vec![target], place: Place::Row(line), lacks })
    }

    fn not_on_screen(&self, target: Target, areas: &Areas) -> Option<Lack> {
        let hidden = match self.surface {
            Surface::Screen => areas.details.is_empty() || !self.size.is_enough(),
            Surface::Plain => self.printed != Some(target),
        };
        hidden.then_some(Lack::Hidden)
    }

    fn unread(&self, target: Target) -> Option<Lack> {
        let careful = self.queue.ticket(target.id).is_some_and(summary::deserves_care);
        (careful && self.surface == Surface::Screen && !self.details.end_seen()).then_some(Lack::Unread)
    }

    /// Why this ticket cannot be decided, wherever it is shown.
    fn lack(&self, target: Target) -> Option<Lack> {
        let waits = |id| {
            self.queue
                .ticket(id)
                .is_some_and(|ticket| ticket.status == Status::Queued && ticket.digest == target.digest)
        };
        if !waits(target.id) {
            return Some(Lack::Decided);
        }
        if self.deciding.contains_key(&target.id) {
            return Some(Lack::Deciding);
        }
        let is_shown = self.details.of() == Some(target.id);
        if !is_shown {
            return Some(Lack::Loading);
        }
        let fits = self.details.preview().is_none_or(|preview| preview.ticket.digest == target.digest);
        if fits { self.details.lack() } else { Some(Lack::Inconsistent) }
    }

    fn subject_of(&self, dialog: &Dialog) -> Option<Subject> {
        let decides = matches!(
            dialog.kind,
            Kind::Deny { .. }
                | Kind::Word { .. }
                | Kind::Confirm { .. }
                | Kind::Scope(_)
                | Kind::Edit { .. }
                | Kind::Bulk
        );
        let changes = matches!(dialog.kind, Kind::Loosen(_) | Kind::Panic { .. });
        if !decides && !changes {
            return None;
        }
        let lacks = if changes { None } else { self.lack_in_dialog(&dialog.targets) };
        Some(Subject { targets: dialog.targets.clone(), place: Place::Dialog(dialog.number), lacks })
    }

    /// Marked tickets were checked when they were marked; a single one stands in the details.
    fn lack_in_dialog(&self, targets: &[Target]) -> Option<Lack> {
        let on_screen = self.surface == Surface::Screen;
        if on_screen && !self.size.is_enough() {
            return Some(Lack::Hidden);
        }
        if on_screen && targets.len() + DIALOG_ROWS > usize::from(self.areas().body.height) {
            return Some(Lack::Cut);
        }
        match targets {
            [target] if !self.queue.is_marked(target.id) => self.lack(*target).or_else(|| self.unread(*target)),
            many => many.iter().find_map(|target| self.lack_of_marked(*target)),
        }
    }

    fn lack_of_marked(&self, target: Target) -> Option<Lack> {
        let still = self
            .queue
            .ticket(target.id)
            .is_some_and(|ticket| ticket.status == Status::Queued && ticket.digest == target.digest);
        match (still, self.deciding.contains_key(&target.id)) {
            (false, _) => Some(Lack::Decided),
            (true, true) => Some(Lack::Deciding),
            (true, false) => None,
        }
    }

    /// Says something to the person.
    pub fn say(&mut self, tone: Tone, text: impl Into<Visible>) {
        self.notice = Some(Notice { tone, text: text.into(), answer: None });
    }

    /// "Too soon" holds no longer once it is not.
    pub(crate) fn forget_early(&mut self) {
        let words = Refusal::Early.words();
        if self.notice.as_ref().is_some_and(|notice| notice.text.as_str() == words)
            && self.armed.state(self.now.millis).is_ok()
        {
            self.notice = None;
        }
    }

    /// Answers what the person just did: for a while, no news takes its place.
    pub fn answer(&mut self, tone: Tone, text: impl Into<Visible>) {
        let (text, until_millis) = (text.into(), self.now.millis.saturating_add(ANSWER_STAYS_MILLIS));
        self.notice = Some(Notice { tone, text: text.clone(), answer: Some((text, until_millis)) });
    }

    /// Says what came by itself. Printed line by line, nothing takes the place of anything.
    pub fn report(&mut self, text: Visible) {
        match &mut self.notice {
            Some(Notice { text: said, answer: Some((answer, until_millis)), .. })
                if self.surface == Surface::Screen && self.now.millis < *until_millis =>
            {
                *said = answer.clone().then("; ").then(text);
            }
            _ => self.say(Tone::Plain, text),
        }
    }
}
