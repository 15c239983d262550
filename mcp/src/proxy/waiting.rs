//! A judged call, from the thread that waits for its verdict to its way to the server or its refusal.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use ccc_client::{Clearance, Terms};
use ccc_protocol::{Digest, TicketId};

use super::{Proxy, call::Call, lock, tools::Standing};
use crate::{
    answer::{self, Refusal},
    bridge::CANNOT_CONFINE,
    id::Id,
    judge::{ToolCall, Verdict, Watch},
};

/// A call on its way to a verdict. However that ends, the client gets one answer or the server gets the call: what is dropped
/// undecided, with a thread that failed or never began, is refused.
pub(super) struct Waiting {
    proxy: Arc<Proxy>,
    id: Id,
    serial: u64,
    call: Call,
    deadline: Instant,
    progress: Cell<u32>,
}

impl Waiting {
    /// The call entered as `serial`.
    pub(super) fn new(proxy: &Arc<Proxy>, id: Id, serial: u64, call: Call) -> Self {
        // A wait beyond what a clock can say is one of a day.
        let wait = lock(&proxy.patience).wait().min(Duration::from_secs(86_400));
        Self { proxy: Arc::clone(proxy), id, serial, call, deadline: Instant::now() + wait, progress: Cell::new(0) }
    }

    /// Has it decided, and does what was decided.
    pub(super) fn decide(self, line: &[u8]) {
        match self.verdict() {
            Ok(clearance) => self.release(clearance, line),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// Leave, or why there is none. The definition is looked at again afterwards: it may have changed while a person thought.
    fn verdict(&self) -> Result<Clearance, Refusal> {
        let trusted = self.trusted()?;
        let call = ToolCall {
            server: self.proxy.server.name.clone(),
            tool: self.call.tool.clone(),
            arguments: self.call.input.clone(),
        };
        match self.proxy.judge.judge(&call, self) {
            Verdict::Allow(clearance) if self.trusted()? == trusted => Ok(clearance),
            Verdict::Allow(_) => Err(changed(&self.call.tool)),
            Verdict::Deny { reason, ticket } => Err(denied(reason, ticket)),
            Verdict::Receipt { reason, ticket } => Err(queued(reason, ticket)),
        }
    }

    fn trusted(&self) -> Result<Digest, Refusal> {
        match self.proxy.standing(&self.call) {
            Standing::Trusted(digest) => Ok(digest),
            Standing::Withheld(refusal) => Err(refusal),
            Standing::Unknown => Err(not_offered(&self.call.tool)),
        }
    }

    /// INVARIANT: nothing gets between the question whether the client still waits and the call's way to the server, so a
    /// cancellation either stops the call here or follows it.
    fn release(&self, clearance: Clearance, line: &[u8]) {
        match clearance.spend() {
            Terms::Free => {}
            Terms::Confined => return self.refuse(&denied(CANNOT_CONFINE.to_owned(), None)),
        }
        let mut upstream = self.proxy.upstream();
        let wanted = self.proxy.table().release(&self.id, self.serial);
        let sent = if wanted { upstream.send(line) } else { Ok(()) };
        drop(upstream);
        if !self.proxy.is_sent(&sent) {
            self.proxy.answer_unsent(&self.id);
        }
    }

    fn refuse(&self, refusal: &Refusal) {
        let wanted = self.proxy.table().refuse(&self.id, self.serial);
        if wanted {
            let structured = !self.proxy.tools().has_output_schema(&self.call.tool);
            self.proxy.tell_client(&answer::result(&self.id, &refusal.result(self.call.era, structured)));
        }
    }

    fn tell_progress(&self, ticket: TicketId) {
        let Some(token) = &self.call.progress_token else { return };
        let step = self.progress.get();
        self.progress.set(step.saturating_add(1));
        self.proxy.tell_client(&answer::progress(
            token,
            step,
            &format!("waiting for a person to decide ticket {ticket}"),
        ));
    }
}

impl Watch for Waiting {
    fn queued(&self, ticket: TicketId) -> bool {
        let wanted = self.proxy.table().note_ticket(&self.id, self.serial, ticket);
        if wanted {
            self.tell_progress(ticket);
        }
        wanted
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.refuse(&undecided());
    }
}

fn denied(reason: String, ticket: Option<TicketId>) -> Refusal {
    let next =
        "Do not repeat the same call: the answer stays the same for a while. Do without it, or do it another way.";
    Refusal { status: "denied", reason, ticket, next: next.to_owned() }
}

fn queued(reason: String, ticket: TicketId) -> Refusal {
    let next = format!(
        "Make the very same call again later: it is answered by ticket {ticket}, and made once a person has approved it \
         (`ccc-queue approve {ticket}`). Another call is another ticket."
    );
    Refusal { status: "queued", reason, ticket: Some(ticket), next }
}

fn changed(tool: &str) -> Refusal {
    Refusal {
        status: "withheld",
        reason: format!("the definition of tool `{tool}` changed while the call was decided"),
        ticket: None,
        next: "List the tools again and decide anew whether to call it.".to_owned(),
    }
}

fn not_offered(tool: &str) -> Refusal {
    Refusal {
        status: "withheld",
        reason: format!("the server lists no tool `{tool}` with a definition that has one reading"),
        ticket: None,
        next: "List the tools and call one of them.".to_owned(),
    }
}

fn undecided() -> Refusal {
    Refusal {
        status: "denied",
        reason: "the call could not be decided: too many are being decided at once, or the proxy failed".to_owned(),
        ticket: None,
        next: "Call again once other calls have been answered.".to_owned(),
    }
}
