//! The worker: runs what the clerk has committed as running, and tells the clerk what was observed.
//!
//! INVARIANT: an effect takes a permit, a permit comes from a committed `running`, and the plan that runs is resolved anew
//! and has the permit's digest.

use std::{sync::Arc, time::Duration};

use ccc_core::ticket::{Outcome, Permit, Ticket};
use ccc_protocol::TicketId;
use tokio::sync::{Semaphore, mpsc};

use crate::exec::Effects;

use super::{
    Front, Sitting,
    clerk::Work,
    prepare::{Prepared, prepare},
};

/// How long the end of a run waits before it is offered to the store again.
const KEEP_END_EVERY: Duration = Duration::from_secs(1);

/// What runs effects.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub(super) front: Front,
    pub(super) effects: Arc<Effects>,
    pub(super) room: Arc<Semaphore>,
}

impl Worker {
    /// Takes work until there is nobody left to give any.
    pub(super) async fn run(self, mut work: mpsc::UnboundedReceiver<Work>) {
        while let Some(next) = work.recv().await {
            let worker = self.clone();
            tokio::spawn(async move {
                match next {
                    Work::Run(permit, ticket) => worker.effect(permit, &ticket).await,
                    Work::Start(id) => worker.start(id).await,
                }
            });
        }
    }

    /// An approved ticket: resolved anew, begun with the plan as it is now. The clerk sends the permit back as work.
    async fn start(&self, id: TicketId) {
        let Ok(_room) = self.room.acquire().await else { return };
        let Some(ticket) = self.front.shelf.read().open.get(&id).cloned() else { return };
        let begun = match self.prepare(&ticket).await {
            Ok(prepared) => {
                let plan = prepared.plan.digest();
                let begin = move |sitting: &mut Sitting<'_>| sitting.desk.begin(id, plan, sitting.cx, sitting.change);
                self.front.clerk.serve(None, begin).await
            }
            Err(reason) => {
                let stop = move |sitting: &mut Sitting<'_>| sitting.desk.stop(id, reason, sitting.cx, sitting.change);
                self.front.clerk.serve(None, stop).await
            }
        };
        if let Err(refusal) = begun {
            // It stays approved until its deadline, or has moved on by itself.
            tracing::warn!(ticket = %id, detail = %refusal.detail, cause = refusal.cause, "approved ticket was not started");
        }
    }

    /// A running ticket: resolved once more, right before the effect, and run where it is still what the permit is for.
    async fn effect(&self, permit: Permit, ticket: &Arc<Ticket>) {
        let id = ticket.id();
        let outcome = match self.room.acquire().await {
            Ok(_room) => match self.prepare(ticket).await {
                Ok(prepared) => self.effects.run(permit, prepared.plan.plan(), &self.front.law()).await,
                Err(reason) => Outcome::failure(reason),
            },
            Err(_) => Outcome::failure("the server is stopping"),
        };
        self.keep_end(id, outcome).await;
    }

    async fn prepare(&self, ticket: &Ticket) -> Result<Prepared, String> {
        let request = ticket.request();
        prepare(&self.front.law(), &request.action, request.params.clone())
            .await
            .map_err(|refusal| format!("it can no longer be done as it was shown: {}", refusal.detail))
    }

    /// The end is kept and offered again until the store takes it: until then the ticket stays running.
    async fn keep_end(&self, id: TicketId, outcome: Outcome) {
        loop {
            let end = outcome.clone();
            let finish = move |sitting: &mut Sitting<'_>| sitting.desk.finish(id, end, sitting.cx, sitting.change);
            match self.front.clerk.serve(None, finish).await {
                Ok(_) => return,
                Err(refusal) if refusal.kind == ccc_protocol::bodies::ProblemType::Unavailable => {
                    tracing::error!(ticket = %id, cause = refusal.cause, "the end of a run is not stored yet");
                    tokio::time::sleep(KEEP_END_EVERY).await;
                }
                Err(refusal) => {
                    tracing::error!(ticket = %id, detail = %refusal.detail, "the end of a run has no place");
                    return;
                }
            }
        }
    }
}
