//! One call, one question: where a hook and `ccc-mcp proxy` both stand before a call of an MCP tool, the proxy's request is answered by
//! the leave that the hook's was given a moment ago.
//!
//! INVARIANT: a leave answers one such request, of the same user, for the same tool of the same server with the same arguments, and only
//! where policy would otherwise ask a person. What rules, people or freezes refuse stays refused; what asks for more than the hook's
//! ticket was approved under is asked about, and so is what holds the session, unless a person said yes to the hook's call.

use std::{collections::VecDeque, sync::Arc};

use ccc_protocol::{Digest, Timestamp, UserName, actions::USE_TOOL, bodies::Status};
use serde_json::{Map, Value, json};

use crate::{limits::Limits, policy::Decision, policy::Ruling, ticket::Ticket};

use super::{Cx, Desk, Submission, again::Today};

/// What `ccc-mcp proxy` calls itself in `use-tool`.
const PROXY: &str = "mcp";
/// What the common name of an MCP server's tool begins with: `mcp:server/tool`.
const MCP: &str = "mcp:";

/// The calls of MCP tools that hooks were given leave for a moment ago, oldest first. They are not stored: after a start, the proxy asks.
#[derive(Debug, Default)]
pub(super) struct Pairs(VecDeque<Let>);

#[derive(Debug)]
struct Let {
    call: Digest,
    at: Timestamp,
    ticket: Arc<Ticket>,
}

impl Pairs {
    /// Keeps a hook's call that has just been let go on, and forgets those that are too old or too many.
    pub(super) fn note(&mut self, ticket: &Arc<Ticket>, now: Timestamp, limits: &Limits) {
        self.0.retain(|one| is_in_time(one.at, now, limits));
        let request = ticket.request();
        if ticket.status() != Status::Released || request.action.as_str() != USE_TOOL {
            return;
        }
        if let Some(call) = call_of(&request.submitted_by, &request.params, Side::Hook) {
            let of_user = |one: &&Let| one.ticket.submitted_by() == ticket.submitted_by();
            let count = self.0.iter().filter(of_user).count();
            if u64::try_from(count).unwrap_or(u64::MAX) < limits.pairs_per_user_max {
                self.0.push_back(Let { call, at: now, ticket: Arc::clone(ticket) });
            }
        }
    }

    fn find(&self, call: Digest, now: Timestamp, limits: &Limits) -> Option<&Let> {
        self.0.iter().find(|one| one.call == call && is_in_time(one.at, now, limits))
    }

    fn spend(&mut self, ticket: &Ticket) {
        self.0.retain(|one| one.ticket.id() != ticket.id());
    }
}

impl Desk {
    /// The same decision, or that the request is let go on by the hook's leave, which is then spent. The last step before a ticket is
    /// opened: nothing refuses after it.
    pub(super) fn paired(&mut self, submission: &Submission, decision: Decision, cx: Cx<'_>) -> Decision {
        let Some(hooks) = self.hooks_leave(submission, &decision, cx) else { return decision };
        self.pairs.spend(&hooks);
        let rule = format!("the same call as ticket {}, which a hook was given leave for", hooks.id());
        Decision { ruling: Ruling::Accept, rule, ..decision }
    }

    fn hooks_leave(&self, submission: &Submission, decision: &Decision, cx: Cx<'_>) -> Option<Arc<Ticket>> {
        let asked = submission.asked();
        if decision.ruling != Ruling::Queue || asked.action.name.as_str() != USE_TOOL {
            return None;
        }
        let call = call_of(&asked.caller, &asked.args.json, Side::Proxy)?;
        let hooks = Arc::clone(&self.pairs.find(call, cx.now, &cx.law.limits)?.ticket);
        // What a person said yes to is this very call; a rule or a grant says nothing to what holds the session.
        let enough = hooks.needs().cover(&decision.needs) && !(decision.held && hooks.was_let_in());
        (enough && self.would_go_on_today(&hooks, cx)).then_some(hooks)
    }

    /// What let the hook's call go on still would, by the law of now.
    fn would_go_on_today(&self, ticket: &Ticket, cx: Cx<'_>) -> bool {
        match self.today(ticket, cx) {
            Today::Refuses { .. } => false,
            Today::Asks { lets_in, needs, .. } => lets_in || (!ticket.was_let_in() && ticket.needs().cover(&needs)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Hook,
    Proxy,
}

/// What both sides know of a call of an MCP tool; `None` for any other request. A name that does not say which server is meant has two
/// readings, and is nobody's.
fn call_of(user: &UserName, params: &Map<String, Value>, side: Side) -> Option<Digest> {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let found = if text("host")? == PROXY { Side::Proxy } else { Side::Hook };
    let tool = text("tool").filter(|tool| tool.strip_prefix(MCP).is_some_and(|rest| rest.contains('/')))?;
    (found == side).then(|| Digest::of_json(&json!({ "user": user, "tool": tool, "input": params.get("input") })))
}

fn is_in_time(at: Timestamp, now: Timestamp, limits: &Limits) -> bool {
    at <= now && now < at.plus_seconds(limits.pair_seconds_max)
}
