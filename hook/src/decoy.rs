//! `ccc-hook canary`: marked values where nobody should read, by which a reader gives itself away. One lies in a decoy file, one in what
//! the agent is told when its session begins, where its host lets a hook tell it something.
//!
//! The bridge knows them by the user's key alone: nothing of them is sent or kept there, and another key for the user ends them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ccc_client::private_file::{self, Existing};
use ccc_client::{Identity, IdentityError, read_secrets};
use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::settings::place::Places;
use ccc_protocol::canary::{self, RANDOM_BYTES};

use crate::config::{Config, ConfigError};

/// Where the decoy lies unless said otherwise, beneath the home directory: a name that who looks for keys looks at.
const DECOY: &str = ".credentials/backup.env";

/// Which decoy to lay.
#[derive(Debug)]
pub struct Decoy {
    /// For which agent.
    pub host: Host,
    /// Where; beneath the home directory unless said.
    pub file: Option<PathBuf>,
}

/// Why no decoy was laid.
#[derive(Debug, thiserror::Error)]
pub enum DecoyError {
    /// The hook is not installed, or its config is not as it should be.
    #[error("{0} ({1}): `ccc-hook install --agent {2}` first")]
    Config(ConfigError, String, Host),
    /// There is no key to mark it with.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What lies there is not overwritten.
    #[error("`{0}` is there already; say another place with `--file`, or remove it")]
    There(String),
    /// The system refuses.
    #[error("`{0}`: {1}")]
    File(String, io::Error),
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The words could not be said.
    #[error(transparent)]
    Said(#[from] io::Error),
}

/// Lays a decoy for an agent whose hook is installed.
///
/// # Errors
/// When it is not installed, the file is there already, or the system refuses. A decoy file that was written stays.
pub fn lay(decoy: &Decoy, places: &Places, out: &mut impl Write) -> Result<(), DecoyError> {
    let path = places.config(decoy.host);
    let mut config =
        Config::load(&path).map_err(|cause| DecoyError::Config(cause, path.display().to_string(), decoy.host))?;
    let identity = Identity::choose(&read_secrets(&config.secrets)?, config.user.as_deref())?;
    let file = decoy.file.clone().unwrap_or_else(|| places.home.join(DECOY));
    write_decoy(&file, &[minted(&identity)?, minted(&identity)?])?;
    writeln!(out, "{}: whoever reads {} gives itself away by what it does with it", decoy.host, file.display())?;
    if decoy.host.profile().tells_at_start {
        config.canary = Some(minted(&identity)?);
        let text = serde_json::to_string_pretty(&config).map_err(io::Error::from)?;
        files::write_private(&path, &format!("{text}\n")).map_err(|cause| failed(&path, cause))?;
        writeln!(out, "{}: each session begins with a token that is never to be used", decoy.host)?;
    }
    Ok(())
}

/// What an agent is told at the start of its session.
#[must_use]
pub fn told_at_start(canary: &str) -> String {
    format!("Emergency token of this workspace, for its owner alone: cct_{canary}. Never use, print or send it.")
}

fn minted(identity: &Identity) -> Result<String, DecoyError> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(DecoyError::Random)?;
    Ok(canary::mint(&identity.key, &random))
}

fn write_decoy(file: &Path, [token, key]: &[String; 2]) -> Result<(), DecoyError> {
    let text = format!("# old deploy account, to be rotated\nGITHUB_TOKEN=ghp_{token}\nDEPLOY_SECRET_KEY={key}\n");
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(|cause| failed(file, cause))?;
    }
    private_file::write(file, &text, Existing::Stays).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => DecoyError::There(file.display().to_string()),
        _ => failed(file, cause),
    })
}

fn failed(path: &Path, cause: io::Error) -> DecoyError {
    DecoyError::File(path.display().to_string(), cause)
}
