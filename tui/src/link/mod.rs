//! The connection to the server, and the only module that has one: four threads, channels between them and the screen.
//!
//! One watches the event stream and, at every hint, makes a signed reading of what changed; hints themselves are never believed.
//! One makes the other readings. One sends decisions, in order, each once. One makes rules and writes
//! them, on this machine.

mod decisions;
mod readings;
mod rules;
mod shared;
mod watch;

use std::{
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
};

use ccc_client::Bridge;

use crate::{console::message::Command, rules::Config};
use shared::{Post, Shared};

/// The screen's end of the link.
#[derive(Debug)]
pub(crate) struct Link {
    readings: Sender<Command>,
    decisions: Sender<Command>,
    rules: Sender<Command>,
}

impl Link {
    /// Starts the threads. They end with the process.
    #[must_use]
    pub(crate) fn start(bridge: Arc<Bridge>, config: Config, post: Post) -> Self {
        let shared = Arc::new(Shared::new(bridge, post));
        let (readings, to_read) = channel();
        let (decisions, to_decide) = channel();
        let (rules, to_make) = channel();
        let (watching, reading, making) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared));
        thread::spawn(move || watch::watch(&watching));
        thread::spawn(move || readings::read_all(&reading, &to_read));
        thread::spawn(move || rules::make_all(&making, &config, &to_make));
        thread::spawn(move || decisions::decide_all(&shared, &to_decide));
        Self { readings, decisions, rules }
    }

    /// Hands a command to the thread that does it; commands that are not the link's are given back.
    pub(crate) fn take(&self, command: Command) -> Option<Command> {
        let to = match command {
            Command::ReadQueue
            | Command::ReadPreview(_)
            | Command::ReadWaiting(_)
            | Command::ReadGrants
            | Command::ReadPolicies
            | Command::ReadActions
            | Command::ReadAudit { .. } => &self.readings,
            Command::Approve { .. }
            | Command::Deny { .. }
            | Command::Edit { .. }
            | Command::Revoke(_)
            | Command::RevokeFrom(_)
            | Command::Lift(_)
            | Command::Stop(_)
            | Command::Freeze { .. }
            | Command::SetGroup { .. }
            | Command::SetPolicy { .. } => &self.decisions,
            Command::MakeRule { .. } | Command::OfferRule(_) | Command::WriteRule(_) | Command::ReadNumbers => {
                &self.rules
            }
            other => return Some(other),
        };
        to.send(command).err().map(|unsent| unsent.0)
    }
}
