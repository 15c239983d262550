//! The real desk and store agree with the reference model, whatever happens: a short form of `simulate`.

/// Steps a world of this seed. A failing seed replays with `cargo run -p ccc-tests --bin simulate -- --seed N`.
fn world(seed: u64) -> ccc_tests::simulate::Summary {
    let data = tempfile::tempdir().unwrap();
    ccc_tests::simulate::run(seed, 400, data.path())
}

#[test]
fn desk_and_model_agree_in_worlds_1_to_6() {
    let worlds: Vec<_> = (1..=6).map(world).collect();
    let runs: usize = worlds.iter().map(|world| world.runs).sum();
    let restarts: u64 = worlds.iter().map(|world| world.restarts).sum();
    assert!(runs > 20 && restarts > 60, "worlds in which little happens: {worlds:?}");
}
