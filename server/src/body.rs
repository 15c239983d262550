//! The body of a request: read once, up to a limit, only for whom may send it.

use ccc_core::refusal::Refusal;
use ccc_protocol::bodies::ProblemType;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};

use crate::head::malformed;

/// A body on its way.
#[derive(Debug)]
pub(crate) struct Upload {
    incoming: Incoming,
    ended: bool,
}

impl Upload {
    #[must_use]
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self { ended: incoming.is_end_stream(), incoming }
    }

    /// True where something of it was left unread: the connection ends after the answer, so that nobody takes the
    /// rest for a request.
    #[must_use]
    pub(crate) fn is_unread(&self) -> bool {
        !self.ended
    }

    /// The most bytes that it has, where that is known: 0 for none.
    #[must_use]
    pub(crate) fn bytes_max(&self) -> Option<u64> {
        self.incoming.size_hint().upper()
    }

    /// Reads all of it. How long that may take is the connection's to watch.
    ///
    /// # Errors
    /// 413 as soon as it is known to be longer than `bytes_max`; 400 where it breaks off.
    pub(crate) async fn read(&mut self, bytes_max: u64) -> Result<Bytes, Refusal> {
        if self.incoming.size_hint().lower() > bytes_max {
            return Err(too_large(bytes_max));
        }
        let mut read = Bytes::new();
        while let Some(frame) = self.incoming.frame().await {
            let frame = frame.map_err(|error| malformed("the body broke off").because(error))?;
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            if (read.len() + chunk.len()) as u64 > bytes_max {
                return Err(too_large(bytes_max));
            }
            read = joined(read, chunk);
        }
        self.ended = true;
        Ok(read)
    }
}

/// Most bodies are one chunk, and are not copied.
fn joined(read: Bytes, chunk: Bytes) -> Bytes {
    if read.is_empty() {
        return chunk;
    }
    let mut bytes = read.try_into_mut().unwrap_or_else(|shared| shared.as_ref().into());
    bytes.extend_from_slice(&chunk);
    bytes.freeze()
}

/// 413, with the limit in words.
pub(crate) fn too_large(bytes_max: u64) -> Refusal {
    Refusal::new(
        ProblemType::TooLarge,
        format!("the body has more than {bytes_max} bytes, which is as much as is taken here"),
    )
}
