//! How many submissions a second the desk commits, without HTTP and signatures; how many records an append-only file takes
//! with one fdatasync for each group; and how many times SQLite takes rows as long as the desk's: in one process and in turn.
//!
//! `store-rates DIR CALLERS SECONDS ROUNDS`, where DIR holds `secrets.json`. Prints a line a round: desk, file, rows.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use ccc_core::{audit::AuditKey, config::Config, user::Users, volume::Volumes};
use ccc_protocol::{
    Timestamp,
    actions::LIST_ACTIONS,
    secrets::Secrets,
    signing::{RequestToSign, Stamp, sign_request},
};
use ccc_server::parts::{
    Caller, Effects, Front, Head, Keyring, Nonces, Patience, Sent, Site, Times, authenticate, open_desk,
};
use http_body_util::Empty;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Map;
use tokio::sync::oneshot;

/// About what a ticket and its audit entry take.
const RECORD: [u8; 1024] = [b'r'; 1024];
/// The most that is synced at once, as at the desk.
const GROUP_MAX: usize = 512;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (dir, callers) = (Path::new(&args[0]), args[1].parse().expect("a number of callers"));
    let turn = Duration::from_secs_f64(args[2].parse().expect("seconds"));
    let rounds: usize = args[3].parse().expect("a number of rounds");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (desk, file, rows) = (Desk::open(dir).await, Append::start(dir), Rows::start(dir));
        let contest = Contest { desk, file, rows, callers };
        contest.round(turn / 4).await;
        for _ in 0..rounds {
            let [desk, file, rows] = contest.round(turn).await;
            println!("{desk} {file} {rows}");
        }
    });
}

struct Contest {
    desk: Desk,
    file: Append,
    rows: Rows,
    callers: usize,
}

impl Contest {
    async fn round(&self, turn: Duration) -> [f64; 3] {
        let desk = in_parallel(self.callers, turn, &self.desk).await;
        let file = in_parallel(self.callers, turn, &self.file).await;
        [desk, file, in_parallel(self.callers, turn, &self.rows).await]
    }
}

/// What takes a record and answers when it is on the disk.
trait Keeps: Clone + Send + 'static {
    fn keep(&self) -> impl Future<Output = ()> + Send;
}

/// So many callers, each asking again as soon as it is answered; answers in a second.
async fn in_parallel(callers: usize, turn: Duration, keeper: &impl Keeps) -> f64 {
    let begun = Instant::now();
    let caller = |keeper| async move {
        let mut answered = 0_u64;
        while begun.elapsed() < turn {
            Keeps::keep(&keeper).await;
            answered += 1;
        }
        answered
    };
    let tasks: Vec<_> = (0..callers).map(|_| tokio::spawn(caller(keeper.clone()))).collect();
    let mut answered = 0;
    for task in tasks {
        answered += task.await.expect("every answer is right");
    }
    answered as f64 / begun.elapsed().as_secs_f64()
}

#[derive(Clone)]
struct Desk {
    front: Front,
    caller: Caller,
}

impl Desk {
    async fn open(dir: &Path) -> Self {
        let text = std::fs::read(dir.join("secrets.json")).expect("secrets");
        let secrets = Secrets::parse(&text).expect("secrets");
        let users = secrets.users().map(|(name, user)| {
            let rights = ccc_core::user::User { can_approve: user.can_approve.clone(), roles: user.roles.clone() };
            (name.clone(), rights)
        });
        let law = Config::default().law(Users::new(users), Volumes::new(vec![], None).expect("no volumes"), |_| None);
        let audit_key = AuditKey::new(&[7; 32]).expect("a key");
        let site = Site {
            data: dir.join("data"),
            law: law.expect("a law"),
            users: Keyring::new(&secrets, &Keyring::default()).fingerprints(&audit_key),
            effects: Effects::new(None, false),
            audit_key,
            checkpoints: dir.join("checkpoints.jsonl"),
            checkpoint_command: None,
            checkpoint_every: Duration::from_secs(60),
            mail_file: None,
        };
        std::fs::create_dir(&site.data).expect("a data directory");
        let running = open_desk(site).expect("a desk");
        // The clerk ends with the process, and the hold on the directory with it.
        std::mem::forget(running.lock);
        Self { front: running.front, caller: caller(&secrets).await }
    }
}

impl Keeps for Desk {
    async fn keep(&self) {
        let action = LIST_ACTIONS.parse().expect("a name");
        self.front
            .submit_and_wait(&self.caller, action, Map::new(), None, Patience::default(), Sent::nothing())
            .await
            .expect("accepted");
    }
}

/// The one way to a caller is a signed request: one is sent to a server that does nothing but authenticate it.
async fn caller(secrets: &Secrets) -> Caller {
    let keyring = Arc::new(Keyring::new(secrets, &Keyring::default()));
    let (ours, theirs) = tokio::io::duplex(16 * 1024);
    let (admitted, caller) = mpsc::channel();
    tokio::spawn(async move {
        let service = service_fn(|request: Request<Incoming>| {
            let (head, _) = Head::of(request);
            let fields = head.fields();
            let signed = authenticate(&head, &fields, &keyring).expect("signed rightly");
            let (limits, nonces) = (ccc_core::limits::Limits::default(), Nonces::default());
            let times = Times { started: Timestamp::default(), now: now(), turn: 0 };
            admitted.send(signed.admit(&nonces, &limits, times).expect("admitted")).expect("somebody waits");
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new())))
        });
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(theirs), service).await;
    });
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(ours)).await.expect("a connection");
    tokio::spawn(connection);
    sender.send_request(signed_request(secrets)).await.expect("an answer");
    caller.recv().expect("a caller")
}

fn signed_request(secrets: &Secrets) -> Request<Empty<Bytes>> {
    let (_, agent) = secrets.users().find(|(name, _)| name.as_str() == "agent").expect("the user `agent`");
    let to_sign = RequestToSign {
        method: "GET",
        target: "/queue",
        authority: "localhost",
        content_type: None,
        content_digest: None,
        idempotency_key: None,
    };
    let stamp = Stamp { keyid: "agent", created: now().seconds(), nonce: "of-the-bench" };
    let signed = sign_request(&agent.secret.key(), &to_sign, &stamp);
    Request::get("/queue")
        .header("host", "localhost")
        .header("signature-input", signed.signature_input)
        .header("signature", signed.signature)
        .body(Empty::new())
        .expect("a request")
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    Timestamp::from_seconds(since.as_secs().cast_signed())
}

/// What waits to be told that its record is on the disk.
type Waiting = oneshot::Sender<()>;

/// A thread that gives everything that waits to `keep`, which keeps so many records by one sync.
fn in_groups(mut keep: impl FnMut(usize) + Send + 'static) -> mpsc::Sender<Waiting> {
    let (records, inbox) = mpsc::channel::<Waiting>();
    std::thread::spawn(move || {
        while let Ok(first) = inbox.recv() {
            let group: Vec<_> = std::iter::once(first).chain(inbox.try_iter()).take(GROUP_MAX).collect();
            keep(group.len());
            for written in group {
                let _ = written.send(());
            }
        }
    });
    records
}

async fn kept(by: &mpsc::Sender<Waiting>) {
    let (written, synced) = oneshot::channel();
    by.send(written).expect("the writer");
    synced.await.expect("written");
}

#[derive(Clone)]
struct Append(mpsc::Sender<Waiting>);

impl Append {
    fn start(dir: &Path) -> Self {
        let mut file = File::create(dir.join("append")).expect("a file");
        Self(in_groups(move |count| {
            file.write_all(&RECORD.repeat(count)).expect("written");
            file.sync_data().expect("synced");
        }))
    }
}

impl Keeps for Append {
    async fn keep(&self) {
        kept(&self.0).await;
    }
}

/// SQLite with rows as long as the desk's, and nothing decided, made or hashed.
#[derive(Clone)]
struct Rows(mpsc::Sender<Waiting>);

/// How long the desk's rows are for an action list, in bytes.
const TICKET_BYTES: usize = 720;
const ENTRY_BYTES: usize = 420;

impl Rows {
    fn start(dir: &Path) -> Self {
        let connection = rusqlite::Connection::open(dir.join("rows.db")).expect("a database");
        connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        connection.pragma_update(None, "synchronous", "FULL").expect("synced");
        let tables = "CREATE TABLE ticket (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, status TEXT NOT NULL, body TEXT NOT NULL) STRICT;
             CREATE TABLE audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash BLOB NOT NULL, ticket BLOB, nonce BLOB) STRICT;";
        connection.execute_batch(tables).expect("tables");
        let (ticket, entry) = ("t".repeat(TICKET_BYTES), "e".repeat(ENTRY_BYTES));
        let mut number = 0_u128;
        Self(in_groups(move |count| {
            let run = |sql: &str, row: &[&dyn rusqlite::ToSql]| {
                connection.prepare_cached(sql).and_then(|mut sql| sql.execute(row)).expect("SQL");
            };
            run("BEGIN IMMEDIATE", &[]);
            for _ in 0..count {
                number += 1;
                let id = number.to_be_bytes();
                run("INSERT INTO ticket (id, status, body) VALUES (?1, 'succeeded', ?2)", &[&id, &ticket]);
                let row: [&dyn rusqlite::ToSql; 4] = [&entry, &[0_u8; 32], &id, &[0_u8; 16]];
                run("INSERT INTO audit (entry, hash, ticket, nonce) VALUES (?1, ?2, ?3, ?4)", &row);
            }
            run("COMMIT", &[]);
        }))
    }
}

impl Keeps for Rows {
    async fn keep(&self) {
        kept(&self.0).await;
    }
}
