#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ccc_tests::fuzz::programs(input));
