//! What strangers can send, as functions of bytes that must not panic, hang or be fooled.
//!
//! Three things call them: `cargo test` runs the corpus and a bounded number of seeded mutations of
//! it (`tests/it/fuzz.rs`), the same test longer by `PONTE_FUZZ_ROUNDS`, and libFuzzer, with coverage
//! for a guide (`fuzz/run`). They use the public face of `ponte` only: what is parsed is reached as
//! production reaches it, by an answer that comes over a wire.

mod activecampaign;
mod config;
mod cron;
mod odata;
mod ploomes;
mod script;
mod webhook;

/// A target: panics where the input shows a fault.
pub type Target = fn(&[u8]);

/// All targets by the names of their corpora.
pub const TARGETS: [(&str, Target); 6] = [
    ("webhook", webhook::run),
    ("activecampaign", activecampaign::run),
    ("ploomes", ploomes::run),
    ("odata", odata::run),
    ("config", config::run),
    ("cron", cron::run),
];

/// The target of this name.
pub fn target(name: &str) -> Target {
    let found = TARGETS.iter().find(|it| it.0 == name);
    found.unwrap_or_else(|| panic!("there is no target {name}")).1
}
