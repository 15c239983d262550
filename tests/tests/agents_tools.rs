//! The agents' own tools: what the hosts' lists name is known to the analysis, and the lists name what the packages bring.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use ccc_hosts::host::Host;
use ccc_protocol::bodies::Class;
use ccc_toolcall::facts::{At, Knowledge, derive};
use serde_json::json;

#[test]
fn every_tool_that_a_host_lists_is_known() {
    let at = At { cwd: "/home/dev/project", project: None };
    let input = json!({
        "command": "true", "file_path": "a.txt", "path": "a.txt", "pattern": "x", "url": "https://docs.rs/x",
        "prompt": "https://docs.rs/x", "to": "tester", "query": "SELECT 1", "action": "keep", "filePath": "a.txt",
    });
    for host in Host::ALL {
        let tools = host.profile().tools;
        let common = tools.common.iter().map(|(_, common)| *common);
        for tool in common.chain(tools.own.iter().copied()) {
            let facts = derive(tool, &input, at, &Knowledge::default());
            let unknown = facts.classes.get(&Class::Unknown);
            let types = ["write_bash", "write_stdin"].contains(&tool);
            assert_eq!(unknown.is_some(), types, "{host} {tool}: {unknown:?}");
            assert!(
                !tools.own.contains(&tool) || tools.common_name(host, tool) == tool,
                "{host} {tool} keeps its name"
            );
        }
    }
}

#[test]
fn every_tool_of_the_installed_claude_code_is_listed() {
    let Some(schemas) = claudes_schemas() else { return eprintln!("no real Claude Code: CCC_AGENTS_BIN names none") };
    let tools = Host::Claude.profile().tools;
    let known: BTreeSet<&str> = tools.common.iter().map(|(name, _)| *name).chain(tools.own.iter().copied()).collect();
    let new: Vec<&String> = schemas.iter().filter(|name| !known.contains(tool_of(name))).collect();
    assert!(schemas.len() > 30, "the package's list was read: {schemas:?}");
    assert!(new.is_empty(), "tools that no list names: {new:?}");
}

/// The tool to which the package's type of an input belongs, where it is called otherwise.
fn tool_of(schema: &str) -> &str {
    match schema {
        "FileEdit" => "Edit",
        "FileRead" => "Read",
        "FileWrite" => "Write",
        "ListMcpResources" => "ListMcpResourcesTool",
        "ReadMcpResource" => "ReadMcpResourceTool",
        "ReadMcpResourceDir" => "ReadMcpResourceDirTool",
        // Any tool of an MCP server, which has a name of its own.
        "Mcp" => "Task",
        other => other,
    }
}

/// The names in `ToolInputSchemas`, without `Input`.
fn claudes_schemas() -> Option<Vec<String>> {
    let bin = PathBuf::from(env::var_os("CCC_AGENTS_BIN")?);
    if !bin.join("claude").exists() {
        return None;
    }
    let types = bin.parent()?.join("@anthropic-ai/claude-code/sdk-tools.d.ts");
    let text = fs::read_to_string(&types).unwrap_or_else(|error| panic!("{}: {error}", types.display()));
    let list = text.split("export type ToolInputSchemas =").nth(1).expect("the package's list of tools");
    let list = list.split(';').next()?;
    Some(list.split('|').filter_map(|name| name.trim().strip_suffix("Input")).map(ToOwned::to_owned).collect())
}
