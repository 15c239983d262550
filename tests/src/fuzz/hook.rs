//! Hook documents of every host: without a release, none of them ends in leave.
//!
//! Input: a line that names the host and, where the command line does, the event; then the document.

use std::{fs, path::Path, time::Instant};

use ccc_client::{CallError, Road};
use ccc_hook::{
    input::read_document,
    judge::{self, Waiting},
};
use ccc_hosts::{
    answer::{Reason, Reply},
    event::Event,
    host::{Host, Role},
    translate,
};
use ccc_protocol::TicketId;
use serde_json::{Value, json};

/// A bridge that is not there.
struct Away;

impl Away {
    fn away() -> CallError {
        CallError::Malformed("the bridge is away".to_owned())
    }
}

impl Road for Away {
    fn ask(&self, _: &[u8], _: Option<&str>, _: Option<u64>) -> Result<ccc_client::Answer, CallError> {
        Err(Self::away())
    }
    fn look(&self, _: TicketId, _: Option<u64>) -> Result<ccc_client::Answer, CallError> {
        Err(Self::away())
    }
    fn withdraw(&self, _: TicketId) -> Result<(), CallError> {
        Err(Self::away())
    }
}

/// With the bridge away every document ends in the host's blocking form, and one told as a gate is never a mere record.
///
/// # Panics
/// Where one does not.
pub fn hook_documents(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(first) = std::str::from_utf8(&input[..end]) else { return };
    let (host, told) = first.split_once(' ').map_or((first, None), |(host, event)| (host, Some(event)));
    let Ok(host) = host.parse::<Host>() else { return };
    let answer = answered(host, told, &input[end + 1..]);
    assert!(blocks(&answer), "{host}, told {told:?}, is let go on: {answer:?}");
}

fn answered(host: Host, told: Option<&str>, document: &[u8]) -> Reply {
    let read = read_document(document).map_err(|error| error.to_string());
    let question = read.and_then(|fields| translate::read(host, told, &fields).map_err(|problem| problem.to_string()));
    let question = match question {
        Ok(question) => question,
        Err(why) => return translate::blocked(host, told, Reason::new(&why)),
    };
    let gate = told.is_some_and(|event| host.role(event) == Some(Role::Gate));
    let action = question.content.action(None);
    let reason = match &question.content {
        Event::Judge(_) => {
            judge::judge(&Away, &action, &Waiting { deadline: Instant::now(), opened: &|_| () }).map(drop)
        }
        Event::Record(_) => {
            assert!(!gate, "a call was told to a gate and taken for a record: {action}");
            judge::record(&Away, &action)
        }
    };
    let reason = reason.expect_err("there is no bridge");
    translate::blocked(host, Some(&question.event), reason)
}

/// By status, or by one of the forms by which hosts block; and never by a word that lets go on.
fn blocks(answer: &Reply) -> bool {
    let stdout = String::from_utf8_lossy(&answer.stdout);
    let lets_go = [r#""allow""#, r#""approve""#, r#""continue":true"#].iter().any(|word| stdout.contains(word));
    let objects = answer.status == 2 || stdout.contains(r#""deny""#) || stdout.contains(r#""block""#);
    answer.objection.is_some() && objects && !lets_go
}

/// Every document that was captured from a real host.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("hosts/tests");
    let mut names: Vec<_> =
        fs::read_dir(hosts.join("captured")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let load = |dir: &str, name: &std::ffi::OsString| -> Value {
        serde_json::from_slice(&fs::read(hosts.join(dir).join(name)).unwrap()).unwrap()
    };
    let seed = |name: &std::ffi::OsString| {
        let captured = load("captured", name);
        let told = load("golden", name)
            .get("told")
            .and_then(Value::as_str)
            .map_or_else(String::new, |told| format!(" {told}"));
        let cli = name.to_string_lossy().split('.').next().unwrap().to_owned();
        let host = cli.strip_suffix("-code").unwrap_or(&cli);
        let document = captured.get("stdin").or_else(|| captured.pointer("/http_request/body")).unwrap_or(&captured);
        format!("{host}{told}\n{document}").into_bytes()
    };
    let cursor = json!({"hook_event_name": "beforeShellExecution", "conversation_id": "c", "generation_id": "g",
        "command": "ls", "cwd": "/w", "workspace_roots": ["/w"]});
    names.iter().map(seed).chain([format!("cursor\n{cursor}").into_bytes()]).collect()
}
