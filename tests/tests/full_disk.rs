//! A disk that another process fills: requests are refused, decisions go on, and with room all goes on again.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ccc_protocol::bodies::{Health, ProblemType, QueueList, Status, Ticket};
use ccc_tests::bridge::{Bridge, Site, program};
use serde_json::{Value, json};

/// A server whose data directory is a small disk of its own, which nobody else sees; none where this machine forbids that.
fn on_a_small_disk(mebibytes: u32, config: &str) -> Option<Bridge> {
    on_a_disk_prepared_by(mebibytes, config, "true")
}

/// The same, with these words of a shell said on it before the server starts.
fn on_a_disk_prepared_by(mebibytes: u32, config: &str, prepare: &str) -> Option<Bridge> {
    let allowed = Command::new("unshare")
        .args(["-rm", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        eprintln!("NOT TESTED: this machine lets nobody mount a disk of their own");
        return None;
    }
    let mut site = Site::new();
    site.rewrite_config(config);
    fs::create_dir(site.home().join("data")).unwrap();
    let server = "ccc-server --config config.toml --volume /workspace=workspace --port 0";
    let mount = format!("mount -t tmpfs -o size={mebibytes}m,mode=700 tmpfs data");
    Some(site.start_by(&format!("unshare -rm sh -c '{mount} && {{ {prepare}; }} && exec {server}'")))
}

/// The data directory as this process can reach it.
fn data(bridge: &Bridge) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{}", bridge.pid(), bridge.site().home().join("data").display()))
}

/// Another process, which takes whatever room there is and goes on taking it; ended with the test.
struct Filler(Child, PathBuf);

impl Filler {
    fn of(data: &Path) -> Self {
        let file = data.join("filler");
        let script = "while :; do cat /dev/zero 2>/dev/null >> \"$0\"; done";
        Self(Command::new("sh").args(["-c", script]).arg(&file).process_group(0).spawn().unwrap(), file)
    }

    /// Waits until it has taken all there is.
    fn has_filled(&self, bridge: &Bridge) {
        let free = || rustix::fs::statvfs(self.1.parent().unwrap()).unwrap().f_bavail;
        bridge.until("the disk is full", || (free() == 0).then_some(()));
    }

    fn gives_back(mut self) {
        self.end();
        fs::remove_file(&self.1).unwrap();
    }

    fn end(&mut self) {
        // With the `cat` that it runs: the group is this child's own.
        if let Some(group) = rustix::process::Pid::from_raw(i32::try_from(self.0.id()).unwrap()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.end();
    }
}

const CONFIG: &str = "[limits]\nreserve_bytes = 4194304\n\
     [actions.nothing]\npolicy = \"auto-accept\"\nrun = [\"true\"]\nconfined = false\n\
     [actions.asked]\npolicy = \"queue\"\nparams.word = { type = \"string\" }\nrun = [\"true\"]\nconfined = false\n";

fn nothing(bridge: &Bridge) -> ccc_tests::wire::Reply {
    bridge.submit("agent", &json!({ "action": "nothing" }))
}

fn health(bridge: &Bridge) -> String {
    let mut peer = bridge.peer();
    peer.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    serde_json::from_str::<Health>(&peer.reply().text()).unwrap().status
}

fn is_told_full(bridge: &Bridge) -> bool {
    serde_json::from_value::<QueueList>(bridge.get("user", "/queue").json()).unwrap().disk_full
}

#[test]
fn on_a_disk_that_another_process_fills_decisions_commit_and_requests_do_not() {
    let Some(bridge) = on_a_small_disk(16, CONFIG) else { return };
    let ask = |word: &str| bridge.submit("agent", &json!({ "action": "asked", "word": word })).ticket();
    let waiting: Vec<Ticket> = (0..40).map(|n| ask(&n.to_string())).collect();
    bridge.until("the reserve is kept", || data(&bridge).join("reserve").exists().then_some(()));
    assert!(!is_told_full(&bridge) && health(&bridge) == Health::OK);

    let filler = Filler::of(&data(&bridge));
    filler.has_filled(&bridge);
    // What meets the full disk first is told that nothing was accepted; from then on it is told why.
    bridge.until("requests are refused", || (nothing(&bridge).status == 507).then_some(()));
    let problem = nothing(&bridge).refused(507, ProblemType::Full);
    assert!(problem.detail.contains("disk is full"), "{}", problem.detail);
    assert!(is_told_full(&bridge) && health(&bridge) == Health::DISK_FULL);

    for (n, ticket) in waiting.iter().enumerate() {
        let path = |what: &str| format!("/queue/{}/{what}", ticket.id);
        let reply = match n % 4 {
            0 => bridge.approve("user", ticket),
            1 => bridge.post("user", &path("deny"), &json!({ "reason": "the disk is full" })),
            2 => bridge.post("agent", &path("cancel"), &json!({})),
            _ => continue,
        };
        assert_eq!(reply.status, 200, "{n}: {}", reply.text());
    }
    for frozen in (0..20).map(|n| n % 2 == 0) {
        let reply = bridge.post("user", "/freeze", &json!({ "frozen": frozen }));
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let ends = waiting.iter().map(|ticket| bridge.end_of("agent", ticket.id).status).collect::<Vec<_>>();
    for (n, end) in ends.into_iter().enumerate() {
        let wanted = [Status::Succeeded, Status::Denied, Status::Cancelled, Status::Denied][n % 4];
        assert_eq!(end, wanted, "{n}: what was approved ran, and the freeze denied the rest");
    }
    nothing(&bridge).refused(507, ProblemType::Full);

    filler.gives_back();
    bridge.until("requests are taken", || matches!(nothing(&bridge).status, 200 | 202).then_some(()));
    assert!(!is_told_full(&bridge) && health(&bridge) == Health::OK);
    bridge.until("the reserve is kept again", || data(&bridge).join("reserve").exists().then_some(()));
    let entries = bridge.get("user", "/audit?limit=5000").json();
    let kinds: Vec<&str> = entries["entries"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
    assert!(kinds.contains(&"disk-full") && kinds.contains(&"disk-room"), "{kinds:?}");
    verifies(&bridge);
}

#[test]
fn a_tool_call_that_was_approved_is_taken_on_a_full_disk_and_a_new_one_is_not_asked() {
    let Some(bridge) = on_a_small_disk(16, CONFIG) else { return };
    let call = |command: &str| {
        json!({
            "action": "use-tool", "host": "claude-code", "tool": "Bash", "native": "Bash", "cwd": "/workspace",
            "input": { "command": command }, "session": "s1", "agent": "main",
        })
    };
    let waiting = bridge.submit("agent", &call("make")).ticket();
    bridge.until("the reserve is kept", || data(&bridge).join("reserve").exists().then_some(()));
    let filler = Filler::of(&data(&bridge));
    filler.has_filled(&bridge);
    bridge.until("requests are refused", || (bridge.submit("agent", &call("ls")).status == 507).then_some(()));
    assert_eq!(bridge.submit("agent", &call("make")).ticket().status, Status::Queued, "it waits already");
    bridge.approve("user", &waiting).ticket();
    let taken = bridge.submit("agent", &call("make")).ticket();
    assert_eq!((taken.id, taken.status, taken.replayed), (waiting.id, Status::Released, false));
    bridge.submit("agent", &call("make")).refused(507, ProblemType::Full);
    drop(filler);
}

#[test]
fn a_server_starts_on_a_full_disk_and_takes_decisions() {
    let fill = "head -c 4194304 /dev/zero > data/reserve; cat /dev/zero > data/filler 2> /dev/null; true";
    let Some(bridge) = on_a_disk_prepared_by(16, CONFIG, fill) else { return };
    nothing(&bridge).refused(507, ProblemType::Full);
    assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": true })).status, 200);
    fs::remove_file(data(&bridge).join("filler")).unwrap();
    assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": false })).status, 200);
    bridge.until("requests are taken", || matches!(nothing(&bridge).status, 200 | 202).then_some(()));
}

/// A call whose input is a megabyte.
fn large_call(rule: &str, n: usize) -> Value {
    json!({
        "action": "use-tool", "host": "claude-code", "tool": rule, "native": rule, "cwd": "/workspace", "session": "s1",
        "agent": "main", "input": { "file_path": "/workspace/a", "content": format!("{n}{}", "x".repeat(1_000_000)) },
    })
}

fn stored_bytes(bridge: &Bridge) -> u64 {
    let data = bridge.site().home().join("data");
    ["ccc.db", "ccc.db-wal"].iter().filter_map(|name| fs::metadata(data.join(name)).ok()).map(|file| file.len()).sum()
}

fn audit(bridge: &Bridge, words: &[&str]) -> String {
    let home = bridge.site().home();
    let mut audit = Command::new(program("ccc-audit"));
    audit.args(words).arg("--data").arg(home.join("data")).env_clear().env("HOME", home);
    let output = audit.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn of_a_megabyte_that_is_denied_or_repeated_the_digest_and_the_beginning_are_kept() {
    let rules = "[limits]\nrequests_per_minute_max = 0\n[[rule]]\nname = \"no writing\"\naction = [\"use-tool\"]\n\
                 where.tool = [\"Write\"]\npolicy = \"auto-deny\"\n";
    let mut bridge = Bridge::with_config(rules);
    let before = stored_bytes(&bridge);
    for n in 0..12 {
        let problem = bridge.submit("agent", &large_call("Write", n)).refused(403, ProblemType::Denied);
        let ticket = problem.ticket.unwrap();
        assert!(ticket.abridged && serde_json::to_vec(&ticket.params).unwrap().len() < 8192);
        assert_eq!(ticket.params["tool"], "Write", "the beginning says what it was");
    }
    let asked = bridge.submit("agent", &large_call("Edit", 0)).ticket();
    assert!(!asked.abridged, "what waits for a person is whole");
    bridge.post("user", &format!("/queue/{}/deny", asked.id), &json!({})).ticket();
    for _ in 0..12 {
        bridge.submit("agent", &large_call("Edit", 0)).refused(403, ProblemType::Denied);
    }
    let grown = stored_bytes(&bridge) - before;
    assert!(grown < 8_000_000, "{grown} bytes for 24 megabytes that were denied");

    bridge.kill();
    bridge.start_again();
    let again = bridge.submit("agent", &large_call("Edit", 0)).refused(403, ProblemType::Denied).ticket.unwrap();
    assert_eq!((again.id, again.repeats), (asked.id, 13), "the denial answers after a restart too");
    let other = bridge.submit("agent", &large_call("Edit", 1)).ticket();
    assert_eq!(other.status, Status::Queued, "and answers nothing else");
    audit(&bridge, &["verify", "--tail-max", "100000"]);
    let shown = audit(&bridge, &["show", "--status", "denied"]);
    assert!(shown.contains("(the beginning of 1000"), "{}", &shown[..shown.len().min(2000)]);
}

/// The log is whole. Of a copy: SQLite looks for the place of what it opens, and the disk is in no place of this process's.
fn verifies(bridge: &Bridge) {
    let home = bridge.site().home();
    let copy = home.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in ["ccc.db", "ccc.db-wal", "checkpoints.jsonl"] {
        fs::copy(data(bridge).join(name), copy.join(name)).unwrap();
    }
    let mut audit = Command::new(program("ccc-audit"));
    audit.args(["verify", "--key"]).arg(home.join("audit.key")).arg("--data").arg(&copy);
    let verify = audit.env_clear().env("HOME", home).output().unwrap();
    let said = [verify.stdout, verify.stderr].concat();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&said));
}
