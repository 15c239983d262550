//! One entry in one line that a person reads.

use ccc_protocol::{bodies::AuditEntry, visible};

use crate::color::Color;

/// Number, time, what happened, who to whom, action, ticket, status, the rest; in columns.
pub(crate) fn of(entry: &AuditEntry, color: Color) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let detail = if entry.detail.is_empty() { String::new() } else { json_line(entry) };
    let detail = detail + &left_out(entry);
    let status = format!("{:<9}", or_dash(entry.status.map(|status| status.to_string())));
    let line = format!(
        "{:>7}  {:<24}  {:<16}  {:<16}  {:<20}  {:<36}  {}  {detail}",
        entry.seq,
        entry.at.to_string(),
        visible::marked(entry.kind.as_str()),
        who(entry),
        or_dash(entry.action.as_ref().map(ToString::to_string)),
        or_dash(entry.ticket.as_ref().map(ToString::to_string)),
        color.paint(entry.status, &status),
    );
    line.trim_end().to_owned()
}

/// Something that is no entry, in its place.
pub(crate) fn unreadable(place: crate::entry::Place, why: &str) -> String {
    format!("{:>7}  {place}: {}", "?", visible::marked(why))
}

/// In words where the entry holds only the beginning of what was asked for.
fn left_out(entry: &AuditEntry) -> String {
    let Some(left_out) = entry.detail.get("left_out") else { return String::new() };
    let bytes = left_out.get("bytes").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let digest = left_out.get("params").and_then(serde_json::Value::as_str).unwrap_or_default();
    format!("  (the beginning of {bytes} bytes of parameters, known by {})", visible::marked(digest))
}

fn who(entry: &AuditEntry) -> String {
    match (&entry.by, &entry.about) {
        (Some(by), Some(about)) if by != about => format!("{by} for {about}"),
        (Some(by), _) => by.to_string(),
        (None, Some(about)) => format!("server for {about}"),
        (None, None) => "server".to_owned(),
    }
}

fn json_line(entry: &AuditEntry) -> String {
    // A map of JSON values always has a JSON form.
    visible::json(&serde_json::to_string(&entry.detail).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> AuditEntry {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_line_shows_who_did_what_and_hides_nothing() {
        let entry = entry(
            "{\"seq\":7,\"at\":\"2026-03-07T12:00:00Z\",\"kind\":\"denied\",\"by\":\"user\",\"about\":\"agent\",\
             \"action\":\"open-browser\",\"status\":\"denied\",\"detail\":{\"reason\":\"no\u{202e}\\u001b[2J\"}}",
        );
        let line = of(&entry, Color::Plain);
        assert!(
            line.starts_with("      7  2026-03-07T12:00:00Z      denied            user for agent    open-browser"),
            "{line}"
        );
        assert!(line.ends_with(r#"denied     {"reason":"no\u202e\u001b[2J"}"#), "{line}");
        assert!(of(&entry, Color::Ansi).contains("\x1b[31mdenied   \x1b[0m"));
    }

    #[test]
    fn what_is_kept_in_part_says_how_much_there_was() {
        let json = format!(
            r#"{{"seq":1,"at":"2026-03-07T12:00:00Z","kind":"submitted","detail":{{"left_out":{{"bytes":1048576,"params":"sha-256:{}"}}}}}}"#,
            "0".repeat(64)
        );
        let line = of(&entry(&json), Color::Plain);
        assert!(line.contains("the beginning of 1048576 bytes of parameters, known by sha-256:000"), "{line}");
    }

    #[test]
    fn what_the_server_did_says_so() {
        let line = of(&entry(r#"{"seq":1,"at":"2026-03-07T12:00:00Z","kind":"server-\u001bstarted"}"#), Color::Plain);
        assert!(line.contains("server-␛started   server  "), "{line}");
    }
}
