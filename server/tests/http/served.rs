//! A server in this process, on a port of its own, which ends with the test.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use ccc_core::limits::Limits;
use ccc_protocol::secrets::Secrets;
use ccc_server::parts::{Bridge, Keyring, Listeners, serve};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{peer::secret, site};

/// A request that waits for a person.
pub const QUEUED: &str = r#"{"action":"ask-a-person"}"#;

/// Everybody; `user` may approve for `agent`.
const USERS: [&str; 3] = ["agent", "other", "user"];

/// What a test sets otherwise than a user finds it.
#[derive(Debug, Default)]
pub struct Settings {
    pub limits: Limits,
    pub legacy_signatures: bool,
}

/// A running server.
pub struct Served {
    pub addr: SocketAddr,
    pub started_ms: i64,
    bridge: Arc<Bridge>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

impl Served {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub fn start_with(set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        set(&mut settings);
        let dir = tempfile::tempdir().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let data = dir.path().to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (bridge, _site) = site::bridge(&settings, &secrets(&USERS), &data);
                let bridge = Arc::new(bridge);
                let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send((tcp.local_addr().unwrap(), Arc::clone(&bridge))).unwrap();
                let listeners = Listeners { tcp: vec![tcp], unix: None };
                serve(listeners, bridge, async { drop(stopped.await) }).await;
            });
        });
        let (addr, bridge) = started.recv().expect("a server");
        let started_ms = bridge.front.clock().now().millis();
        Self { addr, started_ms, bridge, stop: Some(stop), thread: Some(thread), _dir: dir }
    }

    /// Takes a user out of the secrets file.
    pub fn remove(&self, name: &str) {
        let others: Vec<&str> = USERS.into_iter().filter(|user| *user != name).collect();
        let keyring = Keyring::new(&secrets(&others), &self.bridge.keys.current());
        self.bridge.keys.replace(keyring);
    }

    /// Tries again until it holds.
    pub fn until(&self, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < Duration::from_secs(20), "it never came to hold");
            std::thread::yield_now();
        }
    }

    /// Ends the server and waits for it.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

fn secrets(names: &[&str]) -> Secrets {
    let entry = |name: &&str| {
        let rights = if *name == "user" && names.contains(&"agent") { r#","canApprove":["agent"]"# } else { "" };
        format!(r#""{name}":{{"secret":"{}"{rights}}}"#, secret(name))
    };
    let users: Vec<String> = names.iter().map(entry).collect();
    Secrets::parse(format!(r#"{{"users":{{{}}}}}"#, users.join(",")).as_bytes()).unwrap()
}
