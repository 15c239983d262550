//! What a tool gave back is handed over, masked where that is wanted; and marked values lie where nobody should read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ccc_hosts::host::Host;
use ccc_protocol::{canary, signing::Key};
use serde_json::{Value, json};

use crate::support::{Bridge, Home, Reply, SECRET, run, ticket};

fn recorded() -> impl Fn(usize, &crate::support::Received) -> Reply + Send + Sync + 'static {
    |_, _| Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"})))
}

fn output() -> Value {
    json!({
        "session_id": "s1", "cwd": "/proj", "hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_use_id": "toolu_1",
        "tool_input": {"command": "cat .env"}, "duration_ms": 3,
        "tool_response": {"stdout": "KEY=abcdef\nend", "stderr": "", "interrupted": false, "isImage": false},
    })
}

fn told(host: Host, bridge: &Bridge, event: &str, document: &Value) -> String {
    let home = Home::new(&bridge.url, 0);
    let done = run(&mut home.event(host, event), document.to_string().as_bytes());
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn what_a_tool_gave_back_is_handed_over_and_nothing_of_it_recorded() {
    let bridge = Bridge::start(recorded());
    assert_eq!(told(Host::Claude, &bridge, "PostToolUse", &output()), "");
    let handed = bridge.handed_over();
    assert_eq!(handed.len(), 1);
    assert_eq!(
        (&handed[0]["tool"], &handed[0]["session"], &handed[0]["masks"]),
        (&json!("Bash"), &json!("s1"), &json!(true))
    );
    assert!(handed[0]["parts"][0].as_str().unwrap().contains("KEY=abcdef\nend"));
    let entry = &bridge.actions()[0];
    assert!(!entry.to_string().contains("abcdef"), "{entry}");
    let prompt = json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "UserPromptSubmit", "prompt": "hello"});
    told(Host::Claude, &bridge, "UserPromptSubmit", &prompt);
    assert_eq!(bridge.handed_over()[1]["parts"], json!(["hello"]));
}

#[test]
fn secrets_are_masked_in_what_the_model_is_shown() {
    let text = "KEY=abcdef\nend";
    let from = text.find("abcdef").unwrap();
    let masks = json!({"secrets": [{"part": 0, "from": from, "to": from + 6, "name": "GitHub token"}]});
    let bridge = Bridge::masking(masks.clone(), recorded());
    let answer: Value = serde_json::from_str(&told(Host::Claude, &bridge, "PostToolUse", &output())).unwrap();
    let shown = &answer["hookSpecificOutput"];
    assert_eq!(shown["hookEventName"], "PostToolUse");
    let expected =
        json!({"stdout": "KEY=[masked: GitHub token]\nend", "stderr": "", "interrupted": false, "isImage": false});
    assert_eq!(shown["updatedToolOutput"], expected);
}

#[test]
fn a_decoy_holds_canaries_of_the_agents_key_and_is_not_written_over_another_file() {
    let bridge = Bridge::start(recorded());
    let home = Home::new(&bridge.url, 0);
    let config = home.path().join(".config/ccc/hook/claude.json");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let installed = json!({"url": bridge.url, "secrets": home.secrets(), "hold_seconds": 0});
    fs::write(&config, installed.to_string()).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let decoy = home.path().join("keys/old.env");
    let lay = || run(home.binary().args(["canary", "--agent", "claude", "--file"]).arg(&decoy), b"");
    let laid = lay();
    assert!(laid.status.success(), "{laid:?}");
    let key = Key::new(SECRET.as_bytes());
    let text = fs::read_to_string(&decoy).unwrap();
    assert!(text.lines().filter(|line| canary::is_in(&[line], &key)).count() == 2, "{text}");
    let begun = json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "SessionStart", "source": "startup"});
    let mut hook = home.binary();
    hook.args(["--agent", "claude", "--event", "SessionStart", "--config"]).arg(&config);
    let done = run(&mut hook, begun.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(canary::is_in(&[context], &key), "{context}");
    let again = lay();
    assert!(
        !again.status.success() && String::from_utf8_lossy(&again.stderr).contains("is there already"),
        "{again:?}"
    );
    assert_eq!(fs::read_to_string(&decoy).unwrap(), text);
}
