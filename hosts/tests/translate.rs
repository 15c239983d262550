//! Every document captured from a real host is understood as the golden file
//! beside it says, and every answer reaches every gate in the one form that
//! the host obeys.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ccc_hosts::answer::{Answer, Reason, Receipt};
use ccc_hosts::host::{Host, Role};
use ccc_hosts::translate;
use ccc_protocol::json::{Limits, read_object};
use serde_json::{Value, json};

#[test]
fn captured_documents_are_understood_as_their_golden_files_say() {
    for name in names("captured") {
        let golden = load("golden", &name);
        let bytes = stdin_of(&load("captured", &name));
        let fields = read_object(&bytes, Limits::default()).expect(&name);
        let told = golden.get("told").and_then(Value::as_str);
        let question = translate::read(host_of(&name), told, &fields);
        if golden.get("blocked").is_some() {
            assert!(question.is_err(), "{name} is no hook document");
            continue;
        }
        let question = question.expect(&name);
        assert_eq!(question.event, golden["event"], "{name}");
        assert_eq!(question.content.action(None), golden["action"], "{name}");
    }
}

#[test]
fn every_captured_document_has_a_golden_file_and_no_golden_file_is_left_over() {
    assert_eq!(names("captured"), names("golden"));
    assert!(names("captured").len() > 80);
}

#[test]
fn a_hint_of_who_the_person_is_goes_along_with_tool_calls() {
    let fields =
        read_object(&stdin_of(&load("captured", "kimi-code.PreToolUse.Read.json")), Limits::default()).unwrap();
    let question = translate::read(Host::Kimi, None, &fields).unwrap();
    let action = question.content.action(Some("ana@example.com"));
    assert_eq!(action["declared_user"], "ana@example.com");
}

/// One row: the gate, then the exact stdout for allow and for deny with the
/// reason `no`. Status and stderr are 0 and empty.
#[rustfmt::skip]
const GATES: &[(Host, &str, &str, &str)] = &[
    (Host::Claude, "PreToolUse",
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::Claude, "PermissionRequest",
     r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"allow"}}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"no"}}}"#),
    (Host::Claude, "PreSkillShellCommand",
     r#"{"hookSpecificOutput":{"hookEventName":"PreSkillShellCommand","permissionDecision":"allow"}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PreSkillShellCommand","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::Codex, "PreToolUse",
     "",
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::Codex, "PermissionRequest",
     r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"allow"}}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"no"}}}"#),
    (Host::Gemini, "BeforeTool", r#"{"decision":"allow"}"#, r#"{"decision":"deny","reason":"no"}"#),
    (Host::Copilot, "preToolUse",
     r#"{"permissionDecision":"allow"}"#,
     r#"{"permissionDecision":"deny","permissionDecisionReason":"no"}"#),
    (Host::Copilot, "permissionRequest", r#"{"behavior":"allow"}"#, r#"{"behavior":"deny","message":"no"}"#),
    (Host::Copilot, "PreToolUse",
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::Kimi, "PreToolUse",
     "",
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::OpenCode, "tool.execute.before", r#"{"decision":"allow"}"#, r#"{"decision":"deny","reason":"no"}"#),
    (Host::Qwen, "PreToolUse",
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#,
     r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}"#),
    (Host::Cursor, "preToolUse", r#"{"permission":"allow"}"#, r#"{"permission":"deny","user_message":"no","agent_message":"no"}"#),
    (Host::Cursor, "beforeShellExecution", r#"{"permission":"allow"}"#, r#"{"permission":"deny","user_message":"no","agent_message":"no"}"#),
    (Host::Cursor, "beforeMCPExecution", r#"{"permission":"allow"}"#, r#"{"permission":"deny","user_message":"no","agent_message":"no"}"#),
    (Host::Cursor, "beforeReadFile", r#"{"permission":"allow"}"#, r#"{"permission":"deny","user_message":"no","agent_message":"no"}"#),
];

#[test]
fn every_answer_reaches_every_gate_in_its_one_form() {
    for (host, event, allow, deny) in GATES {
        assert_eq!(host.role(event), Some(Role::Gate), "{host} {event}");
        let allowed = translate::reply(*host, event, &Answer::Allow);
        let denied = translate::reply(*host, event, &Answer::Deny(Reason::new("no")));
        assert_same(&allowed.stdout, allow, *host, event);
        assert_same(&denied.stdout, deny, *host, event);
        for answer in [allowed, denied] {
            assert_eq!((answer.status, answer.stderr.len()), (0, 0), "{host} {event}");
        }
    }
}

#[test]
fn an_undecided_call_is_told_to_every_host_as_a_denial_with_its_receipt() {
    let receipt = Receipt { ticket: "0198e6a2".to_owned() };
    for (host, event, _, _) in GATES {
        let asked = translate::reply(*host, event, &Answer::Ask(receipt.clone()));
        let denied = translate::reply(*host, event, &Answer::Deny(receipt.reason()));
        assert_eq!(asked, denied, "{host} {event}");
        let text = String::from_utf8(asked.stdout).unwrap();
        assert!(text.contains("ccc-queue approve 0198e6a2"), "{host} {event}: {text}");
    }
}

#[test]
fn kimis_permission_request_is_denied_by_status_and_words() {
    let denied = translate::reply(Host::Kimi, "PermissionRequest", &Answer::Deny(Reason::new("no")));
    assert_eq!((denied.status, denied.stdout.len()), (2, 0));
    assert_eq!(denied.stderr, b"ccc-hook: no\n");
}

#[test]
fn what_is_no_gate_is_blocked_by_status_even_when_the_answer_is_allow() {
    for host in Host::ALL {
        for event in ["SomethingNew", "sessionStart", "SessionStart", ""] {
            let answer = translate::reply(host, event, &Answer::Allow);
            assert_eq!((answer.status, answer.stdout.len()), (2, 0), "{host} {event}");
            assert!(!answer.stderr.is_empty());
        }
    }
}

#[test]
fn a_question_to_the_person_is_named_apart_where_leave_would_answer_it() {
    for (event, expected) in [("PreToolUse", "AskUserQuestion"), ("PermissionRequest", "permission:AskUserQuestion")] {
        let document = json!({
            "hook_event_name": event, "session_id": "s", "cwd": "/proj", "tool_name": "AskUserQuestion",
            "tool_input": { "questions": [] },
        });
        for host in [Host::Claude, Host::Kimi, Host::Codex] {
            let question = translate::read(host, Some(event), document.as_object().unwrap()).unwrap();
            let action = question.content.action(None);
            assert_eq!(action["tool"], expected, "{host}");
            assert_eq!(action["native"], "AskUserQuestion", "{host}");
        }
    }
}

#[test]
fn a_host_that_is_to_ask_its_person_is_told_nothing_that_stands_for_their_answer() {
    for host in Host::ALL {
        let aside = translate::aside(host, host.profile().gate);
        // Cursor and our plugin in OpenCode take an empty answer for a failure; neither answers a question by leave to ask it.
        let expected = match host {
            Host::Cursor => r#"{"permission":"allow"}"#,
            Host::OpenCode => r#"{"decision":"allow"}"#,
            _ => "",
        };
        assert_eq!(String::from_utf8(aside.stdout).unwrap(), expected, "{host}");
        assert_eq!((aside.status, aside.objection), (0, None), "{host}");
        assert_eq!(translate::aside(host, "SomethingNew").status, 2, "{host}");
    }
}

#[test]
fn a_failure_before_the_event_is_known_blocks_by_status() {
    for host in Host::ALL {
        let answer = translate::blocked(host, None, Reason::new("no"));
        assert_eq!((answer.status, answer.stdout, answer.stderr), (2, vec![], b"ccc-hook: no\n".to_vec()));
    }
}

#[test]
fn only_cursor_wants_words_about_a_noted_event() {
    assert_eq!(translate::noted(Host::Cursor, "beforeSubmitPrompt").stdout, br#"{"continue":true}"#);
    assert_eq!(translate::noted(Host::Cursor, "sessionEnd").stdout, b"{}");
    for host in Host::ALL.into_iter().filter(|host| *host != Host::Cursor) {
        assert!(translate::noted(host, "SessionStart").stdout.is_empty());
    }
}

#[test]
fn cursors_documents_are_understood_as_its_contract_says() {
    let common = json!({
        "conversation_id": "c1", "session_id": "s1", "cursor_version": "2.4", "generation_id": "g1",
        "workspace_roots": ["/proj"], "user_email": null, "model": "m",
    });
    let rows = [
        (
            json!({"hook_event_name": "preToolUse", "tool_name": "Shell", "tool_input": {"command": "ls"}, "tool_use_id": "t", "cwd": "/proj/a"}),
            json!({"tool": "Bash", "native": "Shell", "input": {"command": "ls"}, "cwd": "/proj/a", "project": "/proj"}),
        ),
        (
            json!({"hook_event_name": "preToolUse", "tool_name": "MCP:ping", "tool_input": {"x": 1}, "tool_use_id": "t"}),
            json!({"tool": "mcp:ping", "native": "MCP:ping", "input": {"x": 1}, "cwd": "/proj"}),
        ),
        (
            json!({"hook_event_name": "beforeShellExecution", "command": "ls", "cwd": "/proj/a", "sandbox": false}),
            json!({"tool": "Bash", "native": "Shell", "input": {"command": "ls"}, "cwd": "/proj/a", "project": "/proj"}),
        ),
        (
            json!({"hook_event_name": "beforeMCPExecution", "tool_name": "ping", "tool_input": "{\"x\":1}", "command": "srv"}),
            json!({"tool": "mcp:ping", "native": "ping", "input": {"x": 1}, "cwd": "/proj"}),
        ),
        (
            json!({"hook_event_name": "beforeReadFile", "file_path": "/proj/a.txt", "content": "secret"}),
            json!({"tool": "Read", "native": "Read", "input": {"file_path": "/proj/a.txt"}, "cwd": "/proj"}),
        ),
    ];
    for (own, expected) in rows {
        let mut expected = expected;
        merge(&mut expected, &json!({"action": "use-tool", "host": "cursor", "session": "s1", "agent": "main"}));
        let mut document = common.clone();
        merge(&mut document, &own);
        let question = translate::read(Host::Cursor, None, document.as_object().unwrap()).unwrap();
        assert_eq!(question.content.action(None), expected);
    }
}

#[test]
fn mcp_arguments_with_two_readings_are_refused() {
    let document = json!({"hook_event_name": "beforeMCPExecution", "session_id": "s", "workspace_roots": ["/p"],
                          "tool_name": "ping", "tool_input": "{\"x\":1,\"x\":2}"});
    assert!(translate::read(Host::Cursor, None, document.as_object().unwrap()).is_err());
}

#[test]
fn a_tool_call_never_passes_under_an_event_that_only_records() {
    let call = load("captured", "copilot.preToolUse.bash.json")["stdin"].clone();
    for event in ["postToolUse", "sessionStart", "sessionEnd", "userPromptSubmitted"] {
        let read = translate::read(Host::Copilot, Some(event), call.as_object().unwrap());
        assert!(read.is_err(), "{event}");
    }
}

#[test]
fn the_command_line_and_the_document_must_name_the_same_event() {
    let call = load("captured", "claude.PreToolUse.Bash.json")["stdin"].clone();
    let call = call.as_object().unwrap();
    assert!(translate::read(Host::Claude, Some("PreToolUse"), call).is_ok());
    assert!(translate::read(Host::Claude, Some("SessionStart"), call).is_err());
}

#[test]
fn a_call_without_what_a_rule_needs_is_refused() {
    let whole = load("captured", "claude.PreToolUse.Bash.json")["stdin"].clone();
    for field in ["tool_name", "tool_input", "cwd", "session_id", "hook_event_name"] {
        for value in [None, Some(json!([])), Some(json!(7))] {
            let mut call = whole.as_object().unwrap().clone();
            call.remove(field);
            if let Some(value) = value {
                call.insert(field.to_owned(), value);
            }
            assert!(translate::read(Host::Claude, None, &call).is_err(), "{field}");
        }
    }
}

fn assert_same(stdout: &[u8], expected: &str, host: Host, event: &str) {
    if expected.is_empty() {
        assert!(stdout.is_empty(), "{host} {event}");
        return;
    }
    let stdout: Value = serde_json::from_slice(stdout).unwrap();
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert_eq!(stdout, expected, "{host} {event}");
}

fn merge(into: &mut Value, from: &Value) {
    let into = into.as_object_mut().unwrap();
    for (key, value) in from.as_object().unwrap() {
        into.insert(key.clone(), value.clone());
    }
}

/// The bytes the host wrote: files keep the document inside a wrapper that
/// tells how it was captured.
fn stdin_of(captured: &Value) -> Vec<u8> {
    let document = captured.get("stdin").or_else(|| captured.pointer("/http_request/body")).unwrap_or(captured);
    let mut bytes = document.to_string().into_bytes();
    if captured.get("_trailing_newline") == Some(&Value::Bool(true)) {
        bytes.push(b'\n');
    }
    bytes
}

fn host_of(name: &str) -> Host {
    let cli = name.split('.').next().unwrap();
    cli.strip_suffix("-code").unwrap_or(cli).parse().unwrap()
}

fn names(directory: &str) -> BTreeSet<String> {
    fs::read_dir(tests().join(directory))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn load(directory: &str, name: &str) -> Value {
    let text = fs::read(tests().join(directory).join(name)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[test]
fn a_subagent_is_named_by_its_type_and_none_is_the_main_agent() {
    let named = |kind: Value| {
        let document = json!({
            "session_id": "s", "cwd": "/proj", "hook_event_name": "PreToolUse", "tool_name": "Read",
            "tool_input": {"file_path": "a"}, "agent_id": "a1", "agent_type": kind,
        });
        let question = translate::read(Host::Claude, None, document.as_object().unwrap());
        question.map(|question| question.content.action(None)["agent"].clone())
    };
    assert_eq!(named(json!("reviewer")).unwrap(), "reviewer/a1");
    assert_eq!(named(json!("main")).unwrap(), "main/a1");
    assert_eq!(named(Value::Null).unwrap(), "subagent/a1");
    assert_eq!(named(json!("x".repeat(500))).unwrap(), format!("{}…/a1", "x".repeat(100)));
    assert!(named(json!(7)).is_err(), "what cannot be told blocks");
}
