//! What comes from the client: passed on, or judged first.

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value, value::RawValue};

use super::{
    InHand, Proxy,
    call::{self, Call},
    lock,
    table::{Cancelled, Kind, NotOpened},
    waiting::Waiting,
};
use crate::{
    answer,
    frame::Frame,
    id::Id,
    message::{self, CONNECTION_CLOSED, INVALID_PARAMS, INVALID_REQUEST, Line, Malformed, Message},
};

impl Proxy {
    /// Takes what the client sent.
    pub fn client_sent(self: &Arc<Self>, frame: Frame) {
        let _in_hand = InHand::new(self);
        match frame {
            Frame::Line(line) => self.line_from_client(line),
            Frame::TooLong { bytes, id, asks } => {
                let what =
                    format!("a message of {bytes} bytes; at most {} are accepted", self.settings.limits.line_bytes_max);
                self.tell_client_malformed(Malformed { code: INVALID_REQUEST, id, asks, what });
            }
        }
    }

    fn line_from_client(self: &Arc<Self>, line: Vec<u8>) {
        let (id, method, params) = match message::read(&line) {
            Err(malformed) => return self.tell_client_malformed(malformed),
            Ok(Line::Batch(elements)) => return self.refuse_batch(&elements),
            Ok(Line::One(Message::Answer { .. })) => return self.pass_on(&line),
            Ok(Line::One(Message::Notification { method, params })) => {
                return self.notification(&method, params, &line);
            }
            Ok(Line::One(Message::Request { id, method, params })) => (id, method, params),
        };
        if method == "tools/call" {
            let call = Call::read(params);
            return self.call(id, call, line);
        }
        self.request(&id, &method, params, &line);
    }

    /// A batch could carry a call past whoever looks at single messages, and the protocol has given them up.
    fn refuse_batch(&self, elements: &[&str]) {
        let ids: Vec<Id> =
            elements.iter().filter_map(|element| request_id(element)).filter(|id| !self.table().contains(id)).collect();
        self.tell_client(&answer::batch_error(
            &ids,
            INVALID_REQUEST,
            "batches are not accepted; send each message on a line of its own",
        ));
    }

    fn notification(self: &Arc<Self>, method: &str, params: Option<&RawValue>, line: &[u8]) {
        match method {
            "tools/call" => self.note("a `tools/call` without an id was not passed on"),
            "notifications/cancelled" => self.cancelled(params, line),
            _ => self.pass_on(line),
        }
    }

    /// To the server, which owes no answer to it.
    fn pass_on(&self, line: &[u8]) {
        let _noted = self.tell_server(line);
    }

    /// A call that still waits here is withdrawn and answered by nothing, as the protocol wants it.
    fn cancelled(self: &Arc<Self>, params: Option<&RawValue>, line: &[u8]) {
        let Some(id) = cancelled_id(params) else {
            return self.note("a `notifications/cancelled` without a readable request id was not passed on");
        };
        let cancelled = self.table().cancel(&id);
        match cancelled {
            Cancelled::PassOn => self.pass_on(line),
            Cancelled::Here(None) => {}
            Cancelled::Here(Some(ticket)) => {
                if !self.spawn(move |proxy| proxy.judge.withdraw(ticket)) {
                    self.judge.withdraw(ticket);
                }
            }
        }
    }

    fn request(&self, id: &Id, method: &str, params: Option<&RawValue>, line: &[u8]) {
        let kind = match method {
            "tools/list" => Kind::Tools { cursor: cursor(params) },
            "tasks/result" => Kind::Result,
            "tasks/get" => Kind::Task,
            "subscriptions/listen" => Kind::Subscription { to_tools: wants_tools(params) },
            "initialize" => {
                self.initialized.store(true, Ordering::Relaxed);
                self.learn_client(client_of_initialize(params).as_deref());
                Kind::Plain
            }
            _ => Kind::Plain,
        };
        match self.table().open(id, kind) {
            Ok(_) => {}
            Err(not_opened) => return self.refuse_request(id, not_opened),
        }
        if !self.tell_server(line) {
            self.answer_unsent(id);
        }
    }

    /// The one road of a tool call.
    fn call(self: &Arc<Self>, id: Id, call: Result<Call, String>, line: Vec<u8>) {
        let call = match call {
            Ok(call) => call,
            Err(what) => {
                let malformed = Malformed { code: INVALID_PARAMS, id: Some(id), asks: true, what };
                return self.tell_client_malformed(malformed);
            }
        };
        self.learn_client(call.client());
        let opened = self.table().open(&id, Kind::Verdict { ticket: None });
        let serial = match opened {
            Ok(serial) => serial,
            Err(not_opened) => return self.refuse_request(&id, not_opened),
        };
        let waiting = Waiting::new(self, id, serial, call);
        // Where no thread can be had, the call is dropped with the work, and refuses itself.
        self.spawn(move |_| waiting.decide(&line));
    }

    fn refuse_request(&self, id: &Id, not_opened: NotOpened) {
        // An id in use belongs to the answer that the client still waits for: this one is told without it.
        let (id, what) = match not_opened {
            NotOpened::InUse => (None, "this id belongs to a request that has no answer yet"),
            NotOpened::Full => (Some(id), "too many requests have no answer yet; send it again after some have"),
            NotOpened::Ended => (Some(id), "the MCP server or its proxy is ending; this was not passed on"),
        };
        let code = if id.is_some() { CONNECTION_CLOSED } else { INVALID_REQUEST };
        self.tell_client(&answer::error(id, code, what));
    }

    fn learn_client(&self, name: Option<&str>) {
        if let Some(name) = name {
            lock(&self.patience).client_is(name);
        }
    }
}

fn request_id(element: &str) -> Option<Id> {
    match message::one(element) {
        Ok(Message::Request { id, .. }) => Some(id),
        _ => None,
    }
}

/// The request that a `notifications/cancelled` with these parameters is about.
pub(crate) fn cancelled_id(params: Option<&RawValue>) -> Option<Id> {
    let params = call::object(params).ok()?;
    match params.get("requestId")? {
        Value::String(text) => Some(Id::Text(text.clone())),
        Value::Number(number) => number.as_i64().map(Id::Number),
        _ => None,
    }
}

fn cursor(params: Option<&RawValue>) -> Option<String> {
    Some(call::object(params).ok()?.get("cursor")?.as_str()?.to_owned())
}

fn wants_tools(params: Option<&RawValue>) -> bool {
    let params = call::object(params).unwrap_or_default();
    params.get("notifications").and_then(|wanted| wanted.get("toolsListChanged")) == Some(&Value::Bool(true))
}

fn client_of_initialize(params: Option<&RawValue>) -> Option<String> {
    let params = call::object(params).ok()?;
    Some(params.get("clientInfo")?.get("name")?.as_str()?.to_owned())
}
