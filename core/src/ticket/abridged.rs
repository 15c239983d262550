//! What is kept of a request that was denied: the beginning of long parameters and the digest of the whole. Whoever is denied
//! a megabyte at a time fills no disk with it.

use ccc_protocol::{Digest, approval, bodies::abridge::Abridge};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Request, Ticket};
use crate::written::written_bytes;

/// What stands for the whole where only the beginning of the parameters is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The digest of the whole parameters' canonical form.
    pub params: Digest,
    /// What the same request again is known by.
    pub call: Digest,
}

/// The digest by which whole parameters are known.
#[must_use]
pub fn params_digest(params: &Map<String, Value>) -> Digest {
    Digest::of_json(&Value::Object(params.clone()))
}

impl Request {
    /// The same, with the beginning of its parameters and plan alone where the parameters are longer than so many bytes.
    #[must_use]
    pub(crate) fn abridged(self, bytes_max: u64) -> Self {
        let bytes = if self.params_bytes > 0 { self.params_bytes } else { written_bytes(&self.params) };
        if bytes <= bytes_max || self.left_out.is_some() {
            return self;
        }
        let left_out = LeftOut { params: params_digest(&self.params), call: self.known_by() };
        let mut abridge = Abridge::with_room(usize::try_from(bytes_max).unwrap_or(usize::MAX));
        let params = abridge.object(&self.params);
        let plan = abridge.plan(&self.plan);
        Self { params, plan, params_bytes: bytes, left_out: Some(left_out), ..self }
    }

    /// What the same request again is known by, whether judge-only or not.
    #[must_use]
    pub fn known_by(&self) -> Digest {
        let kept = self.call.or(self.left_out.map(|left_out| left_out.call));
        kept.unwrap_or_else(|| approval::call_digest(&self.action, &self.params, &self.submitted_by))
    }

    /// What the log says of what was left out.
    pub(super) fn left_out_note(&self) -> Option<Value> {
        self.left_out.map(|left_out| json!({ "params": left_out.params.text(), "bytes": self.params_bytes }))
    }
}

impl Ticket {
    /// The same, with the beginning of its parameters alone where they are longer than so many bytes.
    #[must_use]
    pub(crate) fn abridged(self, bytes_max: u64) -> Self {
        if self.request.params_bytes <= bytes_max && self.request.params_bytes > 0 {
            return self;
        }
        let request = Request::clone(&self.request).abridged(bytes_max);
        Self { request: request.into(), ..self }
    }
}
