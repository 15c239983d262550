//! A real bridge for tests: the built `ccc-server` in a home of its own, spoken to over its socket, ended with the test.
//!
//! Five users: `agent` asks; `user` and `dba` may approve for it, the latter in the role `dba`; `other` asks too and
//! `lead` may approve for `other` alone.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ccc_client::{Identity, Request, deadline_after};
use ccc_protocol::{
    TicketId,
    bodies::{Ticket, Verdict},
    secrets::Secrets,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

pub use crate::site::{Site, program, secret, secrets_of, write_private};
use crate::{
    site::USERS,
    wire::{Ask, Peer, Reply},
};

/// How long anything may take that is waited for. Generous: it bounds a failure, not a success.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What a server said on stderr so far, and news of more.
type Said = Arc<(Mutex<Vec<String>>, Condvar)>;

fn launch(mut command: Command) -> (Child, Said) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = Said::default();
    let (stderr, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&said));
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok).chain([ENDED.to_owned()]) {
            heard.0.lock().unwrap().push(line);
            heard.1.notify_all();
        }
    });
    (child, said)
}

/// Stands behind a server's last line.
const ENDED: &str = "(ended)";

/// A running bridge. Dropping it ends the server, and nothing else.
pub struct Bridge {
    site: Site,
    child: Child,
    said: Said,
    url: String,
}

impl Bridge {
    /// A server at this site, which listens already.
    pub(crate) fn at(site: Site) -> Self {
        let (child, said) = launch(site.command());
        let mut bridge = Self { site, child, said, url: String::new() };
        bridge.find_url();
        bridge
    }

    /// A bridge with built-in actions alone.
    #[must_use]
    pub fn start() -> Self {
        Site::new().start()
    }

    /// A bridge with this config.
    #[must_use]
    pub fn with_config(toml: impl AsRef<str>) -> Self {
        Site::new().config(toml).start()
    }

    /// Where it stands.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Where it listens, as clients write it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the server as its owner would, and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Waits until the server has ended by itself.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Sends the server a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until a checkpoint vouches for this entry: what was approved right before a kill counts only then.
    pub fn is_vouched_for(&self, seq: u64) {
        let file = self.site.home().join("data/checkpoints.jsonl");
        self.until("a checkpoint vouches for it", || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let seqs = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?["seq"].as_u64());
            seqs.max().filter(|reached| *reached >= seq)
        });
    }

    /// Starts the server again on the same data, after it was ended.
    pub fn start_again(&mut self) {
        self.begin_again(&[]);
        self.find_url();
    }

    /// The same with these arguments more, and without waiting until it listens.
    pub fn begin_again(&mut self, args: &[&str]) {
        let mut command = self.site.command();
        command.args(args);
        (self.child, self.said) = launch(command);
    }

    /// The same, with other files.
    pub fn start_again_with(&mut self, change: impl FnOnce(&mut Site)) {
        change(&mut self.site);
        self.start_again();
    }

    fn find_url(&mut self) {
        let line = self.hear("listening on ");
        self.url = line.trim().strip_prefix("listening on ").expect("the url alone").to_owned();
    }

    /// The first line on stderr that holds this text, waited for.
    ///
    /// # Panics
    /// When the server ends without having said it.
    #[must_use]
    pub fn hear(&self, text: &str) -> String {
        let begun = Instant::now();
        let mut lines = self.said.0.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(lines.last().is_none_or(|line| line != ENDED), "the server ended without `{text}`: {lines:#?}");
            assert!(begun.elapsed() < PATIENCE, "no `{text}` in {lines:#?}");
            lines = self.said.1.wait_timeout(lines, Duration::from_secs(1)).unwrap().0;
        }
    }

    /// Everything the server said so far.
    #[must_use]
    pub fn heard(&self) -> String {
        // Also after a panic of whoever listened: what was heard is what explains it.
        self.said.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Our own client, speaking as this user.
    #[must_use]
    pub fn client(&self, user: &str) -> ccc_client::Bridge {
        client_at(&self.url, user)
    }

    /// A connection to write bytes to.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::connect(&self.url)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When the answer is not signed for this request, or tells an agent where things lie on the host.
    pub fn send(&self, ask: &Ask) -> Reply {
        let reply = self.peer().send(ask.bytes()).reply();
        if let Err(refusal) = ask.verify(&reply) {
            panic!("{} {} as {}: {refusal}: {} {}", ask.method, ask.target, ask.user, reply.status, reply.text());
        }
        if matches!(ask.user.as_str(), "agent" | "other") {
            self.tells_no_host_path(&reply.text());
        }
        reply
    }

    /// Reads something as this user.
    pub fn get(&self, user: &str, target: &str) -> Reply {
        self.send(&Ask::get(target).of(user))
    }

    /// Asks for a change as this user.
    pub fn post(&self, user: &str, target: &str, body: &Value) -> Reply {
        self.send(&Ask::post(target, &body.to_string()).of(user))
    }

    /// Submits an action.
    pub fn submit(&self, user: &str, action: &Value) -> Reply {
        self.post(user, "/action", action)
    }

    /// Submits an action that becomes a ticket, and waits until that has ended.
    pub fn run(&self, user: &str, action: &Value) -> Ticket {
        let ticket = self.submit(user, action).ticket();
        self.end_of(user, ticket.id)
    }

    /// Waits until a ticket has ended.
    pub fn end_of(&self, user: &str, id: TicketId) -> Ticket {
        let ended = self.client(user).wait_for(id, Instant::now() + PATIENCE).unwrap().ticket().unwrap();
        assert!(ended.status.has_ended(), "{ended:?}");
        self.tells_no_host_path(&serde_json::to_string(&ended).unwrap());
        ended
    }

    /// The ticket as it stands.
    pub fn look(&self, user: &str, id: TicketId) -> Ticket {
        self.get(user, &format!("/queue/{id}")).ticket()
    }

    /// A person's yes to a ticket as it was shown.
    pub fn approve(&self, by: &str, ticket: &Ticket) -> Reply {
        self.post(by, &format!("/queue/{}/approve", ticket.id), &json!({ "digest": ticket.digest }))
    }

    /// The same for what needs care: with the verdict that the bridge shows, and its word typed.
    ///
    /// # Panics
    /// Where there is no preview.
    pub fn approve_with_care(&self, by: &str, ticket: &Ticket, grant: Option<&Value>) -> Reply {
        let preview = self.get(by, &format!("/queue/{}/preview", ticket.id)).json();
        let verdict: Verdict = serde_json::from_value(preview["ticket"]["verdict"].clone()).unwrap();
        let shown = json!({ "verdict": verdict.digest(), "word": verdict.word });
        let mut body = json!({ "digest": ticket.digest, "shown": shown });
        if let Some(grant) = grant {
            body["grant"] = grant.clone();
        }
        self.post(by, &format!("/queue/{}/approve", ticket.id), &body)
    }

    /// The number of the newest audit entry: what changes nothing leaves it as it is.
    #[must_use]
    pub fn seq(&self) -> u64 {
        let request = Request::get("/queue?limit=1", deadline_after(None));
        self.client("dba").call(&request).unwrap().read::<Value>().unwrap()["seq"].as_u64().unwrap()
    }

    /// Asks until there is an answer, for what no event tells of.
    ///
    /// # Panics
    /// When there is none in time.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "it never came to this: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// No answer to an agent says where things lie on the host.
    pub fn tells_no_host_path(&self, text: &str) {
        let home = self.site.home().to_string_lossy();
        assert!(!text.contains(home.as_ref()), "an agent was told a host path: {text}");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.heard());
        }
    }
}

/// Our own client at this place, speaking as this user of the tests.
#[must_use]
pub fn client_at(url: &str, user: &str) -> ccc_client::Bridge {
    let names: Vec<&str> = USERS.iter().map(|(name, _)| *name).collect();
    let secrets = Secrets::parse(secrets_of(&names).as_bytes()).unwrap();
    ccc_client::Bridge::new(url.parse().unwrap(), Identity::choose(&secrets, Some(user)).unwrap())
}
