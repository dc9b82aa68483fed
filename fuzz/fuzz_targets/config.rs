#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| ponte_fuzz::target("config")(input));
