//! Configs wrapped and taken back.

use std::{fs, path::Path};

use crate::host::Host;

use super::{InstallError, Wanted, Wrapping, apply};

fn wrapping() -> Wrapping {
    Wrapping::new("/opt/ccc-mcp".into(), "/etc/mcp.json".into(), "fs")
}

fn run(host: Host, path: &Path, wrapping: Option<&Wrapping>) -> Result<String, InstallError> {
    let mut out = Vec::new();
    let wanted = Wanted { host, server: "fs", file: Some(path), wrapping, dry_run: false };
    apply(&wanted, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// Installs twice and takes back; the text in between.
fn there_and_back(host: Host, name: &str, text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    assert!(run(host, &path, Some(&wrapping())).unwrap().contains("changed"));
    let wrapped = fs::read_to_string(&path).unwrap();
    assert!(run(host, &path, Some(&wrapping())).unwrap().contains("nothing to change"), "{wrapped}");
    assert_eq!(fs::read_to_string(&path).unwrap(), wrapped);
    assert!(run(host, &path, None).unwrap().contains("changed"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "taken back to the byte");
    assert!(run(host, &path, None).unwrap().contains("nothing to change"));
    let backup = directory.path().join(format!("{name}.before-ccc-mcp.1"));
    assert_eq!(fs::read_to_string(backup).unwrap(), text);
    wrapped
}

const WORDS: &str = r#""--config", "/etc/mcp.json", "proxy", "--server", "fs", "--""#;

#[test]
fn an_entry_is_wrapped_and_taken_back_with_all_else_kept() {
    let text = "{\n  \"other\": [1,  2],\n  \"mcpServers\": {\n    \"fs\": { \"env\": {\"A\": \"b\"}, \"command\": \"npx\", \"args\": [\"-y\", \"x\"] }\n  }\n}\n";
    let wrapped = there_and_back(Host::Claude, ".claude.json", text);
    let expected =
        text.replace("\"npx\"", "\"/opt/ccc-mcp\"").replace("[\"-y\"", &format!("[{WORDS}, \"npx\", \"-y\""));
    assert_eq!(wrapped, expected);
}

#[test]
fn layout_comments_and_order_stay() {
    let text = "// mine\n{\n\t\"mcpServers\": {\n\t\t// the files\n\t\t\"fs\": {\n\t\t\t\"args\": [\n\t\t\t\t\"-y\", // yes\n\t\t\t\t\"x\",\n\t\t\t],\n\t\t\t\"command\": \"npx\", /* node */\n\t\t},\n\t},\n}\n";
    let wrapped = there_and_back(Host::Gemini, "settings.json", text);
    assert!(wrapped.contains("\t\t\t\t\"npx\",\n\t\t\t\t\"-y\", // yes\n"), "{wrapped}");
}

#[test]
fn an_entry_without_arguments_gets_some_and_loses_them() {
    there_and_back(Host::Cursor, "mcp.json", "{\"mcpServers\": {\"fs\": {\"command\": \"server-fs\"}}}");
    there_and_back(
        Host::Kimi,
        "mcp.json",
        "{\n  \"mcpServers\": {\n    \"fs\": {\n      \"command\": \"server-fs\",\n      \"env\": {}\n    }\n  }\n}\n",
    );
}

#[test]
fn an_empty_list_of_arguments_and_the_spelling_of_a_program_come_back() {
    for text in [
        r#"{"mcpServers": {"fs": {"command": "server-fs", "args": []}}}"#,
        r#"{"mcpServers": {"fs": {"args": [ ], "command": "\u002fbin\/x"}}}"#,
        r#"{"mcpServers": {"fs": {"command": "\u002fbin/x"}}}"#,
        r#"{"mcpServers": {"fs": {"command": "\u002fbin/x", "args": ["\u0061"]}}}"#,
        r#"{"mcpServers": {"fs": {"command": "x", "args": ["proxy", "--", "y"]}}}"#,
    ] {
        there_and_back(Host::Cursor, "mcp.json", text);
    }
    for text in [
        "[mcp_servers.fs]\ncommand = \"server-fs\"\nargs = []\n",
        "[mcp_servers.fs]\nargs = [ ] # none\ncommand = '/bin/x' # mine\n",
        "[mcp_servers.fs]\ncommand = \"\\u002fbin/x\"\n",
        "[mcp_servers.fs]\ncommand = '/bin/x'\nargs = ['a', \"b\"]\n",
    ] {
        there_and_back(Host::Codex, "config.toml", text);
    }
}

#[test]
fn entries_of_projects_are_wrapped_too() {
    let text = r#"{"projects": {"/a": {"mcpServers": {"fs": {"command": "a"}}}, "/b": {}}, "mcpServers": {"fs": {"command": "b", "args": ["x"]}}}"#;
    let wrapped = there_and_back(Host::Claude, ".claude.json", text);
    assert_eq!(wrapped.matches("/opt/ccc-mcp").count(), 2);
}

#[test]
fn codex_keeps_its_comments() {
    let text = "# mine\nmodel = \"x\" # best\n\n[mcp_servers.fs] # files\ncommand = \"npx\" # node\nargs = [ \"-y\", \"x\" ] # all\nenv = { A = \"b\" }\n\n[mcp_servers.other]\nurl = \"https://x\"\n";
    let wrapped = there_and_back(Host::Codex, "config.toml", text);
    assert!(wrapped.contains("command = \"/opt/ccc-mcp\" # node"), "{wrapped}");
    assert!(wrapped.contains(&format!("args = [ {WORDS}, \"npx\", \"-y\", \"x\" ] # all")), "{wrapped}");
    there_and_back(Host::Codex, "config.toml", "[mcp_servers.fs]\ncommand = \"server-fs\"\n");
    there_and_back(
        Host::Codex,
        "config.toml",
        "[mcp_servers.fs]\nargs = [\n  \"-y\", # yes\n  \"x\",\n]\ncommand = \"npx\"\n",
    );
}

#[test]
fn a_moved_config_or_program_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mcp.json");
    fs::write(&path, r#"{"mcpServers": {"fs": {"command": "npx", "args": ["x", "--", "y"]}}}"#).unwrap();
    run(Host::Cursor, &path, Some(&Wrapping::new("/old/ccc-mcp".into(), "/old.json".into(), "fs"))).unwrap();
    run(Host::Cursor, &path, Some(&wrapping())).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        format!(
            r#"{{"mcpServers": {{"fs": {{"command": "/opt/ccc-mcp", "args": [{WORDS}, "npx", "x", "--", "y"]}}}}}}"#
        )
    );
}

#[test]
fn what_cannot_be_changed_without_harm_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    for (host, name, text, said) in [
        (Host::Claude, "a.json", "{\"mcpServers\": {\"fs\": {\"command\": \"a\",}}}", "line 1"),
        (Host::Claude, "a.json", "{\"mcpServers\": {\"fs\": {\"command\": \"a\"}, \"fs\": {}}}", "twice"),
        (Host::Claude, "a.json", "{\"mcpServers\": {\"gh\": {\"command\": \"a\"}}}", "there is gh"),
        (Host::Claude, "a.json", "{}", "there is none"),
        (
            Host::Claude,
            "a.json",
            "{\"mcpServers\": {\"fs\": {\"type\": \"http\", \"url\": \"https://x\"}}}",
            "proxy --url",
        ),
        (Host::Claude, "a.json", "{\"mcpServers\": {\"fs\": {\"command\": \"a\", \"args\": [1]}}}", "nothing to wrap"),
        (Host::Codex, "a.toml", "[mcp_servers.fs\ncommand = 1", "not valid"),
        (Host::Codex, "a.toml", "[mcp_servers.fs]\nurl = \"https://x\"", "proxy --url"),
        (Host::Codex, "a.toml", "[mcp_servers.gh]\ncommand = \"x\"", "there is gh"),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        let error = run(host, &path, Some(&wrapping())).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), if name == "a.json" { 1 } else { 2 });
    }
}

#[test]
fn a_dry_run_shows_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mcp.json");
    let text = r#"{"mcpServers": {"fs": {"command": "npx"}}}"#;
    fs::write(&path, text).unwrap();
    let mut out = Vec::new();
    let wrapping = wrapping();
    let wanted =
        Wanted { host: Host::Cursor, server: "fs", file: Some(&path), wrapping: Some(&wrapping), dry_run: true };
    apply(&wanted, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("/opt/ccc-mcp"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}
