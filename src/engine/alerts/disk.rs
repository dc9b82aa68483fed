//! How much room the ledger's file system has.

use std::path::Path;

/// Room of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// What may still be written.
    pub(super) free: u64,
    /// All of it.
    pub(super) size: u64,
}

/// Less than this is low: a busy day of deliveries, with the copy that an update of the schema makes.
const FREE_MIN: u64 = 500_000_000;

/// Less than this part is low, in percent.
const FREE_MIN_PERCENT: u64 = 5;

/// More than this is never low, whatever part it is.
const FREE_ENOUGH: u64 = 10_000_000_000;

impl Room {
    /// The room beside a file; `None` where that cannot be told.
    pub(super) fn beside(file: &Path) -> Option<Self> {
        let system = rustix::fs::statvfs(file).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
        Some(Self { free: bytes(system.f_bavail), size: bytes(system.f_blocks) })
    }

    /// Whether somebody should make room.
    pub(super) const fn is_low(self) -> bool {
        self.free < FREE_MIN
            || self.free < FREE_ENOUGH && self.free < self.size / 100 * FREE_MIN_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_under_500_mb_or_under_5_percent() {
        let room = |free, size| Room { free, size };
        assert!(room(499_000_000, 1_000_000_000).is_low());
        assert!(!room(501_000_000, 1_000_000_000).is_low());
        assert!(room(4_000_000_000, 100_000_000_000).is_low());
        assert!(!room(6_000_000_000, 100_000_000_000).is_low());
        assert!(!room(40_000_000_000, 1_000_000_000_000).is_low());
    }

    #[test]
    fn the_room_of_a_file_is_that_of_its_file_system() {
        let directory = tempfile::tempdir().unwrap();
        let room = Room::beside(directory.path()).unwrap();
        assert!(room.free <= room.size && room.size > 0);
        assert_eq!(Room::beside(&directory.path().join("none")), None);
    }
}
