//! All that the console knows. Views draw from it alone; `crate::console::update` alone changes it.

pub mod alike;
pub mod connection;
pub mod details;
pub mod dialog;
pub mod field;
pub mod filter;
pub mod here;
pub mod history;
mod layout;
mod notice;
mod now;
pub mod order;
pub mod pick;
pub mod policies;
pub mod queue;
mod read;
pub mod scope;
pub mod stream;
mod subject;

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::{
    TicketId, UserName,
    bodies::{ActionInfo, Grant, OutOfStep, Ticket},
};
pub use layout::{Areas, HEAD_ROWS, HEIGHT_MIN, Size, WIDTH_MIN};
pub use notice::Notice;
pub use now::Now;

use crate::{
    config::Config,
    console::{
        armed::{Armed, Target},
        burst::Burst,
    },
    keys::{Chord, View},
    rules::Numbers,
    text::Visible,
};
use alike::Alike;
use connection::Connection;
use details::Details;
use dialog::Dialog;
use here::{Here, Hook};
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

/// Whether what the console knows of the queue was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueState {
    /// Nothing was read yet.
    #[default]
    Unread,
    /// The last reading came whole.
    Read,
    /// The last reading failed, or nobody answers: there may be more than is shown.
    Failed,
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
///
/// INVARIANT: nobody but [`update`](crate::console::update) changes it. Its fields end at this room's door; whoever draws, prints or
/// runs the program reads them through methods, and asks for a change by a [`Message`](crate::console::message::Message).
///
/// ```compile_fail,E0616
/// use ccc_queue::console::model::Model;
///
/// fn close(model: &mut Model) {
///     model.dialog = None;
/// }
/// ```
#[derive(Debug)]
pub struct Model {
    /// Who decides here.
    pub(super) me: UserName,
    /// Where the server is, as it was given.
    pub(super) server: Visible,
    /// How the console shows itself.
    pub(super) surface: Surface,
    /// Settings and keys.
    pub(super) config: Config,
    /// The terminal.
    pub(super) size: Size,
    /// The moment of the last message.
    pub(super) now: Now,
    /// The key that is acted on, where one is, and when it was pressed, on the clock of [`Now::millis`].
    pub(super) pressed: Option<(Chord, u64)>,
    /// The keys of the last moment.
    pub(super) burst: Burst,
    /// The view on screen.
    pub(super) view: View,
    /// Details over the whole screen.
    pub(super) open: bool,
    /// How the link stands.
    pub(super) connection: Connection,
    /// When the bridge was last heard, on the program's clock in milliseconds.
    pub(super) heard_millis: u64,
    /// When it was last asked whether the agent under the cursor waits, likewise.
    pub(super) waiting_asked_millis: u64,
    /// What waits.
    pub(super) queue: Queue,
    /// What runs, of the users whose requests are decided here.
    pub(super) runs: BTreeMap<TicketId, Ticket>,
    /// Whom the freeze under way is about; nobody named is everybody.
    pub(super) frozen_now: Vec<UserName>,
    /// The audit sequence up to which the queue is true.
    pub(super) seq: u64,
    /// Whether the queue was read.
    pub(super) queue_read: QueueState,
    /// The server's disk is full: it takes nothing new.
    pub(super) disk_full: bool,
    /// How the server's time stands to its machine's clock, where they are not in step.
    pub(super) clock: Option<OutOfStep>,
    /// The details of the ticket under the cursor.
    pub(super) details: Details,
    /// The history.
    pub(super) history: History,
    /// The first row on screen of details that are no ticket's: an entry of the history, a grant.
    pub(super) pane_scroll: usize,
    /// The grants, and the cursor among them.
    pub(super) grants: Vec<Grant>,
    /// The cursor among the grants.
    pub(super) grant_pick: Pick,
    /// The policies.
    pub(super) policies: Policies,
    /// The cursor among the agents.
    pub(super) agent_pick: Pick,
    /// The actions as declared, by name.
    pub(super) actions: BTreeMap<String, ActionInfo>,
    /// The question in front.
    pub(super) dialog: Option<Dialog>,
    /// What is known of this machine, where this console came with `--local`.
    pub(super) here: Option<Here>,
    /// The coding agents found here, as the hook's own program tells; none before it was asked.
    pub(super) hooks: Option<Vec<Hook>>,
    /// What is wrong with the server's config, in its words; the law before it holds until that is mended.
    pub(super) config_fault: Option<Visible>,
    /// What was copied last, so that the same key copies the other.
    pub(super) copied: Option<TicketId>,
    /// The edit on its way, for the case that it is refused.
    pub(super) edited: Option<Dialog>,
    /// How many dialogs there were.
    pub(super) dialogs: u64,
    /// When a key may decide.
    pub(super) armed: Armed,
    /// Decisions on their way.
    pub(super) deciding: BTreeSet<TicketId>,
    /// What this person decided last.
    pub(super) done: Option<Done>,
    /// It in words.
    pub(super) done_what: Visible,
    /// How much is asked and how it is answered, as it was counted last.
    pub(super) numbers: Option<Box<Numbers>>,
    /// What this person approved that is alike.
    pub(super) alike: Alike,
    /// The last thing said.
    pub(super) notice: Option<Notice>,
    /// The window is in front; told by terminals that can.
    pub(super) focused: bool,
    /// The next click only brings the window to the front.
    pub(super) click_is_focus: bool,
    /// What the page below is made for; the line console has printed it whole.
    pub(super) printed: Option<Target>,
}

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
            pressed: None,
            burst: Burst::default(),
            view: View::default(),
            open: false,
            connection: Connection::default(),
            heard_millis: 0,
            waiting_asked_millis: 0,
            runs: BTreeMap::new(),
            frozen_now: Vec::new(),
            seq: 0,
            queue_read: QueueState::default(),
            disk_full: false,
            clock: None,
            details: Details::default(),
            history: History::default(),
            pane_scroll: 0,
            grants: Vec::new(),
            grant_pick: Pick::default(),
            policies: Policies::default(),
            agent_pick: Pick::default(),
            actions: BTreeMap::new(),
            dialog: None,
            here: None,
            hooks: None,
            config_fault: None,
            copied: None,
            edited: None,
            dialogs: 0,
            armed: Armed::default(),
            deciding: BTreeSet::new(),
            done: None,
            done_what: Visible::default(),
            numbers: None,
            alike: Alike::default(),
            notice: None,
            focused: true,
            click_is_focus: false,
            printed: None,
        }
    }
}
