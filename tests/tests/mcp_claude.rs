//! The real Claude Code before a server that `ccc-mcp install` put behind the proxy, where it is installed: `CCC_AGENTS_BIN` names the
//! directory with its program, as for the hook's tests. It talks to a model of the test's own, which wants one tool called.

use std::{fs, path::Path, process::Command};

use ccc_tests::{
    bridge::program,
    claude::{self, Model},
    mcp::{Scene, trusting},
};
use serde_json::json;

#[test]
fn claude_code_calls_what_is_allowed_and_reads_the_answer() {
    let Some(claude) = claude::program() else { return };
    let scene = trusting();
    let told = run(&claude, &scene, "echo");
    assert_eq!(scene.calls(), ["hello"], "{told}");
    assert!(told.contains(r#""text":"done"#), "{told}");
}

#[test]
fn claude_code_is_refused_what_is_denied_and_its_model_reads_why() {
    let Some(claude) = claude::program() else { return };
    let scene = trusting();
    let told = run(&claude, &scene, "never");
    assert_eq!(scene.calls(), Vec::<String>::new(), "{told}");
    assert!(told.contains("never this"), "the rule's name is the reason: {told}");
}

/// What the results of tools were, as the model was sent them, after Claude Code was told to do something and the model
/// wanted this tool called.
fn run(claude: &Path, scene: &Scene, tool: &str) -> String {
    let entry = json!({ "mcpServers": { "peer": { "command": "sh", "args": ["peer.sh"] } } });
    fs::write(scene.file(".mcp.json"), entry.to_string()).unwrap();
    install(scene);
    let model = Model::start(vec![(format!("mcp__peer__{tool}"), json!({ "text": "hello" }))]);
    let home = tempfile::tempdir().unwrap();
    let mut command = claude::command(claude, &model, home.path(), scene.agent.path());
    command.args(["--mcp-config", ".mcp.json", "--strict-mcp-config"]);
    command.args(["--allowedTools", "mcp__peer__echo,mcp__peer__never"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    model.results()
}

fn install(scene: &Scene) {
    let mut command = Command::new(program("ccc-mcp"));
    command.args(["--config", "mcp.json", "install", "--client", "claude", "--server", "peer", "--file", ".mcp.json"]);
    let output = command.current_dir(scene.agent.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let wrapped = fs::read_to_string(scene.file(".mcp.json")).unwrap();
    assert!(wrapped.contains("\"proxy\""), "{wrapped}");
}
