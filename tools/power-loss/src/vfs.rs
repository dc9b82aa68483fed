//! A VFS of SQLite that writes to the real disk and notes what it wrote, synced, made and deleted.
//!
//! Registered as the default, so that the product's own code opens its ledger through it unchanged.
//! It notes the files of one directory at a time, the recorder's; all others pass through. At a chosen
//! event the power is off: from then on nothing is written and every call fails, as for a process
//! that is about to be gone.
//!
//! That a directory was synced cannot be seen here; `os_unix.c` does it with the first sync of each
//! journal and log that it opened, and after a delete where it is asked to.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    path::Path,
    sync::OnceLock,
};

use rusqlite::ffi;

use crate::{
    disk::{Event, Inode},
    recorder::{Recorder, Refusal, recorder_now},
};

/// The VFS underneath.
static REAL: OnceLock<Real> = OnceLock::new();

struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's VFS objects are made to be used from any thread, and are never freed.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

/// Registers the VFS; a second call changes nothing.
pub fn register() {
    REAL.get_or_init(|| {
        // SAFETY: the default VFS outlives the process; the copy that is registered is leaked.
        unsafe {
            let real = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(!real.is_null(), "SQLite has a default VFS");
            let mut own = *real;
            own.zName = c"power-loss".as_ptr();
            own.pNext = std::ptr::null_mut();
            let room = size_of::<File>();
            own.szOsFile = (*real).szOsFile + c_int::try_from(room).expect("a few bytes");
            own.xOpen = Some(open);
            own.xDelete = Some(delete);
            let own = Box::leak(Box::new(own));
            assert_eq!(ffi::sqlite3_vfs_register(own, 1), ffi::SQLITE_OK);
            Real(real)
        }
    });
}

fn real() -> *mut ffi::sqlite3_vfs {
    REAL.get().expect("it was registered").0
}

/// A file of this VFS: the real one lies behind it in the same allocation.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// What is noted of it, and by which recorder; `None` for a file that passes through.
    noted: Option<(usize, Inode)>,
    is_log: bool,
    /// Its directory is synced with its first sync.
    syncs_names: bool,
}

/// The real file behind `file`.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `szOsFile` leaves room for the real file after `File`, whose size is a multiple of
    // its alignment, which is that of a pointer.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// A method of the real file.
macro_rules! real_method {
    ($file:ident, $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: `file` was opened by `open`, so the real file behind it is open and has methods.
        unsafe {
            let real = behind($file);
            ((*(*real).pMethods).$method.expect("the unix VFS has it"))(real, $($argument),*)
        }
    }};
}

/// A method that only passes through.
macro_rules! pass {
    ($name:ident, $method:ident ( $($argument:ident : $kind:ty),* ) -> $result:ty) => {
        unsafe extern "C" fn $name(
            file: *mut ffi::sqlite3_file, $($argument: $kind),*
        ) -> $result {
            real_method!(file, $method($($argument),*))
        }
    };
}

pass!(close, xClose() -> c_int);
pass!(read, xRead(to: *mut c_void, count: c_int, offset: i64) -> c_int);
pass!(file_size, xFileSize(size: *mut i64) -> c_int);
pass!(lock, xLock(level: c_int) -> c_int);
pass!(unlock, xUnlock(level: c_int) -> c_int);
pass!(check_reserved, xCheckReservedLock(result: *mut c_int) -> c_int);
pass!(control, xFileControl(what: c_int, argument: *mut c_void) -> c_int);
pass!(sector_size, xSectorSize() -> c_int);
pass!(characteristics, xDeviceCharacteristics() -> c_int);
pass!(shm_map, xShmMap(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void) -> c_int);
pass!(shm_lock, xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int);
pass!(shm_barrier, xShmBarrier() -> ());
pass!(shm_unmap, xShmUnmap(delete: c_int) -> c_int);

/// Without memory maps, which would write past it.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let mut recorder = recorder_now();
    let kept = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
    let noted = recorder.as_mut().filter(|_| flags & kept != 0 && !name.is_null());
    // SAFETY: SQLite gives a name that ends in 0 and lives as long as the file.
    let path = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy());
    let noted = noted.and_then(|it| Some((it.name_of(Path::new(path?.as_ref()))?, it)));
    // SAFETY: `file` has room for a `File` and the real file behind it; `pMethods` is set where
    // the real one is open, as SQLite asks for.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let real_open = (*real()).xOpen.expect("the unix VFS has it");
        let outcome = real_open(real(), name, behind(file), flags, out_flags);
        if outcome != ffi::SQLITE_OK {
            return outcome;
        }
        let own = file.cast::<File>();
        (&raw mut (*own).noted).write(noted.map(|(name, recorder)| {
            if let Some(inode) = recorder.names.get(&name) {
                return (recorder.life, *inode);
            }
            // The product makes the ledger's file itself, empty, just before.
            let inode = recorder.inodes;
            recorder.inodes += 1;
            recorder.names.insert(name.clone(), inode);
            recorder.note(Event::Create(name, inode));
            (recorder.life, inode)
        }));
        (*own).is_log = flags & ffi::SQLITE_OPEN_WAL != 0;
        (*own).syncs_names = flags & ffi::SQLITE_OPEN_MAIN_DB == 0;
        (*file).pMethods = &METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    let mut recorder = recorder_now();
    // SAFETY: SQLite gives a name that ends in 0.
    let path = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    if let Some(recorder) = recorder.as_mut()
        && let Some(name) = recorder.name_of(Path::new(path.as_ref()))
        && recorder.names.contains_key(&name)
    {
        if !recorder.note(Event::Delete(name.clone())) {
            return ffi::SQLITE_IOERR_DELETE;
        }
        recorder.names.remove(&name);
        if sync_directory != 0 {
            recorder.note(Event::SyncNames);
        }
    }
    // SAFETY: the arguments are SQLite's own.
    unsafe { ((*real()).xDelete.expect("the unix VFS has it"))(real(), name, sync_directory) }
}

/// What is to be noted of `file`, and the recorder; `None` for a file that passes through.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn noted(
    recorder: &mut Option<Recorder>,
    file: *mut ffi::sqlite3_file,
) -> Option<(Inode, &mut Recorder)> {
    // SAFETY: every file of this VFS begins with a `File`.
    let (life, inode) = unsafe { (*file.cast::<File>()).noted }?;
    Some((inode, recorder.as_mut().filter(|it| it.life == life)?))
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    let mut recorder = recorder_now();
    let length = usize::try_from(count).expect("a length");
    // SAFETY: SQLite gives so many bytes.
    let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
    let at = usize::try_from(offset).expect("an offset");
    // SAFETY: SQLite opened the file with this VFS.
    let Some((inode, recorder)) = (unsafe { noted(&mut recorder, file) }) else {
        return real_method!(file, xWrite(from, count, offset));
    };
    let refusal = recorder.refuses(&[Refusal::Full, Refusal::Write]);
    let written = match refusal {
        Some(Refusal::Write) => return ffi::SQLITE_IOERR_WRITE,
        Some(_) => length / 2,
        None => length,
    };
    let event = Event::Write { inode, offset: at, data: data[..written].to_vec() };
    if !recorder.note(event) {
        return ffi::SQLITE_IOERR_WRITE;
    }
    let count = c_int::try_from(written).expect("a part of a length");
    let outcome = real_method!(file, xWrite(from, count, offset));
    if refusal.is_some() { ffi::SQLITE_FULL } else { outcome }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let mut recorder = recorder_now();
    // SAFETY: SQLite opened the file with this VFS.
    if let Some((inode, recorder)) = unsafe { noted(&mut recorder, file) } {
        if recorder.refuses(&[Refusal::Write]).is_some() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let event = Event::Truncate { inode, size: usize::try_from(size).expect("a length") };
        if !recorder.note(event) {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
    }
    real_method!(file, xTruncate(size))
}

/// Nobody is held up by it, as on a real disk: what others write meanwhile is not safe after it.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let before = recorder_now().as_ref().map_or(0, |it| it.events.len());
    let outcome = real_method!(file, xSync(flags));
    let mut recorder = recorder_now();
    // SAFETY: SQLite opened the file with this VFS.
    let Some((inode, recorder)) = (unsafe { noted(&mut recorder, file) }) else { return outcome };
    // SAFETY: every file of this VFS begins with a `File`.
    let file = unsafe { &mut *file.cast::<File>() };
    if recorder.is_off() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    if recorder.refuses(&[Refusal::Sync]).is_some() {
        recorder.note(Event::SyncFailed { inode, before });
        return ffi::SQLITE_IOERR_FSYNC;
    }
    if recorder.lies && file.is_log {
        return outcome;
    }
    recorder.note(Event::Sync { inode, before });
    if std::mem::take(&mut file.syncs_names) {
        recorder.note(Event::SyncNames);
    }
    outcome
}
