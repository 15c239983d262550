//! The names of methods, read so that no peer finds another method behind one than this crate does.
//!
//! A reader that trims a name, folds its case, drops what cannot be seen or splits it like a path would take ` tools/call` or
//! `Tools//Call` for a call. So a name is made of few characters, and none but the very spelling of a method that is looked
//! into here comes near it. All names of MCP, JSON-RPC's own (`rpc.…`) and those of extensions
//! (`com.example/x`, `$/x`) are made of these.

use ccc_protocol::visible;

/// The methods whose messages this crate looks into, in either direction.
const LOOKED_INTO: [&str; 9] = [
    "initialize", "notifications/cancelled", "notifications/initialized", "notifications/tools/list_changed",
    "subscriptions/listen", "tasks/get", "tasks/result", "tools/call", "tools/list",
];

/// The methods that pass only where they are judged, as segments. No extension has a method of theirs in its name.
const JUDGED: [[&str; 2]; 2] = [["tools", "call"], ["tools", "list"]];

/// Takes a name that has one reading.
///
/// # Errors
/// When it holds another character than ASCII letters, digits and `_ . / $ : -`, or is one of the methods that are looked
/// into but for case, or for characters that are neither letter nor digit; when a reader of paths would step back in it; and when one
/// that drops what stands before or behind would find a method that is judged.
pub(crate) fn check(method: &str) -> Result<(), String> {
    if method.is_empty() || !method.chars().all(is_plain) {
        let shown = visible::escaped(method);
        return Err(format!("the method `{shown}` is not made of ASCII letters, digits and `_./$:-` alone"));
    }
    if method.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("the method `{method}` has a segment that leads back"));
    }
    if let Some([head, tail]) = JUDGED.into_iter().find(|judged| holds(method, judged)) {
        return Err(format!("the method `{method}` could be read as `{head}/{tail}`; write that"));
    }
    match LOOKED_INTO.into_iter().find(|known| method != *known && bare(method).eq(bare(known))) {
        Some(known) => Err(format!("the method `{method}` could be read as `{known}`; write that")),
        None => Ok(()),
    }
}

/// True where the segments follow one another in the name, which is not theirs alone.
fn holds(method: &str, judged: &[&str; 2]) -> bool {
    let segments: Vec<String> = method
        .split(['/', '.', ':', '$'])
        .map(|segment| bare(segment).collect())
        .filter(|s: &String| !s.is_empty())
        .collect();
    method != judged.join("/") && segments.windows(2).any(|pair| pair == judged)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./$:-".contains(c)
}

/// What even the most lenient reader keeps of a name.
fn bare(method: &str) -> impl Iterator<Item = char> {
    method.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{LOOKED_INTO, check};

    #[test]
    fn every_name_of_the_protocol_and_of_extensions_has_one_reading() {
        let others = [
            "ping",
            "completion/complete",
            "elicitation/create",
            "logging/setLevel",
            "notifications/elicitation/complete",
            "notifications/message",
            "notifications/progress",
            "notifications/prompts/list_changed",
            "notifications/resources/list_changed",
            "notifications/resources/updated",
            "notifications/roots/list_changed",
            "notifications/subscriptions/acknowledged",
            "notifications/tasks/status",
            "prompts/get",
            "prompts/list",
            "resources/list",
            "resources/read",
            "resources/subscribe",
            "resources/templates/list",
            "resources/unsubscribe",
            "roots/list",
            "sampling/createMessage",
            "server/discover",
            "tasks/cancel",
            "tasks/list",
            "tasks/update",
            "ui/initialize",
            "ui/notifications/tool-input",
            "rpc.discover",
            "$/cancelRequest",
            "com.example/tools_call",
            "example:x-1",
        ];
        for method in LOOKED_INTO.into_iter().chain(others) {
            check(method).unwrap();
        }
    }

    #[test]
    fn a_name_that_a_lenient_reader_takes_for_another_is_refused() {
        for known in LOOKED_INTO {
            for other in [
                format!(" {known}"),
                format!("{known}\n"),
                format!("{known}\0"),
                format!("{known}/"),
                format!("/{known}"),
                format!("\u{feff}{known}"),
                known.to_uppercase(),
                known.replacen('t', "T", 1),
                known.replacen('s', "\u{17f}", 1),
                known.replacen('t', "\u{ff54}", 1),
                known.replacen('t', "t\u{200b}", 1),
                known.replacen('t', "t\u{ad}", 1),
                known.replacen('t', "t-", 1),
            ] {
                assert!(other == known || check(&other).is_err(), "{other:?}");
            }
        }
        for call in
            ["tools//call", "tools\\call", "tools.call", "tools%2Fcall", "tools_call", "toolsCall", "tools\u{2215}call"]
        {
            assert!(check(call).is_err(), "{call:?}");
        }
        assert!(check("").is_err());
    }

    #[test]
    fn a_judged_name_behind_or_before_another_one_is_refused() {
        for judged in ["tools/call", "tools/list"] {
            let path = judged.replacen('/', "/x/../", 1);
            for other in [
                format!("x/../{judged}"),
                format!("./{judged}"),
                path,
                format!("mcp/{judged}"),
                format!("rpc.{judged}"),
                format!("com.example/{judged}"),
                format!("$/{judged}"),
                format!("mcp:{judged}"),
                format!("{judged}:v1"),
                format!("{judged}/x"),
                format!("x/{}", judged.to_uppercase()),
                format!("x/{}", judged.replace('/', ".")),
                format!("x/{}", judged.replace('/', "//")),
                format!("x/{}", judged.replace("ls/", "-ls/")),
            ] {
                assert!(check(&other).is_err(), "{other}");
            }
        }
        assert!(check("x/../ping").is_err() && check("./ping").is_err());
    }

    #[test]
    fn a_refusal_shows_what_cannot_be_seen() {
        assert!(check("tools/call\u{200b}").unwrap_err().contains(r"\u{200b}"));
    }
}
