//! Messages of a client answered, whatever carries them.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::{
    TicketId,
    json::{self, Limits},
};
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    catalogue::{self, APPROVE, LOOK},
    desk::Desk,
    outcome::Outcome,
};
use crate::{
    answer::{self, Era},
    frame::Frame,
    id::Id,
    judge::{Verdict, Watch},
    log,
    message::{self, INVALID_PARAMS, INVALID_REQUEST, Line, METHOD_NOT_FOUND, Malformed, Message},
};

/// The version spoken where a client asks for one that is not known.
const LATEST_SESSION_VERSION: &str = "2025-11-25";
/// The versions that begin with `initialize`.
const SESSION_VERSIONS: [&str; 4] = [LATEST_SESSION_VERSION, "2025-06-18", "2025-03-26", "2024-11-05"];
/// The version in which each request stands for itself.
const STATELESS_VERSION: &str = "2026-07-28";
/// In the stateless era: the version of the request is not spoken here.
const UNSUPPORTED_VERSION: i64 = -32022;
/// Calls that wait at once, beyond which they are refused.
const CALLS_MAX: usize = 64;

/// Where answers go. False when nobody hears them any more.
pub(super) trait Outlet: Send + Sync {
    fn send(&self, line: &[u8]) -> bool;
}

/// What one client and the server have between them.
pub(super) struct Session {
    desk: Arc<dyn Desk>,
    wait: Duration,
    outlet: Box<dyn Outlet>,
    calls: Mutex<HashMap<Id, Call>>,
    /// Told when a call waits no more.
    closed: Condvar,
    serials: AtomicU64,
}

struct Call {
    serial: u64,
    ticket: Option<TicketId>,
}

impl Session {
    pub(super) fn new(desk: Arc<dyn Desk>, wait: Duration, outlet: Box<dyn Outlet>) -> Arc<Self> {
        Arc::new(Self {
            desk,
            wait,
            outlet,
            calls: Mutex::default(),
            closed: Condvar::new(),
            serials: AtomicU64::new(0),
        })
    }

    /// Takes what the client sent. Calls of tools are answered later, from threads of their own; all else now.
    pub(super) fn take(self: &Arc<Self>, frame: Frame) {
        let line = match frame {
            Frame::Line(line) => line,
            Frame::TooLong { bytes, id } => {
                let what = format!("a message of {bytes} bytes is too long");
                self.say(&answer::malformed(&Malformed { code: INVALID_REQUEST, id, what }));
                return;
            }
        };
        match message::read(&line) {
            Err(malformed) => self.say(&answer::malformed(&malformed)),
            Ok(Line::Batch(_)) => self.say(&answer::error(None, INVALID_REQUEST, "batches are not accepted")),
            Ok(Line::One(Message::Request { id, method, params })) => self.request(id, &method, params),
            Ok(Line::One(Message::Notification { method, params })) => {
                if method == "notifications/cancelled" {
                    self.cancelled(params);
                }
            }
            Ok(Line::One(Message::Answer { .. })) => {}
        }
    }

    /// Nobody waits any more: what is open is withdrawn.
    pub(super) fn end(&self) {
        let calls = std::mem::take(&mut *self.calls());
        for ticket in calls.into_values().filter_map(|call| call.ticket) {
            self.desk.withdraw(ticket);
        }
    }

    /// Waits until no call waits for its answer, or the time is over.
    pub(super) fn wait_until_idle(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut calls = self.calls();
        while !calls.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            calls = self.closed.wait_timeout(calls, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn request(self: &Arc<Self>, id: Id, method: &str, params: Option<&RawValue>) {
        let params = match read_params(params) {
            Ok(params) => params,
            Err(what) => return self.say(&answer::error(Some(&id), INVALID_PARAMS, &what)),
        };
        let era = Era::of(&params);
        if let Some(refusal) = wrong_version(&id, &params) {
            return self.say(&refusal);
        }
        match method {
            "initialize" => self.reply(&id, Era::Session, initialized(&params)),
            "server/discover" => self.reply(&id, era, discovered()),
            "ping" => self.reply(&id, era, Map::new()),
            "tools/list" => self.list(&id, era),
            "tools/call" => self.call(id, era, params),
            _ => self.say(&answer::error(
                Some(&id),
                METHOD_NOT_FOUND,
                &format!("there is no method `{}`", method.escape_debug()),
            )),
        }
    }

    fn list(&self, id: &Id, era: Era) {
        let actions = self.desk.actions().unwrap_or_else(|error| {
            // The tools that need no list are offered all the same; a call of them says what is wrong.
            log::note("bridge", &error);
            Vec::new()
        });
        let mut result = Map::from_iter([("tools".to_owned(), Value::Array(catalogue::tools(actions)))]);
        cacheable(era, &mut result);
        self.reply(id, era, result);
    }

    fn call(self: &Arc<Self>, id: Id, era: Era, mut params: Map<String, Value>) {
        let tool = match params.remove("name") {
            Some(Value::String(name)) => name,
            _ => return self.say(&answer::error(Some(&id), INVALID_PARAMS, "`name` is not the name of a tool")),
        };
        let arguments = match params.remove("arguments") {
            None => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return self.say(&answer::error(Some(&id), INVALID_PARAMS, "`arguments` is not an object")),
        };
        let token = params.get("_meta").and_then(|meta| meta.get("progressToken")).cloned();
        let Some(serial) = self.open(&id) else { return };
        let waiting = Waiting {
            session: Arc::clone(self),
            id,
            serial,
            era,
            token,
            step: Cell::new(0),
            deadline: Instant::now() + self.wait,
        };
        // Where no thread can be had, the call is dropped with its work, and says so itself.
        let _not_begun = thread::Builder::new().spawn(move || waiting.run(&tool, arguments));
    }

    fn open(&self, id: &Id) -> Option<u64> {
        let mut calls = self.calls();
        if calls.contains_key(id) || calls.len() >= CALLS_MAX {
            let free = !calls.contains_key(id);
            drop(calls);
            let what = if free { "too many calls wait; call again later" } else { "this id is in use" };
            self.say(&answer::error(Some(id).filter(|_| free), INVALID_REQUEST, what));
            return None;
        }
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        calls.insert(id.clone(), Call { serial, ticket: None });
        Some(serial)
    }

    /// A cancelled call is withdrawn and answered by nothing.
    fn cancelled(self: &Arc<Self>, params: Option<&RawValue>) {
        let Ok(params) = read_params(params) else { return };
        let id = match params.get("requestId") {
            Some(Value::String(text)) => Id::Text(text.clone()),
            Some(Value::Number(number)) => number.as_i64().map_or_else(|| Id::Text(String::new()), Id::Number),
            _ => return,
        };
        let call = self.calls().remove(&id);
        self.closed.notify_all();
        if let Some(ticket) = call.and_then(|call| call.ticket) {
            let desk = Arc::clone(&self.desk);
            // Where no thread can be had, the ticket is left to expire.
            let _left = thread::Builder::new().spawn(move || desk.withdraw(ticket));
        }
    }

    fn reply(&self, id: &Id, era: Era, mut result: Map<String, Value>) {
        era.complete(&mut result);
        self.say(&answer::result(id, &Value::Object(result)));
    }

    fn say(&self, line: &[u8]) {
        // A client that has gone is noticed where it is read from.
        let _unheard = self.outlet.send(line);
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call on its way to an answer.
struct Waiting {
    session: Arc<Session>,
    id: Id,
    serial: u64,
    era: Era,
    token: Option<Value>,
    step: Cell<u32>,
    deadline: Instant,
}

impl Waiting {
    fn run(self, tool: &str, arguments: Map<String, Value>) {
        let result = match tool {
            APPROVE => self.approve(&arguments),
            LOOK => self.look(&arguments).into_result(self.era),
            _ => self.act(tool, arguments).into_result(self.era),
        };
        self.answer(&result);
    }

    fn act(&self, tool: &str, arguments: Map<String, Value>) -> Outcome {
        if arguments.contains_key("action") {
            return Outcome::refused("there is no parameter `action`".to_owned());
        }
        let offered = match self.session.desk.actions() {
            Ok(actions) => catalogue::offered(actions).any(|info| info.action.as_str() == tool),
            Err(error) => return Outcome::refused(error),
        };
        if !offered {
            return Outcome::refused(format!(
                "there is no tool `{}`; list the tools to see what there is",
                tool.escape_debug()
            ));
        }
        self.session.desk.submit(tool, arguments, self)
    }

    fn look(&self, arguments: &Map<String, Value>) -> Outcome {
        let ticket = arguments.get("ticket").and_then(Value::as_str).and_then(|text| text.parse().ok());
        match ticket {
            Some(ticket) => self.session.desk.look(ticket),
            None => Outcome::refused("`ticket` is not the id of a ticket".to_owned()),
        }
    }

    /// The one text block that Claude Code reads. What is not surely leave is a denial.
    fn approve(&self, arguments: &Map<String, Value>) -> Value {
        let asked =
            (arguments.get("tool_name").and_then(Value::as_str), arguments.get("input").and_then(Value::as_object));
        let answer = match asked {
            (Some(tool), Some(input)) => match self.session.desk.approve(tool, input, self) {
                Verdict::Allow => json!({ "behavior": "allow", "updatedInput": input }),
                Verdict::Deny { reason, ticket } => denial(&reason, ticket, "Do not repeat the same call."),
                Verdict::Receipt { reason, ticket } => {
                    denial(&reason, Some(ticket), "A person has not decided yet: make the very same call again later.")
                }
            },
            _ => denial("the call names no tool or no input", None, ""),
        };
        let mut result =
            Map::from_iter([("content".to_owned(), json!([{ "type": "text", "text": answer.to_string() }]))]);
        self.era.complete(&mut result);
        Value::Object(result)
    }

    /// Answers, unless nobody waits for this call any more.
    fn answer(&self, result: &Value) {
        let waits = |calls: &HashMap<Id, Call>| calls.get(&self.id).is_some_and(|call| call.serial == self.serial);
        if !waits(&self.session.calls()) {
            return;
        }
        self.session.say(&answer::result(&self.id, result));
        let mut calls = self.session.calls();
        if waits(&calls) {
            calls.remove(&self.id);
        }
        drop(calls);
        self.session.closed.notify_all();
    }
}

impl Watch for Waiting {
    fn queued(&self, ticket: TicketId) -> bool {
        let mut calls = self.session.calls();
        let Some(call) = calls.get_mut(&self.id).filter(|call| call.serial == self.serial) else { return false };
        call.ticket = Some(ticket);
        drop(calls);
        let Some(token) = &self.token else { return self.session.outlet.send(b"") };
        let step = self.step.get();
        self.step.set(step.saturating_add(1));
        let message = format!("waiting for a person to decide ticket {ticket}");
        self.session.outlet.send(&answer::progress(token, step, &message))
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let what = "the call could not be carried out: the server failed, or has too much to do";
        self.answer(&Outcome::refused(what.to_owned()).into_result(self.era));
    }
}

fn denial(reason: &str, ticket: Option<TicketId>, next: &str) -> Value {
    let ticket = ticket.map(|id| format!(" (ticket {id})")).unwrap_or_default();
    json!({ "behavior": "deny", "message": format!("{reason}{ticket}. {next}").trim_end() })
}

fn read_params(params: Option<&RawValue>) -> Result<Map<String, Value>, String> {
    let Some(params) = params else { return Ok(Map::new()) };
    json::read_object(params.get().as_bytes(), Limits::default())
        .map_err(|error| format!("the parameters cannot be read: {error}"))
}

fn initialized(params: &Map<String, Value>) -> Map<String, Value> {
    let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let version = SESSION_VERSIONS.iter().find(|version| **version == asked).unwrap_or(&LATEST_SESSION_VERSION);
    Map::from_iter([
        ("protocolVersion".to_owned(), json!(version)),
        ("capabilities".to_owned(), json!({ "tools": {} })),
        ("serverInfo".to_owned(), server_info()),
        ("instructions".to_owned(), json!(INSTRUCTIONS)),
    ])
}

const INSTRUCTIONS: &str = "Each tool is an action on the host, decided by policy or by a person. A call that waits is told by progress; \
     one that is not decided in time answers with a ticket to look up later with `ticket-status`.";

fn discovered() -> Map<String, Value> {
    let mut result = Map::from_iter([
        ("supportedVersions".to_owned(), json!([STATELESS_VERSION])),
        ("capabilities".to_owned(), json!({ "tools": {} })),
        ("instructions".to_owned(), json!(INSTRUCTIONS)),
        ("_meta".to_owned(), json!({ "io.modelcontextprotocol/serverInfo": server_info() })),
    ]);
    cacheable(Era::Stateless, &mut result);
    result
}

fn server_info() -> Value {
    json!({ "name": "ccc-mcp", "title": "Conduit bridge", "version": env!("CARGO_PKG_VERSION") })
}

/// Policies change at any time: nothing is to be kept.
fn cacheable(era: Era, result: &mut Map<String, Value>) {
    if era == Era::Stateless {
        result.insert("ttlMs".to_owned(), json!(0));
        result.insert("cacheScope".to_owned(), json!("private"));
    }
}

fn wrong_version(id: &Id, params: &Map<String, Value>) -> Option<Vec<u8>> {
    let asked = params.get("_meta")?.get("io.modelcontextprotocol/protocolVersion")?;
    if asked == STATELESS_VERSION {
        return None;
    }
    let data = json!({ "supported": [STATELESS_VERSION], "requested": asked });
    let error =
        json!({ "code": UNSUPPORTED_VERSION, "message": "this protocol version is not spoken here", "data": data });
    Some(json!({ "jsonrpc": "2.0", "id": id.to_value(), "error": error }).to_string().into_bytes())
}
