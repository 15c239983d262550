//! What installing leaves behind: nothing where it failed, and nothing after uninstalling.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use ccc_hosts::host::Host;
use serde_json::json;

use crate::install::{MINE, command, files, install, knowing, settings, with_my_settings, words, write};
use crate::support::{Home, run};

/// Every name under the home directory, links and directories too.
fn names(home: &Home) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![home.path().to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            found.push(entry.path());
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_install_that_fails_on_its_way_leaves_nothing() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    // The last of all, and it cannot be written: there is no such directory.
    let last = settings(&home, Host::Qwen);
    fs::remove_file(&last).unwrap();
    symlink("nowhere/settings.json", &last).unwrap();
    fs::remove_dir_all(settings(&home, Host::Codex).parent().unwrap()).unwrap();
    let before = names(&home);
    let texts = |home: &Home| Host::ALL.map(|host| fs::read_to_string(settings(home, host)).ok());
    let texts_before = texts(&home);
    let output = install(&home, &bridge.url, &["--all"]);
    assert!(!output.status.success(), "{}", words(&output));
    assert!(words(&output).contains("what was written is taken back"), "{}", words(&output));
    assert_eq!(names(&home), before);
    assert_eq!(texts(&home), texts_before);
}

#[test]
fn an_install_that_fails_leaves_the_earlier_one_as_it_was() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let last = settings(&home, Host::Qwen);
    fs::remove_file(&last).unwrap();
    assert!(install(&home, &bridge.url, &["--agent", "claude", "--hold", "60"]).status.success());
    let before = files(&home);
    symlink("nowhere/settings.json", &last).unwrap();
    assert!(!install(&home, &bridge.url, &["--all", "--hold", "90"]).status.success());
    fs::remove_file(&last).unwrap();
    assert_eq!(files(&home), before);
}

#[test]
fn a_link_to_nothing_leads_to_nothing_again() {
    let bridge = knowing();
    for host in Host::ALL {
        let home = Home::new(&bridge.url, 0);
        let path = settings(&home, host);
        let (kept, name) = (home.path().join("kept"), path.file_name().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::create_dir(&kept).unwrap();
        symlink(kept.join(name), &path).unwrap();
        let installed = install(&home, &bridge.url, &["--agent", host.name()]);
        assert!(installed.status.success(), "{host}: {}", words(&installed));
        assert!(kept.join(name).exists(), "{host}: it is kept where the link leads");
        assert!(command(&home, &["uninstall", "--agent", host.name()]).status.success());
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "{host}");
        assert!(!kept.join(name).exists(), "{host}");
    }
}

#[test]
fn backups_are_few_and_those_with_our_entries_go() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let path = settings(&home, Host::Claude);
    let backups = || {
        let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        entries.filter(|name| name.to_str().unwrap().contains("before-ccc-hook")).count()
    };
    for hold in ["60", "70", "80"] {
        install(&home, &bridge.url, &["--agent", "claude", "--hold", hold]);
    }
    assert_eq!(backups(), 1, "what an install made itself needs no copy");
    write(&path, &fs::read_to_string(&path).unwrap().replace("dark", "light"));
    install(&home, &bridge.url, &["--agent", "claude", "--hold", "90"]);
    let removed = command(&home, &["uninstall", "--agent", "claude"]);
    assert_eq!(backups(), 1, "that from before us, since the settings were changed");
    let kept = fs::read_to_string(path.with_file_name("settings.json.before-ccc-hook.1")).unwrap();
    assert_eq!(kept, MINE);
    assert!(
        words(&removed).contains("settings.json.before-ccc-hook.1, the settings as they were"),
        "{}",
        words(&removed)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), MINE.replace("dark", "light"));
}

#[test]
fn a_byte_order_mark_is_taken_where_the_agent_takes_it() {
    let bridge = knowing();
    let marked = "\u{feff}{\r\n  \"theme\": \"dark\"\r\n}\r\n";
    for host in Host::ALL.into_iter().filter(|host| ![Host::Kimi, Host::OpenCode].contains(host)) {
        let home = Home::new(&bridge.url, 0);
        let path = settings(&home, host);
        write(&path, marked);
        let before = files(&home);
        let output = install(&home, &bridge.url, &["--agent", host.name()]);
        if host == Host::Claude {
            assert!(output.status.success(), "{}", words(&output));
            assert!(fs::read_to_string(&path).unwrap().starts_with("\u{feff}{\r\n  \"theme\""));
            assert!(command(&home, &["uninstall", "--agent", "claude"]).status.success());
            assert_eq!(fs::read_to_string(&path).unwrap(), marked);
        } else {
            assert!(!output.status.success(), "{host}");
            let told = words(&output);
            assert!(told.contains("line 1, column 1: a byte order mark"), "{host}: {told}");
            assert_eq!(files(&home), before, "{host}");
        }
    }
}

#[test]
fn a_mark_that_came_later_makes_a_host_blind_that_does_not_read_it() {
    let bridge = knowing();
    for (host, sees) in [(Host::Claude, true), (Host::Codex, false), (Host::Copilot, false), (Host::Qwen, false)] {
        let home = Home::new(&bridge.url, 0);
        install(&home, &bridge.url, &["--agent", host.name()]);
        let path = settings(&home, host);
        write(&path, &format!("\u{feff}{}", fs::read_to_string(&path).unwrap()));
        let status = command(&home, &["status", "--agent", host.name(), "--json"]);
        let told: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        let state = &told[0]["installs"][0]["state"];
        assert_eq!(state == &json!("installed"), sees, "{host}: {told}");
        let doctor = words(&command(&home, &["doctor", "--agent", host.name()]));
        assert_eq!(!doctor.contains("BLIND"), sees, "{host}: {doctor}");
    }
}

#[test]
fn doctor_lists_the_calls_that_the_host_logged_and_no_hook_saw() {
    let bridge = knowing();
    let home = Home::new(&bridge.url, 0);
    install(&home, &bridge.url, &["--agent", "codex"]);
    let doctor = || words(&command(&home, &["doctor", "--agent", "codex"]));
    assert!(doctor().contains("log: 0 calls that Codex CLI logged since the install"), "{}", doctor());
    let gate = |id: &str| {
        let document = json!({
            "session_id": "s1", "cwd": "/proj", "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_input": {"command": "ls"}, "tool_use_id": id,
        });
        let config = home.path().join(".config/ccc/hook/codex.json");
        let mut hook = home.binary();
        let hook = hook.args(["--agent", "codex", "--config"]).arg(config);
        assert!(run(hook, document.to_string().as_bytes()).status.success());
    };
    gate("call_1");
    gate("call_2");
    let call = |id: &str, name: &str, at: &str| {
        let payload = json!({"type": "function_call", "name": name, "arguments": "{}", "call_id": id});
        json!({"timestamp": at, "type": "response_item", "payload": payload}).to_string()
    };
    let late = "2999-01-01T00:00:00.000Z";
    let session = json!({"timestamp": late, "type": "session_meta", "payload": {"session_id": "s1", "id": "other"}});
    let lines = [
        session.to_string(),
        call("call_0", "exec_command", "2001-01-01T00:00:00.000Z"),
        call("call_1", "exec_command", late),
        "{\"torn".to_owned(),
        call("call_2", "apply_patch", late),
    ];
    let log = home.path().join(".codex/sessions/2026/12/01/rollout-x.jsonl");
    write(&log, &lines.join("\n"));
    assert!(
        doctor().contains("log: 2 calls that Codex CLI logged since the install, and the hook saw each"),
        "{}",
        doctor()
    );
    let more = [
        call("call_3", "write_stdin", late),
        call("call_4", "exec_command", late),
        call("call_5", "write_stdin", late),
    ];
    write(&log, &format!("{}\n{}", lines.join("\n"), more.join("\n")));
    let told = "open: no hook saw 3 of 5 calls that Codex CLI logged since the install: exec_command 1, write_stdin 2";
    assert!(doctor().contains(told), "{}", doctor());
    assert!(command(&home, &["uninstall", "--agent", "codex"]).status.success());
    assert!(!home.path().join(".config/ccc/hook/codex.seen").exists());
}
