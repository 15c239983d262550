//! The hook of coding agents, by the `ccc-hook` that lies beside this program: which agents there are here, what its install would
//! change, and the install.

use std::process::{Command as Process, Stdio};

use ccc_client::Bridge;
use serde::Deserialize;

use super::{
    files::{AGENT, Files},
    server::beside_us,
};
use crate::{console::model::here::Hook, text::Untrusted};

/// What `ccc-hook install --dry-run --json` tells of one agent.
#[derive(Debug, Deserialize)]
struct Told {
    agent: String,
    title: String,
    settings: String,
    before: String,
    after: String,
    in_place: bool,
}

/// The agents whose program is found, and what an install would change for each.
pub(super) fn look(files: &Files, agent: &Bridge) -> Result<Vec<Hook>, String> {
    let told = run(files, agent, &["--found", "--dry-run", "--json"])?;
    let told: Vec<Told> =
        serde_json::from_str(&told).map_err(|error| format!("it said what is no list of agents: {error}"))?;
    let line = |text: &str| Untrusted(text).line();
    Ok(told
        .into_iter()
        .map(|Told { agent, title, settings, before, after, in_place }| Hook {
            agent,
            title: line(&title),
            settings: line(&settings),
            before,
            after,
            in_place,
        })
        .collect())
}

/// Installs; what was said, line by line.
pub(super) fn install(files: &Files, agent: &Bridge, agents: &[String]) -> Result<Vec<String>, String> {
    let args: Vec<&str> = agents.iter().flat_map(|name| ["--agent", name]).collect();
    Ok(run(files, agent, &args)?.lines().map(str::to_owned).collect())
}

fn run(files: &Files, agent: &Bridge, args: &[&str]) -> Result<String, String> {
    let program =
        beside_us("ccc-hook").map_err(|error| format!("`ccc-hook` is not found beside `ccc-queue`: {error}"))?;
    let mut process = Process::new(program);
    process.arg("install").args(args).arg("--secrets").arg(&files.agent).args(["--as", AGENT, "--url"]);
    process.arg(agent.address().to_string()).stdin(Stdio::null());
    let output = process.output().map_err(|error| format!("`ccc-hook` does not start: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}
