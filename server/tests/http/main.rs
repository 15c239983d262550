//! The server's HTTP side over real sockets: who gets in, what is refused in which words, and that no peer holds
//! another up.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails loudly"
)]
#![expect(unreachable_pub, reason = "within a test, `pub` speaks to its other files")]

mod admission;
mod crowd;
mod peer;
mod served;
mod shape;
mod site;
mod streams;
