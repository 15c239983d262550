//! One message out and all that comes back for it.

use std::{
    io::{self, BufReader, Write},
    time::{Duration, Instant},
};

use ccc_client::{
    http1::{AnswerHead, Body},
    sse::Events,
    timed::{Patience, Timed},
};
use serde_json::{Map, Value};

use super::{Link, lock};
use crate::{
    http::{HEAD_BYTES_MAX, on_one_line},
    id::Id,
};

/// The member of `_meta` by which a request of the stateless era names its version.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// How long a server may take no byte of what is sent.
const SEND_SECONDS_MAX: u64 = 30;
/// How long the exchange of a message may take to which nobody awaits an answer: the next one waits for it.
const UNAWAITED_SECONDS_MAX: u64 = 5;

/// What is sent.
pub(super) enum Outgoing<'a> {
    /// A message of the client's.
    Message {
        line: &'a [u8],
        /// Header fields that repeat what the message says, as the stateless era wants them.
        mirrored: Vec<(&'static str, String)>,
    },
    /// The wish to hear what the server says unasked.
    Listen,
    /// The end of the session.
    End,
}

/// What came back beside the messages.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The session that the server began.
    pub(super) session: Option<String>,
    /// True where the answer was a stream.
    pub(super) stream: bool,
}

impl<'a> Outgoing<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        let message: Map<String, Value> = serde_json::from_slice(line).unwrap_or_default();
        Self::Message { line, mirrored: mirrored(&message).unwrap_or_default() }
    }

    /// How long all that comes back may take: there is an end to that where nobody waits for an answer and others wait for the end.
    fn patience(&self, id: Option<&Id>) -> Patience {
        match self {
            _ if id.is_some() => Patience::Endless,
            Self::Listen => Patience::Endless,
            Self::Message { .. } | Self::End => {
                Patience::Until(Instant::now() + Duration::from_secs(UNAWAITED_SECONDS_MAX))
            }
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Message { .. } => "POST",
            Self::Listen => "GET",
            Self::End => "DELETE",
        }
    }
}

/// Version, method and name of a stateless message; none of another one.
fn mirrored(message: &Map<String, Value>) -> Option<Vec<(&'static str, String)>> {
    let params = message.get("params")?.as_object()?;
    let version = params.get("_meta")?.get(VERSION_KEY)?.as_str()?;
    let mut fields = vec![("mcp-protocol-version", version.to_owned())];
    let method = message.get("method")?.as_str()?;
    fields.push(("mcp-method", method.to_owned()));
    let name = match method {
        "tools/call" | "prompts/get" => params.get("name"),
        "resources/read" => params.get("uri"),
        _ => None,
    };
    fields.extend(name.and_then(Value::as_str).map(|name| ("mcp-name", name.to_owned())));
    // A name that no header field can carry is left to the server to miss.
    fields.retain(|(_, value)| value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    Some(fields)
}

impl Link {
    /// Sends and hands over each message that comes back, as it comes. A connection that awaits an answer to `id` can be ended
    /// from outside.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or says what is not to be understood.
    pub(super) fn exchange(
        &self,
        outgoing: &Outgoing<'_>,
        id: Option<&Id>,
        mut take: impl FnMut(Vec<u8>),
    ) -> io::Result<Heard> {
        let mut stream = self.endpoint.connect()?;
        if let Some(id) = id {
            lock(&self.open).insert(id.clone(), stream.try_clone()?);
        }
        let patience = outgoing.patience(id);
        stream.set_write_timeout(Some(Duration::from_secs(SEND_SECONDS_MAX)))?;
        stream.write_all(&self.request_bytes(outgoing))?;
        let mut reader = BufReader::new(Timed { stream, patience });
        let head = AnswerHead::read(&mut reader, HEAD_BYTES_MAX)?;
        let heard = Heard {
            session: head.fields.only("mcp-session-id")?.filter(|session| is_token(session)).map(str::to_owned),
            stream: head.fields.is_type("text/event-stream"),
        };
        if matches!(head.status, 202 | 204) {
            return Ok(heard);
        }
        let body = Body::new(reader, head.framing()?);
        if head.status == 200 && heard.stream {
            let mut events = Events::new(body, self.line_bytes_max);
            while let Some(event) = events.read()? {
                take(on_one_line(event.data));
            }
            return Ok(heard);
        }
        if head.fields.is_type("application/json") {
            take(on_one_line(body.read_whole(self.line_bytes_max)?));
            return Ok(heard);
        }
        Err(io::Error::other(format!("HTTP status {}", head.status)))
    }

    fn request_bytes(&self, outgoing: &Outgoing<'_>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", outgoing.method(), self.endpoint.target);
        let mut field = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        };
        field("host", &self.endpoint.host());
        field("connection", "close");
        let stateless = matches!(outgoing, Outgoing::Message { mirrored, .. } if !mirrored.is_empty());
        if !stateless {
            lock(&self.session).iter().for_each(|session| field("mcp-session-id", session));
            lock(&self.version)
                .iter()
                .filter(|version| is_token(version))
                .for_each(|version| field("mcp-protocol-version", version));
        }
        let mut body: &[u8] = &[];
        match outgoing {
            Outgoing::Message { line, mirrored } => {
                body = line;
                field("accept", "application/json, text/event-stream");
                field("content-type", "application/json");
                field("content-length", &line.len().to_string());
                mirrored.iter().for_each(|(name, value)| field(name, value));
            }
            Outgoing::Listen => field("accept", "text/event-stream"),
            Outgoing::End => {}
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }
}

/// A value that a header field can carry.
fn is_token(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}
