//! What is written into people's settings files, and that nothing else in them
//! changes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use std::path::{Path, PathBuf};

use ccc_hook::config::Config;
use ccc_hook::entries;
use ccc_hosts::host::{Host, Role};
use ccc_hosts::settings::command::Program;
use ccc_hosts::settings::{Entry, found_entries, is_bare, with_entries, without_entries};
use ccc_hosts::version::Version;
use serde_json::{Value, json};

const JSON_HOSTS: [Host; 5] = [Host::Claude, Host::Codex, Host::Gemini, Host::Copilot, Host::Cursor];

/// Layouts found in the wild; each holds something that is not ours.
const JSON_FILES: [&str; 5] = [
    "{\n  \"version\": 1,\n  \"theme\": \"dark\",\n  \"hooks\": {\n    \"Stop\": [\n      { \"hooks\": [ { \"type\": \"command\", \"command\": \"beep\" } ] }\n    ]\n  },\n  \"last\": [1, 2]\n}\n",
    "{\"version\":1,\"a\":{\"b\":[1,2,{\"c\":null}]}}",
    "{\n\t\"version\": 1,\n\t\"z\": 1,\n\t\"a\": \"\\u00e9 \\\" }\"\n}",
    "{\r\n    \"version\": 1,\r\n    \"numbers\": [1.50, 1e3, -0]\r\n}\r\n",
    "{\n  \"version\": 1,\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\n        \"matcher\": \"Bash\",\n        \"hooks\": [\n          {\n            \"type\": \"command\",\n            \"command\": \"mine --agent claude\"\n          }\n        ]\n      }\n    ]\n  }\n}\n",
];

fn ours(host: Host) -> Vec<Entry> {
    ours_with(host, 570)
}

fn ours_with(host: Host, hold_seconds: u64) -> Vec<Entry> {
    let config = Config {
        url: "http://localhost:3015".to_owned(),
        secrets: PathBuf::from("s"),
        user: None,
        hold_seconds,
        confine: None,
        canary: None,
    };
    let program = Program::new(Path::new("/opt/ccc-hook"), Path::new("/home/dev/.config/ccc/hook/x.json")).unwrap();
    // A version in which every event is there.
    entries::entries(host, Some(Version([99, 0, 0])), &program, &config)
}

fn path() -> &'static Path {
    Path::new("/home/dev/settings")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn removing_gives_back_every_byte_that_was_there() {
    for host in JSON_HOSTS {
        for file in JSON_FILES {
            let with = with_entries(host, path(), file, &ours(host)).unwrap();
            assert_ne!(with, file);
            assert_eq!(without_entries(host, path(), &with, None).unwrap(), file, "{host}: {with}");
        }
    }
}

#[test]
fn everything_that_is_not_ours_keeps_its_value() {
    for host in JSON_HOSTS {
        for file in JSON_FILES {
            let mut with = parsed(&with_entries(host, path(), file, &ours(host)).unwrap());
            let before = parsed(file);
            for key in before.as_object().unwrap().keys().filter(|key| *key != "hooks") {
                assert_eq!(with[key], before[key], "{host}");
            }
            let theirs = before.get("hooks").and_then(Value::as_object).cloned().unwrap_or_default();
            for (event, list) in theirs {
                let first = with["hooks"][&event].as_array_mut().unwrap().remove(0);
                assert_eq!(first, list[0], "{host} {event}");
            }
        }
    }
}

#[test]
fn installing_again_changes_nothing() {
    for host in Host::ALL {
        let files = match host {
            Host::Kimi => KIMI_FILES.to_vec(),
            // The whole file is ours.
            Host::OpenCode => Vec::new(),
            _ => JSON_FILES.to_vec(),
        };
        for file in files.into_iter().chain([""]) {
            let once = with_entries(host, path(), file, &ours(host)).unwrap();
            let twice = with_entries(host, path(), &once, &ours(host)).unwrap();
            assert_eq!(once, twice, "{host}");
        }
    }
}

#[test]
fn a_changed_or_doubled_entry_of_ours_is_put_right() {
    for host in Host::ALL {
        let right = with_entries(host, path(), "", &ours(host)).unwrap();
        let old = with_entries(host, path(), "", &ours_with(host, 60)).unwrap();
        assert_ne!(old, right, "{host}");
        let mended = with_entries(host, path(), &old, &ours(host)).unwrap();
        assert_eq!(found_entries(host, path(), &mended).unwrap().len(), ours(host).len());
        assert!(!mended.contains("90") || host == Host::Gemini, "{host}: {mended}");
    }
    let loose =
        with_entries(Host::Claude, path(), "", &ours(Host::Claude)).unwrap().replace("\"block\"", "\"continue\"");
    let mended = with_entries(Host::Claude, path(), &loose, &ours(Host::Claude)).unwrap();
    let gates = ours(Host::Claude).iter().filter(|entry| Host::Claude.role(entry.event) == Some(Role::Gate)).count();
    assert_eq!(mended.matches("\"block\"").count(), gates);
    assert!(!mended.contains("\"continue\""));
}

#[test]
fn a_file_that_we_began_is_bare_again_after_removal() {
    for host in Host::ALL {
        let with = with_entries(host, path(), "", &ours(host)).unwrap();
        assert!(!is_bare(host, &with));
        assert!(is_bare(host, &without_entries(host, path(), &with, None).unwrap()), "{host}");
    }
}

#[test]
fn what_was_there_and_empty_stays_and_what_came_with_us_goes_also_from_a_file_that_changed_since() {
    let key = |host, before: &str| {
        let with = with_entries(host, path(), before, &ours(host)).unwrap();
        let changed = format!("{}, \"later\": 1}}", with.trim_end().strip_suffix('}').unwrap().trim_end());
        parsed(&without_entries(host, path(), &changed, Some(before)).unwrap())
    };
    for host in JSON_HOSTS {
        let gate = host.profile().gate;
        assert_eq!(key(host, "{}"), json!({ "later": 1 }), "{host}");
        for before in [json!({ "hooks": {} }), json!({ "hooks": { gate: [] } }), json!({ "hooks": { "Stop": [] } })] {
            let without = key(host, &before.to_string());
            assert_eq!((&without["hooks"], &without["later"]), (&before["hooks"], &json!(1)), "{host}");
            // Hooks without a version are invalid there, also those that somebody added since.
            assert_eq!(without.get("version").is_some(), [Host::Copilot, Host::Cursor].contains(&host), "{host}");
        }
    }
}

#[test]
fn each_hosts_gate_has_its_own_shape_unit_and_switch() {
    let gate =
        |host| parsed(&with_entries(host, path(), "", &ours(host)).unwrap())["hooks"][host.profile().gate].clone();
    let command = |host, event| {
        format!("/opt/ccc-hook --agent {host} --event {event} --config /home/dev/.config/ccc/hook/x.json")
    };
    let guard = " || { echo 'ccc-hook failed: call blocked' >&2; exit 2; }";
    let copilot = concat!(
        r#" || { echo '{"permissionDecision":"deny","permissionDecisionReason":"ccc-hook failed: call blocked"}'; "#,
        "echo 'ccc-hook failed: call blocked' >&2; exit 2; }"
    );
    let any_shell = " || sh -c 'echo \"ccc-hook failed: call blocked\" >&2; exit 2'";
    assert_eq!(
        gate(Host::Claude),
        json!([{"matcher": "*", "hooks": [{
        "type": "command", "command": command("claude", "PreToolUse") + guard, "timeout": 600, "onFailure": "block"}]}])
    );
    assert_eq!(
        gate(Host::Codex),
        json!([{"matcher": "*", "hooks": [{
        "type": "command", "command": command("codex", "PreToolUse") + any_shell, "timeout": 600}]}])
    );
    assert_eq!(
        gate(Host::Gemini),
        json!([{"matcher": "*", "hooks": [{
        "type": "command", "name": "ccc-hook", "command": command("gemini", "BeforeTool") + guard, "timeout": 600_000}]}])
    );
    assert_eq!(
        gate(Host::Copilot),
        json!([{
        "type": "command", "bash": command("copilot", "preToolUse") + copilot, "timeoutSec": 600}])
    );
    assert_eq!(
        gate(Host::Cursor),
        json!([{
        "command": command("cursor", "preToolUse"), "timeout": 600, "failClosed": true}])
    );
    let kimi = with_entries(Host::Kimi, path(), "", &ours(Host::Kimi)).unwrap();
    let first = format!(
        "[[hooks]]\nevent = \"PreToolUse\"\nmatcher = \"\"\ncommand = \"{}{guard}\"\ntimeout = 600\n",
        command("kimi", "PreToolUse")
    );
    assert!(kimi.trim_start().starts_with(&first), "{kimi}");
}

#[test]
fn the_hosts_whose_files_carry_a_version_get_one() {
    for host in [Host::Copilot, Host::Cursor] {
        assert_eq!(parsed(&with_entries(host, path(), "{}", &ours(host)).unwrap())["version"], 1);
    }
    for host in [Host::Claude, Host::Codex, Host::Gemini] {
        assert!(parsed(&with_entries(host, path(), "{}", &ours(host)).unwrap()).get("version").is_none());
    }
}

#[test]
fn every_installed_event_is_one_that_the_hook_understands_and_the_gate_is_first() {
    for host in Host::ALL {
        let events = host.profile().installed;
        assert_eq!(events.first().copied(), Some(host.profile().gate));
        assert!(events.iter().all(|event| host.role(event).is_some()), "{host}");
        // A host that asks once more about the same call would ask the person twice.
        let gates: Vec<_> = events.iter().filter(|event| host.role(event) == Some(Role::Gate)).collect();
        let expected =
            if host == Host::Claude { vec![&"PreToolUse", &"PreSkillShellCommand"] } else { vec![&events[0]] };
        assert_eq!(gates, expected, "{host}");
    }
}

#[test]
fn an_event_that_a_version_does_not_have_is_not_written_for_it() {
    let program = Program::new(Path::new("/opt/ccc-hook"), Path::new("/home/dev/x.json")).unwrap();
    let has_skills = |version| {
        let entries = Entry::of_install(Host::Claude, version, &program, |_| 10);
        assert_eq!(entries[0].event, "PreToolUse");
        entries.iter().any(|entry| entry.event == "PreSkillShellCommand")
    };
    assert!(has_skills(Some(Version([2, 1, 332]))));
    assert!(has_skills(Some(Version([3, 0, 0]))));
    assert!(!has_skills(Some(Version([2, 1, 331]))));
    assert!(!has_skills(None), "what is not known may be old");
}

#[test]
fn a_handler_that_a_person_moved_into_a_group_of_their_own_is_taken_out_alone() {
    let ours_alone = ours(Host::Claude).remove(0);
    let handler = json!({"type": "command", "command": ours_alone.command, "timeout": 600});
    let file = json!({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "mine"}, handler]}]}}).to_string();
    let without = without_entries(Host::Claude, path(), &file, None).unwrap();
    assert_eq!(
        parsed(&without),
        json!({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "mine"}]}]}})
    );
}

#[test]
fn a_file_that_cannot_be_parsed_is_refused_with_the_place() {
    let rows = [
        (Host::Claude, "{\n  \"a\": 1,\n}", "line 3, column 1"),
        (Host::Claude, "{ // comment\n}", "line 1, column 3"),
        (Host::Gemini, "{ // comment\n \"a\" 1}", "line 2, column 6"),
        (Host::Cursor, "nonsense", "line 1, column 1"),
        (Host::Kimi, "a = 1\nb = = 2\n", "line 2, column 5"),
    ];
    for (host, text, place) in rows {
        let error = with_entries(host, path(), text, &ours(host)).unwrap_err().to_string();
        assert!(error.contains(place), "{host}: {error}");
        assert!(error.contains("/home/dev/settings"));
    }
}

#[test]
fn settings_of_another_shape_are_refused() {
    for text in ["[]", "{\"hooks\": []}", "{\"hooks\": {\"PreToolUse\": {}}}"] {
        assert!(with_entries(Host::Claude, path(), text, &ours(Host::Claude)).is_err(), "{text}");
    }
    assert!(with_entries(Host::Kimi, path(), "hooks = 1\n", &ours(Host::Kimi)).is_err());
}

#[test]
fn comments_stay_where_the_host_reads_them() {
    let file = "// mine\n{\n  /* theme */ \"theme\": \"dark\", // dark\n  \"hooks\": {\n    // none yet\n  }\n}\n";
    let with = with_entries(Host::Gemini, path(), file, &ours(Host::Gemini)).unwrap();
    for comment in ["// mine", "/* theme */", "// dark", "// none yet"] {
        assert!(with.contains(comment), "{comment}: {with}");
    }
    let without = without_entries(Host::Gemini, path(), &with, Some(file)).unwrap();
    for comment in ["// mine", "/* theme */", "// dark", "// none yet"] {
        assert!(without.contains(comment), "{comment}: {without}");
    }
}

const KIMI_FILES: [&str; 7] = [
    "# mine\nmodel = \"k2\"   # the model\n\n[providers.a]\nurl = 'http://x' # keep\n",
    "[[hooks]]\nevent = \"Stop\" # beep\ncommand = \"beep\"\n\n[loop]\nmax = 3\n",
    "a = 1\n# last words\n",
    "a = 1",
    "\u{feff}# mine\r\na = 1 # one\r\n\r\n[[hooks]]\r\nevent = \"Stop\"\r\ncommand = \"beep\"\r\n",
    "\r\n[t]\r\na = 1\r\n\r\n\r\n# last words",
    "text = \"\"\"\n[[hooks]]\nevent = 'x'\n\"\"\"\n\n\n",
];

#[test]
fn toml_keeps_comments_and_order_and_gives_back_what_was_there() {
    for file in KIMI_FILES {
        let with = with_entries(Host::Kimi, path(), file, &ours(Host::Kimi)).unwrap();
        let found = found_entries(Host::Kimi, path(), &with).unwrap();
        assert_eq!(found.len(), ours(Host::Kimi).len(), "{with}");
        assert!(with.starts_with(file), "{with}");
        assert_eq!(with.ends_with('\n'), file.ends_with('\n'), "{with}");
        assert_eq!(with.contains("\r\n"), !with.replace("\r\n", "").contains('\n'), "line breaks of one kind: {with}");
        let without = without_entries(Host::Kimi, path(), &with, None).unwrap();
        assert_eq!(without, file, "{with}");
        let more = format!("{with}\r\n[later]\r\nb = 2\r\n");
        let mended = with_entries(Host::Kimi, path(), &more, &ours_with(Host::Kimi, 60)).unwrap();
        assert!(mended.starts_with(file) && mended.contains("[later]\r\nb = 2\r\n"), "{mended}");
        assert_eq!(
            with_entries(Host::Kimi, path(), &more, &ours(Host::Kimi)).unwrap(),
            more,
            "as they stand is enough"
        );
    }
}

#[test]
fn a_plugin_is_ours_as_a_whole_or_is_left_alone() {
    let ours = ours(Host::OpenCode);
    let with = with_entries(Host::OpenCode, path(), "", &ours).unwrap();
    assert_eq!(found_entries(Host::OpenCode, path(), &with).unwrap().len(), ours.len());
    assert_eq!(with.matches("const HOOKS = [{").count(), 1);
    assert_eq!(without_entries(Host::OpenCode, path(), &with, None).unwrap(), "");
    for theirs in ["export const Mine = async () => ({})\n", "const HOOKS = mine()\n"] {
        assert!(with_entries(Host::OpenCode, path(), theirs, &ours).is_err(), "{theirs}");
        assert!(without_entries(Host::OpenCode, path(), theirs, None).is_err(), "{theirs}");
    }
}

#[test]
fn codex_is_told_no_longer_time_for_the_end_of_a_session_than_it_gives() {
    let with = parsed(&with_entries(Host::Codex, path(), "", &ours(Host::Codex)).unwrap());
    let seconds = |event: &str| with["hooks"][event][0]["hooks"][0]["timeout"].as_u64();
    assert_eq!((seconds("SessionEnd"), seconds("PreToolUse")), (Some(3), Some(600)));
}
