//! From the command line to a bridge: whose secrets, as whom, where.

use std::path::Path;

use ccc_client::{Address, AddressError, Bridge, Identity, IdentityError, read_secrets};
use ccc_protocol::secrets::Secrets;

use super::Connect;

/// Why there is nobody to speak as, or nowhere to speak to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The secrets.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// The bridge that the command line names. Nothing is sent yet.
///
/// # Errors
/// Where secrets, user or address are wrong.
pub(crate) fn bridge(connect: &Connect) -> Result<Bridge, ConnectError> {
    let address: Address = connect.url.parse()?;
    Ok(Bridge::new(address, identity(&connect.secrets, connect.user.as_deref())?))
}

/// The user named; the only one; or, of several, the only one with approval rights.
fn identity(path: &Path, name: Option<&str>) -> Result<Identity, ConnectError> {
    let secrets = read_secrets(path)?;
    let name = name.or_else(|| only_approver(&secrets));
    Ok(Identity::choose(&secrets, name)?)
}

fn only_approver(secrets: &Secrets) -> Option<&str> {
    let mut approvers = secrets.users().filter(|(_, user)| !user.can_approve.is_empty()).map(|(name, _)| name.as_str());
    let first = approvers.next();
    if approvers.next().is_some() { None } else { first }
}
