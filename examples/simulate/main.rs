//! Plays seeds of the simulation on all cores, and tells which of them broke a promise.
//!
//! `cargo run --release --example simulate -- --seeds 10000`; one seed with all that happened:
//! `-- --seed 4711`.
#![expect(clippy::print_stdout, reason = "it is a command")]

#[cfg(feature = "mutations")]
mod mutations;
#[path = "seed.rs"]
mod seed;

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use clap::Parser;

/// Seeds are played side by side, each of many small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays seeds of the simulation.
#[derive(Parser)]
struct Args {
    /// How many seeds are played.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one, with everything that happened.
    #[arg(long)]
    seed: Option<u64>,
    /// Switches each protection off in turn, and plays until a checker notices.
    #[cfg(feature = "mutations")]
    #[arg(long)]
    mutations: bool,
    /// How many at the same time; one a core where it is not said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    #[cfg(feature = "mutations")]
    if args.mutations {
        return mutations::all(args.from, args.seeds);
    }
    match args.seed {
        Some(seed) => one(seed),
        None => many(&args),
    }
}

/// One seed, told whole.
fn one(number: u64) -> ExitCode {
    let played = seed::play(number, &seed::place());
    for line in played.trace.lines() {
        println!("{line}");
    }
    tell(&played);
    if played.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(played: &seed::Played) {
    println!(
        "seed {}: {} leads, {} crashes, {} s, trace {}",
        played.seed,
        played.leads,
        played.crashes,
        played.simulated.as_secs(),
        played.trace.hash()
    );
    for violation in &played.violations {
        println!("  violation: {violation}");
    }
}

fn many(args: &Args) -> ExitCode {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(cores);
    let (next, failed) = (AtomicU64::new(args.from), AtomicUsize::new(0));
    let until = args.from + args.seeds;
    let sums = Mutex::new((Duration::ZERO, 0, 0));
    let begin = tokio::time::Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= until {
                        return;
                    }
                    let played = seed::play(number, &seed::place());
                    if !played.violations.is_empty() {
                        failed.fetch_add(1, Ordering::Relaxed);
                        tell(&played);
                    }
                    let mut sums = sums.lock().expect("nobody panics while holding it");
                    sums.0 += played.simulated;
                    sums.1 += played.crashes;
                    sums.2 += played.leads;
                }
            });
        }
    });
    let (simulated, crashes, leads) = *sums.lock().expect("all threads are done");
    let (took, failed) = (begin.elapsed().as_secs_f64(), failed.into_inner());
    #[expect(clippy::cast_precision_loss, reason = "seeds are few")]
    let rate = args.seeds as f64 / took;
    println!(
        "{} seeds on {threads} threads in {took:.0} s: {rate:.0} seeds/s, {:.1} simulated days, \
         {leads} leads, {crashes} crashes, {failed} seeds with a violation",
        args.seeds,
        simulated.as_secs_f64() / 86_400.0,
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
