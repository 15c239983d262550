//! What is kept of a request so that no restart opens a window for its replay.

use ccc_protocol::{Timestamp, UserName};

/// A request's nonce as it is kept: sixteen bytes, and until when they matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce {
    /// Whose request it was. Not kept: of a nonce that was read back it is not known.
    pub user: Option<UserName>,
    /// The digest of user and nonce together.
    pub tag: [u8; 16],
    /// When the request is stale anyway.
    pub until: Timestamp,
}
