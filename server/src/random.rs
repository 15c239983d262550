//! Random bytes from the operating system.

/// Ten random bytes, as ids take them. Where the system has none, the id is of its time alone: ids are names, not secrets,
/// and the store refuses a second ticket of one name.
#[must_use]
pub fn bytes() -> [u8; 10] {
    let mut random = [0; 10];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::warn!(%error, "no random bytes for an id");
    }
    random
}
