//! What encoded text says, as far as it is looked into.

use ccc_protocol::encoded::{Unescaped, base64_bytes, base64_value};

/// How much of one encoded run is decoded, in bytes: a command shows itself early.
const DECODED_BYTES_MAX: usize = 2_048;

pub(super) fn base64(run: &str) -> String {
    text(base64_bytes(run.bytes().filter_map(base64_value)))
}

pub(super) fn escapes(run: &str) -> String {
    text(Unescaped(run.bytes()))
}

fn text(bytes: impl Iterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.take(DECODED_BYTES_MAX).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
