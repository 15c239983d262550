//! Messages of a client answered, whatever carries them.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::{
    TicketId,
    json::{self, Limits},
    visible,
};
use serde_json::{Map, Value, value::RawValue};

use super::{
    catalogue,
    desk::Desk,
    handshake::{cacheable, client_name, discovered, initialized, wrong_version},
    waiting::Waiting,
};
use crate::{
    answer::{self, Era},
    frame::Frame,
    id::Id,
    log,
    message::{self, CONNECTION_CLOSED, INVALID_PARAMS, INVALID_REQUEST, Line, METHOD_NOT_FOUND, Malformed, Message},
    patience::Patience,
    proxy::{cancelled_id, wait_until},
};

/// Calls that wait at once, beyond which they are refused.
const CALLS_MAX: usize = 64;
/// A wait beyond what a clock can say is one of a day.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(86_400);

/// Where answers go. False when nobody hears them any more.
pub(super) trait Outlet: Send + Sync {
    fn send(&self, line: &[u8]) -> bool;
}

/// What one client and the server have between them.
pub(super) struct Session {
    pub(super) desk: Arc<dyn Desk>,
    patience: Mutex<Patience>,
    pub(super) outlet: Box<dyn Outlet>,
    calls: Mutex<HashMap<Id, Call>>,
    /// Calls that are being carried out, answered or not.
    running: Mutex<usize>,
    /// Told when one of them is over.
    over: Condvar,
    serials: AtomicU64,
}

/// A call that waits for its answer.
pub(super) struct Call {
    pub(super) serial: u64,
    pub(super) ticket: Option<TicketId>,
}

impl Session {
    pub(super) fn new(desk: Arc<dyn Desk>, patience: Patience, outlet: Box<dyn Outlet>) -> Arc<Self> {
        Arc::new(Self {
            desk,
            patience: Mutex::new(patience),
            outlet,
            calls: Mutex::default(),
            running: Mutex::new(0),
            over: Condvar::new(),
            serials: AtomicU64::new(0),
        })
    }

    /// Takes what the client sent. Calls of tools are answered later, from threads of their own; all else now.
    pub(super) fn take(self: &Arc<Self>, frame: Frame) {
        let line = match frame {
            Frame::Line(line) => line,
            Frame::TooLong { bytes, id, asks } => {
                let what = format!("a message of {bytes} bytes is too long");
                self.say(&answer::malformed(&Malformed { code: INVALID_REQUEST, id, asks, what }));
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

    /// Nobody hears any more: what is open is withdrawn.
    pub(super) fn end(&self) {
        let calls = std::mem::take(&mut *self.calls());
        self.withdraw(calls.into_values());
    }

    /// Nothing more comes from the client, which may still hear: what is open is answered and withdrawn. A client that does not read
    /// holds nothing up beyond `at_most`.
    pub(super) fn end_answering(self: &Arc<Self>, at_most: Duration) {
        let (ids, calls): (Vec<Id>, Vec<Call>) = std::mem::take(&mut *self.calls()).into_iter().unzip();
        let session = Arc::clone(self);
        let telling = thread::Builder::new().spawn(move || {
            for id in ids {
                session.say(&answer::error(Some(&id), CONNECTION_CLOSED, "nothing more comes from the client"));
            }
        });
        self.withdraw(calls.into_iter());
        wait_until(at_most, || telling.as_ref().is_ok_and(thread::JoinHandle::is_finished));
    }

    fn withdraw(&self, calls: impl Iterator<Item = Call>) {
        calls.filter_map(|call| call.ticket).for_each(|ticket| self.desk.withdraw(ticket));
    }

    /// True while the call of this id has no answer.
    pub(super) fn waits_for(&self, id: &Id) -> bool {
        self.calls().contains_key(id)
    }

    /// Waits until no call is being carried out, or the time is over.
    pub(super) fn wait_until_idle(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut running = self.running();
        while *running > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            running = self.over.wait_timeout(running, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A call that was begun is over.
    pub(super) fn is_over(&self) {
        let mut running = self.running();
        *running = running.saturating_sub(1);
        drop(running);
        self.over.notify_all();
    }

    fn request(self: &Arc<Self>, id: Id, method: &str, params: Option<&RawValue>) {
        let params = match read_params(params) {
            Ok(params) => params,
            Err(what) => return self.say(&answer::error(Some(&id), INVALID_PARAMS, &what)),
        };
        let era = Era::of(&params);
        self.learn_client(&params);
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
                &format!("there is no method `{}`", visible::escaped(method)),
            )),
        }
    }

    /// How long a call waits for a person, as far as the client has said what it is.
    fn wait(&self) -> Duration {
        let patience = *self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        patience.wait().min(WAIT_MAX)
    }

    fn learn_client(&self, params: &Map<String, Value>) {
        if let Some(name) = client_name(params) {
            self.patience.lock().unwrap_or_else(PoisonError::into_inner).client_is(name);
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
        *self.running() += 1;
        let waiting = Waiting {
            session: Arc::clone(self),
            id,
            serial,
            era,
            token,
            step: Cell::new(0),
            deadline: Instant::now() + self.wait(),
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
        let Some(id) = cancelled_id(params) else { return };
        let call = self.calls().remove(&id);
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

    pub(super) fn say(&self, line: &[u8]) {
        // A client that has gone is noticed where it is read from.
        let _unheard = self.outlet.send(line);
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn calls(&self) -> MutexGuard<'_, HashMap<Id, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_params(params: Option<&RawValue>) -> Result<Map<String, Value>, String> {
    let Some(params) = params else { return Ok(Map::new()) };
    json::read_object(params.get().as_bytes(), Limits::default())
        .map_err(|error| format!("the parameters cannot be read: {error}"))
}
