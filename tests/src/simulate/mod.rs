//! A model beside the real desk: random users, requests, decisions, grants, freezes, clock jumps, restarts and torn commits,
//! stepped through a reference model and through the real desk over the real store. After each step both must agree, and
//! the invariants of the protocol must hold.
//!
//! The model is written from the protocol, in the simplest terms, and shares no code with what it checks.

mod invariants;
mod model;
mod world;

use std::path::Path;

use world::World;

use crate::dice::Dice;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Steps taken.
    pub steps: u64,
    /// Tickets opened.
    pub tickets: usize,
    /// Effects that ran.
    pub runs: usize,
    /// Restarts and torn commits survived.
    pub restarts: u64,
}

/// Runs one world from a seed in an empty directory.
///
/// # Panics
/// Where model and desk part, or an invariant breaks: the message has seed and step.
#[must_use]
pub fn run(seed: u64, steps: u64, data: &Path) -> Summary {
    let mut dice = Dice::new(seed);
    let mut world = World::open(data);
    for step in 0..steps {
        world.step(&mut dice, &format!("seed {seed}, step {step}"));
    }
    world.summary()
}
