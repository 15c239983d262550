//! Reading the hook document from stdin: bounded, whole, one value.

use std::io::{self, Read};

use ccc_protocol::json::{self, JsonError, Limits};
use serde_json::{Map, Value};

/// The largest document that is read, in bytes. Documents about finished calls
/// carry what the tool gave back, so this is well over what a call may ask.
pub const STDIN_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why stdin holds no hook document.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Reading failed.
    #[error("the hook document could not be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Nothing came.
    #[error("no hook document came on stdin")]
    Empty,
    /// More than [`STDIN_BYTES_MAX`].
    #[error("the hook document is larger than {STDIN_BYTES_MAX} bytes: split the call into smaller ones")]
    TooLarge,
    /// Not one JSON object, or one with two readings.
    #[error("the hook document is not one JSON object: {0}")]
    NotJson(#[from] JsonError),
}

/// Reads the one document that `stdin` holds.
///
/// # Errors
/// When it is not one JSON object within the limits of size and depth.
pub fn read_document(stdin: impl Read) -> Result<Map<String, Value>, InputError> {
    let mut bytes = Vec::new();
    stdin.take(STDIN_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > STDIN_BYTES_MAX {
        return Err(InputError::TooLarge);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(InputError::Empty);
    }
    Ok(json::read_object(&bytes, Limits::default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_read_however_it_is_laid_out() {
        for text in ["{\"a\":1}", "{\"a\":1}\n", "{\n \"a\":\n 1}\n"] {
            assert_eq!(read_document(text.as_bytes()).unwrap()["a"], 1);
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        let deep = format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33));
        let two_readings = "{\"a\":1,\"a\":2}";
        for text in ["", "\n \n", "[]", "{}\n{}", "{", "\u{feff}{}", two_readings, &deep] {
            assert!(read_document(text.as_bytes()).is_err(), "{text}");
        }
        assert!(matches!(read_document(io::repeat(b' ')), Err(InputError::TooLarge)));
    }
}
