//! One writer per trial: a file lock, which the system takes away when its owner dies.
//!
//! The lock file also says who holds it. On one machine the file lock alone decides. On a disk shared by several, some
//! file systems keep locks to the machine that took them; so a holder on another machine is believed as long as it
//! refreshes its lock, and forgotten [`LEASE`] after its last sign of life.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::StoreError;

/// How long a lock of another machine is believed without a sign of life.
pub const LEASE: Duration = Duration::from_secs(60);

/// A reader that looks who holds a lock has it for some microseconds; so a first refusal is not the last word.
const N_TRIES: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(4);

const MAX_BYTES: u64 = 4096;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process id on its machine; 0 when the lock file does not say.
    pub pid: u32,
    /// The machine's name; empty when the lock file does not say.
    pub host: String,
    /// Tells two machines, or two boots of one, apart that have the same name; empty where the system has none.
    pub boot: String,
}

impl LockHolder {
    /// This process.
    fn this_process() -> Self {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self {
            pid: std::process::id(),
            host,
            boot: boot.trim().to_owned(),
        }
    }

    fn unknown() -> Self {
        Self {
            pid: 0,
            host: String::new(),
            boot: String::new(),
        }
    }

    fn is_on_machine_of(&self, other: &Self) -> bool {
        (&self.host, &self.boot) == (&other.host, &other.boot)
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

/// Why a lock was not taken.
pub(crate) enum Refusal {
    Held(LockHolder),
    Store(StoreError),
}

/// A lock that is held until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    record: Vec<u8>,
}

/// Takes the lock at `path`, whose folder is there, without waiting.
pub(crate) fn acquire(path: &Path) -> Result<Lock, Refusal> {
    let me = LockHolder::this_process();
    for _ in 0..N_TRIES {
        let file = open(path).map_err(Refusal::Store)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                thread::sleep(BETWEEN_TRIES);
                continue;
            }
            Err(TryLockError::Error(source)) => {
                return Err(Refusal::Store(unsupported(path, source)));
            }
        }
        // Between opening and locking, the one who held it may have removed the whole folder.
        if !is_same_file(&file, path) {
            continue;
        }
        if let Some(holder) = remote_holder(path, &file, &me).map_err(Refusal::Store)? {
            return Err(Refusal::Held(holder));
        }
        let record = serde_json::to_vec(&me).unwrap_or_default();
        let lock = Lock { file, record };
        lock.write()
            .map_err(|source| Refusal::Store(StoreError::io("write", path, source)))?;
        return Ok(lock);
    }
    let holder = read_record(path).map_err(Refusal::Store)?;
    Err(Refusal::Held(holder.unwrap_or_else(LockHolder::unknown)))
}

/// Who holds the lock at `path`, if anybody does. Writes nothing.
pub(crate) fn holder(path: &Path) -> Result<Option<LockHolder>, StoreError> {
    let Some((file, _)) = atomic::open(path, MAX_BYTES)? else {
        return Ok(None);
    };
    match file.try_lock_shared() {
        Ok(()) => remote_holder(path, &file, &LockHolder::this_process()),
        Err(TryLockError::WouldBlock) => {
            Ok(Some(read_record(path)?.unwrap_or_else(LockHolder::unknown)))
        }
        Err(TryLockError::Error(source)) => Err(unsupported(path, source)),
    }
}

impl Lock {
    /// Tells other machines that the holder lives; to be called several times within a [`LEASE`].
    pub(crate) fn refresh(&self, path: &Path) -> Result<(), StoreError> {
        self.write()
            .map_err(|source| StoreError::io("write", path, source))
    }

    fn write(&self) -> io::Result<()> {
        self.file.set_len(self.record.len() as u64)?;
        self.file.write_all_at(&self.record, 0)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty record says that nobody holds it; when it cannot be written, the lease runs out.
        let _ = self.file.set_len(0);
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
        .map_err(|source| StoreError::io("lock", path, source))
}

fn unsupported(path: &Path, source: io::Error) -> StoreError {
    StoreError::LocksUnsupported {
        path: path.to_path_buf(),
        source,
    }
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(mine), Ok(theirs)) => (mine.dev(), mine.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

/// The holder on another machine that this machine's file lock may not know of.
fn remote_holder(
    path: &Path,
    file: &File,
    me: &LockHolder,
) -> Result<Option<LockHolder>, StoreError> {
    let Some(holder) = read_record(path)?.filter(|holder| !holder.is_on_machine_of(me)) else {
        return Ok(None);
    };
    let failed = |source| StoreError::io("read", path, source);
    let last_sign = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .map_err(failed)?;
    // Machines' clocks differ, and times of files are the disk's; a disk that cannot be written has no clock for us.
    let now = atomic::now_on_disk(path).unwrap_or_else(|_| std::time::SystemTime::now());
    let age = now.duration_since(last_sign).unwrap_or_default();
    Ok((age < LEASE).then_some(holder))
}

/// What the lock file says; `None` when it is empty or says nothing that can be read.
fn read_record(path: &Path) -> Result<Option<LockHolder>, StoreError> {
    let text = atomic::read(path, MAX_BYTES)?.unwrap_or_default();
    Ok(serde_json::from_slice(&text).ok())
}
