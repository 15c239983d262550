//! Tool names that mean the same on every host.
//!
//! Rules are written against these names, so no host may bring a tool of its
//! own under one of them: a native name that is not in the host's table but
//! looks like a common one is kept apart as `host:Name`.

use crate::host::Host;

/// The names that rules can rely on, beside `mcp:server/tool`.
pub const COMMON: [&str; 9] = ["Bash", "Edit", "Write", "Read", "Grep", "Glob", "Delete", "WebFetch", "Task"];

const MCP: &str = "mcp:";
const PERMISSION: &str = "permission:";

/// The tools of one host.
#[derive(Debug, Clone, Copy)]
pub struct Tools {
    /// Those that mean the same elsewhere: the host's own name, then the common one.
    pub common: &'static [(&'static str, &'static str)],
    /// Those that are known by the host's own name, which the bridge knows too.
    pub own: &'static [&'static str],
}

impl Tools {
    /// The common name of `native`.
    #[must_use]
    pub fn common_name(&self, host: Host, native: &str) -> String {
        match self.common.iter().find(|(theirs, _)| *theirs == native) {
            Some((_, ours)) => (*ours).to_owned(),
            None => own_name(host, native),
        }
    }
}

/// Tools by which an agent asks its own person, on all hosts: a question, or a plan to approve.
const ASK_THE_PERSON: [&str; 5] =
    ["AskUserQuestion", "ExitPlanMode", "ask_user", "exit_plan_mode", "request_user_input"];

/// True for a tool by which an agent asks its own person.
#[must_use]
pub fn asks_the_person(tool: &str) -> bool {
    ASK_THE_PERSON.contains(&tool)
}

/// The name of such a tool where leave would answer in the person's place: the bridge lets none of these pass by a rule.
#[must_use]
pub fn in_the_persons_place(tool: &str) -> String {
    format!("{PERMISSION}{tool}")
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
    if COMMON.contains(&native) || [MCP, PERMISSION].iter().any(|prefix| native.starts_with(prefix)) {
        format!("{host}:{native}")
    } else {
        native.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_own_tool_never_takes_a_common_name() {
        let none = Tools { common: &[], own: &[] };
        assert_eq!(none.common_name(Host::Gemini, "Read"), "gemini:Read");
        assert_eq!(none.common_name(Host::Gemini, "mcp:a/b"), "gemini:mcp:a/b");
        assert_eq!(none.common_name(Host::Kimi, "permission:ExitPlanMode"), "kimi:permission:ExitPlanMode");
        assert_eq!(none.common_name(Host::Codex, "get_goal"), "get_goal");
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
