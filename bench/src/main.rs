//! Measures product, floor and peer in turn in one run, and prints a table of ratios with their spread.
//!
//! The product runs as a user starts it: default config, durability on, audit on. Whatever limit a measurement had to
//! raise stands in the table's notes. Nothing here judges a build: the table says what was met and what was not.

mod args;
mod builds;
mod goals;
mod http;
mod load;
mod machine;
mod peer;
mod process;
mod report;
mod sample;
mod server;
mod shim;
mod sign;
mod wire;

use std::{fs, process::ExitCode};

use args::Wishes;
use builds::Builds;
use goals::{
    Bench, against, console, decide, frames, growth, hindsight, lists, mcp, programs, resident, risk, store, submit,
};
use machine::Ticks;
use peer::Peer;
use report::Report;

/// Goals that are measured together, and what measures them.
type Measurement = (&'static [&'static str], fn(&mut Bench));

const MEASUREMENTS: [Measurement; 15] = [
    (&["1", "2"], submit::actions),
    (&["3"], submit::reads),
    (&["4"], store::alone),
    (&["5"], programs::client),
    (&["6"], programs::hook),
    (&["confine"], programs::confine),
    (&["mcp"], mcp::calls),
    (&["7"], decide::decisions),
    (&["8"], console::live),
    (&["9"], frames::frames),
    (&["10"], lists::changes),
    (&["11"], resident::memory),
    (&["12", "13"], growth_of_all),
    (&["14"], hindsight::logs),
    (&["21"], risk::risk),
];

fn growth_of_all(bench: &mut Bench) {
    if bench.wishes.wants("12") {
        growth::starts(bench);
    }
    if bench.wishes.wants("13") {
        growth::throughput(bench);
    }
}

fn main() -> ExitCode {
    let wishes = match Wishes::read() {
        Ok(Some(wishes)) => wishes,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("ccc-bench: {error}; see `--help`");
            return ExitCode::from(2);
        }
    };
    // Before anything is built: the load of the build is not the machine's.
    let machine = machine::facts();
    let builds = Builds::make(&wishes);
    let before = Ticks::now();
    let needs_peer = ["1", "2", "5"].iter().any(|goal| wishes.wants(goal));
    let peer = if needs_peer { Peer::install(&builds.kept) } else { Err("it was not needed".to_owned()) };
    let shim = shim::compile(&builds.kept);
    let mut bench = Bench { wishes, builds, peer, shim, report: Report::default() };
    if let Some(other) = bench.wishes.against.clone() {
        against::another_build(&mut bench, &other);
    }
    for (goals, measure) in MEASUREMENTS {
        if goals.iter().any(|goal| bench.wishes.wants(goal)) {
            eprintln!("goal {}", goals.join(", "));
            measure(&mut bench);
        }
    }
    let stolen = Ticks::now().stolen_since(before);
    let text = format!("{machine} During the run {stolen}.\n\n{}", bench.report.markdown());
    println!("{text}");
    if bench.wishes.write {
        write(&text);
    }
    ExitCode::SUCCESS
}

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
const BEGIN: &str = "<!-- begin: written by `ccc-bench --write` -->\n";
const END: &str = "<!-- end -->\n";

/// Puts the table between the marks in the docs.
fn write(text: &str) {
    let docs = fs::read_to_string(DOCS).expect("docs/performance.md");
    let (before, rest) = docs.split_once(BEGIN).expect("the mark at which the table begins");
    let (_, after) = rest.split_once(END).expect("the mark at which the table ends");
    fs::write(DOCS, format!("{before}{BEGIN}\n{text}\n{END}{after}")).expect("written");
}
