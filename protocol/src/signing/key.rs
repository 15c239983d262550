//! A user's key, prepared once.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of one user, ready to sign and verify: the key schedule is done
/// once, and each use starts from a copy of it.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// The key that the bytes of `secret` are. A user's key is the UTF-8 bytes
    /// of the `secret` string as it stands in the secrets file.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Self(Hmac::new_from_slice(secret).expect("a key of any length"))
    }

    /// The MAC of `message`.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// Whether `mac` is the MAC of `message`, compared in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], mac: &[u8; 32]) -> bool {
        let computed = self.0.clone().chain_update(message);
        computed.verify_slice(mac).is_ok()
    }

    /// The MAC of `parts` joined, without joining them.
    pub(crate) fn verifies_parts(&self, parts: &[&[u8]], mac: &[u8; 32]) -> bool {
        let mut computed = self.0.clone();
        for part in parts {
            computed.update(part);
        }
        computed.verify_slice(mac).is_ok()
    }

    /// The MAC of `parts` joined, without joining them.
    pub(crate) fn mac_parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut computed = self.0.clone();
        for part in parts {
            computed.update(part);
        }
        computed.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::hex;

    /// RFC 4231, test case 2.
    #[test]
    fn the_mac_is_hmac_sha256() {
        let key = Key::new(b"Jefe");
        let mac = key.mac(b"what do ya want for nothing?");
        assert_eq!(hex::encode(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(key.verifies(b"what do ya want for nothing?", &mac));
        assert!(key.verifies_parts(&[b"what do ya ", b"want for nothing?"], &mac));
        assert!(!key.verifies(b"what do ya want for nothing!", &mac));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", Key::new(b"secret")), "Key(…)");
    }
}
