//! How long a value is as JSON, without writing it anywhere.

use std::io::{self, Write};

use serde::Serialize;

/// How many bytes the value is as compact JSON.
#[must_use]
pub fn written_bytes(value: &impl Serialize) -> u64 {
    let mut count = Count(0);
    // What is counted here was read from JSON or is written to it right after: an error would be met there.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_counts_what_would_be_written() {
        for value in [json!({}), json!({ "a": ["é", 1.5, null, "\u{1}\"\n"] })] {
            assert_eq!(written_bytes(&value), value.to_string().len() as u64);
        }
    }
}
