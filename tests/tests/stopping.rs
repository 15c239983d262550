//! Freeze, denial and stop against what waits for a place and what runs, on a real server with real programs.

use std::fs;

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::bridge::{Bridge, Site};
use serde_json::json;

const CONFIG: &str = r#"
[limits]
runs_max = 2
runs_per_user_max = 2

[actions.hold]
policy = "auto-accept"
params.number = { type = "integer", required = true }
run = ["/bin/sh", "-c", "echo $1 >> STARTED; exec sleep 600", "sh", "{number}"]
confined = false
timeout = "10m"
"#;

fn bridge(name: &std::path::Path) -> Bridge {
    Site::new().config(CONFIG.replace("STARTED", name.to_str().unwrap())).start()
}

fn submit(bridge: &Bridge, number: u64) -> Ticket {
    bridge.submit("agent", &json!({ "action": "hold", "number": number })).ticket()
}

fn ticket(bridge: &Bridge, of: &Ticket) -> Ticket {
    bridge.get("user", &format!("/queue/{}", of.id)).ticket()
}

fn started(file: &std::path::Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}

#[test]
fn nothing_starts_after_a_freeze_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("started");
    let bridge = bridge(&file);
    let tickets: Vec<Ticket> = (0..40).map(|number| submit(&bridge, number)).collect();
    let running = tickets.iter().filter(|ticket| ticket.status == Status::Running).count();
    assert!(running <= 2, "{running} are said to run where two can");
    assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": true })).status, 200);
    let run: Vec<Ticket> =
        tickets.iter().map(|of| ticket(&bridge, of)).filter(|of| of.status == Status::Running).collect();
    assert!(run.len() <= 2);
    for of in &run {
        let stopped = bridge.post("user", &format!("/queue/{}/stop", of.id), &json!({})).ticket();
        assert_eq!((stopped.status, stopped.reason.as_deref()), (Status::Failed, Some("stopped by user")));
    }
    // Both places are free again, and nobody takes them.
    for of in &tickets {
        assert!(ticket(&bridge, of).status.has_ended(), "{:?}", ticket(&bridge, of));
    }
    assert!(started(&file) <= run.len(), "{} started", started(&file));
}

#[test]
fn a_run_under_way_is_stopped_by_who_may_approve_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("started");
    let bridge = bridge(&file);
    let runs = submit(&bridge, 1);
    let second = submit(&bridge, 2);
    let waits = submit(&bridge, 3);
    assert_eq!((runs.status, waits.status), (Status::Running, Status::Approved));
    let stop = |who: &str, of: &Ticket| bridge.post(who, &format!("/queue/{}/stop", of.id), &json!({}));
    assert_eq!((stop("agent", &runs).status, stop("lead", &runs).status), (403, 404));
    assert_eq!(stop("user", &waits).status, 409, "it has not started");
    let denied = bridge.post("dba", &format!("/queue/{}/deny", waits.id), &json!({}));
    assert_eq!(denied.ticket().status, Status::Denied, "so it is denied");
    let stopped = stop("user", &runs).ticket();
    assert_eq!((stopped.status, stopped.reason.as_deref()), (Status::Failed, Some("stopped by user")));
    assert_eq!(stop("user", &runs).status, 409, "it has ended");
    assert_eq!(stop("dba", &second).ticket().status, Status::Failed);
}
