//! Takes the power from `ponte`, again and again, and looks at what its disk has left.
//!
//! The whole service runs in this process on its real ledger, through a VFS of SQLite that notes each
//! write and each sync. After any number of them the power may go: what was not synced is there, not
//! there, or torn. The product's own code opens what is left. It must know every delivery that was
//! answered with 200, every write and every request that reached Ploomes, and prove itself; and after
//! many such lives everybody is in Ploomes exactly once.

mod check;
mod disk;
mod life;
mod recorder;
mod vfs;

use std::{collections::BTreeSet, process::ExitCode, sync::Arc};

use clap::Parser;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    disk::{Disk, Event, Image, Told},
    life::{End, World, live},
};

/// The most events of a life: with some hundred losses of power each life is bounded in time.
const EVENTS_MAX: usize = 1_500;

#[derive(Parser)]
struct Arguments {
    /// How many lives end with a loss of power, one on what the one before has left.
    #[arg(long, default_value_t = 4)]
    lives: usize,
    /// How many other moments of each life are tried besides; more than there are: all of them.
    #[arg(long, default_value_t = 25)]
    losses: usize,
    /// Other arrivals, moments and remains.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What came of it.
#[derive(Default)]
struct Tally {
    losses: usize,
    writes: usize,
    syncs: usize,
    receipts: usize,
    steps: usize,
    refused: usize,
    wrong: usize,
}

fn main() -> ExitCode {
    let Arguments { lives, losses, seed } = Arguments::parse();
    let honest = tried(lives, losses, seed, false);
    let Tally { losses: count, writes, syncs, receipts, steps, refused, wrong } = &honest;
    println!(
        "seed {seed}: {count} losses of power in {lives} lives ({writes} writes, {syncs} syncs, \
         {refused} more that the disk refused; {receipts} deliveries answered with 200, {steps} writes \
         to Ploomes): {wrong} lost something"
    );
    // The same on a disk that says "synced" and did nothing: there something has to be missed.
    let lying = tried(1, 40, seed, true);
    println!(
        "on a disk that lies: {} of {} losses of power lost something",
        lying.wrong, lying.losses
    );
    if honest.wrong == 0 && lying.wrong > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tried(lives: usize, losses: usize, seed: u64, lies: bool) -> Tally {
    let mut rng = StdRng::seed_from_u64(seed);
    let world = Arc::new(World::new(seed));
    let mut tally = Tally::default();
    let mut image = Image::new();
    let mut told = Vec::new();
    for life in 0..lives {
        let end = End::PowerOff(rng.random_range(EVENTS_MAX / 10..EVENTS_MAX));
        let (events, refused) = live(&world, &image, &end, lies, rng.random());
        tally.refused += refused;
        let moments = moments(events.len(), losses, &mut rng);
        let mut disk = Disk::holding(&image);
        for (number, event) in events.iter().enumerate() {
            if moments.contains(&number) {
                let at = format!("life {life}, event {number}");
                tally.loss(&disk.lost(&mut rng), &told, (!lies).then_some(&at));
            }
            tally.count(event);
            disk.apply(event, &mut rng);
            if let Event::Told(it) = event {
                told.push(it.clone());
            }
        }
        image = disk.lost(&mut rng);
        tally.loss(&image, &told, (!lies).then_some(&format!("life {life}, its end")));
    }
    if !lies {
        live(&world, &image, &End::Settled, false, 0);
        proven(&world);
    }
    tally
}

/// Which of so many moments are tried.
fn moments(count: usize, losses: usize, rng: &mut StdRng) -> BTreeSet<usize> {
    if losses >= count {
        return (0..count).collect();
    }
    let mut moments = BTreeSet::new();
    while moments.len() < losses {
        moments.insert(rng.random_range(0..count));
    }
    moments
}

impl Tally {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Write { .. } => self.writes += 1,
            Event::Sync { .. } => self.syncs += 1,
            Event::Told(Told::Kept { .. }) => self.receipts += 1,
            Event::Told(Told::Written { .. }) => self.steps += 1,
            _ => {}
        }
    }

    /// One loss of power more; what is wrong is said and kept where it is known by a name.
    fn loss(&mut self, image: &Image, told: &[Told], at: Option<&String>) {
        self.losses += 1;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime can be built");
        if let Err(check::Wrong(what)) = runtime.block_on(check::check(image, told)) {
            self.wrong += 1;
            if let Some(at) = at.filter(|_| self.wrong <= 3) {
                println!("{at}: {what} (kept in {})", check::keep(image).display());
            }
        }
    }
}

/// Everybody is in Ploomes exactly once.
fn proven(world: &World) {
    let people = world.people();
    let contacts = world.ploomes.contacts();
    let of_type = |kind: i64| contacts.iter().filter(move |it| it["TypeId"] == kind);
    let emails: BTreeSet<String> = of_type(2).map(|it| it["Email"].to_string()).collect();
    assert_eq!((emails.len(), of_type(2).count()), (people, people), "each person once");
    let names: BTreeSet<String> = of_type(1).map(|it| it["Name"].to_string()).collect();
    assert_eq!(names.len(), of_type(1).count(), "each company once");
    assert_eq!(world.ploomes.deals().len(), people, "each deal once");
}
