//! A checkpoint says under the audit key how far the chain had come: a tail cut after it, or another chain in its place, shows.

use ccc_protocol::{Digest, Timestamp, hex, jcs};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use super::Chain;

const TAG: &[u8] = b"ccc audit checkpoint v1\n";
const FINGERPRINT_TAG: &[u8] = b"ccc user fingerprint v1\n";

/// The server's key for checkpoints. It lies beside the config, never in the data directory.
#[derive(Clone)]
pub struct AuditKey(Hmac<Sha256>);

/// One line of the checkpoint file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The number of the entry.
    pub seq: u64,
    /// The chain's hash at that entry.
    pub hash: Digest,
    /// When the checkpoint was written.
    pub at: Timestamp,
    /// HMAC-SHA256 over the rest under the audit key, in hex.
    pub mac: String,
}

impl AuditKey {
    /// From its bytes, any number of them.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    /// What a user's secret is known by after a restart, from the MAC that it makes of a fixed text: without this key,
    /// which is not where the fingerprints are kept, nobody tries secrets against it.
    #[must_use]
    pub fn fingerprint(&self, mac_by_secret: &[u8; 32]) -> Digest {
        let mut mac = self.0.clone();
        mac.update(FINGERPRINT_TAG);
        mac.update(mac_by_secret);
        Digest::from_bytes(mac.finalize().into_bytes().into())
    }

    fn over(&self, seq: u64, hash: Digest, at: Timestamp) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(TAG);
        mac.update(jcs::to_string(&json!({ "seq": seq, "hash": hash, "at": at })).as_bytes());
        mac
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey(…)")
    }
}

impl Checkpoint {
    /// The checkpoint of this chain's end.
    #[must_use]
    pub fn of(chain: &Chain, at: Timestamp, key: &AuditKey) -> Self {
        let mac = key.over(chain.seq, chain.head, at).finalize().into_bytes();
        Self { seq: chain.seq, hash: chain.head, at, mac: hex::encode(&mac) }
    }

    /// True where it was made with this key and not changed since; compared in constant time.
    #[must_use]
    pub fn is_authentic(&self, key: &AuditKey) -> bool {
        let mac = hex::decode(&self.mac).unwrap_or_default();
        key.over(self.seq, self.hash, self.at).verify_slice(&mac).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_checkpoint_is_not_authentic() {
        let key = AuditKey::new(&[7; 32]).unwrap();
        let chain = Chain { seq: 9, head: Digest::of(b"x"), latest: Timestamp::default() };
        let good = Checkpoint::of(&chain, Timestamp::from_seconds(5), &key);
        assert!(good.is_authentic(&key));
        assert!(!Checkpoint { seq: 8, ..good.clone() }.is_authentic(&key));
        assert!(!Checkpoint { hash: Digest::of(b"y"), ..good.clone() }.is_authentic(&key));
        assert!(!Checkpoint { mac: String::new(), ..good.clone() }.is_authentic(&key));
        assert!(!good.is_authentic(&AuditKey::new(&[8; 32]).unwrap()));
    }
}
