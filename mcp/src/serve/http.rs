//! Clients on a Unix socket, or on a loopback address with a token: streamable HTTP, each request for itself.
//!
//! Who can connect speaks with the agent's voice. A socket belongs to its owner alone; on a loopback address everybody on the machine
//! can connect, so a token is asked for. Browsers have no business here: whatever carries `Origin` is refused.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_client::{
    http1::{Body, Malformed, RequestHead},
    timed::{Patience, ReadTime, Timed},
};
use zeroize::Zeroizing;

use super::{
    Session,
    desk::Desk,
    session::{Outlet, WAIT_MAX},
};
use crate::{
    config::read_private,
    frame::Frame,
    http::{HEAD_BYTES_MAX, on_one_line},
    message::{self, Line, Message},
    patience,
    proxy::{Settings, cancelled_id},
};

/// Connections at a time.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to say what it wants and that it may: who has no token takes a place no longer.
const HEAD_SECONDS_MAX: u64 = 5;
/// How long a client may take to send its whole request, and to take a piece of the answer.
const REQUEST_SECONDS_MAX: u64 = 30;
/// The shortest token.
const TOKEN_CHARS_MIN: usize = 32;
pub(super) fn run_socket(desk: &Arc<dyn Desk>, settings: &Settings, path: &Path) -> io::Result<()> {
    let listener = bind_private(path)?;
    let server = Arc::new(Server::new(desk, settings, None));
    for stream in listener.incoming() {
        server.accept(stream?);
    }
    Ok(())
}

pub(super) fn run_loopback(
    desk: &Arc<dyn Desk>,
    settings: &Settings,
    address: SocketAddr,
    token: &Path,
) -> io::Result<()> {
    let token = read_token(token)?;
    serve_loopback(desk, settings, &TcpListener::bind(address)?, token)
}

/// Serves what connects to `listener` and has the token.
pub(super) fn serve_loopback(
    desk: &Arc<dyn Desk>,
    settings: &Settings,
    listener: &TcpListener,
    token: Zeroizing<String>,
) -> io::Result<()> {
    let server = Arc::new(Server::new(desk, settings, Some(token)));
    for stream in listener.incoming() {
        server.accept(stream?);
    }
    Ok(())
}

fn read_token(path: &Path) -> io::Result<Zeroizing<String>> {
    let text = read_private(path).map_err(|error| io::Error::other(error.to_string()))?;
    let token = Zeroizing::new(std::str::from_utf8(&text).unwrap_or_default().trim().to_owned());
    if token.chars().count() < TOKEN_CHARS_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(io::Error::other(format!(
            "`{}` holds no token of {TOKEN_CHARS_MIN} visible characters",
            path.display()
        )));
    }
    Ok(token)
}

/// A socket that its owner alone can connect to, from the first moment: it is made in a private directory and moved into place.
fn bind_private(path: &Path) -> io::Result<UnixListener> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        return Err(io::Error::other(format!("`{}` is there and is not a socket", path.display())));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::other(format!("`{}` is served by another program", path.display())));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("the socket has no name"))?;
    let directory = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    fs::create_dir(&directory)?;
    let made = fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).and_then(|()| {
        let listener = UnixListener::bind(directory.join("s"))?;
        fs::set_permissions(directory.join("s"), fs::Permissions::from_mode(0o600))?;
        fs::rename(directory.join("s"), path)?;
        Ok(listener)
    });
    // Nothing of ours is left in it either way, or what is left is not in the way.
    let _left = fs::remove_dir_all(&directory);
    made
}

struct Server {
    desk: Arc<dyn Desk>,
    settings: Settings,
    token: Option<Zeroizing<String>>,
    busy: AtomicUsize,
    /// Requests that are being answered.
    live: Mutex<Vec<Weak<Session>>>,
}

/// A connection that several threads use.
trait Stream: ReadTime + Write + Send + Sized + 'static {
    fn copy(&self) -> io::Result<Self>;
    fn write_within(&self, at_most: Duration) -> io::Result<()>;
    fn hang_up(&self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn copy(&self) -> io::Result<Self> {
        self.try_clone()
    }
    fn write_within(&self, at_most: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(at_most))
    }
    fn hang_up(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Both)
    }
}

impl Stream for UnixStream {
    fn copy(&self) -> io::Result<Self> {
        self.try_clone()
    }
    fn write_within(&self, at_most: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(at_most))
    }
    fn hang_up(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Both)
    }
}

impl Server {
    fn new(desk: &Arc<dyn Desk>, settings: &Settings, token: Option<Zeroizing<String>>) -> Self {
        let (desk, settings) = (Arc::clone(desk), settings.clone());
        Self { desk, settings, token, busy: AtomicUsize::new(0), live: Mutex::default() }
    }

    fn accept(self: &Arc<Self>, stream: impl Stream) {
        let server = Arc::clone(self);
        if self.busy.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS_MAX {
            self.busy.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let begun = thread::Builder::new().spawn(move || {
            // A client that breaks off hurts itself alone.
            let _broken_off = server.exchange(stream);
            server.busy.fetch_sub(1, Ordering::AcqRel);
        });
        if begun.is_err() {
            self.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// What has two readings, or is too long, is turned away before anything of it is done.
    fn exchange(&self, stream: impl Stream) -> io::Result<()> {
        let mut refusing = stream.copy()?;
        refusing.write_within(Duration::from_secs(REQUEST_SECONDS_MAX))?;
        match self.answer(stream) {
            Err(error) if Malformed::of(&error).is_some() => {
                respond(&mut refusing, "400 Bad Request", "text/plain", b"")
            }
            done => done,
        }
    }

    fn answer(&self, stream: impl Stream) -> io::Result<()> {
        let begun = Instant::now();
        let within = |seconds| Patience::Until(begun + Duration::from_secs(seconds));
        let mut writing = stream.copy()?;
        let connection = stream.copy()?;
        let mut reader = BufReader::new(Timed { stream, patience: within(HEAD_SECONDS_MAX) });
        let Some(head) = RequestHead::read(&mut reader, HEAD_BYTES_MAX)? else { return Ok(()) };
        if let Some(status) = self.refusal(&head)? {
            return respond(&mut writing, status, "text/plain", b"");
        }
        reader.get_mut().patience = within(REQUEST_SECONDS_MAX);
        let message = self.body(&head, &mut reader)?;
        let streams = head.fields.only("accept")?.is_some_and(|types| types.contains("text/event-stream"));
        let is_call =
            matches!(message::read(&message), Ok(Line::One(Message::Request { method, .. })) if method == "tools/call");
        let outlet = Arc::new(Reply {
            out: Mutex::new(Box::new(writing)),
            stream: streams && is_call,
            begun: Mutex::new(false),
        });
        let session = self.session(&message, &outlet);
        session.take(Frame::Line(message));
        if is_call {
            watch_for_end(reader.into_inner().stream, &session)?;
            session.wait_until_idle(WAIT_MAX);
        }
        let told = outlet.end();
        // Whoever still listens for the client's end is not left listening.
        connection.hang_up().and(told)
    }

    /// A session for one request. What cancels a call goes to the request that carries it, where there is one and no other of its id.
    fn session(&self, message: &[u8], outlet: &Arc<Reply>) -> Arc<Session> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|session| session.strong_count() > 0);
        if let Ok(Line::One(Message::Notification { method, params })) = message::read(message)
            && method == "notifications/cancelled"
            && let Some(id) = cancelled_id(params)
        {
            let mut waiting = live.iter().filter_map(Weak::upgrade).filter(|session| session.waits_for(&id));
            if let (Some(one), None) = (waiting.next(), waiting.next()) {
                return one;
            }
        }
        let patience = patience::Patience::new(self.settings.wait);
        let session = Session::new(Arc::clone(&self.desk), patience, Box::new(Arc::clone(outlet)));
        live.push(Arc::downgrade(&session));
        session
    }

    /// The status with which a request is turned away.
    fn refusal(&self, head: &RequestHead) -> io::Result<Option<&'static str>> {
        let fields = &head.fields;
        if fields.only("origin")?.is_some() || !is_local_host(fields.only("host")?) {
            return Ok(Some("403 Forbidden"));
        }
        if !self.is_allowed(fields.only("authorization")?) {
            return Ok(Some("401 Unauthorized"));
        }
        Ok(match (head.target.as_str(), head.method.as_str()) {
            ("/" | "/mcp", "POST") if fields.is_type("application/json") => None,
            ("/" | "/mcp", "POST") => Some("415 Unsupported Media Type"),
            ("/" | "/mcp", _) => Some("405 Method Not Allowed"),
            _ => Some("404 Not Found"),
        })
    }

    /// Compared by digests, so that time tells nothing of the token.
    fn is_allowed(&self, authorization: Option<&str>) -> bool {
        let Some(token) = &self.token else { return true };
        let given = authorization.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        ccc_protocol::Digest::of(given.trim().as_bytes()) == ccc_protocol::Digest::of(token.as_bytes())
    }

    fn body(&self, head: &RequestHead, reader: impl BufRead) -> io::Result<Vec<u8>> {
        Body::new(reader, head.framing()?).read_whole(self.settings.limits.line_bytes_max).map(on_one_line)
    }
}

/// Has a thread withdraw the call once its client has hung up.
fn watch_for_end(mut stream: impl Stream, session: &Arc<Session>) -> io::Result<()> {
    stream.read_within(None)?;
    let session = Arc::downgrade(session);
    thread::Builder::new().spawn(move || {
        // What a client says behind its request is nothing.
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        if let Some(session) = session.upgrade() {
            session.end();
        }
    })?;
    Ok(())
}

/// A name under which this machine alone is reached: a page of another name cannot be made to lead here.
fn is_local_host(host: Option<&str>) -> bool {
    let Some(host) = host else { return true };
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn respond(out: &mut dyn Write, status: &str, media: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    out.write_all(head.as_bytes())?;
    out.write_all(body)?;
    out.flush()
}

/// The answer to one request: a JSON document, or a stream of events that ends with it.
struct Reply {
    out: Mutex<Box<dyn Write + Send>>,
    stream: bool,
    begun: Mutex<bool>,
}

impl Reply {
    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !std::mem::replace(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner), true);
        if !self.stream {
            return respond(&mut *out, "200 OK", "application/json", line);
        }
        if first {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")?;
        }
        // A comment keeps a stream without events alive, and shows when nobody listens.
        let event = if line.is_empty() { b": waiting\n\n".to_vec() } else { [b"data: ", line, b"\n\n"].concat() };
        out.write_all(&event)?;
        out.flush()
    }

    /// What asked for no answer is told that it was taken.
    fn end(&self) -> io::Result<()> {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun {
            return Ok(());
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        respond(&mut *out, "202 Accepted", "text/plain", b"")
    }
}

impl Outlet for Arc<Reply> {
    fn send(&self, line: &[u8]) -> bool {
        let is_answer = self.stream || (!line.is_empty() && is_result(line));
        !is_answer || self.write(line).is_ok()
    }
}

/// Where there is no stream, the answer alone is told, and no progress.
fn is_result(line: &[u8]) -> bool {
    matches!(message::read(line), Ok(Line::One(Message::Answer { .. })))
}
