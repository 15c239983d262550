//! What encoded text says, as far as it is looked into.

use ccc_protocol::encoded::{Unescaped, base64_bytes, base64_value};

/// How much of one encoded run is decoded, in bytes: a command shows itself early.
const DECODED_BYTES_MAX: usize = 2_048;

pub(super) fn base64(run: &[u8]) -> Vec<u8> {
    base64_bytes(run.iter().copied().filter_map(base64_value)).take(DECODED_BYTES_MAX).collect()
}

pub(super) fn escapes(run: &[u8]) -> Vec<u8> {
    Unescaped(run.iter().copied()).take(DECODED_BYTES_MAX).collect()
}
