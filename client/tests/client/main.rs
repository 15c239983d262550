//! The client against servers that are honest, hostile, slow or gone.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod answers;
mod clearance;
mod command;
mod support;
