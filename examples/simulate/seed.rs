//! The deterministic simulation: the whole engine between two simulated accounts on paused time,
//! with everything that can go wrong going wrong, decided by one seed.
//!
//! ```text
//!  crowd ──▶ ActiveCampaign ──mail──▶ receiver ─┐
//!                 ▲                             ├─ engine ─ ledger (a file, in place)
//!                 └────────────line─────────────┤      ▲
//!  crowd ──▶ Ploomes ◀─────────line─────────────┘      └── fuse: ends it at any await
//! ```
//!
//! The engine, its receiver and its ledger are the product's own; only what is outside of them is
//! made up here. The same seed gives the same run: `Played::trace` says so in one hash.

pub mod checks;
mod crowd;
mod fuse;
mod line;
mod mail;
mod plan;
mod stage;
mod trace;
mod weather;
mod words;

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use ponte::{
    clock::Clock,
    ledger::{
        EngineLock, Options,
        open::{Executor, Opener, Randomness},
    },
};
use rand::{SeedableRng as _, rngs::StdRng};

pub use self::trace::Trace;
use self::{plan::Plan, stage::Stage};

/// What came of a seed.
pub struct Played {
    /// Which.
    pub seed: u64,
    /// What is wrong, one line each; empty where nothing is.
    pub violations: Vec<String>,
    /// What happened, in order.
    pub trace: Arc<Trace>,
    /// How much time passed in it.
    pub simulated: Duration,
    /// How often the engine was ended without notice.
    pub crashes: usize,
    /// Leads in the ledger.
    pub leads: usize,
}

/// When every simulation starts: a Tuesday, at noon in São Paulo.
const START: &str = "2026-03-10T15:00:00Z";

fn start() -> DateTime<Utc> {
    START.parse().expect("a time")
}

/// A generator for one purpose, so that a new draw for one does not shift the others.
fn rng(seed: u64, purpose: &str) -> StdRng {
    let salt = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt)
}

/// The file of a ledger in which nothing happened yet. Laying out its tables takes as long as two lives
/// of an engine, and gives the same bytes each time.
fn empty_ledger() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let directory = tempfile::tempdir_in(place()).expect("a directory for the ledger");
        let path = directory.path().join("ponte.db");
        let lock = EngineLock::take(&path).expect("nobody else knows of it");
        let options = Options {
            path: Some(path.clone()),
            executor: Executor::Alone,
            randomness: Randomness::Seed(0),
            clock: Clock::simulated(start()),
        };
        // Without a log, all of it is in the file.
        drop(options.open(Opener::Engine(&lock)).expect("the ledger opens"));
        fs::read(path).expect("the ledger is there")
    })
}

/// Plays one seed; its ledger stands in a directory of its own under `place`.
pub fn play(seed: u64, place: &Path) -> Played {
    let plan = Plan::draw(seed);
    let directory = tempfile::tempdir_in(place).expect("a directory for the ledger");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread");
    let path = directory.path().join("ponte.db");
    fs::write(&path, empty_ledger()).expect("there is room for a ledger");
    runtime.block_on(async {
        let stage = Stage::new(seed, plan, path);
        Box::pin(stage.play()).await
    })
}

/// Where a ledger opens fast: memory that looks like a disk, where there is one.
pub fn place() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
