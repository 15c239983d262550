//! Lines of an audit export, which may come from anybody.

use ccc_audit::{
    entry::{Found, Place},
    import::{HEAD, MIDDLE, TAIL, read_line},
    verify::{Examination, Terms},
};
use ccc_core::audit::Chain;
use ccc_protocol::{Timestamp, bodies::AuditEntry, visible};

/// A line is taken apart as it stands or not at all, and no log breaks the examination.
///
/// # Panics
/// Where a line becomes something else.
pub fn export_lines(input: &[u8]) {
    let mut examination = Examination::new(Terms { checkpoints: None, tail_seconds_max: 180 });
    for (number, line) in input.split(|byte| *byte == b'\n').enumerate().take(64) {
        let found = read_line(line, true, Place::Line(number as u64 + 1));
        if let Found::Row(row) = &found {
            let again = format!("{HEAD}{}{MIDDLE}{}{TAIL}", row.json, row.hash);
            assert_eq!(again.as_bytes(), line, "the text that is hashed is the text that is read");
        }
        if let Some(entry) = examination.push(found) {
            shown(&entry);
        }
    }
    let report = examination.finish(Timestamp::from_seconds(1_800_000_000));
    assert!(report.entries <= 64);
}

fn shown(entry: &AuditEntry) {
    let json = serde_json::to_string(entry).unwrap();
    let harmless = visible::json(&json);
    assert!(harmless.chars().all(visible::is_visible), "{harmless:?}");
    let back: serde_json::Value = serde_json::from_str(&harmless).expect("shown JSON is JSON");
    assert_eq!(back, serde_json::from_str::<serde_json::Value>(&json).unwrap(), "shown JSON means the same");
}

/// A log of three entries, as its export has it.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut chain = Chain::default();
    let entry = |seq: u64| -> AuditEntry {
        let text = format!(
            r#"{{"at":"2026-03-07T12:00:0{seq}Z","kind":"submitted","detail":{{"reason":"a\u202eb"}},"seq":{seq}}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    let lines: Vec<String> = (1..=3)
        .map(|seq| {
            let sealed = chain.seal(entry(seq));
            format!("{HEAD}{}{MIDDLE}{}{TAIL}", sealed.json, sealed.hash)
        })
        .collect();
    vec![lines.join("\n").into_bytes(), lines[0].clone().into_bytes()]
}
