//! What must never be the same twice.

use ccc_protocol::hex;

use crate::error::CallError;

/// A nonce for one signature: 128 random bits in 32 characters.
pub(crate) fn nonce() -> Result<String, CallError> {
    Ok(hex::encode(&random()?))
}

/// A key for one request, as the Idempotency-Key field carries it: a random
/// UUID in quotes.
pub(crate) fn idempotency_key() -> Result<String, CallError> {
    let uuid = uuid::Builder::from_random_bytes(random()?).into_uuid();
    Ok(format!("\"{uuid}\""))
}

fn random() -> Result<[u8; 16], CallError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| CallError::NoEntropy(error.to_string()))?;
    Ok(bytes)
}
