//! The look at the whole database after a start, beside those who are served: until it ends, nothing that was approved before
//! the start runs or is released.

use std::{sync::Arc, time::Duration};

use ccc_core::{
    desk::{Desk, Doubts},
    refusal::Refusal,
};
use ccc_protocol::{bodies::EntryKind, exit::server::STORE_LOST};
use serde_json::{Map, Value};

use super::{Front, Sitting};
use crate::store::{Found, Mark, Reader};

/// How long the end of the look waits before it is offered to the store again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be looked at, and with what.
#[derive(Debug)]
pub struct Proof {
    reader: Reader,
    from: u64,
    mark: Option<Mark>,
}

impl Proof {
    /// Of what this desk holds, from its oldest open ticket on.
    pub(super) fn of(desk: &Desk, reader: Reader, mark: Option<Mark>) -> Self {
        let oldest = desk.open_tickets().map(|ticket| ticket.opened().unwrap_or(ticket.seq())).min();
        Self { reader, from: oldest.unwrap_or(desk.chain().seq), mark }
    }

    /// Looks, and lets go on what was held, or has it asked again. A damaged database stops the server.
    pub async fn run(self, front: Front) {
        let Self { reader, from, mark } = self;
        let looked = tokio::task::spawn_blocking(move || reader.look(from, mark)).await;
        let found = match looked {
            Ok(Ok(Found { damage: Some(damage), .. })) => stop(&damage),
            Ok(Ok(found)) => Arc::new(found),
            Ok(Err(error)) => stop(&error.to_string()),
            Err(broke_off) => stop(&broke_off.to_string()),
        };
        tell(&found);
        loop {
            let found = Arc::clone(&found);
            match front.clerk.serve(None, move |sitting| settle(&found, sitting)).await {
                Ok(()) => return,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }
}

fn settle(found: &Found, sitting: &mut Sitting<'_>) -> Result<(), Refusal> {
    let (cx, held) = (sitting.cx, sitting.desk.held().len());
    let doubts = Doubts { disowned: found.illegal.clone(), ..Doubts::default() };
    sitting.desk.doubt(&doubts, cx, sitting.change);
    match found.broken_at {
        Some(_) => sitting.desk.ask_again_for_held(cx, sitting.change),
        None => sitting.desk.let_go(sitting.change),
    }
    if held > 0 || *found != Found::default() {
        let detail = [("held", Some(held as u64)), ("broken_at", found.broken_at)];
        let detail = detail.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))));
        sitting.desk.note(EntryKind::StoreChecked, Map::from_iter(detail), cx, sitting.change);
    }
    Ok(())
}

fn tell(found: &Found) {
    if let Some(seq) = found.broken_at {
        tracing::error!(
            seq,
            "the audit log is not what the server wrote: what was approved before the start is asked again; \
             `ccc-audit verify` says more"
        );
    }
    for (ticket, why) in &found.illegal {
        tracing::error!(%ticket, why, "the audit log has what no server writes about a ticket");
    }
}

/// Nobody is answered from a database that is not whole.
fn stop(why: &str) -> ! {
    tracing::error!(
        why,
        "the database is damaged: stopping; put a backup in its place, as \"Backup\" in docs/operations.md has it"
    );
    std::process::exit(STORE_LOST.into());
}
