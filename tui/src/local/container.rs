//! How an agent in a container reaches this bridge, as lines to paste.

use std::path::Path;

use ccc_client::Address;
use ccc_protocol::actions::LIST_ACTIONS;

use super::files::{AGENT, Files};

const THE_SERVERS: &str = "-v DIRECTORY_THAT_THE_RUNNING_SERVER_WAS_STARTED_IN:/workspace";

/// Options of `docker run`, one each, with which an agent in the container reaches this bridge. A server that was running already has
/// another directory than this one for `/workspace`, which is not known here.
pub(super) fn options(files: &Files, workspace: Option<&Path>, address: &Address) -> Vec<String> {
    let mount = |host: &Path, container: &str| format!("-v {}:{container}", quoted(host));
    let (road, url) = match address {
        Address::Tcp { .. } if files.can_have_a_socket() && files.socket.exists() => {
            (mount(files.sockets(), "/run/ccc"), "unix:///run/ccc/ccc.sock".to_owned())
        }
        Address::Tcp { port, .. } => (String::new(), format!("http://host.docker.internal:{port}")),
        Address::Unix(path) => (mount(path, "/run/ccc.sock"), "unix:///run/ccc.sock".to_owned()),
    };
    let options = [
        workspace.map_or_else(|| THE_SERVERS.to_owned(), |workspace| mount(workspace, "/workspace")),
        road,
        mount(&files.agent, "/etc/ccc/agent.json:ro"),
        format!("-e CONDUIT_URL={url}"),
        "-e CCC_SECRETS=/etc/ccc/agent.json".to_owned(),
        format!("-e CCC_USER={AGENT}"),
    ];
    options.into_iter().filter(|option| !option.is_empty()).collect()
}

/// A line of this machine's shell that asks as the agent does.
pub(super) fn from_here(files: &Files, address: &Address) -> String {
    format!(
        "CONDUIT_URL={address} CCC_SECRETS={} CCC_USER={AGENT} ccc-client '{{\"action\":\"{LIST_ACTIONS}\"}}'",
        quoted(&files.agent)
    )
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
