//! Medians, and ratios of medians with their spread.

use std::fmt;

/// The median of these; the mean of the middle two where there is no middle one.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// The value that so much of these lies at or below.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// A ratio of medians, and the least and greatest ratio within one round.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// The ratio of the medians.
    pub of_medians: f64,
    low: f64,
    high: f64,
}

impl Ratio {
    /// Of what was measured in turn: the first of each with the first of the other.
    #[must_use]
    pub fn of(ours: &[f64], theirs: &[f64]) -> Self {
        let rounds: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Self { of_medians: median(ours) / median(theirs), low: quantile(&rounds, 0.0), high: quantile(&rounds, 1.0) }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.of_medians >= 10.0 { 1 } else { 2 };
        let Self { of_medians, low, high } = self;
        write!(f, "{of_medians:.digits$} ({low:.digits$}–{high:.digits$})")
    }
}

/// A time as people read it.
#[must_use]
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// A rate as people read it.
#[must_use]
pub fn rate(per_second: f64) -> String {
    if per_second >= 10_000.0 { format!("{:.1} k/s", per_second / 1000.0) } else { format!("{per_second:.0}/s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_medians_and_its_spread_of_rounds() {
        let ratio = Ratio::of(&[1.0, 3.0, 2.0], &[2.0, 2.0, 8.0]);
        assert_eq!(ratio.to_string(), "1.00 (0.25–1.50)");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert!((median(&[4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        assert!((quantile(&values, 0.99) - 100.0).abs() < 1e-9);
    }
}
