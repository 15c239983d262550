//! `--local`: from nothing to a working bridge with one command. Makes keys and configuration on first use, starts the server
//! that lies beside this program where none answers, keeps it running, and ends it with the console unless it is let run on.

mod container;
mod demo;
mod files;
mod hooks;
mod listen;
mod machine;
mod server;
mod volume;
mod workspace;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ccc_client::{Address, Bridge, Identity, config_dir, local::LocalBridge, read_secrets};

use crate::{
    cli::Stop,
    console::model::here::{Here, Whose},
    document::Container,
    text::Untrusted,
};
use files::{AGENT, Files, PERSON};
use machine::Site;
pub(crate) use machine::{Left, Machine};
use server::{Server, Start};

/// A bridge that answers, what is known of this machine, and who does things on it.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) bridge: Arc<Bridge>,
    /// The config of the server.
    pub(crate) config: PathBuf,
    pub(crate) here: Here,
    pub(crate) machine: Machine,
}

/// Sets up what is missing, and starts a server where none answers.
pub(crate) fn start(url: Option<&str>) -> Result<Local, Stop> {
    let directory = workspace::here()?;
    let dir = config_dir().ok_or_else(|| Stop::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
    let files = Files::in_dir(&dir);
    files.make_missing()?;
    let road = listen::road(&files, url)?;
    let bridge = Arc::new(bridge(&files.secrets, PERSON, road.address.clone())?);
    let server = match server::answers(&bridge)? {
        true => None,
        false => Some(Server::start(Start::new(&files, &directory, &road, Arc::clone(&bridge))?)?),
    };
    let (whose, volume) = whose(server.as_ref(), &files, &directory);
    let gives = match (&server, &whose) {
        (Some(_), _) => Some(directory.clone()),
        (None, _) => running(&dir).map(|left| left.directory),
    };
    let container = Container {
        options: container::options(&files, gives.as_deref(), bridge.address()),
        from_here: Untrusted(&container::from_here(&files, bridge.address())).line(),
    };
    let shown = |path: &Path| Untrusted(&path.display().to_string()).line();
    let here = Here {
        directory: shown(&directory),
        config: shown(&files.config),
        log: shown(&files.log),
        server: whose,
        container: container.clone(),
    };
    let agent = Arc::new(self::bridge(&files.agent, AGENT, road.address)?);
    let config = files.config.clone();
    let site = Site { files, directory, agent, container, volume };
    Ok(Local { bridge, config, here, machine: Machine::new(site, server) })
}

/// Whose server it is, and the name under which its agents could be given this directory too.
fn whose(ours: Option<&Server>, files: &Files, directory: &Path) -> (Whose, Option<String>) {
    if ours.is_some() {
        return (Whose::Ours, None);
    }
    let left = running(files.dir());
    let volume = volume::offered(&files.config, directory, left.as_ref().map(|left| left.directory.as_path()));
    let whose = Whose::Joined {
        process: left.as_ref().map(|left| left.process),
        directory: left.as_ref().map(|left| Untrusted(&left.directory.display().to_string()).line()),
        offers: volume.as_deref().map(|name| Untrusted(name).line()),
    };
    (whose, volume)
}

/// What another console started, as long as that process is there.
fn running(dir: &Path) -> Option<LocalBridge> {
    LocalBridge::left_in(dir).filter(|left| server::is_there(left.process))
}

fn bridge(secrets: &Path, user: &str, address: Address) -> Result<Bridge, Stop> {
    let secrets = read_secrets(secrets).map_err(|error| Stop::usage(error.to_string()))?;
    let identity = Identity::choose(&secrets, Some(user)).map_err(|error| Stop::usage(error.to_string()))?;
    Ok(Bridge::new(address, identity))
}
