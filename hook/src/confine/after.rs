//! What came of a confined call: whether what ran is what was handed out, and whether it looks as if it was kept from something.

use ccc_hosts::event::Recorded;
use ccc_hosts::host::{Moment, Rewrite};
use serde_json::{Map, Value};

use super::rewrite_of;
use super::state::{Handed, State, Trace};

/// What a host's event after a call tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing that matters here.
    Nothing,
    /// What ran is not what was handed out.
    Other,
    /// It looks as if the call was kept from something.
    KeptFrom,
}

/// What the agent is told of a call that was kept from something.
pub const TOLD: &str = "This call ran confined by the bridge: it reaches its project, a home and temporary directory of its own, and no \
                        network; `.git`, settings and hooks of the project are read-only. If that is why it failed, make the very same call again: a \
                        person is then asked to let it run as it is.";

/// Words by which programs say that something is not there for them, or may not be done.
const SIGNS: &[&str] = &[
    "Read-only file system", "EROFS", "Network is unreachable", "ENETUNREACH", "Could not resolve host",
    "Temporary failure in name resolution", "Name or service not known", "ENOTFOUND", "EAI_AGAIN",
    "failed to lookup address information", "EPERM", "Operation not permitted", "not a git repository", "ccc-confine:",
];
/// The same of a file; they count where a line names a place outside of the project.
const MISSING: &[&str] = &["No such file or directory", "ENOENT", "Permission denied", "EACCES", "cannot find"];
const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Looks at an event that is recorded.
#[must_use]
pub fn look_after(recorded: &Recorded, document: &Map<String, Value>) -> After {
    let (Some(rewrite), Some(state)) = (rewrite_of(recorded.host), State::of_person()) else { return After::Nothing };
    if recorded.moment == Moment::SessionEnd {
        state.sweep();
    }
    if recorded.moment != Moment::PostTool {
        return After::Nothing;
    }
    let ran = document.get(rewrite.input).and_then(|input| input.get(rewrite.line)).and_then(Value::as_str);
    let trace = Trace::of(rewrite, &recorded.session, ran.unwrap_or_default(), document);
    let Some(handed) = trace.and_then(|trace| state.take_note(&trace)) else { return After::Nothing };
    if is_other(&handed, ran, &state) {
        state.forget_call(&handed.id);
        return After::Other;
    }
    let project = document.get("cwd").and_then(Value::as_str).unwrap_or_default();
    match !handed.is_background && looks_kept(&output(rewrite, document), project) {
        true => {
            state.remember_refusal(&handed.key);
            After::KeptFrom
        }
        false => After::Nothing,
    }
}

/// The host ran another line, or one that did not take what was handed over. In the background it may not have come so far.
fn is_other(handed: &Handed, ran: Option<&str>, state: &State) -> bool {
    ran != Some(handed.wrapper.as_str()) || !handed.is_background && state.is_untaken(&handed.id)
}

fn output(rewrite: &Rewrite, document: &Map<String, Value>) -> String {
    let mut text = String::new();
    for field in rewrite.output {
        add_texts(document.get(*field).unwrap_or(&Value::Null), &mut text);
    }
    text
}

fn add_texts(value: &Value, text: &mut String) {
    match value {
        Value::String(part) if text.len() < OUTPUT_BYTES_MAX => {
            text.push_str(part);
            text.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| add_texts(item, text)),
        Value::Object(fields) => fields.values().for_each(|field| add_texts(field, text)),
        _ => {}
    }
}

fn looks_kept(output: &str, project: &str) -> bool {
    output.lines().any(|line| {
        SIGNS.iter().any(|sign| line.contains(sign))
            || MISSING.iter().any(|sign| line.contains(sign)) && names_elsewhere(line, project)
    })
}

/// True where a word of the line is a path that does not lie in the project.
fn names_elsewhere(line: &str, project: &str) -> bool {
    let words = line.split(|c: char| c.is_whitespace() || "'\"`():,;[]".contains(c));
    words.filter(|word| word.starts_with("/") || word.starts_with("~/")).any(|word| {
        let is_system = ["/usr", "/bin", "/lib", "/dev", "/proc"].iter().any(|place| word.starts_with(place));
        !is_system && (project.is_empty() || !word.starts_with(project))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_test_is_no_refusal() {
        for output in [
            "assertion `left == right` failed",
            "/p/src/a.rs: No such file or directory",
            "cat: x: No such file or directory",
            "error[E0425]: cannot find value `x` in this scope",
            "tests/a.py:3: AssertionError",
        ] {
            assert!(!looks_kept(output, "/p"), "{output}");
        }
        for output in [
            "touch: cannot touch '.git/x': Read-only file system",
            "curl: (6) Could not resolve host: example.org",
            "cat: /home/u/.ssh/id: No such file or directory",
            "OSError: [Errno 101] Network is unreachable",
            "ccc-confine: cannot run call 0: there is none",
        ] {
            assert!(looks_kept(output, "/p"), "{output}");
        }
    }
}
