//! One writer per trial: a file lock, which the system takes away when its owner dies.
//!
//! The lock file also says who holds it. On one machine the file lock alone decides. On a disk shared by several, some
//! file systems keep locks to the machine that took them; so a holder on another machine is believed as long as it
//! refreshes its lock, and forgotten [`LEASE`] after its last sign of life.
//!
//! Every holder puts a file of its own at the lock's place, by a hard link, which of several machines at once only one
//! can make. Whoever finds another file there than its own has lost the lock, and must not write any more.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::atomic::{self, Temporary};
use crate::error::StoreError;

/// How long a lock of another machine is believed without a sign of life.
pub const LEASE: Duration = Duration::from_secs(60);

/// A reader that looks who holds a lock has it for some microseconds; so a first refusal is not the last word.
const N_TRIES: usize = 8;
/// Others are through with theirs in a few milliseconds, save on a disk that is very busy.
const N_TRIES_OF_TURN: usize = 500;
const BETWEEN_TRIES: Duration = Duration::from_millis(4);

const MAX_BYTES: u64 = 4096;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process id on its machine; 0 when the lock file does not say.
    pub pid: u32,
    /// The machine's name; empty when the lock file does not say.
    pub host: String,
    /// Tells machines, and boots of one machine, apart; empty where the system has no such number.
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

    pub(crate) fn unknown() -> Self {
        Self {
            pid: 0,
            host: String::new(),
            boot: String::new(),
        }
    }

    /// Whether both run on one kernel, which then knows of both locks; containers on it may have different names.
    fn is_on_machine_of(&self, other: &Self) -> bool {
        self.boot == other.boot && (!self.boot.is_empty() || self.host == other.host)
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
    let Some(_turn) = turn(path).map_err(Refusal::Store)? else {
        return Err(Refusal::Held(LockHolder::unknown()));
    };
    let mut holder = None;
    for _ in 0..N_TRIES {
        let Some(found) = open(path).map_err(Refusal::Store)? else {
            match plant(path, &me).map_err(Refusal::Store)? {
                Some(lock) => return Ok(lock),
                None => continue,
            }
        };
        let is_free = match found.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(source)) => {
                return Err(Refusal::Store(unsupported(path, source)));
            }
        };
        // Between opening and locking, somebody may have put another file there.
        if !is_same_file(&found, path) {
            continue;
        }
        match sign_of_life(path, &found, &me).map_err(Refusal::Store)? {
            Some(sign) if sign.is_fresh => return Err(Refusal::Held(sign.holder)),
            // Some disks keep the file lock of a machine that is gone.
            sign if is_free || sign.is_some() => clear(path, &found).map_err(Refusal::Store)?,
            _ => {
                holder = read_record(path).map_err(Refusal::Store)?;
                thread::sleep(BETWEEN_TRIES);
            }
        }
    }
    Err(Refusal::Held(holder.unwrap_or_else(LockHolder::unknown)))
}

/// The turn to acquire, one at a time on this machine, by a file lock of the folder; `None` where others have it for
/// long. Some disks have no locks of folders: then a file that is put in place at the same moment as another may be lost
/// again, and its owner finds that out before its first write.
fn turn(path: &Path) -> Result<Option<File>, StoreError> {
    let folder = path.parent().unwrap_or(path);
    let folder = File::open(folder).map_err(|source| StoreError::io("lock", folder, source))?;
    for _ in 0..N_TRIES_OF_TURN {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(Some(folder)),
        }
    }
    Ok(None)
}

/// Puts a new lock file at `path`, locked and with its record in it; `None` where there is a file by now.
fn plant(path: &Path, me: &LockHolder) -> Result<Option<Lock>, StoreError> {
    let failed = |source| StoreError::io("lock", path, source);
    let (temporary, file) = Temporary::create(path).map_err(failed)?;
    let lock = Lock::new(file, me, path)?;
    let linked = fs::hard_link(temporary.path(), path);
    // A network disk may answer twice to one question, and the second time that the link is there already.
    if is_same_file(&lock.file, path) {
        return Ok(Some(lock));
    }
    match linked {
        Err(error) if is_without_links(&error) => plant_without_link(path, me),
        Err(error) if !is_race(&error) => Err(failed(error)),
        _ => Ok(None),
    }
}

/// For disks without hard links: other machines may take the file for free in the moment before its record is written.
fn plant_without_link(path: &Path, me: &LockHolder) -> Result<Option<Lock>, StoreError> {
    let mut options = OpenOptions::new();
    match options.read(true).write(true).create_new(true).open(path) {
        Ok(file) => Lock::new(file, me, path).map(Some),
        Err(error) if is_race(&error) => Ok(None),
        Err(source) => Err(StoreError::io("lock", path, source)),
    }
}

fn is_without_links(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let without = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS];
    without
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Somebody else's file is there, or somebody tidied the temporary one away: look again.
fn is_race(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
    )
}

/// Takes a lock file that nobody holds out of the way: this very one, since another machine may have done so before and
/// put its own there.
fn clear(path: &Path, found: &File) -> Result<(), StoreError> {
    let aside = Temporary::name_only(path);
    match fs::rename(path, aside.path()) {
        Ok(()) if is_same_file(found, aside.path()) => Ok(()),
        Ok(()) => match fs::hard_link(aside.path(), path) {
            Err(error) if !is_race(&error) => Err(StoreError::io("lock", path, error)),
            _ => Ok(()),
        },
        Err(error) if is_race(&error) => Ok(()),
        Err(source) => Err(StoreError::io("lock", path, source)),
    }
}

/// Who holds the lock at `path`, if anybody does. Writes nothing.
pub(crate) fn holder(path: &Path) -> Result<Option<LockHolder>, StoreError> {
    let Some((file, _)) = atomic::open(path, MAX_BYTES)? else {
        return Ok(None);
    };
    let is_free = match file.try_lock_shared() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(source)) => return Err(unsupported(path, source)),
    };
    let Some(holder) = read_record(path)? else {
        return Ok((!is_free).then(LockHolder::unknown));
    };
    if holder.is_on_machine_of(&LockHolder::this_process()) {
        return Ok((!is_free).then_some(holder));
    }
    // By this machine's clock, since asking the disk for its own would be writing.
    let is_fresh = age(path, &file, SystemTime::now())? < LEASE;
    Ok(is_fresh.then_some(holder))
}

impl Lock {
    /// Locks a new file that nobody else knows, and writes down whose it is.
    fn new(file: File, me: &LockHolder, path: &Path) -> Result<Self, StoreError> {
        let record =
            serde_json::to_vec(me).map_err(|error| StoreError::io("write", path, error.into()))?;
        match file.try_lock() {
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(unsupported(path, source)),
        }
        let lock = Self { file, record };
        lock.write()
            .map_err(|source| StoreError::io("write", path, source))?;
        Ok(lock)
    }

    /// Tells other machines that the holder lives; to be done several times within a [`LEASE`].
    pub(crate) fn refresh(&self, path: &Path) -> Result<(), StoreError> {
        // Synced, as a network disk may otherwise keep it from the others for half a lease.
        self.write()
            .and_then(|()| self.file.sync_data())
            .map_err(|source| StoreError::io("write", path, source))
    }

    /// Whether this is still the lock at `path`. It is not when another machine took over, after this one gave no sign of
    /// life for too long.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        is_same_file(&self.file, path)
    }

    fn write(&self) -> io::Result<()> {
        self.file.write_all_at(&self.record, 0)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty record says that nobody holds it; when it cannot be written, the lease runs out.
        let _ = self.file.set_len(0);
    }
}

/// The lock file that is there, if any.
fn open(path: &Path) -> Result<Option<File>, StoreError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io("lock", path, source)),
    }
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

/// A holder on another machine, of which this machine's file locks may not know.
struct Sign {
    holder: LockHolder,
    is_fresh: bool,
}

fn sign_of_life(path: &Path, file: &File, me: &LockHolder) -> Result<Option<Sign>, StoreError> {
    let Some(holder) = read_record(path)?.filter(|holder| !holder.is_on_machine_of(me)) else {
        return Ok(None);
    };
    // Machines' clocks differ, and the times of files are the disk's.
    let now = atomic::now_on_disk(path).map_err(|source| StoreError::io("write", path, source))?;
    let is_fresh = age(path, file, now)? < LEASE;
    Ok(Some(Sign { holder, is_fresh }))
}

/// How long ago the lock file was written; zero for a time to come.
fn age(path: &Path, file: &File, now: SystemTime) -> Result<Duration, StoreError> {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let modified = modified.map_err(|source| StoreError::io("read", path, source))?;
    Ok(now.duration_since(modified).unwrap_or_default())
}

/// What the lock file says; `None` when it is empty or says nothing that can be read.
fn read_record(path: &Path) -> Result<Option<LockHolder>, StoreError> {
    let text = atomic::read(path, MAX_BYTES)?.unwrap_or_default();
    Ok(serde_json::from_slice(&text).ok())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    const LOCK_OF_CHILD: &str = "UNRAVEL_STORE_TEST_LOCK";

    fn check_held(result: Result<Lock, Refusal>) -> LockHolder {
        match result {
            Err(Refusal::Held(holder)) => holder,
            Err(Refusal::Store(error)) => panic!("{error}"),
            Ok(_) => panic!("the lock was free"),
        }
    }

    fn taken(path: &Path) -> Lock {
        acquire(path).ok().expect("the lock is free")
    }

    /// The record of a process on another machine, last refreshed so long ago.
    fn write_remote_record(path: &Path, age: Duration) -> LockHolder {
        let holder = LockHolder {
            pid: 7,
            host: "node-2".to_owned(),
            boot: "another".to_owned(),
        };
        fs::write(path, serde_json::to_vec(&holder).unwrap()).unwrap();
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(SystemTime::now() - age)
            .unwrap();
        holder
    }

    /// Not a test of its own: what the other process of the next test does.
    #[test]
    fn hold_a_lock_until_killed() {
        let Some(path) = std::env::var_os(LOCK_OF_CHILD) else {
            return;
        };
        let _lock = taken(Path::new(&path));
        println!("\nheld");
        thread::sleep(Duration::from_secs(60));
    }

    fn spawn_holder(path: &Path) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "lock::tests::hold_a_lock_until_killed",
                "--nocapture",
            ])
            .env(LOCK_OF_CHILD, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "held"));
        child
    }

    #[test]
    fn a_lock_of_another_process_holds_until_that_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let mut child = spawn_holder(&path);
        assert_eq!(check_held(acquire(&path)).pid, child.id());
        assert_eq!(
            holder(&path).unwrap().map(|holder| holder.pid),
            Some(child.id())
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(holder(&path).unwrap(), None);
        drop(taken(&path));
    }

    #[test]
    fn a_lock_is_free_again_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert_eq!(holder(&path).unwrap(), None);
        let lock = taken(&path);
        assert_eq!(check_held(acquire(&path)), LockHolder::this_process());
        lock.refresh(&path).unwrap();
        assert!(lock.is_at(&path));
        drop(lock);
        assert_eq!(holder(&path).unwrap(), None);
        drop(taken(&path));
    }

    #[test]
    fn a_holder_on_another_machine_is_believed_for_a_lease() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let remote = write_remote_record(&path, LEASE / 2);
        assert_eq!(check_held(acquire(&path)), remote);
        assert_eq!(holder(&path).unwrap(), Some(remote));
        write_remote_record(&path, LEASE * 2);
        assert_eq!(holder(&path).unwrap(), None);
        let lock = taken(&path);
        assert_eq!(check_held(acquire(&path)), LockHolder::this_process());
        drop(lock);
    }

    #[test]
    fn a_file_lock_that_outlives_its_machine_is_left_behind_and_its_holder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lost = taken(&path);
        write_remote_record(&path, LEASE * 2);
        let lock = taken(&path);
        lost.refresh(&path).unwrap();
        assert!(!lost.is_at(&path) && lock.is_at(&path));
        drop(lost);
        assert!(lock.is_at(&path));
        assert_eq!(holder(&path).unwrap(), Some(LockHolder::this_process()));
    }

    #[test]
    fn a_record_that_says_nothing_is_no_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "{\"pid\": 1").unwrap();
        assert_eq!(holder(&path).unwrap(), None);
        let _lock = taken(&path);
        assert_eq!(LockHolder::unknown().to_string(), "another process");
    }

    #[test]
    fn of_several_at_once_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        for round in 0..40 {
            if round % 2 == 1 {
                write_remote_record(&path, LEASE * 2);
            }
            let start = std::sync::Barrier::new(4);
            let locks: Vec<_> = thread::scope(|scope| {
                let contend = || {
                    start.wait();
                    acquire(&path).ok()
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(contend)).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            let held = || locks.iter().flatten();
            let n_at_its_place = held()
                .filter(|lock| is_same_file(&lock.file, &path))
                .count();
            assert!(
                n_at_its_place <= 1 && held().count() <= 1,
                "{} hold it",
                held().count()
            );
        }
    }

    #[test]
    fn machines_whose_file_locks_do_not_meet_cannot_both_have_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let me = LockHolder::this_process();
        let first = plant(&path, &me).unwrap().unwrap();
        assert!(plant(&path, &me).unwrap().is_none(), "a file is there");
        assert!(plant_without_link(&path, &me).unwrap().is_none());
        // Both saw the same stale file; the first was quicker to replace it.
        let stale = open(&path).unwrap().unwrap();
        clear(&path, &stale).unwrap();
        let second = plant(&path, &me).unwrap().unwrap();
        clear(&path, &stale).unwrap();
        assert!(
            is_same_file(&second.file, &path),
            "only the stale one is cleared"
        );
        assert!(!is_same_file(&first.file, &path));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
