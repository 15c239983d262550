//! `--local`: from nothing to a working bridge with one command. Makes keys and configuration on first use, starts the server
//! that lies beside this program where none answers, and ends it with the console.

mod container;
mod files;
mod server;
mod workspace;

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use ccc_client::{Address, AddressError, Bridge, DEFAULT_URL, Identity, read_secrets};

use crate::cli::Stop;
use files::{Files, PERSON};
use server::Server;

/// A bridge that answers, and the server where it is ours.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) bridge: Arc<Bridge>,
    /// The config of the server.
    pub(crate) config: PathBuf,
    /// True on first use.
    pub(crate) is_new: bool,
    /// Ended when this is dropped.
    #[expect(dead_code, reason = "held for its Drop")]
    server: Option<Server>,
    /// What to start the agent's container with.
    pub(crate) paste: String,
    /// A line of this machine's shell that asks as the agent does.
    pub(crate) from_here: String,
}

/// Sets up what is missing, and starts a server where none answers.
pub(crate) fn start() -> Result<Local, Stop> {
    let workspace = workspace::here()?;
    let files =
        Files::in_dir(&ccc_client::config_dir().ok_or_else(|| Stop::usage("neither XDG_CONFIG_HOME nor HOME is set"))?);
    let is_new = !files.config.exists();
    files.make_missing()?;
    let url = env::var("CONDUIT_URL").ok().filter(|url| !url.is_empty()).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let bridge = Arc::new(bridge(&files.secrets, &url)?);
    let server =
        if server::answers(&bridge)? { None } else { Some(Server::start(&files.config, &workspace, &bridge)?) };
    let paste = container::options(&files, server.as_ref().map(|_| workspace.as_path()), bridge.address());
    let from_here = container::from_here(&files, bridge.address());
    Ok(Local { bridge, config: files.config, is_new, server, paste, from_here })
}

fn bridge(secrets: &Path, url: &str) -> Result<Bridge, Stop> {
    let address: Address = url.parse().map_err(|error: AddressError| Stop::usage(error.to_string()))?;
    let secrets = read_secrets(secrets).map_err(|error| Stop::usage(error.to_string()))?;
    let identity = Identity::choose(&secrets, Some(PERSON)).map_err(|error| Stop::usage(error.to_string()))?;
    Ok(Bridge::new(address, identity))
}
