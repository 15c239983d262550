//! The launcher with some of its defences off, as a variable of the tests says.

fn main() {
    #[cfg(target_os = "linux")]
    {
        use ccc_confine::Defence;
        let off = std::env::var(Defence::OFF).unwrap_or_default();
        let off = off.split(',').filter_map(Defence::named).collect();
        ccc_confine::launch_without(off, &std::env::args_os().skip(1).collect::<Vec<_>>());
    }
}
