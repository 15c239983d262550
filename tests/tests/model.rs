//! The real desk and store agree with the reference model, whatever happens: a short form of `simulate`.

/// Steps a world of this seed. A failing seed replays with `cargo run -p ccc-tests --bin simulate -- --seed N`.
fn world(seed: u64) {
    let data = tempfile::tempdir().unwrap();
    let summary = ccc_tests::simulate::run(seed, 400, data.path());
    assert!(
        summary.tickets > 50 && summary.runs > 5 && summary.restarts > 5,
        "a world in which little happens: {summary:?}"
    );
}

#[test]
fn desk_and_model_agree_in_worlds_1_to_6() {
    (1..=6).for_each(world);
}
