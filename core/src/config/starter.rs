//! The config that `ccc-queue --local` writes on first use and `ccc-server --starter` prints: everything works without a change, and
//! every line to change is there.

/// Its text, with the starter rules behind it.
#[must_use]
pub fn starter() -> &'static str {
    concat!(include_str!("starter.toml"), include_str!("starter-rules.toml"))
}
