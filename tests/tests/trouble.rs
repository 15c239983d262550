//! A machine in trouble under a running server: a commit that cannot be made is a 503 and nothing ran; afterwards it goes on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::{ProblemType, Status, Ticket};
use ccc_tests::{
    bridge::{Bridge, PATIENCE, Site, program},
    wire::{Ask, Reply, fresh_nonce, now},
};
use serde_json::{Value, json};

/// An action whose effect can be counted: it appends a word to a file of the host's. And the same, for a person to approve.
fn site() -> Site {
    let site = Site::new();
    let append = |policy: &str| {
        format!(
            "policy = \"{policy}\"\nparams.word = {{ type = \"string\", pattern = \"[a-z0-9-]+\", required = true }}\n\
             run = [\"sh\", \"-c\", \"echo \\\"$1\\\" >> '{}/effects'\", \"append\", \"{{word}}\"]\nconfined = false\n",
            site.home().display()
        )
    };
    let config = format!("[actions.append]\n{}\n[actions.append-asked]\n{}", append("auto-accept"), append("queue"));
    site.config(config)
}

fn effects(bridge: &Bridge) -> String {
    fs::read_to_string(bridge.site().home().join("effects")).unwrap_or_default()
}

fn append(word: &str) -> Value {
    json!({ "action": "append", "word": word })
}

fn database(bridge: &Bridge) -> PathBuf {
    bridge.site().home().join("data/ccc.db")
}

/// Submits until it is accepted again.
fn until_accepted(bridge: &Bridge, word: &str) {
    let begun = Instant::now();
    loop {
        let reply = bridge.submit("agent", &append(word));
        if matches!(reply.status, 200 | 202) {
            assert_eq!(bridge.end_of("agent", reply.ticket().id).status, Status::Succeeded);
            return;
        }
        assert!(matches!(reply.status, 503 | 507), "{}", reply.text());
        assert!(begun.elapsed() < PATIENCE, "it never went on");
    }
}

/// What every refusal of a store in trouble is: signed, a 503, and it says that nothing was accepted. Where it is a full disk
/// that was met, nothing new is tried.
fn refused(reply: &Reply) {
    if reply.status == 507 {
        reply.refused(507, ProblemType::Full);
        return;
    }
    let problem = reply.refused(503, ProblemType::Unavailable);
    assert!(problem.detail.contains("nothing was accepted"), "{}", problem.detail);
}

/// Another process that takes SQLite's write lock and keeps it until its standard input ends.
fn holder(database: &Path) -> std::process::Child {
    let script = "import sqlite3, sys\n\
                  c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)\n\
                  c.execute('BEGIN IMMEDIATE')\n\
                  print('held', flush=True)\n\
                  sys.stdin.read()\n\
                  c.execute('ROLLBACK')\n";
    let mut command = Command::new("python3");
    let mut child =
        command.args(["-c", script]).arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 4];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"held");
    child
}

#[test]
fn while_another_process_holds_the_database_nothing_is_accepted_and_nothing_runs() {
    let bridge = site().start();
    let waiting = bridge.submit("agent", &json!({ "action": "append-asked", "word": "asked" })).ticket();
    let mut holder = holder(&database(&bridge));

    refused(&bridge.submit("agent", &append("held")));
    refused(&bridge.approve("user", &waiting));
    assert_eq!(bridge.look("agent", waiting.id).status, Status::Queued, "readers go on, and see what was committed");
    assert_eq!(effects(&bridge), "", "nothing ran");

    drop(holder.stdin.take());
    holder.wait().unwrap();
    until_accepted(&bridge, "after");
    let approved = bridge.approve("user", &waiting);
    assert!(matches!(approved.status, 200 | 202), "the refused approval was no approval: {}", approved.text());
    assert_eq!(bridge.end_of("agent", waiting.id).status, Status::Succeeded);
    assert_eq!(effects(&bridge), "after\nasked\n", "each ran once, and what was refused never");
}

#[test]
fn all_who_wait_for_a_held_database_are_refused_together() {
    let bridge = site().start();
    let mut holder = holder(&database(&bridge));
    let mut refused_at: Vec<Instant> = thread::scope(|scope| {
        let ask = |number| {
            let bridge = &bridge;
            move || {
                refused(&bridge.submit("agent", &append(&format!("held-{number}"))));
                Instant::now()
            }
        };
        let callers: Vec<_> = (0..4).map(|number| scope.spawn(ask(number))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    refused_at.sort_unstable();
    // The store takes 5 s to refuse a transaction: one after the other, the last would be told 15 s after the first.
    assert!(refused_at[3] - refused_at[0] < Duration::from_secs(8), "{refused_at:?}");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    until_accepted(&bridge, "after");
    assert_eq!(effects(&bridge), "after\n", "nothing that was refused ran");
}

/// What to tell the library that is loaded before the server: see `src/faults.c`.
struct Faults(tempfile::TempDir);

impl Faults {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The same server, under whose database calls fail as they are told to.
    fn under(&self, site: Site) -> Site {
        let library = self.0.path().join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faults.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .args(["-ldl"])
            .status();
        assert!(compiled.expect("a C compiler, as the build of SQLite needs").success());
        site.env("LD_PRELOAD", library.to_str().unwrap()).env("CCC_FAULTS", self.0.path().to_str().unwrap())
    }

    fn tell(&self, what: &str, number: i64) {
        let new = self.0.path().join("new");
        fs::write(&new, number.to_string()).unwrap();
        fs::rename(new, self.0.path().join(what)).unwrap();
    }
}

/// While calls of this kind fail with this error, nothing is accepted and nothing runs; afterwards each runs once.
fn nothing_while(what: &str, error: i32) {
    let faults = Faults::new();
    let bridge = faults.under(site()).start();
    until_accepted(&bridge, "before");
    let waiting = bridge.submit("agent", &json!({ "action": "append-asked", "word": "asked" })).ticket();

    faults.tell(what, i64::from(error));
    for number in 0..3 {
        refused(&bridge.submit("agent", &append(&format!("failing-{number}"))));
    }
    refused(&bridge.approve("user", &waiting));
    assert_eq!(bridge.look("agent", waiting.id).status, Status::Queued, "readers go on, and see what was committed");
    assert_eq!(effects(&bridge), "before\n", "nothing ran");

    faults.tell(what, 0);
    until_accepted(&bridge, "after");
    bridge.approve("user", &waiting).ticket();
    assert_eq!(bridge.end_of("agent", waiting.id).status, Status::Succeeded);
    assert_eq!(effects(&bridge), "before\nafter\nasked\n", "each ran once, and what was refused never");
    verifies(&bridge);
}

#[test]
fn a_database_that_turns_read_only_accepts_nothing_and_runs_nothing() {
    nothing_while("errno", rustix::io::Errno::ROFS.raw_os_error());
}

#[test]
fn a_full_disk_accepts_nothing_and_runs_nothing() {
    nothing_while("errno", rustix::io::Errno::NOSPC.raw_os_error());
}

#[test]
fn a_disk_that_fails_to_write_accepts_nothing_and_runs_nothing() {
    nothing_while("errno", rustix::io::Errno::IO.raw_os_error());
}

#[test]
fn a_commit_that_cannot_be_synced_is_no_commit() {
    nothing_while("sync", rustix::io::Errno::IO.raw_os_error());
}

#[test]
fn a_yes_that_could_not_be_committed_gives_no_leave_to_the_call_that_is_held() {
    let faults = Faults::new();
    let bridge = faults.under(site()).start();
    let call = json!({
        "action": "use-tool", "host": "claude-code", "tool": "Bash", "native": "Bash", "input": { "command": "ls" },
        "cwd": "/workspace", "session": "s1", "agent": "main",
    });
    let ask = Ask::post("/action", &call.to_string()).with("prefer", "wait=300");
    let mut peer = bridge.peer();
    peer.send(ask.bytes());
    let waiting = bridge.until("the call waits", || {
        let list = bridge.get("user", "/queue").json();
        serde_json::from_value::<Vec<Ticket>>(list["tickets"].clone()).unwrap().into_iter().next()
    });

    faults.tell("sync", i64::from(rustix::io::Errno::IO.raw_os_error()));
    refused(&bridge.approve("user", &waiting));
    assert_eq!(bridge.look("agent", waiting.id).status, Status::Queued, "what was refused changed nothing");

    faults.tell("sync", 0);
    until_accepted(&bridge, "after");
    bridge.approve("user", &waiting).ticket();
    let released = peer.reply().ticket();
    assert_eq!((released.id, released.status, released.replayed), (waiting.id, Status::Released, false));
    assert_eq!(bridge.submit("agent", &call).ticket().status, Status::Queued, "given once");
    verifies(&bridge);
}

#[test]
fn a_clock_that_is_set_back_ends_nothing_early_and_lets_nothing_in_twice() {
    let faults = Faults::new();
    let bridge = faults.under(site()).start();
    let ask = Ask::post("/action", &append("once").to_string());
    let ticket = bridge.send(&ask).ticket();
    assert_eq!(bridge.end_of("agent", ticket.id).status, Status::Succeeded);
    let waiting = bridge.submit("agent", &json!({ "action": "append-asked", "word": "asked" })).ticket();

    faults.tell("clock", -3600);
    let replayed = bridge.peer().send(ask.bytes()).reply();
    assert_eq!(replayed.status, 401, "a captured request is no good in an hour that comes again: {}", replayed.text());
    let early = Ask { created: now() - 3600, nonce: fresh_nonce(), ..Ask::get("/queue") };
    assert_eq!(bridge.send(&early).status, 401, "the server's time stands still, it does not go back");
    assert_eq!(bridge.look("agent", waiting.id).status, Status::Queued, "nothing ended");
    let later = bridge.submit("agent", &append("later")).ticket();
    assert!(later.created >= waiting.created, "no ticket is older than one before it");
    assert_eq!(bridge.end_of("agent", later.id).status, Status::Succeeded);
    assert_eq!(effects(&bridge), "once\nlater\n");
    verifies(&bridge);
}

/// The log in this data directory is whole.
fn verifies(bridge: &Bridge) {
    let home = bridge.site().home();
    let mut audit = Command::new(program("ccc-audit"));
    audit.args(["verify", "--tail-max", "100000", "--data"]).arg(home.join("data")).env_clear().env("HOME", home);
    let verify = audit.output().unwrap();
    assert!(
        verify.status.success(),
        "{} {}",
        String::from_utf8_lossy(&verify.stdout),
        String::from_utf8_lossy(&verify.stderr)
    );
}
