//! Risk over time: what makes a call dangerous beyond what it says itself.

pub mod patterns;
