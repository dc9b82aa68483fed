//! A disk that forgets: what was written to it, what of that was synced, and what a loss of power
//! leaves.
//!
//! A write is safe once its file was synced after it; that a file exists, or is gone, once its
//! directory was. Whatever is not safe is, in each 512 bytes by itself, there, not there, or rubbish.
//! What was safe is never touched: SQLite relies on that too (`SQLITE_POWERSAFE_OVERWRITE`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rand::{Rng, rngs::StdRng};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A file's content, whatever name it has.
pub type Inode = usize;

/// Files by name.
pub type Image = BTreeMap<String, Vec<u8>>;

/// What happened, in order.
#[derive(Debug, Clone)]
pub enum Event {
    /// A file came into being, empty, under a name.
    Create(String, Inode),
    /// Bytes were written.
    Write { inode: Inode, offset: usize, data: Vec<u8> },
    /// A file got this length.
    Truncate { inode: Inode, size: usize },
    /// All that was written to a file before the event of this number is safe.
    Sync { inode: Inode, before: usize },
    /// A sync failed: the system forgets that something was still to be written, and does not say so
    /// again. Some of it never will be.
    SyncFailed { inode: Inode, before: usize },
    /// A name is gone.
    Delete(String),
    /// Names are as safe as they are.
    SyncNames,
    /// Somebody was told something.
    Told(Told),
}

/// What somebody was told, and will remember.
#[derive(Debug, Clone)]
pub enum Told {
    /// ActiveCampaign: this body is kept under this receipt.
    Kept { receipt: i64, body: Vec<u8> },
    /// Ploomes: a request to make or change a lead's record.
    Written { body: Vec<u8> },
    /// Ploomes: any request.
    Asked(DateTime<Utc>),
}

/// Content: what is safe, and what was done since.
#[derive(Debug, Clone, Default)]
struct Content {
    safe: Vec<u8>,
    /// With the number of the event.
    since: Vec<(usize, Change)>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Size(usize),
}

/// How much of what is not safe is left.
#[derive(Debug, Clone, Copy)]
enum Luck {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// Each change by itself.
    Changes,
    /// Each sector by itself.
    Sectors,
    /// Each sector by itself, and some are rubbish.
    Rubbish,
    /// In order, up to some change, which is torn.
    Prefix,
}

/// The disk after some events.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    contents: BTreeMap<Inode, Content>,
    safe_names: BTreeMap<String, Inode>,
    /// Names since: with an inode, or gone.
    names: Vec<(String, Option<Inode>)>,
    /// How many events there were.
    count: usize,
}

impl Disk {
    /// A disk on which all of this is safe; inodes count from 0 in the order of the names.
    pub fn holding(image: &Image) -> Self {
        let mut disk = Self::default();
        for (inode, (name, bytes)) in image.iter().enumerate() {
            disk.contents.insert(inode, Content { safe: bytes.clone(), since: Vec::new() });
            disk.safe_names.insert(name.clone(), inode);
        }
        disk
    }

    /// One event more.
    pub fn apply(&mut self, event: &Event, rng: &mut StdRng) {
        let number = self.count;
        self.count += 1;
        match event {
            Event::Create(name, inode) => {
                self.contents.insert(*inode, Content::default());
                self.names.push((name.clone(), Some(*inode)));
            }
            Event::Write { inode, offset, data } => {
                self.content(*inode).since.push((number, Change::Write(*offset, data.clone())));
            }
            Event::Truncate { inode, size } => {
                self.content(*inode).since.push((number, Change::Size(*size)));
            }
            Event::Sync { inode, before } => {
                let content = self.content(*inode);
                let until = content.since.partition_point(|(number, _)| number < before);
                for (_, change) in content.since.drain(..until) {
                    make(&mut content.safe, &change);
                }
            }
            Event::SyncFailed { inode, before } => {
                let since = &mut self.content(*inode).since;
                since.retain(|(number, _)| number >= before || rng.random());
            }
            Event::Delete(name) => self.names.push((name.clone(), None)),
            Event::SyncNames => {
                for (name, inode) in std::mem::take(&mut self.names) {
                    name_it(&mut self.safe_names, name, inode);
                }
            }
            Event::Told(_) => {}
        }
    }

    /// What a loss of power leaves.
    pub fn lost(&self, rng: &mut StdRng) -> Image {
        let luck =
            [Luck::None, Luck::All, Luck::Changes, Luck::Sectors, Luck::Rubbish, Luck::Prefix]
                [rng.random_range(0..6)];
        let mut names = self.safe_names.clone();
        // Names are lost from some point on, or each by itself.
        let until = rng.random_range(0..=self.names.len());
        let in_order = rng.random();
        for (at, (name, inode)) in self.names.iter().enumerate() {
            let stays = match luck {
                Luck::None => false,
                Luck::All => true,
                _ if in_order => at < until,
                _ => rng.random(),
            };
            if stays {
                name_it(&mut names, name.clone(), *inode);
            }
        }
        let left = |inode| self.contents.get(inode).map(|it| it.left(luck, rng));
        let mut left = left;
        names.iter().filter_map(|(name, inode)| Some((name.clone(), left(inode)?))).collect()
    }

    fn content(&mut self, inode: Inode) -> &mut Content {
        self.contents.entry(inode).or_default()
    }
}

impl Content {
    fn left(&self, luck: Luck, rng: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        let until = rng.random_range(0..=self.since.len());
        for (at, (_, change)) in self.since.iter().enumerate() {
            match luck {
                Luck::None => {}
                Luck::All => make(&mut bytes, change),
                Luck::Changes if rng.random() => make(&mut bytes, change),
                Luck::Changes => {}
                Luck::Sectors => tear(&mut bytes, change, false, rng),
                Luck::Rubbish => tear(&mut bytes, change, true, rng),
                Luck::Prefix if at < until => make(&mut bytes, change),
                Luck::Prefix if at == until => tear(&mut bytes, change, false, rng),
                Luck::Prefix => {}
            }
        }
        bytes
    }
}

fn name_it(names: &mut BTreeMap<String, Inode>, name: String, inode: Option<Inode>) {
    match inode {
        Some(inode) => names.insert(name, inode),
        None => names.remove(&name),
    };
}

fn make(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Size(size) => bytes.resize(*size, 0),
        Change::Write(offset, data) => put(bytes, *offset, data),
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

/// Makes a part of a change: each sector comes, or does not, or comes as rubbish.
fn tear(bytes: &mut Vec<u8>, change: &Change, with_rubbish: bool, rng: &mut StdRng) {
    let Change::Write(offset, data) = change else {
        if rng.random() {
            make(bytes, change);
        }
        return;
    };
    let mut at = *offset;
    let end = offset + data.len();
    while at < end {
        let next = (at / SECTOR + 1) * SECTOR;
        let piece = &data[at - offset..next.min(end) - offset];
        match rng.random_range(0..8) {
            0..4 => {}
            4 if with_rubbish => {
                let rubbish: Vec<u8> = piece.iter().map(|_| rng.random()).collect();
                put(bytes, at, &rubbish);
            }
            _ => put(bytes, at, piece),
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn write(offset: usize, data: &[u8]) -> Event {
        Event::Write { inode: 0, offset, data: data.to_vec() }
    }

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    /// What any of many losses leaves under `name`.
    fn all_lost(disk: &Disk, name: &str) -> Vec<Option<Vec<u8>>> {
        let mut rng = rng();
        let mut all: Vec<_> = (0..500).map(|_| disk.lost(&mut rng).get(name).cloned()).collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn what_is_synced_under_a_synced_name_is_never_lost() {
        let mut disk = Disk::default();
        for event in [
            Event::Create("a".into(), 0),
            write(0, b"safe"),
            Event::Sync { inode: 0, before: 2 },
            Event::SyncNames,
            Event::Create("b".into(), 1),
        ] {
            disk.apply(&event, &mut rng());
        }
        assert_eq!(all_lost(&disk, "a"), [Some(b"safe".to_vec())]);
        assert_eq!(all_lost(&disk, "b"), [None, Some(Vec::new())]);
    }

    #[test]
    fn what_is_not_synced_may_be_there_or_not_and_touches_nothing_that_is() {
        let mut disk = Disk::holding(&Image::from([("a".to_owned(), b"0123456789".to_vec())]));
        disk.apply(&write(2, b"xx"), &mut rng());
        disk.apply(&Event::Truncate { inode: 0, size: 6 }, &mut rng());
        let all = all_lost(&disk, "a");
        let has = |bytes: &[u8]| all.contains(&Some(bytes.to_vec()));
        assert!(has(b"0123456789") && has(b"01xx456789") && has(b"01xx45") && has(b"012345"));
        for left in all.iter().flatten() {
            assert!(left.starts_with(b"01") && left[4..6] == *b"45", "{left:?}");
        }
    }

    #[test]
    fn what_is_written_while_a_sync_is_under_way_is_not_safe_after_it() {
        let mut disk = Disk::holding(&Image::from([("a".to_owned(), b"--".to_vec())]));
        disk.apply(&write(0, b"x"), &mut rng());
        disk.apply(&write(1, b"y"), &mut rng());
        disk.apply(&Event::Sync { inode: 0, before: 1 }, &mut rng());
        let all: Vec<_> = all_lost(&disk, "a").into_iter().flatten().collect();
        assert!(all.contains(&b"x-".to_vec()) && all.contains(&b"xy".to_vec()), "{all:?}");
        assert!(all.iter().all(|it| it.starts_with(b"x")), "{all:?}");
    }

    #[test]
    fn what_a_failed_sync_was_for_may_be_lost_though_the_next_one_says_that_it_is_safe() {
        let mut lost = 0;
        for seed in 0..20 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut disk = Disk::holding(&Image::from([("a".to_owned(), b"-".to_vec())]));
            disk.apply(&write(0, b"x"), &mut rng);
            disk.apply(&Event::SyncFailed { inode: 0, before: 1 }, &mut rng);
            disk.apply(&Event::Sync { inode: 0, before: 2 }, &mut rng);
            lost += usize::from(all_lost(&disk, "a") == [Some(b"-".to_vec())]);
        }
        assert!((1..20).contains(&lost), "{lost} of 20");
    }

    #[test]
    fn a_long_write_is_torn_where_sectors_meet() {
        let mut disk = Disk::holding(&Image::from([("a".to_owned(), vec![0; 2 * SECTOR])]));
        disk.apply(&write(SECTOR - 1, &[1; 2]), &mut rng());
        let pairs: Vec<_> = all_lost(&disk, "a")
            .into_iter()
            .flatten()
            .map(|it| [it[SECTOR - 1], it[SECTOR]])
            .collect();
        for pair in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            assert!(pairs.contains(&pair), "{pair:?}");
        }
    }
}
