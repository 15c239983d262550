//! What a ticket comes to, in words: of a tool call what was read from it, of everything else what its declaration and plan say.

use ccc_protocol::{
    actions::PIN_TOOL,
    bodies::{Assessed, Care, Gravity, Plan, Risk, Verdict},
};
use ccc_toolcall::{facts::Knowledge, verdict};

use super::{Request, Ticket};
use crate::policy::Needs;

impl Ticket {
    /// Its risk as it is told to who may approve it.
    #[must_use]
    pub fn assessed(&self) -> Option<Assessed> {
        self.request().assessed.as_ref().map(|assessed| assessed.told.clone())
    }

    /// The verdict as of now. Of a tool call that nobody has read yet it takes the time of reading: see [`Ticket::facts`].
    #[must_use]
    pub fn verdict(&self, needs: &Needs, knowledge: &Knowledge) -> Verdict {
        let request = self.request();
        let known = request.known_hosts.as_deref();
        let read = self.facts(knowledge).map(|facts| verdict::of_call(&request.params, &facts, known));
        let found = read.unwrap_or_else(|| declared(request));
        let found = request.assessed.iter().fold(found, |found, assessed| assessed.over(found));
        let care = if needs.care { Care::Always } else { found.care };
        Verdict { care, ..found }
    }
}

/// Of an action of the owner's or the bridge's own: its declaration says whether it is grave.
fn declared(request: &Request) -> Verdict {
    let (headline, short) = match (request.irreversible, request.risk) {
        (true, _) => ("CANNOT BE UNDONE", "no way back"),
        (false, Risk::High) => ("HIGH RISK, BY ITS DECLARATION", "high risk"),
        (false, Risk::Normal) if is_pin(request) => ("takes a tool of a server as it says it is", "new tool"),
        (false, Risk::Normal) => by_plan(&request.plan),
    };
    let is_grave = request.irreversible || request.risk == Risk::High;
    let gravity = match request.plan {
        _ if is_grave => Gravity::Grave,
        Plan::Run { confined: None, .. } => Gravity::Odd,
        _ => Gravity::Plain,
    };
    Verdict {
        gravity,
        headline: headline.to_owned(),
        short: short.to_owned(),
        objects: if is_grave { vec![by_plan(&request.plan).0.to_owned()] } else { pinned(request) },
        care: if is_grave { Care::Always } else { Care::No },
        word: (&request.action).into(),
    }
}

fn is_pin(request: &Request) -> bool {
    request.action.as_str() == PIN_TOOL
}

/// The tool that is to be approved, as calls of it are named.
fn pinned(request: &Request) -> Vec<String> {
    let told = |name: &str| request.params.get(name).and_then(|value| value.as_str());
    let Some((server, tool)) = told("server").zip(told("tool")).filter(|_| is_pin(request)) else { return vec![] };
    let short = |text: &str| match text.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    };
    vec![format!("`mcp:{}/{}`", short(server), short(tool))]
}

/// Of a server's and a tool's name so much is told.
const NAME_CHARS_MAX: usize = 70;

fn by_plan(plan: &Plan) -> (&'static str, &'static str) {
    match plan {
        Plan::Run { confined: None, .. } => ("runs a program that reaches all that you do", "unconfined"),
        Plan::Run { .. } => ("runs a program that reaches what it was given", "runs"),
        Plan::Open { .. } => ("opens a program of your desktop", "opens"),
        Plan::Mail { .. } => ("sends a mail", "mail"),
        Plan::Bridge { .. } => ("is done by the bridge itself", "bridge"),
        Plan::Release { .. } => ("is done by the agent itself", "agent"),
    }
}
