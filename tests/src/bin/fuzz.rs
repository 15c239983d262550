//! Throws mutated inputs at a fuzz target on stable Rust: `cargo run -p ccc-tests --bin fuzz -- NAME --seconds N --seed S`.
//!
//! Without coverage to guide it; `tests/fuzz` has the same targets for cargo-fuzz. A failing input is written to a file.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use ccc_tests::{
    dice::Dice,
    fuzz::{TARGETS, Target, mutated},
};

const USAGE: &str = "usage: fuzz NAME|all [--seconds N] [--seed S] [--seeds-to DIR]";

fn main() -> ExitCode {
    match asked() {
        Ok(asked) => asked.run(),
        Err(wrong) => {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("{wrong}\n{USAGE}\ntargets: {}", names.join(", "));
            ExitCode::from(2)
        }
    }
}

struct Asked {
    targets: Vec<&'static Target>,
    seconds: u64,
    seed: u64,
    seeds_to: Option<PathBuf>,
}

impl Asked {
    fn run(&self) -> ExitCode {
        if let Some(dir) = &self.seeds_to {
            self.targets.iter().for_each(|target| write_seeds(target, dir));
            return ExitCode::SUCCESS;
        }
        let sound =
            self.targets.iter().filter(|target| throw(target, Duration::from_secs(self.seconds), self.seed)).count();
        if sound == self.targets.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// For cargo-fuzz, which takes its seeds from a directory.
fn write_seeds(target: &Target, dir: &std::path::Path) {
    let dir = dir.join(target.name);
    std::fs::create_dir_all(&dir).expect("a directory for the seeds");
    for (number, seed) in target.seeds().iter().enumerate() {
        std::fs::write(dir.join(format!("seed-{number:03}")), seed).expect("a seed that can be written");
    }
}

/// False where an input broke a promise.
fn throw(target: &Target, how_long: Duration, seed: u64) -> bool {
    let (seeds, mut dice, begun) = (target.seeds(), Dice::new(seed), Instant::now());
    let mut thrown: u64 = 0;
    while begun.elapsed() < how_long {
        let input = mutated(&seeds, &mut dice);
        thrown += 1;
        if catch_unwind(AssertUnwindSafe(|| (target.body)(&input))).is_err() {
            let file = std::env::temp_dir().join(format!("fuzz-{}-{seed}-{thrown}", target.name));
            std::fs::write(&file, &input).expect("a file for the failing input");
            println!("{}: input {thrown} of seed {seed} fails; it is in {}", target.name, file.display());
            return false;
        }
    }
    println!(
        "{}: {thrown} inputs from {} seeds in {} s, seed {seed}: none fails",
        target.name,
        seeds.len(),
        how_long.as_secs()
    );
    true
}

fn asked() -> Result<Asked, String> {
    let mut words = std::env::args().skip(1);
    let name = words.next().ok_or("a target is missing")?;
    let targets = match Target::named(&name) {
        Some(target) => vec![target],
        None if name == "all" => TARGETS.iter().collect(),
        None => return Err(format!("unknown target `{name}`")),
    };
    let mut asked = Asked { targets, seconds: 60, seed: 1, seeds_to: None };
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
        let number = || value.parse().map_err(|_| format!("`{flag}` needs a number, not `{value}`"));
        match flag.as_str() {
            "--seconds" => asked.seconds = number()?,
            "--seed" => asked.seed = number()?,
            "--seeds-to" => asked.seeds_to = Some(value.into()),
            other => return Err(format!("unknown option `{other}`")),
        }
    }
    Ok(asked)
}
