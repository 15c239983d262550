//! The long form of `tests/load.rs`: `cargo run --release -p ccc-tests --bin load`.

use std::process::ExitCode;

use ccc_tests::load::{Size, resident_kib_max, run};

const USAGE: &str = "usage: load [--streams N] [--half-open N] [--callers N] [--requests N]";

fn main() -> ExitCode {
    match asked() {
        Ok(size) => measure(size),
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn measure(size: Size) -> ExitCode {
    let report = run(size);
    let bound = resident_kib_max(size);
    println!("{size:?}\nalone:  {:?}\nbeside: {:?}\nmemory bound: {bound} KiB", report.alone, report.beside);
    let holds = report.beside.median <= report.alone.median * 2 && report.beside.resident_kib <= bound;
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn asked() -> Result<Size, String> {
    let mut size = Size { streams: 1000, half_open: 200, callers: 16, requests: 500 };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let place = match flag.as_str() {
            "--streams" => &mut size.streams,
            "--half-open" => &mut size.half_open,
            "--callers" => &mut size.callers,
            "--requests" => &mut size.requests,
            other => return Err(format!("unknown option `{other}`")),
        };
        let value = words.next().ok_or_else(|| format!("`{flag}` needs a number"))?;
        *place = value.parse().map_err(|_| format!("`{flag}` needs a number, not `{value}`"))?;
    }
    Ok(size)
}
