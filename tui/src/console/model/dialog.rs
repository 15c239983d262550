//! The dialogs: each a question about tickets that were on screen when it was opened.

use ccc_protocol::{
    ActionName, TicketId, UserName,
    bodies::{GrantRequest, Policy, Word},
};

use super::{Done, field::Field};
use crate::{
    console::{armed::Target, model::scope::Scope},
    keys::Context,
    rules::Draft,
    text::{Row, Visible},
};

/// A question in front of the views.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// Counts dialogs from the start of the program, so that each is armed on its own.
    pub number: u64,
    /// What it asks.
    pub kind: Kind,
    /// The tickets it is about.
    pub targets: Vec<Target>,
    /// Them in words, as they were when it was opened.
    pub summary: Vec<Row>,
}

/// What a dialog asks.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Why it is denied.
    Deny {
        /// The reason chosen from the list; the typed one where it is the list's length.
        choice: usize,
        /// The typed one.
        field: Field,
    },
    /// What is written beside an approval.
    Note {
        /// The note.
        field: Field,
        /// Leave for more, asked for before.
        grant: Option<GrantRequest>,
    },
    /// The word to be typed where care is deserved.
    Word {
        /// The word.
        word: Word,
        /// As far as it was typed.
        field: Field,
        /// The note, written before.
        note: Option<String>,
        /// Leave for more, asked for before.
        grant: Option<GrantRequest>,
    },
    /// The last yes after a note.
    Confirm {
        /// What is written beside the approval.
        note: Option<String>,
        /// Leave for more.
        grant: Option<GrantRequest>,
    },
    /// How far, how long and how often.
    Scope(Box<Scope>),
    /// Other parameters.
    Edit {
        /// Them, as JSON.
        field: Field,
        /// What is wrong with them.
        fault: Option<Visible>,
    },
    /// The marked tickets, before they are approved one by one.
    Bulk,
    /// What became of each.
    Results {
        /// In the order they were sent.
        results: Vec<(TicketId, Outcome)>,
    },
    /// How the agent's container is started.
    Container {
        /// The first row on screen.
        top: usize,
    },
    /// Which coding agents get the hook, and what that changes.
    Install {
        /// Whether each of the agents found is chosen.
        chosen: Vec<bool>,
        /// The agent under the cursor, whose change is shown.
        at: usize,
        /// The first row of the change on screen.
        top: usize,
    },
    /// This directory for agents too.
    Volume {
        /// The lines for the server's config.
        lines: Visible,
    },
    /// What stops with this console.
    Leave,
    /// Whom to stop.
    Panic {
        /// Agents, chosen or not, frozen or not.
        agents: Vec<Choice>,
        /// The row under the cursor.
        at: usize,
    },
    /// Which of what runs to end.
    Stop {
        /// What runs.
        runs: Vec<Run>,
        /// The row under the cursor.
        at: usize,
    },
    /// Whether to take back what was decided before, and is not on screen.
    Undo {
        /// What was decided.
        done: Done,
        /// About what.
        what: Visible,
    },
    /// A policy change that lets more through.
    Loosen(Change),
    /// Lines for the config, which are being made.
    RuleAwaited,
    /// Lines for the config, or why there are none.
    Rule(Result<Box<Draft>, Visible>),
    /// What a program does of which nothing is known.
    Does {
        /// Its lines, in which that is missing.
        draft: Box<Draft>,
        /// What is written.
        field: Field,
    },
    /// How much is asked and how it is answered.
    Numbers {
        /// The first row on screen.
        top: usize,
    },
    /// The key table.
    Help {
        /// The first row on screen.
        top: usize,
    },
    /// Words to filter by.
    Filter(Field),
    /// A command.
    Line(Field),
}

/// What became of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sent, not answered yet.
    Sent,
    /// Taken, and how the ticket stands.
    Taken(Visible),
    /// Not taken, and why.
    Refused(Visible),
}

/// An agent that can be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Who.
    pub agent: UserName,
    /// Whether the key is about it.
    pub chosen: bool,
    /// Whether it is stopped now.
    pub frozen: bool,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its ticket.
    pub id: TicketId,
    /// It in words.
    pub summary: Visible,
    /// Whether the key is about it.
    pub chosen: bool,
    /// Why it cannot be stopped.
    pub kept: Option<&'static str>,
}

/// A change of policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Switches a group.
    Group {
        /// Which.
        group: String,
        /// On or off.
        enabled: bool,
    },
    /// Sets an override.
    Action {
        /// Of which action.
        action: ActionName,
        /// What from now on.
        policy: Option<Policy>,
    },
}

impl Dialog {
    /// Where the keyboard is.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.kind {
            Kind::Deny { .. } => Context::Deny,
            Kind::Note { .. } => Context::Note,
            Kind::Word { .. } => Context::Word,
            Kind::Confirm { .. } | Kind::Loosen(_) | Kind::Undo { .. } => Context::Confirm,
            Kind::Scope(_) => Context::Scope,
            Kind::Edit { .. } => Context::Edit,
            Kind::Bulk => Context::Bulk,
            Kind::Results { .. } => Context::Results,
            Kind::Panic { .. } => Context::Panic,
            Kind::Stop { .. } => Context::Stop,
            Kind::Help { .. } | Kind::Numbers { .. } => Context::Help,
            Kind::Container { .. } => Context::Container,
            Kind::Install { .. } => Context::Install,
            Kind::Volume { .. } => Context::Volume,
            Kind::Leave => Context::Leave,
            Kind::Rule(Ok(ref draft)) if draft.file.is_some() => Context::Rule,
            // There is nothing to be done but to read it.
            Kind::RuleAwaited | Kind::Rule(_) => Context::Results,
            Kind::Does { .. } => Context::Does,
            Kind::Filter(_) => Context::Filter,
            Kind::Line(_) => Context::CommandLine,
        }
    }

    /// The field that typed characters go to.
    pub fn field(&mut self) -> Option<&mut Field> {
        match &mut self.kind {
            Kind::Deny { field, .. }
            | Kind::Note { field, .. }
            | Kind::Word { field, .. }
            | Kind::Edit { field, .. }
            | Kind::Does { field, .. }
            | Kind::Filter(field)
            | Kind::Line(field) => Some(field),
            _ => None,
        }
    }
}
