//! The recording in README is what its recorder makes, and shows what the console shows.

use std::{fs, path::Path};

use ccc_tests::recording::{FILE, VERDICT, play, svg, version};

fn recorded() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE)).unwrap()
}

#[test]
fn the_recording_was_made_by_the_recorder_as_it_is() {
    let recorded = recorded();
    let made_by = format!("made by `cargo run -p ccc-tests --bin record` from a real run; recorder {}", version());
    assert!(recorded.contains(&made_by), "{FILE} is older than its recorder: record it again");
    assert!(recorded.contains(VERDICT) && !recorded.contains("<script") && !recorded.contains("href"));
}

#[test]
fn a_run_of_today_shows_the_verdict_that_was_recorded() {
    let frames = play();
    let banner = frames.iter().flat_map(|frame| frame.rows().collect::<Vec<_>>()).find(|row| row.contains(VERDICT));
    let (_, banner) = banner.as_deref().and_then(|row| row.split_once('│')).unwrap();
    let banner = banner.trim();
    assert!(recorded().contains(banner), "the console says `{banner}`, and {FILE} does not: record it again");
    assert_eq!(svg(&frames).matches("<g class=\"frame\"").count(), frames.len());
}
