//! The worker: runs what the clerk has committed as running, and tells the clerk what was observed.
//!
//! INVARIANT: an effect takes a permit, a permit comes from a committed `running`, and the plan that runs is resolved anew
//! and has the permit's digest.

use std::{sync::Arc, time::Duration};

use ccc_core::ticket::{Outcome, Permit, Ticket};
use ccc_protocol::{TicketId, bodies::Status};
use tokio::sync::mpsc;

use crate::exec::{Effects, Order, Stop};

use super::{
    Front, Sitting,
    clerk::Work,
    prepare::{Asker, Prepared, prepare},
    rooms::Place,
    stops::Stops,
};

/// How long the end of a run waits before it is offered to the store again.
const KEEP_END_EVERY: Duration = Duration::from_secs(1);

/// What runs effects.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub(super) front: Front,
    pub(super) effects: Arc<Effects>,
    pub(super) stops: Stops,
}

impl Worker {
    /// Takes work until there is nobody left to give any.
    pub(super) async fn run(self, mut work: mpsc::UnboundedReceiver<Work>) {
        while let Some(next) = work.recv().await {
            let worker = self.clone();
            match next {
                Work::Run(permit, ticket, place) => {
                    // Before anything is awaited: the word to stop comes behind the permit, and finds the run.
                    let stop = self.stops.begin(ticket.id());
                    tokio::spawn(async move { worker.effect(permit, &ticket, stop, place).await });
                }
                Work::Start(id) => drop(tokio::spawn(async move { worker.start(id).await })),
                Work::Stop(id, by) => self.stops.stop(id, format!("stopped by {by}")),
            }
        }
    }

    /// An approved ticket: resolved anew, begun with the plan as it is now. The clerk sends the permit back as work.
    async fn start(&self, id: TicketId) {
        let Some(ticket) = self.approved(id) else { return };
        let Some(place) = self.front.rooms.take(ticket.submitted_by()).await else { return };
        // It may have been denied, withdrawn or frozen while it waited.
        let Some(ticket) = self.approved(id) else { return };
        let begun = match self.prepare(&ticket).await {
            Ok(prepared) => {
                let plan = prepared.plan.digest();
                let begin = move |sitting: &mut Sitting<'_>| {
                    let cx = sitting.cx;
                    let begun = sitting.desk.begin(id, plan, cx, sitting.change)?;
                    sitting.seat(id, place);
                    Ok(begun)
                };
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

    fn approved(&self, id: TicketId) -> Option<Arc<Ticket>> {
        let open = self.front.shelf.read().open.get(&id).cloned();
        open.filter(|ticket| ticket.status() == Status::Approved)
    }

    /// A running ticket: resolved once more, right before the effect, and run where it is still what the permit is for.
    async fn effect(&self, permit: Permit, ticket: &Arc<Ticket>, stop: Stop, place: Place) {
        let id = ticket.id();
        let outcome = match self.prepare(ticket).await {
            Ok(prepared) => {
                let order = Order { user: ticket.submitted_by(), law: &self.front.law(), stop };
                self.effects.run(permit, prepared.plan.plan(), order).await
            }
            Err(reason) => Outcome::failure(reason),
        };
        self.stops.over(id);
        drop(place);
        self.keep_end(id, outcome).await;
    }

    async fn prepare(&self, ticket: &Ticket) -> Result<Prepared, String> {
        let request = ticket.request();
        // What people have let go on goes before what they are asked.
        let asker = Asker { user: None, bytes: request.params_bytes };
        prepare(&self.front.law(), &request.action, request.params.clone(), &self.front.pool, asker)
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
