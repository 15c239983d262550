//! The peer: the Node.js server and client that a user would otherwise run, installed by npm when it is needed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peer");

/// An installed peer.
#[derive(Debug)]
pub struct Peer {
    dir: PathBuf,
}

impl Peer {
    /// Installs it beneath this directory, where an earlier run has not.
    ///
    /// # Errors
    /// Why it is left out.
    pub fn install(kept: &Path) -> Result<Self, String> {
        Command::new("node").arg("--version").output().map_err(|_| "there is no `node`".to_owned())?;
        let dir = kept.join("peer");
        fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
        for file in ["package.json", "server.mjs", "client.mjs"] {
            fs::copy(Path::new(SOURCE).join(file), dir.join(file)).map_err(|error| error.to_string())?;
        }
        if !dir.join("node_modules/better-sqlite3/build/Release/better_sqlite3.node").is_file() {
            npm_install(&dir)?;
        }
        Ok(Self { dir })
    }

    /// Node with one of the peer's programs.
    #[must_use]
    pub fn node(&self, program: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.dir.join(program));
        command
    }
}

fn npm_install(dir: &Path) -> Result<(), String> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir).stdout(Stdio::null());
    match npm.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("npm could not install the peer".to_owned()),
        Err(_) => Err("there is no `npm`".to_owned()),
    }
}
