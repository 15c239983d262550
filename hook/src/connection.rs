//! The hook's one connection to the bridge.

use std::str::FromStr;
use std::time::{Duration, Instant};

use ccc_client::{Address, CallError, Identity, IdentityError, Road, read_secrets};

use crate::config::{Config, ConfigError};
use crate::judge;
use ccc_hosts::answer::Reason;
use ccc_protocol::TicketId;
use ccc_protocol::bodies::{Masks, ToolOutput};

/// How long a bridge that went away while a call waits may take to come back, in seconds: as long as a restart.
const AWAY_SECONDS_MAX: u64 = 4;

/// How long a hook that was told to stop takes to withdraw what it asked, in seconds.
const WITHDRAWAL_SECONDS_MAX: u64 = 2;

/// A bridge, and the agent's user to it.
#[derive(Debug)]
pub struct Connection {
    bridge: ccc_client::Bridge,
}

impl Connection {
    /// Reads the secrets that the config names; sends nothing yet.
    ///
    /// # Errors
    /// When there is no key to sign with or no such address. The words reach
    /// the agent, so they name no path.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let secrets = read_secrets(&config.secrets).map_err(|error| match error {
            IdentityError::Exposed { .. } => ConfigError::Loose,
            IdentityError::Unreadable { cause, .. } => ConfigError::Unreadable(cause),
            _ => ConfigError::NoKey,
        })?;
        let identity = Identity::choose(&secrets, config.user.as_deref()).map_err(|_| ConfigError::NoKey)?;
        let address = Address::from_str(&config.url).map_err(|error| ConfigError::NoAddress(error.to_string()))?;
        let away_max = Duration::from_secs(AWAY_SECONDS_MAX);
        Ok(Self { bridge: ccc_client::Bridge::new(address, identity).missed_for(away_max) })
    }

    /// Withdraws a ticket, as far as that can be done at once; otherwise it expires.
    pub fn withdraw(&self, ticket: TicketId) {
        let _left_to_expire = self.bridge.cancel_within(ticket, Duration::from_secs(WITHDRAWAL_SECONDS_MAX));
    }

    /// Hands over what a tool gave back.
    ///
    /// # Errors
    /// When the bridge does not say that it has it.
    pub fn hand_over(&self, output: &ToolOutput, deadline: Instant) -> Result<Masks, CallError> {
        self.bridge.hand_over(output, deadline)
    }

    /// The user this signs as.
    #[must_use]
    pub fn user(&self) -> &str {
        self.bridge.user().as_str()
    }

    /// The names of the actions that the bridge knows for this user: proof
    /// that it is there and accepts the key.
    ///
    /// # Errors
    /// When no authentic answer came.
    pub fn actions(&self) -> Result<Vec<String>, CallError> {
        let list = self.bridge.actions()?;
        Ok(list.actions.iter().map(|action| action.action.to_string()).collect())
    }
}

impl judge::Bridge for Connection {
    fn road(&self) -> &dyn Road {
        &self.bridge
    }

    fn greet(&self) -> Result<String, Reason> {
        self.actions().map_err(|error| Reason::new(&error.to_string()))?;
        Ok(self.user().to_owned())
    }
}
