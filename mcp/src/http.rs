//! What the two ends of MCP's streamable HTTP transport share: one message a connection.

/// The longest head of a message, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;

/// A message as one line. Line breaks in JSON text stand between tokens alone, where a blank means the same.
pub(crate) fn on_one_line(mut message: Vec<u8>) -> Vec<u8> {
    message.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    message
}
