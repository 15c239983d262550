//! Bytes that two readers of HTTP may read differently, sent to the bridge raw, behind nginx and behind haproxy: what runs is
//! exactly what was answered, in order, on the connection that asked; and nobody else is given somebody's answer.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ccc_tests::{
    bridge::{Bridge, PATIENCE, Site},
    wire::{Ask, Peer, Reply},
};
use serde_json::json;

/// Short times for peers: bytes that leave a reader waiting for more are part of the test.
const CONFIG: &str = "[limits]\nhead_seconds_max = 2\nbody_seconds_max = 2\nidle_seconds_max = 2\n";

/// Set where there is no nginx or haproxy and that is meant.
const WITHOUT: &str = "CCC_TESTS_WITHOUT_PEERS";

/// One way to the bridge.
struct Front {
    name: &'static str,
    url: String,
    process: Option<Child>,
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Front {
    fn raw(bridge: &Bridge) -> Self {
        Self { name: "raw", url: bridge.url().to_owned(), process: None }
    }

    /// nginx, with one kept connection to the bridge, over which everybody's requests go.
    fn nginx(dir: &Path, bridge: &Bridge) -> Option<Self> {
        let (backend, socket, dir_shown) = (socket_of(bridge), dir.join("nginx.sock"), dir.display());
        let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {dir_shown}/{name};"));
        let config = format!(
            "daemon off; master_process off; pid {dir_shown}/nginx.pid; error_log {dir_shown}/nginx.log; events {{}}\n\
             http {{ access_log off; {} client_header_timeout 2s; client_body_timeout 2s; keepalive_timeout 2s; lingering_close off;\n\
             upstream bridge {{ server unix:{backend}; keepalive 1; }}\n\
             server {{ listen unix:{}; location / {{ proxy_pass http://bridge; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_set_header Host $http_host; proxy_read_timeout 5s; }} }} }}\n",
            temps.join(" "),
            socket.display(),
        );
        let file = dir.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir).arg("-c").arg(file).arg("-e").arg(dir.join("nginx-start.log"));
        Self::started("nginx", command, &socket)
    }

    /// haproxy, which shares its connections to the bridge among everybody.
    fn haproxy(dir: &Path, bridge: &Bridge) -> Option<Self> {
        let (backend, socket) = (socket_of(bridge), dir.join("haproxy.sock"));
        let config = format!(
            "global\n  maxconn 200\ndefaults\n  mode http\n  timeout client 2s\n  timeout server 5s\n  timeout connect 5s\n  \
             timeout http-request 2s\n  timeout http-keep-alive 2s\n  http-reuse always\n\
             frontend f\n  bind unix@{}\n  default_backend b\nbackend b\n  server bridge unix@{backend}\n",
            socket.display()
        );
        let file = dir.join("haproxy.cfg");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(file);
        Self::started("haproxy", command, &socket)
    }

    fn started(name: &'static str, mut command: Command, socket: &Path) -> Option<Self> {
        let spawned =
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = match spawned {
            Ok(process) => process,
            Err(error) if std::env::var_os(WITHOUT).is_some() => {
                eprintln!("NOT TESTED: {name} cannot be started ({error}), and {WITHOUT} is set");
                return None;
            }
            Err(error) => panic!(
                "{name} cannot be started ({error}): install it (`apt-get install nginx haproxy`), or set {WITHOUT}=1"
            ),
        };
        let front = Self { name, url: format!("unix://{}", socket.display()), process: Some(process) };
        let begun = Instant::now();
        while UnixStream::connect(socket).is_err() {
            assert!(begun.elapsed() < PATIENCE, "{name} does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Some(front)
    }
}

fn socket_of(bridge: &Bridge) -> &str {
    bridge.url().strip_prefix("unix://").unwrap()
}

/// Two submissions, told apart by what they ask for.
struct Pair {
    carrier: Ask,
    hidden: Ask,
}

impl Pair {
    fn new(mark: &str) -> Self {
        let ask = |which: &str| {
            Ask::post("/action", &json!({ "action": "open-browser", "url": url(mark, which) }).to_string())
        };
        Self { carrier: ask("carrier"), hidden: ask("hidden") }
    }

    fn body(&self) -> String {
        String::from_utf8(self.carrier.body.clone().unwrap()).unwrap()
    }

    fn length(&self) -> String {
        format!("Content-Length: {}\r\n", self.body().len())
    }

    /// The carrier's head with its length line put otherwise, this body, then the hidden request.
    fn framed(&self, length_line: &str, body: &str) -> Vec<u8> {
        let head = self.carrier.head().replacen(&self.length(), length_line, 1);
        [head.as_bytes(), body.as_bytes(), &self.hidden.bytes()].concat()
    }

    /// The carrier with a piece of its head put otherwise.
    fn bent(&self, from: &str, to: &str) -> Vec<u8> {
        let head = self.carrier.head();
        assert!(head.contains(from), "{head}");
        [head.replacen(from, to, 1).as_bytes(), self.body().as_bytes(), &self.hidden.bytes()].concat()
    }
}

fn url(mark: &str, which: &str) -> String {
    format!("https://example.com/{mark}/{which}")
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// Every way to put the carrier and the hidden request so that readers may differ.
fn cases(pair: &Pair) -> Vec<(&'static str, Vec<u8>)> {
    let (body, length) = (pair.body(), pair.length());
    let hidden_length = pair.hidden.bytes().len();
    let chunks = chunked(&body);
    let te = "Transfer-Encoding: chunked\r\n";
    let host = "Host: localhost\r\n";
    let mut cases = vec![
        ("two requests", pair.framed(&length, &body)),
        ("a chunked body", pair.framed(te, &chunks)),
        ("two lengths", pair.framed(&format!("{length}Content-Length: {}\r\n", body.len() + hidden_length), &body)),
        ("two lengths, the shorter last", pair.framed(&format!("Content-Length: {}\r\n{length}", body.len() + hidden_length), &body)),
        ("one length twice", pair.framed(&format!("{length}{length}"), &body)),
        ("a list of lengths", pair.framed(&format!("Content-Length: {0}, {0}\r\n", body.len()), &body)),
        ("a length with a sign", pair.framed(&format!("Content-Length: +{}\r\n", body.len()), &body)),
        ("a length in hexadecimal", pair.framed(&format!("Content-Length: 0x{:x}\r\n", body.len()), &body)),
        ("a length with leading zeros", pair.framed(&format!("Content-Length: 000{}\r\n", body.len()), &body)),
        ("a length beyond 64 bits", pair.framed("Content-Length: 18446744073709551617\r\n", &body)),
        ("a length of nothing", pair.framed("Content-Length: 0\r\n", &body)),
        ("no length", pair.framed("", &body)),
        ("chunks, then a length", pair.framed(&format!("{te}{length}"), &chunks)),
        ("a length, then chunks", pair.framed(&format!("Content-Length: {}\r\n{te}", chunks.len()), &chunks)),
        ("a length that hides what follows chunks", pair.framed(&format!("Content-Length: {}\r\n{te}", chunks.len() + hidden_length), &chunks)),
        ("trailers", pair.framed(te, &format!("{:x}\r\n{body}\r\n0\r\nContent-Length: 5\r\nHost: evil.example\r\n\r\n", body.len()))),
        ("a chunk with an extension", pair.framed(te, &format!("{:x};a=\"\r\n\r\n{body}\r\n0\r\n\r\n", body.len()))),
        ("a chunk with a line feed in its extension", pair.framed(te, &format!("{:x};\n{body}\r\n0\r\n\r\n", body.len()))),
        ("a chunk's size beyond 64 bits", pair.framed(te, &format!("1{:016x}\r\n{body}\r\n0\r\n\r\n", body.len()))),
        ("a chunk's size with a prefix", pair.framed(te, &format!("0x{:x}\r\n{body}\r\n0\r\n\r\n", body.len()))),
        ("a chunk's size ended by a line feed", pair.framed(te, &format!("{:x}\n{body}\r\n0\r\n\r\n", body.len()))),
        ("a chunk ended by a line feed", pair.framed(te, &format!("{:x}\r\n{body}\n0\n\n", body.len()))),
        ("a chunk ended by other bytes", pair.framed(te, &format!("{:x}\r\n{body}XX0\r\n\r\n", body.len()))),
        ("a folded field", pair.bent(host, "Host: localhost\r\nX-A: one\r\n Transfer-Encoding: chunked\r\n")),
        ("a folded first field", pair.bent(host, " X: y\r\nHost: localhost\r\n")),
        ("a space before the colon", pair.bent(host, "Host: localhost\r\nTransfer-Encoding : chunked\r\n")),
        ("a bare line feed behind a field", pair.bent(host, "Host: localhost\n")),
        ("a bare carriage return in a field", pair.bent(host, "Host: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n")),
        ("a NUL in a field", pair.bent(host, "Host: localhost\r\nX: a\0b\r\n")),
        ("a field without a name", pair.bent(host, "Host: localhost\r\n: x\r\n")),
        ("two hosts", pair.bent(host, "Host: localhost\r\nHost: evil.example\r\n")),
        ("no host", pair.bent(host, "")),
        ("another length's name", pair.bent(host, &format!("Host: localhost\r\nContent_Length: {hidden_length}\r\n"))),
        ("the whole URL as target", pair.bent("POST /action", "POST http://localhost/action")),
        ("another host's URL as target", pair.bent("POST /action", "POST http://evil.example/action")),
        ("a target with a fragment", pair.bent("POST /action", "POST /action#x")),
        ("an encoded target", pair.bent("POST /action", "POST /%61ction")),
        ("a doubled slash", pair.bent("POST /action", "POST //action")),
        ("a target that climbs", pair.bent("POST /action", "POST /x/../action")),
        ("HTTP/1.0", pair.bent("HTTP/1.1", "HTTP/1.0")),
        ("HTTP/1.0 with chunks", [pair.carrier.head().replacen("HTTP/1.1", "HTTP/1.0", 1).replacen(&length, te, 1).as_bytes(), chunks.as_bytes(), &pair.hidden.bytes()].concat()),
        ("HTTP/1.9", pair.bent("HTTP/1.1", "HTTP/1.9")),
        ("a space more in the request line", pair.bent("POST /action ", "POST /action  ")),
        ("a length named as a hop's own", pair.bent(host, "Host: localhost\r\nConnection: content-length\r\n")),
        ("signatures named as a hop's own", pair.bent(host, "Host: localhost\r\nConnection: signature, signature-input\r\n")),
        ("a wish to go on", pair.bent(host, "Host: localhost\r\nExpect: 100-continue\r\n")),
        ("a wish for another protocol", pair.bent(host, "Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")),
    ];
    for (name, value) in [
        ("another coding", "xchunked"),
        ("chunks that are not last", "chunked, identity"),
        ("chunks behind another coding", "identity, chunked"),
        ("chunks twice", "chunked, chunked"),
        ("chunks in capitals", "CHUNKED"),
        ("chunks behind a vertical tab", "\u{b}chunked"),
        ("chunks in quotes", "\"chunked\""),
        ("chunks with a parameter", "chunked;x=y"),
    ] {
        cases.push((name, pair.framed(&format!("Transfer-Encoding: {value}\r\n"), &chunks)));
        cases.push((name, pair.framed(&format!("{length}Transfer-Encoding: {value}\r\n"), &body)));
    }
    let reading = Ask::get("/queue");
    let reading_with =
        reading.head().replacen(host, &format!("Host: localhost\r\nContent-Length: {hidden_length}\r\n"), 1);
    cases.push(("a reading request with a body", [reading_with.as_bytes(), &pair.hidden.bytes()].concat()));
    cases
}

const LAST: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Sends bytes and gives every answer until the connection ends.
fn answers(url: &str, bytes: &[u8]) -> Vec<Reply> {
    let mut peer = Peer::connect(url);
    // A server that ends the connection early has answered already.
    let _ = peer.try_send(bytes).and_then(|()| peer.try_send(LAST));
    std::iter::from_fn(|| peer.try_reply()).collect()
}

/// Whether the bridge has a ticket for this URL.
fn ran(bridge: &Bridge, url: &str) -> bool {
    let tickets = bridge.get("agent", "/queue?limit=5000").json()["tickets"].clone();
    let count = tickets.as_array().unwrap().iter().filter(|ticket| ticket["params"]["url"] == url).count();
    assert!(count <= 1, "one request became {count} tickets: {url}");
    count == 1
}

fn check(bridge: &Bridge, front: &Front) {
    let count = cases(&Pair::new("count")).len();
    for number in 0..count {
        // Signed anew for each case: no nonce is used twice.
        let mark = format!("{}-{number}", front.name);
        let pair = Pair::new(&mark);
        let (name, bytes) = cases(&pair).swap_remove(number);
        let replies = answers(&front.url, &bytes);
        let accepted =
            |ask: &Ask| replies.iter().filter(|reply| ask.verify(reply).is_ok() && reply.status == 202).count();
        let seen = format!(
            "{} behind {}: {:?}",
            name,
            front.name,
            replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
        );
        assert_eq!(ran(bridge, &url(&mark, "carrier")), accepted(&pair.carrier) == 1, "the first request of {seen}");
        assert_eq!(ran(bridge, &url(&mark, "hidden")), accepted(&pair.hidden) == 1, "the second request of {seen}");
        if number < 2 {
            assert_eq!((accepted(&pair.carrier), accepted(&pair.hidden)), (1, 1), "nothing is wrong with {seen}");
        }
        nobody_elses_answer(front, name);
    }
}

/// Whoever comes next, also over a connection that is shared behind the proxy, gets the answer to their own request.
fn nobody_elses_answer(front: &Front, after: &str) {
    for user in ["user", "other"] {
        let ask = Ask::get("/queue?limit=1").of(user);
        let reply = Peer::connect(&front.url).send(ask.bytes()).try_reply();
        let reply = reply.unwrap_or_else(|| panic!("no answer behind {} after {after}", front.name));
        // A kept connection that the bridge ended meanwhile is the proxy's to tell, without a signature.
        assert!(ask.verify(&reply).is_ok() || reply.status == 502, "{}: {} after {after}", front.name, reply.text());
    }
}

#[test]
fn no_bytes_are_two_requests_behind_nginx_haproxy_or_raw() {
    let directory = tempfile::Builder::new().prefix("fronts-").tempdir().unwrap();
    let start = || Site::new().config(CONFIG).on_socket().start();
    let bridges = [start(), start(), start()];
    let dir: PathBuf = directory.path().to_owned();
    let fronts = [Some(Front::raw(&bridges[0])), Front::nginx(&dir, &bridges[1]), Front::haproxy(&dir, &bridges[2])];
    thread::scope(|scope| {
        for (bridge, front) in bridges.iter().zip(&fronts) {
            if let Some(front) = front {
                scope.spawn(move || check(bridge, front));
            }
        }
    });
}
