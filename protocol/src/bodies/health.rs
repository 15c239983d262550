//! `GET /health`, the one unsigned answer that says yes.

use serde::{Deserialize, Serialize};

/// Always `ok`: a server that is not ok does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
}
