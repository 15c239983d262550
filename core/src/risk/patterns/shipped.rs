//! The patterns that ship, compiled in.

use super::{Spec, spec};

/// The files of `core/patterns`; a test holds that none is missing.
pub(super) const FILES: &[(&str, &str)] = &[
    ("asi01-goal-hijack.toml", include_str!("../../../patterns/asi01-goal-hijack.toml")),
    ("asi02-tool-misuse.toml", include_str!("../../../patterns/asi02-tool-misuse.toml")),
    ("asi03-identity.toml", include_str!("../../../patterns/asi03-identity.toml")),
    ("asi04-supply-chain.toml", include_str!("../../../patterns/asi04-supply-chain.toml")),
    ("asi05-code-execution.toml", include_str!("../../../patterns/asi05-code-execution.toml")),
    ("asi06-memory-poisoning.toml", include_str!("../../../patterns/asi06-memory-poisoning.toml")),
    ("asi07-between-agents.toml", include_str!("../../../patterns/asi07-between-agents.toml")),
    ("asi08-cascading.toml", include_str!("../../../patterns/asi08-cascading.toml")),
    ("asi09-human-trust.toml", include_str!("../../../patterns/asi09-human-trust.toml")),
    ("asi10-rogue.toml", include_str!("../../../patterns/asi10-rogue.toml")),
];

/// Every row of them. A file that does not read would leave its rows out; a test holds that each reads and has no fault.
pub(super) fn rows() -> Vec<Spec> {
    FILES.iter().flat_map(|(_, text)| spec::read(text).unwrap_or_default()).collect()
}
