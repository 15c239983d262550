//! What running an action does on the host, and what it cannot be talked into: real programs, their output, their ends.

use std::{fs, time::Duration};

use ccc_protocol::bodies::{ProblemType, Status, Ticket};
use ccc_tests::bridge::{Bridge, Site};
use serde_json::{Value, json};

fn site() -> Site {
    let site = Site::new()
        .env("AWS_SECRET_ACCESS_KEY", "hidden")
        .env("CCC_SECRETS", "hidden")
        .env("LD_PRELOAD", "")
        .env("LC_TIME", "C");
    let home = site.home().display().to_string();
    let config = format!(
        r#"
[desktop]
editor = ["touch", "{{path}}"]
browser = ["no-such-browser", "{{url}}"]
terminal = ["sh", "-c", "pwd -P > '{home}/terminal'"]

[limits]
output_bytes_max = 4096
open_watch_millis = 20000

[actions.show]
policy = "auto-accept"
params.text = {{ type = "string", multiline = true, required = true }}
params.more = {{ type = "string" }}
params.list = {{ type = "list", items = {{ type = "string" }} }}
run = ["printf", "[%s]", "<{{text}}>", "{{more?}}", "{{list?}}"]
confined = false

[actions.open-option]
policy = "auto-accept"
params.name = {{ type = "string", required = true }}
run = ["ls", "{{name}}"]
confined = false

[actions.behind-dashes]
policy = "auto-accept"
params.name = {{ type = "string", required = true }}
run = ["echo", "--", "{{name}}"]
confined = false

[actions.environment]
policy = "auto-accept"
run = ["sh", "-c", "env | cut -d= -f1"]
confined = false

[actions.missing]
policy = "auto-accept"
run = ["no-such-program-anywhere"]
confined = false

[actions.both]
policy = "auto-accept"
run = ["sh", "-c", "echo out; echo err >&2; exit 7"]
confined = false

[actions.signal]
policy = "auto-accept"
run = ["sh", "-c", "kill -9 $$"]
confined = false

[actions.loud]
policy = "auto-accept"
run = ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done"]
confined = false

[actions.family]
policy = "auto-accept"
timeout = "1s"
run = ["sh", "-c", "trap '' TERM; (trap '' TERM; exec 3<>'{home}/family.fifo'; echo child > '{home}/family'; read x <&3) & wait"]
confined = false

[actions.in-dir]
policy = "auto-accept"
params.path = {{ type = "path", kind = "dir", required = true }}
dir = "path"
run = ["sh", "-c", "pwd -P; echo \"$1\"", "in-dir", "{{path}}/notes"]
confined = false
"#
    );
    site.config(config)
}

fn run(bridge: &Bridge, action: Value) -> Ticket {
    bridge.run("agent", &action)
}

fn stdout(ticket: &Ticket) -> String {
    ticket.result.as_ref().unwrap()["stdout"].as_str().unwrap().to_owned()
}

#[test]
fn output_and_exit_status_come_back_as_they_were_observed() {
    let bridge = site().start();
    let ticket = run(&bridge, json!({ "action": "both" }));
    assert_eq!(ticket.status, Status::Failed);
    let result = ticket.result.unwrap();
    assert_eq!(
        (&result["exit_code"], &result["stdout"], &result["stderr"]),
        (&json!(7), &json!("out\n"), &json!("err\n"))
    );
    let killed = run(&bridge, json!({ "action": "signal" }));
    assert_eq!((killed.status, &killed.result.as_ref().unwrap()["signal"]), (Status::Failed, &json!(9)));
    assert!(killed.reason.unwrap().contains("signal 9"));
}

#[test]
fn output_is_kept_up_to_its_limit_and_said_to_be_cut() {
    let bridge = site().start();
    let ticket = run(&bridge, json!({ "action": "loud" }));
    let result = ticket.result.clone().unwrap();
    assert_eq!((ticket.status, &result["truncated"]), (Status::Succeeded, &json!(true)));
    assert!(stdout(&ticket).len() <= 4096 && stdout(&ticket).starts_with("line 0\n"));
}

#[test]
fn a_missing_program_is_a_failed_ticket_with_a_sentence_and_the_server_goes_on() {
    let bridge = site().start();
    let ticket = run(&bridge, json!({ "action": "missing" }));
    assert_eq!(ticket.status, Status::Failed);
    assert!(ticket.reason.unwrap().contains("`no-such-program-anywhere` is not on the host"));
    let page = bridge.submit("agent", &json!({ "action": "open-browser", "url": "https://example.com/" })).ticket();
    bridge.approve("user", &page).ticket();
    let page = bridge.end_of("agent", page.id);
    assert_eq!(page.status, Status::Failed);
    assert!(page.reason.unwrap().contains("`no-such-browser`"));
    assert_eq!(run(&bridge, json!({ "action": "list-actions" })).status, Status::Succeeded);
}

#[test]
fn a_program_over_its_time_is_ended_with_all_of_its_group() {
    let bridge = site().start();
    let home = bridge.site().home();
    let fifo = std::process::Command::new("mkfifo").arg(home.join("family.fifo")).status().unwrap();
    assert!(fifo.success());
    let ticket = run(&bridge, json!({ "action": "family" }));
    assert_eq!((ticket.status, &ticket.result.as_ref().unwrap()["timed_out"]), (Status::Failed, &json!(true)));
    assert!(ticket.reason.unwrap().contains("longer than 1 s"));
    assert_eq!(fs::read_to_string(home.join("family")).unwrap(), "child\n", "there was a child");
    // The child held the pipe open; nobody does any more.
    assert_eq!(processes_holding(&home.join("family.fifo")), 0);
}

/// How many processes have this file open.
fn processes_holding(file: &std::path::Path) -> usize {
    let file = fs::canonicalize(file).unwrap();
    let holds = |process: &fs::DirEntry| {
        let descriptors = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        descriptors.filter_map(|descriptor| fs::read_link(descriptor.path()).ok()).any(|open| open == file)
    };
    fs::read_dir("/proc").unwrap().flatten().filter(holds).count()
}

#[test]
fn the_environment_is_empty_but_for_what_a_desktop_needs() {
    let bridge = site().start();
    let listed = stdout(&run(&bridge, json!({ "action": "environment" })));
    let names: Vec<&str> = listed.lines().collect();
    assert!(names.contains(&"PATH") && names.contains(&"HOME") && names.contains(&"LC_TIME"), "{names:?}");
    for hidden in ["AWS_SECRET_ACCESS_KEY", "CCC_SECRETS", "LD_PRELOAD"] {
        assert!(!names.contains(&hidden), "{names:?}");
    }
}

#[test]
fn a_value_is_one_argument_whatever_it_holds() {
    let bridge = site().start();
    for text in ["a b", "$(id)", "`id`", "%s%n", "{more}", "{{text}}", "; rm -rf /", "'\"\\", "*", "~", "é😀"] {
        let ticket = run(&bridge, json!({ "action": "show", "text": text, "more": text, "list": [text, "last"] }));
        assert_eq!(stdout(&ticket), format!("[<{text}>][{text}][{text}][last]"), "{:?}", ticket.reason);
    }
    let lines = run(&bridge, json!({ "action": "show", "text": "a\nb\n" }));
    assert_eq!(stdout(&lines), "[<a\nb\n>]");
    let bare = run(&bridge, json!({ "action": "show", "text": "x" }));
    assert_eq!(stdout(&bare), "[<x>]", "an optional argument is dropped, and an empty list is none");
}

#[test]
fn a_value_that_could_be_read_as_an_option_is_refused_or_stands_behind_dashes() {
    let bridge = site().start();
    for value in ["-l", "--help", "-"] {
        let before = bridge.seq();
        let reply = bridge.submit("agent", &json!({ "action": "open-option", "name": value }));
        let problem = reply.refused(422, ProblemType::InvalidParameter);
        assert_eq!((problem.param.as_deref(), bridge.seq()), (Some("name"), before), "{}", problem.detail);
    }
    let behind = run(&bridge, json!({ "action": "behind-dashes", "name": "-n" }));
    assert_eq!(stdout(&behind), "-- -n\n");
    let nul = bridge.submit("agent", &json!({ "action": "show", "text": "a\u{0}b" }));
    nul.refused(422, ProblemType::InvalidParameter);
}

#[test]
fn a_program_runs_in_the_directory_that_was_named_and_answers_in_the_containers_names() {
    let bridge = site().start();
    fs::create_dir(bridge.site().workspace().join("project")).unwrap();
    let ticket = run(&bridge, json!({ "action": "in-dir", "path": "project" }));
    assert_eq!(stdout(&ticket), "/workspace/project\n/workspace/project/notes\n");
    assert_eq!(ticket.params["path"], "/workspace/project");
}

#[test]
fn openers_are_started_for_the_person_where_the_container_path_lies() {
    let bridge = site().start();
    let edited = run(&bridge, json!({ "action": "edit-file", "filename": "new.txt" }));
    assert_eq!((edited.status, &edited.params["filename"]), (Status::Succeeded, &json!("/workspace/new.txt")));
    assert!(bridge.site().workspace().join("new.txt").exists());
    let terminal = bridge.submit("agent", &json!({ "action": "open-terminal" })).ticket();
    bridge.approve("user", &terminal).ticket();
    assert_eq!(bridge.end_of("agent", terminal.id).status, Status::Succeeded);
    let stood = fs::read_to_string(bridge.site().home().join("terminal")).unwrap();
    assert_eq!(stood.trim(), fs::canonicalize(bridge.site().workspace()).unwrap().to_str().unwrap());
}

#[test]
fn a_dry_run_decides_queues_and_audits_and_does_nothing() {
    let bridge = site().args(&["--dry-run"]).start();
    let edited = run(&bridge, json!({ "action": "edit-file", "filename": "new.txt" }));
    assert_eq!((edited.status, &edited.result.unwrap()["dry_run"]), (Status::Succeeded, &json!(true)));
    assert!(!bridge.site().workspace().join("new.txt").exists());
    let page = bridge.submit("agent", &json!({ "action": "open-browser", "url": "https://example.com/" })).ticket();
    assert_eq!(page.status, Status::Queued);
    bridge.approve("user", &page).ticket();
    assert_eq!(bridge.end_of("agent", page.id).status, Status::Succeeded, "no browser was looked for");
    let entries = bridge.get("user", "/audit").json()["entries"].as_array().unwrap().len();
    assert!(entries >= 5, "the story is written all the same");
}

#[test]
fn a_held_answer_comes_when_the_run_has_ended() {
    let bridge = site().start();
    let ask = ccc_tests::wire::Ask::post("/action", r#"{"action":"both"}"#).with("prefer", "wait=60");
    let began = std::time::Instant::now();
    assert_eq!(bridge.send(&ask).ticket().status, Status::Failed);
    assert!(began.elapsed() < Duration::from_secs(55), "it was told, not timed out");
}
