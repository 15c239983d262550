//! Calls that a hook hands over: run once, as they were handed over, in a project that is written only where it may be.
//!
//! An attempt to get out is made twice where a defence of calls alone keeps it in: the second time without that defence, where it must get
//! through. What keeps every run in is tried in `escape`. Where the machine has no level `full`, nothing is tried, and the test
//! says so.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail loudly")]

mod attempts;
mod handed;
mod project;
mod same;
