//! Makes the recording in README from a real run, after `cargo build --workspace --bins`.

use std::{fs, path::Path};

use ccc_tests::recording::{FILE, play, svg};

fn main() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE);
    let made = svg(&play());
    fs::write(&file, &made).unwrap();
    println!("{FILE}: {} bytes", made.len());
}
