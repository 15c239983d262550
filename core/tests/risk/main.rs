//! Risk at the desk: the last word is said behind rules, overrides, grants and `confine`; people release and lift; a start comes to the
//! same; over random steps nothing passes that rules alone would not let pass; and ordinary work is asked no more than without it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test reads its corpus and how long it runs, and prints its rates"
)]

mod alarms;
mod last_word;
mod model;
mod rig;
