//! Steps random worlds through the reference model and the real desk: `cargo run -p ccc-tests --bin simulate -- --seed N`.

use std::process::ExitCode;

const USAGE: &str = "usage: simulate [--seed N] [--worlds N] [--steps N]";

fn main() -> ExitCode {
    match asked() {
        Ok(asked) => {
            asked.run();
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

struct Asked {
    seed: u64,
    worlds: u64,
    steps: u64,
}

impl Asked {
    fn run(&self) {
        for seed in self.seed..self.seed.saturating_add(self.worlds) {
            let data = tempfile::tempdir().expect("a temporary directory");
            let summary = ccc_tests::simulate::run(seed, self.steps, data.path());
            println!("seed {seed}: {summary:?}");
        }
    }
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked { seed: 1, worlds: 1, steps: 2000 };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let place = match flag.as_str() {
            "--seed" => &mut asked.seed,
            "--worlds" => &mut asked.worlds,
            "--steps" => &mut asked.steps,
            other => return Err(format!("unknown option `{other}`")),
        };
        let value = words.next().ok_or_else(|| format!("`{flag}` needs a number"))?;
        *place = value.parse().map_err(|_| format!("`{flag}` needs a number, not `{value}`"))?;
    }
    Ok(asked)
}
