//! What comes from the server: passed on, unless it is a list of tools or a result that is looked at first.

use std::sync::Arc;

use serde_json::{json, value::RawValue};

use super::{InHand, Proxy, table::Kind, tools::Generation};
use crate::{
    answer,
    definition::Page,
    frame::Frame,
    id::Id,
    message::{self, INTERNAL_ERROR, INVALID_REQUEST, Line, Malformed, Message, Outcome},
    results,
};

impl Proxy {
    /// Takes what the server sent.
    pub fn server_sent(self: &Arc<Self>, frame: Frame) {
        let _in_hand = InHand::new(self);
        match frame {
            Frame::Line(line) => self.line_from_server(&line),
            Frame::TooLong { bytes, id, asks } => {
                let max = self.settings.limits.line_bytes_max;
                let what = format!("a message of {bytes} bytes from the server; at most {max} are passed on");
                self.drop_from_server(Malformed { code: INVALID_REQUEST, id, asks, what });
            }
        }
    }

    fn line_from_server(self: &Arc<Self>, line: &[u8]) {
        match message::read(line) {
            Err(mut malformed) => {
                malformed.what = format!("what the server sent is no message: {}", malformed.what);
                self.drop_from_server(malformed);
            }
            Ok(Line::Batch(elements)) => self.batch_from_server(&elements),
            Ok(Line::One(Message::Notification { method, params })) => {
                if method == "notifications/tools/list_changed" {
                    self.tools().changed();
                }
                self.tell_client_masked(line, params);
            }
            Ok(Line::One(Message::Request { params, .. })) => self.tell_client_masked(line, params),
            Ok(Line::One(Message::Answer { id: None, outcome })) => self.tell_client_masked(line, Some(said(outcome))),
            Ok(Line::One(Message::Answer { id: Some(id), outcome })) => self.answer_from_server(id, outcome, line),
        }
    }

    /// No batch was passed on, so none is owed to the client: what it holds are messages like others.
    fn batch_from_server(self: &Arc<Self>, elements: &[&str]) {
        for element in elements.iter().filter(|element| !element.starts_with('[')) {
            self.line_from_server(element.as_bytes());
        }
    }

    fn answer_from_server(self: &Arc<Self>, id: Id, outcome: Outcome<'_>, line: &[u8]) {
        if matches!(outcome, Outcome::Result(_)) {
            let page = self.table().inspect(&id);
            if let Some((serial, cursor)) = page {
                let listed = Listed { proxy: Arc::clone(self), id, serial };
                return self.tools_from_server(listed, cursor, line.to_vec());
            }
        }
        let kind = self.table().answered(&id);
        match (kind, outcome) {
            (None, _) => self.note(&format!("an answer to {id}, which nobody asked, was not passed on")),
            (Some(Kind::OwnTools(listener)), _) => {
                // The listener may have given up; then nobody misses the answer.
                let _gone = listener.send(String::from_utf8_lossy(line).into_owned());
            }
            (Some(kind @ (Kind::Result | Kind::Task)), _) if line.len() > self.settings.limits.result_bytes_max => {
                self.tell_client(&self.oversized(&kind, &id, line));
            }
            (Some(_), outcome) => self.tell_client_masked(line, Some(said(outcome))),
        }
    }

    /// Asking about definitions takes the bridge's time, which nobody else waits for.
    fn tools_from_server(self: &Arc<Self>, listed: Listed, cursor: Option<String>, line: Vec<u8>) {
        let generation = self.tools().generation();
        // Where no thread can be had, the page is dropped with the work, and answered by that.
        self.spawn(move |proxy| {
            let answer = proxy.trusted_tools(&listed.id, cursor.as_deref(), &line, generation);
            listed.tell(&answer);
        });
    }

    /// The answer to a `tools/list` without what is not trusted.
    fn trusted_tools(self: &Arc<Self>, id: &Id, cursor: Option<&str>, line: &[u8], generation: Generation) -> Vec<u8> {
        let fault = match result_of(line).and_then(|(text, result)| Ok((text, Page::read(result)?))) {
            Err(fault) => fault,
            Ok((text, page)) => {
                let trusted = self.inspect(&page, generation);
                self.tools().listed(cursor, &page, generation);
                match page.keep(text, |name| trusted.contains(name)) {
                    Some(kept) => return kept,
                    None => "the list of tools cannot be taken apart".to_owned(),
                }
            }
        };
        self.note(&fault);
        answer::error(Some(id), INTERNAL_ERROR, &fault)
    }

    /// Passes a message on with the secrets in `said`, which is part of it, masked.
    fn tell_client_masked(&self, line: &[u8], said: Option<&RawValue>) {
        let masked = said.and_then(|said| {
            let masked = results::mask(said.get(), &self.settings.secrets)?;
            answer::splice(std::str::from_utf8(line).ok()?, said, &masked)
        });
        self.tell_client(masked.as_deref().unwrap_or(line));
    }

    fn oversized(&self, kind: &Kind, id: &Id, line: &[u8]) -> Vec<u8> {
        let text = format!(
            "The tool was called and its result withheld: {} bytes, and at most {} come back. Ask it for less.",
            line.len(),
            self.settings.limits.result_bytes_max
        );
        if matches!(kind, Kind::Task) {
            return answer::error(Some(id), INTERNAL_ERROR, &text);
        }
        // `resultType` is required in the stateless era and means nothing before it.
        answer::result(
            id,
            &json!({ "content": [{ "type": "text", "text": text }], "isError": true, "resultType": "complete" }),
        )
    }

    /// What cannot be passed on is not: whoever asked gets an error in its place. Ids belong to a direction, so one that the server
    /// asks under answers nothing of the client's.
    fn drop_from_server(&self, dropped: Malformed) {
        self.note(&dropped.what);
        if dropped.asks {
            if dropped.id.is_some() {
                let _noted = self.tell_server(&answer::malformed(&dropped));
            }
            return;
        }
        let Some(id) = dropped.id else { return };
        let kind = self.table().answered(&id);
        match kind {
            // Dropping the sender ends the wait for it.
            None | Some(Kind::OwnTools(_)) => {}
            Some(_) => self.tell_client(&answer::error(Some(&id), INTERNAL_ERROR, &dropped.what)),
        }
    }
}

/// A page of tools on its way to the client. However looking at it ends, the client gets one answer.
struct Listed {
    proxy: Arc<Proxy>,
    id: Id,
    serial: u64,
}

impl Listed {
    fn tell(&self, answer: &[u8]) {
        let wanted = self.proxy.table().inspected(&self.id, self.serial);
        if wanted {
            self.proxy.tell_client(answer);
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let what = "too many tool lists and calls are being looked at, or the proxy failed; list the tools again later";
        self.tell(&answer::error(Some(&self.id), INTERNAL_ERROR, what));
    }
}

fn said(outcome: Outcome<'_>) -> &RawValue {
    match outcome {
        Outcome::Result(said) | Outcome::Error(said) => said,
    }
}

/// The text of an answer and the result in it.
pub(super) fn result_of(line: &[u8]) -> Result<(&str, &RawValue), String> {
    let text = std::str::from_utf8(line).map_err(|_| "bytes that are not UTF-8".to_owned())?;
    match message::one(text.trim_end_matches('\r')) {
        Ok(Message::Answer { outcome: Outcome::Result(result), .. }) => Ok((text, result)),
        Ok(_) => Err("no result".to_owned()),
        Err(malformed) => Err(malformed.what),
    }
}
