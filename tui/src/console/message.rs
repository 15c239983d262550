//! What goes into the model and what comes out of it: the whole border of the pure part.

use std::path::PathBuf;

use ccc_protocol::{
    ActionName, GrantId, TicketId, UserName,
    bodies::{
        ActionList, AuditList, GrantList, GrantRequest, Policy, PolicyList, Preview, QueueList, Shown, Ticket, Waiting,
    },
};
use serde_json::{Map, Value};

use crate::{
    console::{
        armed::Leave,
        model::{
            Size,
            here::{Here, Hook},
        },
    },
    keys::{Act, Chord},
    rules::{Draft, Numbers, Wanted},
};

/// What happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed; the table says what it means where the keyboard is.
    Key(Chord),
    /// An act by its name: from the command line or the line console, never from a key.
    Act(Act),
    /// A command line was written, as after `:`.
    Line(String),
    /// A line was entered in the line console, before anybody knows what it means: what was said before has been read.
    Entered {
        /// It came with others in less time than a person takes for a line.
        together: bool,
    },
    /// The field in front holds this text and nothing else. A word that approves is typed: it can be emptied, never filled.
    Fill(String),
    /// The reason of this number in the list, from 0, is chosen.
    Choose(usize),
    /// The bridge was set up here.
    Local(Box<Here>),
    /// Text came at once, in brackets. It is text wherever it lands.
    Paste(String),
    /// A mouse button was pressed on this line of the screen.
    Click {
        /// From the left, 0.
        column: u16,
        /// From the top, 0.
        line: u16,
    },
    /// The wheel was turned, downwards where positive.
    Wheel(isize),
    /// The terminal has another size.
    Resize(Size),
    /// The terminal's window came to the front, or left it.
    Focus(bool),
    /// The program runs again after it was suspended.
    Resumed,
    /// Time has passed.
    Tick,
    /// A frame was drawn, or a page printed, from the model as it is.
    Drawn,
    /// The link has something to say.
    News(News),
}

/// What the link says.
#[derive(Debug, Clone)]
pub enum News {
    /// The server answers, and hints arrive.
    Connected,
    /// It has said something, if only that it is there.
    Alive,
    /// It does not; another try is made after so many seconds.
    Lost {
        /// Why.
        why: String,
        /// Seconds until the next try.
        retry_seconds: u64,
    },
    /// It is there, and refuses to tell of what happens; another try is made after so many seconds.
    Refused {
        /// Why, in its words.
        why: String,
        /// Seconds until the next try.
        retry_seconds: u64,
    },
    /// What waits.
    Queue(Result<QueueRead, String>),
    /// The preview that was asked for.
    Preview(TicketId, Result<Box<Preview>, String>),
    /// Whether the caller of this ticket waits, as far as it could be read.
    Waiting(TicketId, Option<Waiting>),
    /// A decision was answered.
    Decided(Verb, TicketId, Result<Box<Ticket>, Trouble>),
    /// The standing grants.
    Grants(Result<GrantList, String>),
    /// The policies.
    Policies(Result<PolicyList, String>),
    /// A part of the history.
    Audit(Result<AuditList, String>),
    /// The actions and their parameters' types.
    Actions(Result<ActionList, String>),
    /// The lines that the dialog of this number asked for.
    Rule(u64, Result<Box<Draft>, String>),
    /// What was approved again and again could be a rule.
    Offer(Box<Draft>),
    /// How much is asked and how it is answered.
    Numbers(Result<Box<Numbers>, String>),
    /// Something that is no decision on a ticket was done, or was not.
    Done(Deed, Result<(), String>),
    /// Something on this machine.
    Here(HereNews),
}

/// What was found or done on this machine, where the console came with `--local`. Errors are in words.
#[derive(Debug, Clone, PartialEq)]
pub enum HereNews {
    /// The coding agents found, and what the hook's install would change for each.
    Hooks(Result<Vec<Hook>, String>),
    /// What the hook's install said, line by line.
    Installed(Result<Vec<String>, String>),
    /// The demo requests were made, or were not.
    Demo(Result<(), String>),
    /// The container's lines were written to this file.
    Written(Result<String, String>),
    /// The directory was added to the server's config, which stands in this file as it was before.
    VolumeAdded(Result<String, String>),
    /// The server ended, as the system or it itself told; it is started again in so many seconds.
    ServerEnded {
        /// How.
        how: String,
        /// When it is tried again.
        again_seconds: u64,
    },
    /// The server was started again.
    ServerBack,
}

/// What waits: all of it, or what changed since the last reading.
#[derive(Debug, Clone)]
pub struct QueueRead {
    /// As signed by the server.
    pub list: QueueList,
    /// True where it is all that waits.
    pub whole: bool,
}

/// Why a decision was not taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// In the server's words.
    pub why: String,
    /// The ticket as somebody else decided it.
    pub ticket: Option<Box<Ticket>>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the act")]
pub enum Verb {
    Approve,
    Deny,
    Edit,
}

/// What was done beside deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A grant was ended.
    Revoke(GrantId),
    /// The grants that an approval carried were ended.
    RevokeFrom(TicketId),
    /// The cool-down of a denial was ended.
    Lift(TicketId),
    /// A run under way was ended, and what became of it.
    Stop(TicketId),
    /// Agents were frozen, or thawed.
    Freeze(bool),
    /// A group was switched.
    Group(String, bool),
    /// An action's override was set, or taken away.
    Override(ActionName, Option<Policy>),
    /// Lines were put into this config.
    Rule(PathBuf),
}

/// What the world is asked to do.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Read all that waits anew.
    ReadQueue,
    /// Read what a ticket would do.
    ReadPreview(TicketId),
    /// Read whether a ticket's caller waits for the answer.
    ReadWaiting(TicketId),
    /// Read the grants.
    ReadGrants,
    /// Read the policies.
    ReadPolicies,
    /// Read the actions.
    ReadActions,
    /// Read the history after this number.
    ReadAudit {
        /// The number.
        after: u64,
    },
    /// Approve.
    Approve {
        /// A person's leave.
        leave: Leave,
        /// Their leave for what waits and stands beside it on screen, which goes with the grant.
        beside: Vec<Leave>,
        /// What they wrote beside it.
        note: Option<String>,
        /// More of the same.
        grant: Option<GrantRequest>,
        /// Which verdict they were shown, and the word they typed for it.
        shown: Option<Shown>,
    },
    /// Deny.
    Deny {
        /// A person's leave.
        leave: Leave,
        /// Why, for the agent.
        reason: Option<String>,
        /// Which verdict they were shown.
        shown: Option<Shown>,
    },
    /// Replace by a ticket with other parameters.
    Edit {
        /// A person's leave.
        leave: Leave,
        /// All of them.
        params: Map<String, Value>,
    },
    /// End a grant.
    Revoke(GrantId),
    /// End the grants that this ticket's approval carried.
    RevokeFrom(TicketId),
    /// End the cool-down of this denial.
    Lift(TicketId),
    /// End a run under way.
    Stop(TicketId),
    /// Freeze or thaw.
    Freeze {
        /// Whom.
        users: Vec<UserName>,
        /// Whether to freeze.
        frozen: bool,
    },
    /// Switch a group.
    SetGroup {
        /// Which.
        group: String,
        /// On or off.
        enabled: bool,
    },
    /// Set or take away an override.
    SetPolicy {
        /// Of which action.
        action: ActionName,
        /// What from now on.
        policy: Option<Policy>,
    },
    /// Make the lines that would save these questions.
    MakeRule {
        /// For the dialog of this number.
        dialog: u64,
        /// Of what.
        wanted: Wanted,
    },
    /// Look whether what was approved again and again could be a rule.
    OfferRule(Wanted),
    /// Count what is asked and how it is answered.
    ReadNumbers,
    /// Put the lines that were shown into the config.
    WriteRule(Box<Draft>),
    /// So many wait now; so many of them are new since a person was last told.
    Tell {
        /// All that wait.
        waiting: usize,
        /// New ones.
        arrived: usize,
    },
    /// Look which coding agents there are here, and what the hook's install would change.
    LookForHooks,
    /// Install the hook of these agents, by their names.
    InstallHooks(Vec<String>),
    /// Ask for something without effect, as the agent.
    Demo,
    /// Write how the container is started as a file to run.
    WriteContainer,
    /// Give agents this directory too.
    AddVolume,
    /// Put this text where the terminal pastes from.
    Copy(String),
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back until `fg`.
    Suspend,
    /// End.
    Quit,
    /// End, and let the server run on.
    QuitAlone,
}
