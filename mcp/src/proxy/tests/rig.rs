//! A proxy whose client, server and judge are in the test's hands.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use ccc_protocol::TicketId;
use serde_json::{Value, json};

use crate::{
    definition::ServerName,
    frame::Frame,
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    proxy::{Proxy, Settings, Upstream},
};

/// Longest that a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);
/// Longest that a test waits for what must not come.
const QUIET: Duration = Duration::from_millis(150);

pub(super) type Decide = dyn Fn(&ToolCall, &dyn Watch) -> Verdict + Send + Sync;
pub(super) type Pin = dyn Fn(&PinRequest) -> Trust + Send + Sync;

struct Told {
    decide: Box<Decide>,
    pin: Box<Pin>,
    pinned: Mutex<Sender<PinRequest>>,
    withdrawn: Mutex<Sender<TicketId>>,
    settled: Mutex<Receiver<Trust>>,
}

impl Judge for Told {
    fn judge(&self, call: &ToolCall, watch: &dyn Watch) -> Verdict {
        (self.decide)(call, watch)
    }

    fn withdraw(&self, ticket: TicketId) {
        self.withdrawn.lock().unwrap().send(ticket).unwrap();
    }

    fn pin(&self, request: &PinRequest) -> Trust {
        self.pinned.lock().unwrap().send(request.clone()).unwrap();
        (self.pin)(request)
    }

    fn wait_for_pin(&self, ticket: TicketId, _at_most: Duration) -> Trust {
        let settled = self.settled.lock().unwrap().recv_timeout(QUIET);
        settled.unwrap_or(Trust::Waiting(ticket))
    }
}

struct Lines(Sender<Vec<u8>>, Vec<u8>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                let _gone = self.0.send(std::mem::take(&mut self.1));
            } else {
                self.1.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ToServer(Option<Sender<Vec<u8>>>);

impl Upstream for ToServer {
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let sender = self.0.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        sender.send(line.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn close(&mut self) {
        self.0 = None;
    }
}

pub(super) struct Rig {
    pub(super) proxy: Arc<Proxy>,
    pub(super) client: Receiver<Vec<u8>>,
    pub(super) server: Receiver<Vec<u8>>,
    pub(super) pinned: Receiver<PinRequest>,
    pub(super) withdrawn: Receiver<TicketId>,
    pub(super) settle: Sender<Trust>,
}

pub(super) fn ticket(number: u8) -> TicketId {
    TicketId::new(1, [number; 10])
}

impl Rig {
    pub(super) fn new(
        decide: impl Fn(&ToolCall, &dyn Watch) -> Verdict + Send + Sync + 'static,
        pin: impl Fn(&PinRequest) -> Trust + Send + Sync + 'static,
    ) -> Self {
        Self::with(Settings::default(), decide, pin)
    }

    pub(super) fn with(
        settings: Settings,
        decide: impl Fn(&ToolCall, &dyn Watch) -> Verdict + Send + Sync + 'static,
        pin: impl Fn(&PinRequest) -> Trust + Send + Sync + 'static,
    ) -> Self {
        Self::build(settings, decide, pin, None)
    }

    /// All tools are trusted, every call is allowed, and what the client is told goes to `out`.
    pub(super) fn to(out: Box<dyn Write + Send>) -> Self {
        Self::build(
            Settings::default(),
            |_, _| Verdict::Allow(crate::signed::cleared()),
            |_| Trust::Approved,
            Some(out),
        )
    }

    fn build(
        settings: Settings,
        decide: impl Fn(&ToolCall, &dyn Watch) -> Verdict + Send + Sync + 'static,
        pin: impl Fn(&PinRequest) -> Trust + Send + Sync + 'static,
        out: Option<Box<dyn Write + Send>>,
    ) -> Self {
        let (to_client, client) = mpsc::channel();
        let (to_server, server) = mpsc::channel();
        let (pin_sender, pinned) = mpsc::channel();
        let (withdraw_sender, withdrawn) = mpsc::channel();
        let (settle, settled) = mpsc::channel();
        let judge = Told {
            decide: Box::new(decide),
            pin: Box::new(pin),
            pinned: Mutex::new(pin_sender),
            withdrawn: Mutex::new(withdraw_sender),
            settled: Mutex::new(settled),
        };
        let name = ServerName { name: "peer".into(), command: vec!["peer".into(), "--stdio".into()] };
        let upstream = Box::new(ToServer(Some(to_server)));
        let out = out.unwrap_or_else(|| Box::new(Lines(to_client, Vec::new())));
        let proxy = Proxy::new(name, settings, Box::new(judge), out, upstream);
        Self { proxy, client, server, pinned, withdrawn, settle }
    }

    /// All tools are trusted and every call is allowed.
    pub(super) fn open() -> Self {
        Self::new(|_, _| Verdict::Allow(crate::signed::cleared()), |_| Trust::Approved)
    }

    /// All tools are trusted; calls are decided by `decide`.
    pub(super) fn judging(decide: impl Fn(&ToolCall, &dyn Watch) -> Verdict + Send + Sync + 'static) -> Self {
        let rig = Self::new(decide, |_| Trust::Approved);
        rig.list(&[json!({"name": "echo"}), json!({"name": "typed", "outputSchema": {}})]);
        rig
    }

    pub(super) fn client_sends(&self, line: &str) {
        self.proxy.client_sent(Frame::Line(line.as_bytes().to_vec()));
    }

    pub(super) fn server_sends(&self, line: &str) {
        self.proxy.server_sent(Frame::Line(line.as_bytes().to_vec()));
    }

    /// The client calls `tool` under `id`.
    pub(super) fn call(&self, id: u32, tool: &str) -> String {
        let line = call_line(id, tool);
        self.client_sends(&line);
        line
    }

    /// The client lists, the server answers with `tools`; what the client sees of them.
    pub(super) fn list(&self, tools: &[Value]) -> Vec<String> {
        self.client_sends(r#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}"#);
        self.at_server();
        self.server_sends(&json!({"jsonrpc":"2.0","id":"list","result":{"tools":tools}}).to_string());
        let answer = self.value_at_client();
        names(&answer["result"]["tools"])
    }

    pub(super) fn at_client(&self) -> String {
        String::from_utf8(self.client.recv_timeout(SOON).expect("something for the client")).unwrap()
    }

    pub(super) fn at_server(&self) -> String {
        String::from_utf8(self.server.recv_timeout(SOON).expect("something for the server")).unwrap()
    }

    pub(super) fn value_at_client(&self) -> Value {
        serde_json::from_str(&self.at_client()).unwrap()
    }

    pub(super) fn value_at_server(&self) -> Value {
        serde_json::from_str(&self.at_server()).unwrap()
    }

    pub(super) fn nothing_at_client(&self) {
        let found = self.client.recv_timeout(QUIET).map(|line| String::from_utf8_lossy(&line).into_owned());
        assert!(found.is_err(), "the client got {found:?}");
    }

    pub(super) fn nothing_at_server(&self) {
        let found = self.server.recv_timeout(QUIET).map(|line| String::from_utf8_lossy(&line).into_owned());
        assert!(found.is_err(), "the server got {found:?}");
    }
}

pub(super) fn call_line(id: u32, tool: &str) -> String {
    format!(
        r#"{{ "jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"m":"é😀"}}}}}}"#
    )
}

pub(super) fn names(tools: &Value) -> Vec<String> {
    tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// A gate that a judge waits at until the test opens it.
#[derive(Clone)]
pub(super) struct Gate(Arc<(Mutex<bool>, std::sync::Condvar)>);

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(false), std::sync::Condvar::new())))
    }

    pub(super) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(super) fn pass(&self) {
        let until = Instant::now() + SOON;
        let mut open = self.0.0.lock().unwrap();
        while !*open && Instant::now() < until {
            open = self.0.1.wait_timeout(open, SOON).unwrap().0;
        }
        assert!(*open, "the gate was never opened");
    }
}
