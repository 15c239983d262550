//! Goal 4: the store alone, beside an append-only file on the same disk, in a process of its own.

use std::{path::Path, process::Command};

use super::Bench;
use crate::{
    report::Goal,
    sample::{Ratio, median, rate},
    server::Home,
};

/// What one number of callers came to, round by round: commits in a second.
struct Rates {
    callers: usize,
    desk: Vec<f64>,
    append: Vec<f64>,
    rows: Vec<f64>,
}

/// Measures on this disk and, where it can be made, on a slow one.
pub fn alone(bench: &mut Bench) {
    let usual = measure(bench, None);
    for rates in &usual {
        rates.report(bench, "", Goal::AtLeast(0.8));
    }
    let shim = match &bench.shim {
        Ok(shim) => shim.clone(),
        Err(why) => {
            let why = why.clone();
            return bench.report.left_out("4", "a sync takes 2 ms", why);
        }
    };
    let slow = measure(bench, Some(&shim));
    for rates in &slow {
        rates.report(bench, ", a sync takes 2 ms", Goal::AtLeast(0.95));
    }
    half_empty_groups(bench, &slow);
}

impl Rates {
    fn report(&self, bench: &mut Bench, disk: &str, goal: Goal) {
        let what = format!("store alone, {} callers{disk}, against an append-only file", self.callers);
        let figures = format!("{} / {}", rate(median(&self.desk)), rate(median(&self.append)));
        bench.report.ratio("4", what, Ratio::of(&self.desk, &self.append), goal, figures);
        let what = format!("{} callers{disk}, against SQLite with rows as long", self.callers);
        let figures = format!("{} / {}", rate(median(&self.desk)), rate(median(&self.rows)));
        bench.report.ratio("4", what, Ratio::of(&self.desk, &self.rows), Goal::Shown, figures);
    }
}

/// Were every group full, sixteen callers would get sixteen times what one gets.
fn half_empty_groups(bench: &mut Bench, rates: &[Rates]) {
    let of = |callers| rates.iter().find(|rates| rates.callers == callers).map(|rates| median(&rates.desk));
    let (Some(one), Some(sixteen)) = (of(1), of(16)) else { return };
    let loss = (1.0 - sixteen / (16.0 * one)) * 100.0;
    let figures = format!("{} of {}", rate(sixteen), rate(16.0 * one));
    bench.report.figure(
        "4",
        "lost to half-empty groups, 16 callers, a sync takes 2 ms",
        loss,
        " %",
        Goal::AtMost(25.0),
        figures,
    );
}

fn measure(bench: &Bench, preload: Option<&Path>) -> Vec<Rates> {
    [1, 16, 64].map(|callers| measure_with(bench, callers, preload)).into()
}

fn measure_with(bench: &Bench, callers: usize, preload: Option<&Path>) -> Rates {
    let home = Home::new(&bench.builds);
    let mut command = Command::new(bench.builds.program("store-rates"));
    command.arg(home.path("")).arg(callers.to_string());
    command.arg(bench.wishes.turn.as_secs_f64().to_string()).arg(bench.wishes.rounds.to_string());
    if let Some(library) = preload {
        command.env("LD_PRELOAD", library);
    }
    let output = command.output().expect("store-rates");
    assert!(output.status.success(), "store-rates: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut rates = Rates { callers, desk: vec![], append: vec![], rows: vec![] };
    for line in text.lines() {
        let mut figures = line.split(' ').map(number);
        for of in [&mut rates.desk, &mut rates.append, &mut rates.rows] {
            of.extend(figures.next());
        }
    }
    rates
}

fn number(text: &str) -> f64 {
    text.trim().parse().expect("a rate")
}
