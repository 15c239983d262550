//! Tool names that mean the same on every host.
//!
//! Rules are written against these names, so no host may bring a tool of its
//! own under one of them: a native name that is not in the host's table but
//! looks like a common one is kept apart as `host:Name`.

use crate::host::Host;

/// The names that rules can rely on, beside `mcp:server/tool`.
pub const COMMON: [&str; 9] = ["Bash", "Edit", "Write", "Read", "Grep", "Glob", "Delete", "WebFetch", "Task"];

const MCP: &str = "mcp:";

/// The common name of `native`, looked up in the host's own table.
#[must_use]
pub fn common_name(host: Host, table: &[(&str, &'static str)], native: &str) -> String {
    match table.iter().find(|(theirs, _)| *theirs == native) {
        Some((_, ours)) => (*ours).to_owned(),
        None => own_name(host, native),
    }
}

/// The name of a tool of an MCP server.
#[must_use]
pub fn mcp_name(server: &str, tool: &str) -> String {
    format!("{MCP}{server}/{tool}")
}

/// The name of an MCP tool whose server the host does not tell (or tells in a
/// way that can be read twice): it matches no rule that names a server.
#[must_use]
pub fn mcp_name_without_server(tool: &str) -> String {
    format!("{MCP}{}", tool.replace('/', "_"))
}

/// Reads `mcp__server__tool`. Where the host also names the server, that name
/// decides where the parts meet; else the name must be readable in one way.
#[must_use]
pub fn mcp_from_underscores(native: &str, server: Option<&str>) -> Option<String> {
    let rest = native.strip_prefix("mcp__")?;
    let told = server.and_then(|server| {
        let tool = rest.strip_prefix(server)?.strip_prefix("__")?;
        Some(mcp_name(server, tool))
    });
    Some(told.unwrap_or_else(|| match rest.split_once("__") {
        Some((server, tool)) if !server.is_empty() && !tool.is_empty() && !tool.contains("__") => {
            mcp_name(server, tool)
        }
        _ => mcp_name_without_server(rest),
    }))
}

fn own_name(host: Host, native: &str) -> String {
    if COMMON.contains(&native) || native.starts_with(MCP) { format!("{host}:{native}") } else { native.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_own_tool_never_takes_a_common_name() {
        assert_eq!(common_name(Host::Gemini, &[], "Read"), "gemini:Read");
        assert_eq!(common_name(Host::Gemini, &[], "mcp:a/b"), "gemini:mcp:a/b");
        assert_eq!(common_name(Host::Codex, &[], "get_goal"), "get_goal");
    }

    #[test]
    fn an_mcp_name_with_two_readings_matches_no_server() {
        let names = [
            ("mcp__br__ping", None, "mcp:br/ping"),
            ("mcp__a__b__c", None, "mcp:a__b__c"),
            ("mcp__a__b__c", Some("a__b"), "mcp:a__b/c"),
            ("mcp__a__b__c", Some("other"), "mcp:a__b__c"),
            ("mcp__x", None, "mcp:x"),
        ];
        for (native, server, expected) in names {
            assert_eq!(mcp_from_underscores(native, server).as_deref(), Some(expected), "{native}");
        }
        assert_eq!(mcp_from_underscores("Bash", None), None);
    }
}
