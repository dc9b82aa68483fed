//! What is noted of a directory's files while somebody works on them, until the power goes off, and what
//! the disk refuses meanwhile.
//!
//! There is one at a time, for the whole process: a VFS of SQLite is the whole process's too.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

use crate::disk::{Event, Inode, Told};

/// What is noted.
static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);

/// How many recorders there were.
static LIVES: AtomicUsize = AtomicUsize::new(0);

/// What notes.
pub struct Recorder {
    /// Files that were opened for an earlier one are none of its own.
    pub life: usize,
    directory: PathBuf,
    /// Names as they are now.
    pub names: BTreeMap<String, Inode>,
    pub inodes: usize,
    pub events: Vec<Event>,
    /// The power goes off when there are so many events.
    off_at: usize,
    off: watch::Sender<bool>,
    /// Syncs of the log are not done: a disk that lies.
    pub lies: bool,
    /// What the disk refuses now, and how often still.
    refuses: Option<(Refusal, usize)>,
    refused: usize,
}

/// What a disk in trouble refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Every write: there is no room. Half of it is written.
    Full,
    /// Every write and every change of length: an error, a quota, a file system made read-only.
    Write,
    /// Every sync; what was to be synced may be lost for good, and the next sync does not say so.
    Sync,
}

impl Recorder {
    pub fn is_off(&self) -> bool {
        self.events.len() >= self.off_at
    }

    /// Notes an event; says whether the power was still on.
    pub fn note(&mut self, event: Event) -> bool {
        if self.is_off() {
            return false;
        }
        self.events.push(event);
        if self.is_off() {
            self.off.send_replace(true);
        }
        true
    }

    /// Whether this is refused now.
    pub fn refuses(&mut self, what: &[Refusal]) -> Option<Refusal> {
        let (refusal, left) = self.refuses.as_mut().filter(|(it, _)| what.contains(it))?;
        let refusal = *refusal;
        *left -= 1;
        if *left == 0 {
            self.refuses = None;
        }
        self.refused += 1;
        Some(refusal)
    }

    /// The name of a file that is noted.
    pub fn name_of(&self, path: &Path) -> Option<String> {
        let is_here = path.parent() == Some(&self.directory);
        is_here.then(|| path.file_name()?.to_str().map(str::to_owned)).flatten()
    }
}

/// Starts to note what happens in `directory`, which holds files of these names, in order; the power
/// goes off after `off_at` events, which the answer sees.
pub fn record(
    directory: &Path,
    names: impl IntoIterator<Item = String>,
    off_at: usize,
    lies: bool,
) -> watch::Receiver<bool> {
    let names: BTreeMap<String, Inode> =
        names.into_iter().enumerate().map(|(inode, name)| (name, inode)).collect();
    let (off, is_off) = watch::channel(false);
    let directory = directory.to_owned();
    let inodes = names.len();
    let mut now = recorder_now();
    let life = LIVES.fetch_add(1, Ordering::Relaxed);
    let recorder = Recorder {
        life,
        directory,
        names,
        inodes,
        events: Vec::new(),
        off_at,
        off,
        lies,
        refuses: None,
        refused: 0,
    };
    *now = Some(recorder);
    is_off
}

/// From now on the disk refuses this, so many times.
pub fn refuse(refusal: Refusal, times: usize) {
    if let Some(recorder) = recorder_now().as_mut() {
        recorder.refuses = Some((refusal, times));
    }
}

/// Whether the disk still refuses something.
pub fn is_refusing() -> bool {
    recorder_now().as_ref().is_some_and(|it| it.refuses.is_some())
}

/// Whether the power is off.
pub fn is_off() -> bool {
    recorder_now().as_ref().is_none_or(Recorder::is_off)
}

/// Ends it; returns what happened, and how often the disk refused something.
pub fn recorded() -> (Vec<Event>, usize) {
    recorder_now().take().map(|it| (it.events, it.refused)).unwrap_or_default()
}

/// Notes that somebody was told something; says whether the power was still on.
pub fn tell(told: Told) -> bool {
    recorder_now().as_mut().is_some_and(|it| it.note(Event::Told(told)))
}

/// Who notes things now.
pub fn recorder_now() -> MutexGuard<'static, Option<Recorder>> {
    RECORDER.lock().unwrap_or_else(PoisonError::into_inner)
}
