//! The config file with its actions and rules, and the seed's JSON forms of it.

use ccc_core::{
    config::{Config, read, read_seed_json, read_seed_overrides, starter},
    user::Users,
    volume::Volumes,
};
use ccc_protocol::actions;

/// A config is read or refused with what is wrong; what is read can be made into law or refused likewise.
///
/// # Panics
/// Where a refusal says nothing, or reading panics.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match read(text) {
        Ok(config) => law(&config),
        Err(error) => {
            assert!(!error.faults.is_empty(), "a refusal without a fault");
            assert!(!error.to_string().trim().is_empty());
        }
    }
    if let Ok(config) = read_seed_json(text) {
        law(&config);
    }
    let _ = read_seed_overrides(text);
}

fn law(config: &Config) {
    let found = |name: &str| (!name.contains('x')).then(|| format!("/usr/bin/{name}"));
    match config.law(Users::default(), Volumes::default(), found) {
        Ok(law) => {
            assert!(law.catalogue.named(actions::LIST_ACTIONS).is_some(), "no config takes the built-in actions away")
        }
        Err(error) => assert!(!error.faults.is_empty()),
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    vec![starter().as_bytes().to_vec()]
}
