//! A server behind streamable HTTP: each message of the client is a POST, what comes back is JSON or an event stream.
//!
//! Requests are on their way at once; notifications and answers go one after the other, each before what follows it.

mod endpoint;
mod exchange;

use std::{
    collections::HashMap,
    io::{self, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use ccc_protocol::exit;

use super::{Proxy, Settings, lock, outbox::Outbox, process::pump_lines, wait_until};
use crate::{
    answer,
    definition::ServerName,
    frame::{Frame, Frames},
    id::Id,
    judge::Judge,
    message::{self, CONNECTION_CLOSED, Line, Message},
};

pub use endpoint::{Endpoint, EndpointError};
use exchange::{Heard, Outgoing};

/// How long after its end a stream of the server's own messages is opened again.
const REOPEN: Duration = Duration::from_secs(2);

/// Stands between the client and the server at `endpoint` until the client ends, or `stop` says so. The exit code is 0.
///
/// # Errors
/// When no thread can be had.
pub fn run(
    endpoint: Endpoint,
    server: ServerName,
    settings: Settings,
    judge: Box<dyn Judge>,
    client_in: impl Read + Send + 'static,
    client_out: impl Write + Send + 'static,
    stop: Receiver<()>,
) -> io::Result<u8> {
    let outbox = Outbox::new(Duration::from_secs(settings.limits.send_seconds_max));
    let line_bytes_max = settings.limits.line_bytes_max;
    let end = Duration::from_secs(settings.limits.end_seconds_max);
    let link = Arc::new(Link::new(endpoint, line_bytes_max));
    let proxy = Proxy::new(server, settings, judge, Box::new(client_out), Box::new(Arc::clone(&outbox)));
    let _first = link.proxy.set(Arc::downgrade(&proxy));
    let (carrier, lines) = (Arc::clone(&link), Arc::clone(&outbox));
    let carried = thread::Builder::new().spawn(move || carrier.carry(&lines))?;
    let (ended, ends) = mpsc::channel();

    let told = ended.clone();
    thread::Builder::new().spawn(move || stop.recv().is_ok_and(|()| told.send(()).is_ok()))?;
    // The client comes last: of what cannot be begun, it has asked nothing.
    let pump = Arc::clone(&proxy);
    thread::Builder::new().spawn(move || {
        let _told_when_over = End(ended);
        pump_lines(Frames::new(BufReader::new(client_in), line_bytes_max), |frame| pump.client_sent(frame));
    })?;
    let _one_of_them = ends.recv();
    // Whoever waits to send gives up, so that nothing holds the end up.
    outbox.close();
    proxy.aside(Proxy::client_ended);
    wait_until(end, || carried.is_finished() && proxy.table().is_empty() && proxy.is_idle());
    proxy.finish(end, |proxy| {
        proxy.answer_all(&format!("the MCP server `{}` gave no answer before the proxy ended", proxy.server.name));
    });
    link.end_session();
    Ok(exit::SUCCEEDED)
}

/// Tells that the client has ended, also where the thread that took what it said has failed.
struct End(Sender<()>);

impl Drop for End {
    fn drop(&mut self) {
        let _another_was_first = self.0.send(());
    }
}

/// What all exchanges with the server share.
struct Link {
    endpoint: Endpoint,
    line_bytes_max: usize,
    proxy: OnceLock<Weak<Proxy>>,
    /// That the server gave in answer to `initialize`.
    session: Mutex<Option<String>>,
    /// That the two agreed on in `initialize`; `None` before, and where each request says its own.
    version: Mutex<Option<String>>,
    /// The connections on which answers are awaited.
    open: Mutex<HashMap<Id, TcpStream>>,
}

impl Link {
    fn new(endpoint: Endpoint, line_bytes_max: usize) -> Self {
        Self {
            endpoint,
            line_bytes_max,
            proxy: OnceLock::new(),
            session: Mutex::default(),
            version: Mutex::default(),
            open: Mutex::default(),
        }
    }

    fn carry(self: &Arc<Self>, outbox: &Outbox) {
        while let Some(line) = outbox.next() {
            match message::read(&line) {
                Ok(Line::One(Message::Request { id, method, .. })) => self.begin(id, method, line),
                Ok(Line::One(Message::Notification { method, params })) => {
                    let ended_here = method == "notifications/cancelled" && self.hang_up(params);
                    if !ended_here {
                        self.tell(&line);
                    }
                    if method == "notifications/initialized" {
                        self.listen();
                    }
                }
                // The proxy passes on nothing that is not a message.
                _ => self.tell(&line),
            }
        }
    }

    /// Sends a request from a thread of its own, which waits for all that comes back.
    fn begin(self: &Arc<Self>, id: Id, method: String, line: Vec<u8>) {
        let (link, refused) = (Arc::clone(self), id.clone());
        let begun = thread::Builder::new().spawn(move || link.request(&id, &method, &line));
        if begun.is_err() {
            self.fail(&refused, "no thread can be had for the request");
        }
    }

    fn request(&self, id: &Id, method: &str, line: &[u8]) {
        let outgoing = Outgoing::of(line);
        let mut answered = false;
        let heard = self.exchange(&outgoing, Some(id), |message| {
            answered |= answers(&message, id);
            if method == "initialize" {
                self.learn_version(&message);
            }
            self.deliver(message);
        });
        lock(&self.open).remove(id);
        match heard {
            Ok(Heard { session: Some(session), .. }) if method == "initialize" => {
                *lock(&self.session) = Some(session);
            }
            Ok(_) => {}
            Err(error) => return self.fail(id, &format!("the MCP server cannot be reached: {error}")),
        }
        if !answered {
            self.fail(id, "the MCP server ended the exchange without an answer");
        }
    }

    fn tell(&self, line: &[u8]) {
        // Nobody waits for an answer to this, so nobody is told that there is none.
        let _unheard = self.exchange(&Outgoing::of(line), None, |message| self.deliver(message));
    }

    /// In a stateless exchange, a request is cancelled by ending its connection. False in a session, where the server is told.
    fn hang_up(&self, params: Option<&serde_json::value::RawValue>) -> bool {
        if lock(&self.version).is_some() {
            return false;
        }
        let connection = super::from_client::cancelled_id(params).and_then(|id| lock(&self.open).remove(&id));
        if let Some(connection) = connection {
            // It may be closed already, which is what is wanted.
            let _closed = connection.shutdown(Shutdown::Both);
        }
        true
    }

    /// Listens to what the server says unasked, for as long as it has a stream for that.
    fn listen(self: &Arc<Self>) {
        let link = Arc::clone(self);
        let _none = thread::Builder::new().spawn(move || {
            while link
                .exchange(&Outgoing::Listen, None, |message| link.deliver(message))
                .is_ok_and(|heard| heard.stream)
            {
                thread::sleep(REOPEN);
            }
        });
    }

    fn end_session(&self) {
        if lock(&self.session).is_some() {
            // A server may refuse this; the session then ends by its own time.
            let _refused = self.exchange(&Outgoing::End, None, |_| {});
        }
    }

    fn learn_version(&self, message: &[u8]) {
        let version = serde_json::from_slice::<serde_json::Value>(message).ok().and_then(|message| {
            message.pointer("/result/protocolVersion").and_then(|version| version.as_str()).map(str::to_owned)
        });
        if version.is_some() {
            *lock(&self.version) = version;
        }
    }

    fn deliver(&self, message: Vec<u8>) {
        if let Some(proxy) = self.proxy.get().and_then(Weak::upgrade) {
            proxy.server_sent(Frame::Line(message));
        }
    }

    fn fail(&self, id: &Id, what: &str) {
        self.deliver(answer::error(Some(id), CONNECTION_CLOSED, what));
    }
}

fn answers(message: &[u8], wanted: &Id) -> bool {
    matches!(message::read(message), Ok(Line::One(Message::Answer { id: Some(id), .. })) if id == *wanted)
}

#[cfg(test)]
mod tests;
