//! What two processes must agree on: names, times, digests, signatures, one way to read JSON, bodies and exit codes.
//!
//! Values only. No clock, no files, no random source, no network: whoever needs those passes what they gave.

pub mod actions;
pub mod approval;
pub mod base_dir;
pub mod beneath;
pub mod bodies;
pub mod canary;
pub mod content_digest;
mod digest;
pub mod duration;
pub mod encoded;
pub mod exit;
pub mod hex;
pub mod http_date;
mod ids;
mod inline;
pub mod jcs;
pub mod json;
pub mod legacy;
pub mod private_file;
pub mod secrets;
pub mod signing;
pub mod store;
mod time;
pub mod visible;

pub use digest::{Digest, DigestError};
pub use ids::{ActionName, GrantId, NameError, RequestId, TicketId, UserName};
pub use time::Timestamp;
