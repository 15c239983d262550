//! Why a request's signature is refused before any key is tried.

/// What a caller hears when its signature is missing, when its user is unknown
/// and when its key is wrong. One text for all three, so that it tells nobody
/// which names exist.
pub const UNAUTHENTIC: &str =
    "the request is not signed by a user known here; sign it with the secret of a user in the server's secrets file";

/// Why a signature is refused by the rules that need no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request, or its signature, can be read in no way or in two.
    #[error("{0}")]
    Malformed(String),
    /// There is no signature.
    #[error("{UNAUTHENTIC}")]
    Unsigned,
    /// The signature is well formed and does not bind what it has to.
    #[error("{0}")]
    Insufficient(String),
}

impl Refusal {
    /// The HTTP status that says this.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned | Self::Insufficient(_) => 401,
        }
    }

    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }

    pub(crate) fn insufficient(why: impl Into<String>) -> Self {
        Self::Insufficient(why.into())
    }
}
