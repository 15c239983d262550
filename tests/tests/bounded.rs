//! One agent asks for all that it can, on a server with 400 MiB of addresses: who approves is served all the while, and the server
//! lives through it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_client::{Request, deadline_after};
use ccc_protocol::bodies::QueueList;
use ccc_tests::{
    bridge::{Bridge, Site, client_at},
    wire::{Ask, Peer},
};
use serde_json::{Value, json};

const ADDRESS_KIBIBYTES_MAX: u32 = 400 * 1024;

const CONFIG: &str = "[limits]\nqueued_per_user_max = 5000\nqueued_bytes_per_user_max = 200000000\n";

fn bridge() -> Bridge {
    Site::new().on_socket().config(CONFIG).with_addresses_up_to(ADDRESS_KIBIBYTES_MAX).start()
}

fn call(command: &str, number: usize) -> Value {
    json!({
        "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "cwd": "/workspace",
        "session": format!("s{number}"), "agent": "main", "input": { "command": command },
    })
}

/// How many hard texts come at once; `CCC_HARD_TEXTS=64` is the long form.
fn hard_texts() -> usize {
    std::env::var("CCC_HARD_TEXTS").ok().and_then(|count| count.parse().ok()).unwrap_or(12)
}

/// A text of 64 KiB that takes long to read: thousands of commands, each with two files.
fn hard(number: usize) -> String {
    let piece = format!("cp a{number} b;");
    piece.repeat(64 * 1000 / piece.len())
}

/// A call of which a list holds as much as it holds of any.
fn with_long_texts(number: usize) -> Value {
    let mut call = call(&format!("frobnicate {number}"), number);
    for text in ["a", "b", "c", "d", "e"] {
        call["input"][text] = "x".repeat(1590).into();
    }
    call
}

/// Reads the queue as an approver does, again and again; the longest that it took.
struct Approver {
    over: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
    thread: thread::JoinHandle<Duration>,
}

impl Approver {
    fn begin(bridge: &Bridge) -> Self {
        let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (url, ended, count) = (bridge.url().to_owned(), Arc::clone(&over), Arc::clone(&reads));
        let thread = thread::spawn(move || {
            let client = client_at(&url, "dba");
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let request = Request::get("/queue?limit=20", deadline_after(None));
                client.call(&request).unwrap().read::<QueueList>().unwrap();
                longest = longest.max(begun.elapsed());
                count.fetch_add(1, Ordering::Relaxed);
            }
            longest
        });
        Self { over, reads, thread }
    }

    /// How often it was answered so far.
    fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn end(self) -> Duration {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Sends all these at once, each on a connection of its own; what became of each, and how often the approver was answered before
/// the last of them was.
fn flood<T: Send>(approver: &Approver, bodies: &[String], send: impl Fn(&str) -> T + Sync) -> (Vec<T>, u64) {
    let before = approver.reads();
    let answers = thread::scope(|scope| {
        let asked: Vec<_> = bodies.iter().map(|body| scope.spawn(|| send(body))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    (answers, approver.reads() - before)
}

fn peak_kibibytes(bridge: &Bridge) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", bridge.pid())).unwrap_or_default();
    let of = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    format!("{} {} {}", of("VmPeak"), of("VmHWM"), of("Threads"))
}

#[test]
fn one_agent_stops_the_thread_for_nobody() {
    let bridge = bridge();
    let begun = Instant::now();
    assert!(matches!(bridge.submit("agent", &call(&hard(0), 0)).status, 202 | 403));
    println!("one hard text: {:?}", begun.elapsed());

    let approver = Approver::begin(&bridge);
    let hards: Vec<_> = (1..=hard_texts()).map(|number| call(&hard(number), number).to_string()).collect();
    let send = |body: &str| Peer::connect(bridge.url()).send(Ask::post("/action", body).bytes()).reply().status;
    let (statuses, served) = flood(&approver, &hards, send);
    println!(
        "{} hard texts: {served} reads meanwhile, the longest took {:?}; {}",
        hard_texts(),
        approver.end(),
        peak_kibibytes(&bridge)
    );
    assert!(statuses.iter().all(|status| matches!(status, 202 | 403)), "{statuses:?}");
    assert!(served > 8 || hard_texts() == 0, "the approver was served {served} times");

    // A queue whose page is as long as a page may be; eight are asked for, and nobody reads them.
    for number in 0..520 {
        assert_eq!(bridge.submit("agent", &with_long_texts(number)).status, 202);
    }
    let mut unread: Vec<Peer> = (0..8)
        .map(|_| {
            let mut peer = bridge.peer();
            peer.send(Ask::get("/queue?limit=5000").of("user").bytes());
            peer
        })
        .collect();
    let approver = Approver::begin(&bridge);
    bridge.until("the approver is served meanwhile", || (approver.reads() > 8).then_some(()));
    println!("eight unread lists: the longest read took {:?}; {}", approver.end(), peak_kibibytes(&bridge));
    for peer in &mut unread {
        assert_eq!(peer.reply().status, 200, "each is there once somebody reads it");
    }

    let approver = Approver::begin(&bridge);
    let large = |number| call(&format!("frobnicate {}", "y".repeat(1_000_000)), number).to_string();
    let large: Vec<_> = (0..70).map(large).collect();
    // On a machine that is busy with other things some wait for room in vain, which is what room is for.
    let send = |body: &str| client_at(bridge.url(), "agent").submit(body.as_bytes(), None).is_ok();
    let (taken, served) = flood(&approver, &large, send);
    let taken = taken.into_iter().filter(|taken| *taken).count();
    println!(
        "70 calls of 1 MB, {taken} of them taken: {served} reads meanwhile, the longest took {:?}; {}",
        approver.end(),
        peak_kibibytes(&bridge)
    );
    assert!(taken > 8, "{taken} of 70 were taken");
    assert!(served > 8, "the approver was served {served} times");
    assert_eq!(bridge.get("user", "/queue?limit=1").status, 200, "it lives");
}
