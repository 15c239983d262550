//! `ccc-confine`: starts one program, which reaches what it was given and nothing else.

fn main() -> ! {
    ccc_confine::launch(&std::env::args_os().skip(1).collect::<Vec<_>>())
}
