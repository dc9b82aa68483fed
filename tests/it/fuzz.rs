//! The fuzz targets without a fuzzer: the corpus, and seeded mutations of it.
//!
//! `PONTE_FUZZ_ROUNDS=1000000 cargo test --release --test it fuzz` tries more of them, and
//! `fuzz/run` lets libFuzzer look for new paths. An input that showed a fault goes into the corpus.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod mutate;
#[path = "../../fuzz/targets/lib.rs"]
mod targets;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use rand::{SeedableRng as _, rngs::StdRng};

use self::{mutate::mutated, targets::target};

/// Mutations of each corpus: a few seconds for all of them in a debug build.
const ROUNDS: u32 = 400;

/// The inputs of a corpus, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut inputs: Vec<_> = files
        .map(|it| (it.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&it).unwrap()))
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 5, "a corpus of {name}");
    inputs
}

/// Runs a target over its corpus, and over mutations that are the same each time.
fn fuzz(name: &str) {
    let run = target(name);
    let hold = |what: &str, input: &[u8]| {
        let held = catch_unwind(AssertUnwindSafe(|| run(input))).is_ok();
        assert!(held, "{name} does not hold for {what}: b\"{}\"", input.escape_ascii());
    };
    let inputs = corpus(name);
    for (file, input) in &inputs {
        hold(file, input);
    }
    let rounds = env::var("PONTE_FUZZ_ROUNDS").map_or(ROUNDS, |it| it.parse().unwrap());
    let inputs: Vec<Vec<u8>> = inputs.into_iter().map(|it| it.1).collect();
    let mut rng = StdRng::seed_from_u64(20_260_101);
    for round in 0..rounds {
        hold(&format!("round {round}"), &mutated(&inputs, &mut rng));
    }
}

#[test]
fn a_webhook_s_body_points_at_a_contact_or_says_why_not() {
    fuzz("webhook");
}

#[test]
fn an_answer_of_activecampaign_is_read_or_refused() {
    fuzz("activecampaign");
}

#[test]
fn an_answer_of_ploomes_is_read_or_refused() {
    fuzz("ploomes");
}

#[test]
fn a_text_from_outside_stays_a_text_in_a_condition() {
    fuzz("odata");
}

#[test]
fn a_configuration_is_one_or_says_where_it_is_wrong() {
    fuzz("config");
}

#[test]
fn a_schedule_is_refused_or_comes_due_again_and_again() {
    fuzz("cron");
}
