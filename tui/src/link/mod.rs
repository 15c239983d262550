//! The connection to the server, and the only module that has one: three threads, channels between them and the screen.
//!
//! One watches the event stream and, at every hint, makes a signed reading of what changed; hints themselves are never believed.
//! One makes the other readings. One sends decisions, in order, each once.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use ccc_client::{Bridge, CallError};
use ccc_protocol::{
    TicketId,
    bodies::{Approve, Deny, Edit, Freeze, QueueList, SetGroup, SetPolicy, Ticket},
};

use crate::console::message::{Command, Deed, News, Trouble, Verb};

/// The stream is taken for dead when nothing, not even a sign of life, came for so long.
const SILENCE_SECONDS_MAX: u64 = 60;
/// Between tries to reach the server, doubled from the first to the last.
const RETRY_SECONDS: [u64; 5] = [1, 2, 4, 8, 15];

/// Where news goes.
pub(crate) type Post = Arc<dyn Fn(News) + Send + Sync>;

/// The screen's end of the link.
#[derive(Debug)]
pub(crate) struct Link {
    readings: Sender<Command>,
    decisions: Sender<Command>,
}

/// What the threads share.
struct Shared {
    bridge: Arc<Bridge>,
    post: Post,
    /// Up to where the queue was read and posted; held while posting, so that no older list overtakes a newer one.
    read_to: Mutex<Option<u64>>,
}

impl Link {
    /// Starts the threads. They end with the process.
    #[must_use]
    pub(crate) fn start(bridge: Arc<Bridge>, post: Post) -> Self {
        let shared = Arc::new(Shared { bridge, post, read_to: Mutex::new(None) });
        let (readings, to_read) = channel();
        let (decisions, to_decide) = channel();
        let (watching, reading) = (Arc::clone(&shared), Arc::clone(&shared));
        thread::spawn(move || watch(&watching));
        thread::spawn(move || read_all(&reading, &to_read));
        thread::spawn(move || decide_all(&shared, &to_decide));
        Self { readings, decisions }
    }

    /// Hands a command to the thread that does it; commands that are not the link's are given back.
    pub(crate) fn take(&self, command: Command) -> Option<Command> {
        let to = match command {
            Command::ReadQueue
            | Command::ReadPreview(_)
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
            | Command::Freeze { .. }
            | Command::SetGroup { .. }
            | Command::SetPolicy { .. } => &self.decisions,
            other => return Some(other),
        };
        to.send(command).err().map(|unsent| unsent.0)
    }
}

/// Follows the event stream, and opens it again for as long as the program runs.
fn watch(shared: &Shared) {
    let mut failures = 0;
    loop {
        match follow(shared, &mut failures) {
            Ok(()) => {}
            Err(error) => {
                let retry_seconds = RETRY_SECONDS.get(failures).or(RETRY_SECONDS.last()).copied().unwrap_or(1);
                failures += 1;
                (shared.post)(News::Lost { why: error.to_string(), retry_seconds });
                thread::sleep(Duration::from_secs(retry_seconds));
            }
        }
    }
}

/// One stream from its head to its end. It is opened before the queue is read, so that nothing falls between.
fn follow(shared: &Shared, failures: &mut usize) -> Result<(), CallError> {
    let mut stream = shared.bridge.events(shared.read_to())?;
    shared.catch_up()?;
    *failures = 0;
    (shared.post)(News::Connected);
    while let Some(event) = stream.next(Duration::from_secs(SILENCE_SECONDS_MAX))? {
        // What approvers set changes no ticket, so that the queue's reading would not tell of it.
        if event.hint.kind.ends_with("-set") {
            (shared.post)(News::Policies(shared.bridge.policies().map_err(|error| words(&error))));
        }
        let already_read = shared.read_to().is_some_and(|read_to| event.hint.seq <= read_to);
        if !already_read {
            shared.catch_up()?;
        }
    }
    Ok(())
}

impl Shared {
    fn read_to(&self) -> Option<u64> {
        *self.read_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what changed since the last reading; all, where that cannot be told.
    fn catch_up(&self) -> Result<(), CallError> {
        let Some(after) = self.read_to() else { return self.read_whole() };
        let list = self.pages(Some(after))?;
        // A smaller number than before: another database stands behind the same address.
        if list.seq < after {
            *self.read_to.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return self.read_whole();
        }
        self.post_queue(list, false);
        Ok(())
    }

    fn read_whole(&self) -> Result<(), CallError> {
        let list = self.pages(None)?;
        self.post_queue(list, true);
        Ok(())
    }

    fn pages(&self, after: Option<u64>) -> Result<QueueList, CallError> {
        let mut list = self.bridge.queue(after)?;
        while let Some(next) = list.next {
            let more = self.bridge.queue(Some(next))?;
            list.tickets.extend(more.tickets);
            list.seq = more.seq;
            list.next = more.next.filter(|further| *further > next);
        }
        Ok(list)
    }

    /// INVARIANT: lists are posted in the order of their numbers; an older one is dropped.
    fn post_queue(&self, list: QueueList, whole: bool) {
        let mut read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        if read_to.is_none_or(|read_to| read_to <= list.seq) {
            *read_to = Some(list.seq);
            (self.post)(News::Queue { list, whole });
        }
    }
}

/// Makes readings as they are asked for. Of previews that wait only the last is made: the others are off the screen again.
fn read_all(shared: &Shared, asked: &Receiver<Command>) {
    while let Ok(first) = asked.recv() {
        let batch: Vec<Command> = std::iter::once(first).chain(asked.try_iter()).collect();
        let last_preview = batch.iter().rposition(|command| matches!(command, Command::ReadPreview(_)));
        for (at, command) in batch.into_iter().enumerate() {
            let stale = matches!(command, Command::ReadPreview(_)) && Some(at) != last_preview;
            if !stale {
                read(shared, &command);
            }
        }
    }
}

fn read(shared: &Shared, command: &Command) {
    let bridge = &shared.bridge;
    let news = match command {
        Command::ReadQueue => match shared.read_whole() {
            Ok(()) => return,
            Err(error) => News::Grants(Err(words(&error))),
        },
        Command::ReadPreview(id) => {
            News::Preview(*id, bridge.preview(*id).map(Box::new).map_err(|error| words(&error)))
        }
        Command::ReadGrants => News::Grants(bridge.grants().map_err(|error| words(&error))),
        Command::ReadPolicies => News::Policies(bridge.policies().map_err(|error| words(&error))),
        Command::ReadActions => News::Actions(bridge.actions().map_err(|error| words(&error))),
        Command::ReadAudit { after } => News::Audit(bridge.audit(Some(*after)).map_err(|error| words(&error))),
        _ => return,
    };
    (shared.post)(news);
}

fn decide_all(shared: &Shared, asked: &Receiver<Command>) {
    for command in asked {
        if let Some(news) = decide(&shared.bridge, command) {
            (shared.post)(news);
        }
    }
}

fn decide(bridge: &Bridge, command: Command) -> Option<News> {
    Some(match command {
        Command::Approve { leave, note, grant } => {
            let answer = bridge.approve(leave.id(), &Approve { digest: leave.digest(), note, grant });
            decided(Verb::Approve, leave.id(), answer)
        }
        Command::Deny { leave, reason } => {
            let answer = bridge.deny(leave.id(), &Deny { reason, digest: Some(leave.digest()) });
            decided(Verb::Deny, leave.id(), answer)
        }
        Command::Edit { leave, params } => {
            let answer = bridge.edit(leave.id(), &Edit { digest: leave.digest(), params });
            decided(Verb::Edit, leave.id(), answer)
        }
        Command::Revoke(id) => done(Deed::Revoke(id), bridge.revoke(id)),
        Command::RevokeFrom(id) => done(Deed::RevokeFrom(id), revoke_from(bridge, id)),
        Command::Lift(id) => done(Deed::Lift(id), bridge.lift(id)),
        Command::Freeze { users, frozen } => {
            let users = (!users.is_empty()).then_some(users);
            done(Deed::Freeze(frozen), bridge.freeze(&Freeze { users, frozen }))
        }
        Command::SetGroup { group, enabled } => {
            let answer = bridge.set_group(&group, &SetGroup { enabled });
            done(Deed::Group(group, enabled), answer)
        }
        Command::SetPolicy { action, policy } => {
            let answer = bridge.set_policy(&action, &SetPolicy { policy });
            done(Deed::Override(action, policy), answer)
        }
        _ => return None,
    })
}

fn decided(verb: Verb, id: TicketId, answer: Result<Ticket, CallError>) -> News {
    let answer = answer.map(Box::new).map_err(|error| match error {
        CallError::Refused(problem) => Trouble { why: problem.detail, ticket: problem.ticket },
        other => Trouble { why: words(&other), ticket: None },
    });
    News::Decided(verb, id, answer)
}

fn done(deed: Deed, answer: Result<(), CallError>) -> News {
    News::Done(deed, answer.map_err(|error| words(&error)))
}

/// Ends every grant that this ticket's approval carried.
fn revoke_from(bridge: &Bridge, id: TicketId) -> Result<(), CallError> {
    let grants = bridge.grants()?.grants;
    grants.iter().filter(|grant| grant.from == id).try_for_each(|grant| bridge.revoke(grant.id))
}

fn words(error: &CallError) -> String {
    error.to_string()
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("bridge", &self.bridge).finish_non_exhaustive()
    }
}
