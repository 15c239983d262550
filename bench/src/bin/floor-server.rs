//! The floor of the bridge: hyper on one thread, one HMAC a request, and no more than that has to cost.
//!
//! `floor-server fixed SECRETS` answers always the same; `floor-server store SECRETS DIR` parses the body and inserts a
//! queue row and an audit row by synced group commit before it answers. Requests carry the seed's headers.
//!
//! `floor-server wire SECRETS DIR SAMPLE` does the same as the bridge's protocol asks for it: request and answer are signed
//! by RFC 9421 and digested, and rows and answers are as long as those of the real answer in the directory SAMPLE. It
//! decides nothing and makes nothing: what a bridge spends beyond it is the bridge's own.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, mpsc},
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{
    Digest,
    content_digest::{ContentDigest, SharedBeginning},
    hex,
    secrets::Secrets,
    signing::{AnswerToSign, Fields, Key, RequestHead, SignatureOfRequest, sign_answer},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::HeaderMap,
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

/// The most that is committed at once.
const GROUP_MAX: usize = 512;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mode, secrets) = (&args[0], std::fs::read(&args[1]).expect("a secrets file"));
    let secrets = Secrets::parse(&secrets).expect("a secrets file");
    let (_, agent) = secrets.users().find(|(name, _)| name.as_str() == "agent").expect("the user `agent`");
    let sample = (mode == "wire").then(|| Sample::read(Path::new(&args[3])));
    let stores = mode == "store" || sample.as_ref().is_some_and(|sample| sample.entry.is_some());
    let rows = stores.then(|| start_writer(Path::new(&args[2])));
    let floor = Arc::new(Floor { key: agent.secret.key(), rows, sample });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve(floor));
}

struct Floor {
    key: Key,
    rows: Option<mpsc::Sender<Row>>,
    sample: Option<Sample>,
}

/// A real answer of the bridge, and what it digested and stored for it.
struct Sample {
    /// What many answers begin with.
    beginning: SharedBeginning,
    rest: Bytes,
    approved: Vec<u8>,
    /// Of the audit log; none where nothing is stored.
    entry: Option<Bytes>,
}

impl Sample {
    fn read(dir: &Path) -> Self {
        let part = |name: &str| std::fs::read(dir.join(name)).expect("a part of the sample");
        Self {
            beginning: SharedBeginning::of(part("beginning")),
            rest: part("rest").into(),
            approved: part("approved"),
            entry: Some(Bytes::from(part("entry"))).filter(|entry| !entry.is_empty()),
        }
    }
}

struct Row {
    action: String,
    body: Bytes,
    /// An audit entry that is chained to the one before.
    entry: Option<Bytes>,
    stored: oneshot::Sender<i64>,
}

async fn serve(floor: Arc<Floor>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("listening on http://{}", listener.local_addr().expect("an address"));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let floor = Arc::clone(&floor);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&floor, request));
            // A client that is done closes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(floor: &Floor, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    if let Some(sample) = &floor.sample {
        return Ok(answer_by_wire(floor, sample, &head, &body).await);
    }
    let field = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = [field("x-conduit-timestamp").as_bytes(), b".", &body].concat();
    let mac = hex::decode(field("x-conduit-signature")).and_then(|mac| mac.try_into().ok()).unwrap_or_default();
    if !floor.key.verifies(&signed, &mac) {
        return Ok(Response::builder().status(401).body(Full::default()).expect("a response"));
    }
    let text = match &floor.rows {
        None => r#"{"seq":1,"tickets":[],"next":null}"#.to_owned(),
        Some(rows) => store(rows, body).await,
    };
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::from(text)).expect("a response"))
}

/// What the protocol asks of any server, and nothing else.
async fn answer_by_wire(floor: &Floor, sample: &Sample, head: &Parts, body: &Bytes) -> Response<Full<Bytes>> {
    let fields = Seen(&head.headers);
    let target = head.uri.path_and_query().expect("a target").as_str();
    let request = RequestHead { method: head.method.as_str(), target, has_body: !body.is_empty(), fields: &fields };
    let signature = SignatureOfRequest::read(&request).expect("a signature");
    assert!(signature.verify(Some(&floor.key), &request), "signed rightly");
    if let Some(digest) = head.headers.get("content-digest") {
        assert!(ContentDigest::parse(digest.as_bytes()).expect("a digest") == ContentDigest::of(body), "this body");
    }
    if let (Some(rows), Some(entry)) = (&floor.rows, &sample.entry) {
        let message: Value = serde_json::from_slice(body).expect("JSON");
        let action = message["action"].as_str().expect("an action").to_owned();
        std::hint::black_box(Digest::of(&sample.approved));
        stored(rows, action, sample.rest.clone(), Some(entry.clone())).await;
    }
    let (text, digest) = sample.beginning.followed_by(&sample.rest);
    let digest = digest.field();
    let to_sign = AnswerToSign { status: 200, content_digest: Some(&digest), date: None, request: signature.mark() };
    let signed = sign_answer(&floor.key, "agent", &to_sign, signature.created());
    let response = Response::builder().header("content-type", "application/json").header("content-digest", digest);
    let response = response.header("signature-input", signed.signature_input).header("signature", signed.signature);
    response.body(Full::from(text)).expect("a response")
}

/// The fields of a request as signatures see them.
struct Seen<'a>(&'a HeaderMap);

impl Fields for Seen<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.get_all(name).iter().map(|value| value.as_bytes())
    }
}

async fn store(rows: &mpsc::Sender<Row>, body: Bytes) -> String {
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let action = message["action"].as_str().expect("an action").to_owned();
    let text = format!(r#"{{"status":"succeeded","action":"{action}","id":"#);
    format!("{text}{}}}", stored(rows, action, body, None).await)
}

async fn stored(rows: &mpsc::Sender<Row>, action: String, body: Bytes, entry: Option<Bytes>) -> i64 {
    let (stored, number) = oneshot::channel();
    rows.send(Row { action, body, entry, stored }).expect("the writer");
    number.await.expect("stored")
}

fn start_writer(dir: &Path) -> mpsc::Sender<Row> {
    let connection = Connection::open(dir.join("floor.db")).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    connection.pragma_update(None, "synchronous", "FULL").expect("synced");
    connection
        .execute_batch(
            "CREATE TABLE queue (id INTEGER PRIMARY KEY, action TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL) STRICT;
             CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, user TEXT NOT NULL, what TEXT NOT NULL) STRICT;",
        )
        .expect("tables");
    let (rows, inbox) = mpsc::channel();
    let mut chain = Digest::from_bytes([0; 32]);
    std::thread::spawn(move || while commit_group(&connection, &inbox, &mut chain).is_some() {});
    rows
}

/// Everything that waits, in one synced transaction.
fn commit_group(connection: &Connection, inbox: &mpsc::Receiver<Row>, chain: &mut Digest) -> Option<()> {
    let first = inbox.recv().ok()?;
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut sql| sql.execute([])).expect("SQL");
    run("BEGIN IMMEDIATE");
    let mut group = vec![];
    for row in std::iter::once(first).chain(inbox.try_iter()).take(GROUP_MAX) {
        let number = insert(connection, &row, chain).expect("inserted");
        group.push((row.stored, number));
    }
    run("COMMIT");
    for (stored, number) in group {
        // Whoever has gone away is not told.
        let _ = stored.send(number);
    }
    Some(())
}

fn insert(connection: &Connection, row: &Row, chain: &mut Digest) -> rusqlite::Result<i64> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()) as i64;
    let body = std::str::from_utf8(&row.body).unwrap_or_default();
    connection
        .prepare_cached("INSERT INTO queue (action, body, status) VALUES (?1, ?2, 'succeeded')")?
        .execute(params![row.action, body])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO audit (at, user, what) VALUES (?1, 'agent', ?2)")?
        .execute(params![at, row.entry.as_ref().map_or(row.action.clone(), |entry| chained(chain, entry))])?;
    Ok(id)
}

/// An entry and its hash, which covers the hash before.
fn chained(chain: &mut Digest, entry: &[u8]) -> String {
    *chain = Digest::of(&[chain.as_bytes(), entry].concat());
    format!("{}{chain}", String::from_utf8_lossy(entry))
}
