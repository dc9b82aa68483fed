//! The body of a webhook: whatever a stranger posts, reading it neither panics nor hangs.
//!
//! `cargo install cargo-fuzz && cargo fuzz run --sanitizer none webhook -- -max_total_time=60`
//! The corpus is replayed by an ordinary test (`the_fuzz_corpus_is_read_without_a_panic`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = ponte::activecampaign::webhook::parse(body);
});
