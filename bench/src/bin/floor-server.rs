//! The floor of the bridge: hyper on one thread, one HMAC a request, and no more than that has to cost.
//!
//! `floor-server fixed SECRETS` answers always the same; `floor-server store SECRETS DIR` parses the body and inserts a
//! queue row and an audit row by synced group commit before it answers. Requests carry the seed's headers.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, mpsc},
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{hex, secrets::Secrets, signing::Key};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
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
    let rows = (mode == "store").then(|| start_writer(Path::new(&args[2])));
    let floor = Arc::new(Floor { key: agent.secret.key(), rows });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve(floor));
}

struct Floor {
    key: Key,
    rows: Option<mpsc::Sender<Row>>,
}

struct Row {
    action: String,
    body: Bytes,
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

async fn store(rows: &mpsc::Sender<Row>, body: Bytes) -> String {
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let action = message["action"].as_str().expect("an action").to_owned();
    let (stored, number) = oneshot::channel();
    let text = format!(r#"{{"status":"succeeded","action":"{action}","id":"#);
    rows.send(Row { action, body, stored }).expect("the writer");
    format!("{text}{}}}", number.await.expect("stored"))
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
    std::thread::spawn(move || while commit_group(&connection, &inbox).is_some() {});
    rows
}

/// Everything that waits, in one synced transaction.
fn commit_group(connection: &Connection, inbox: &mpsc::Receiver<Row>) -> Option<()> {
    let first = inbox.recv().ok()?;
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut sql| sql.execute([])).expect("SQL");
    run("BEGIN IMMEDIATE");
    let mut group = vec![];
    for row in std::iter::once(first).chain(inbox.try_iter()).take(GROUP_MAX) {
        let number = insert(connection, &row).expect("inserted");
        group.push((row.stored, number));
    }
    run("COMMIT");
    for (stored, number) in group {
        // Whoever has gone away is not told.
        let _ = stored.send(number);
    }
    Some(())
}

fn insert(connection: &Connection, row: &Row) -> rusqlite::Result<i64> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()) as i64;
    let body = std::str::from_utf8(&row.body).unwrap_or_default();
    connection
        .prepare_cached("INSERT INTO queue (action, body, status) VALUES (?1, ?2, 'succeeded')")?
        .execute(params![row.action, body])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO audit (at, user, what) VALUES (?1, 'agent', ?2)")?
        .execute(params![at, row.action])?;
    Ok(id)
}
