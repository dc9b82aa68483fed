//! Switches protections off, one at a time: a checker that cannot fail checks nothing.

use std::process::ExitCode;

use ponte::mutation::{Protection, switch_off};

use super::seed;

/// Plays with each protection switched off until a checker that is there for it notices, at most
/// `seeds` each.
pub(super) fn all(from: u64, seeds: u64) -> ExitCode {
    let mut unnoticed = 0;
    for protection in Protection::ALL {
        switch_off(Some(protection));
        let noticed = (from..from + seeds).find_map(|number| {
            let played = seed::play(number, &seed::place());
            let is_it = |it: &&String| {
                watchers(protection).iter().any(|watcher| it.starts_with(&format!("{watcher}:")))
            };
            played.violations.iter().find(is_it).map(|it| format!("seed {number}: {it}"))
        });
        switch_off(None);
        unnoticed += usize::from(noticed.is_none());
        let told = noticed.unwrap_or_else(|| format!("nobody noticed in {seeds} seeds"));
        println!("{protection:?} switched off: {told}");
    }
    if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The checkers that are there for it.
const fn watchers(protection: Protection) -> &'static [&'static str] {
    match protection {
        Protection::LookBeforeRepeat | Protection::IdentityLock => &["one person", "one deal"],
        Protection::CommitBeforeAnswer => &["kept"],
        Protection::SlidingWindow => &["window"],
        Protection::Tombstone => &["nothing erased comes back"],
        Protection::WatermarkRule => &["polls find"],
    }
}
