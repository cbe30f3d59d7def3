//! One writer per trial: a file lock, which the system takes away when its owner dies.
//!
//! The lock file also says who holds it. On one machine the file lock alone decides. On a disk shared by several, some
//! file systems keep locks to the machine that took them; so a holder on another machine is believed as long as it
//! refreshes its lock, and forgotten [`LEASE`](crate::LEASE) after its last sign of life.
//!
//! A sign of life further ahead than clocks may differ is not believed, since it would hold the lock until that time comes.
//! Whoever wants the trial sets it to the present: a holder that lives then gives the next sign, and one that does not is
//! forgotten after a lease.
//!
//! Every holder puts a file of its own at the lock's place, by a hard link, which of several machines at once only one
//! can make. Whoever finds another file there than its own has lost the lock, and must not write any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::disk::aside;
use crate::disk::atomic::{self, Temporary, is_same_file};
use crate::disk::faults;
use crate::disk::holding::{Holding, LastSign, LockHolder};
use crate::error::StoreError;

use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, futimens};

/// A reader that looks who holds a lock has it for some microseconds; so a first refusal is not the last word.
const N_TRIES: usize = 8;
/// Others are through with theirs in a few milliseconds, save on a disk that is very busy.
const N_TRIES_OF_TURN: usize = 500;
const BETWEEN_TRIES: Duration = Duration::from_millis(4);

const MAX_BYTES: u64 = 4096;

/// Why a lock was not taken.
pub(crate) enum Refusal {
    Held(Holding),
    /// The folder was removed meanwhile.
    Gone,
    Store(StoreError),
}

/// Everything but the folder may come and go while a lock is taken.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Self::Gone,
            other => Self::Store(other),
        }
    }
}

/// A lock that is held until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    record: Vec<u8>,
}

/// Takes the lock at `path` without waiting. Something at `path` that is no plain file is moved aside, and `notices` gets a
/// sentence about it.
pub(crate) fn acquire(path: &Path, notices: &mut Vec<String>) -> Result<Lock, Refusal> {
    let me = LockHolder::this_process();
    let Some(_turn) = turn(path)? else {
        return Err(Refusal::Held(Holding::unknown()));
    };
    notices.extend(aside::clear_the_way(path)?);
    let mut holder = None;
    for _ in 0..N_TRIES {
        let Some(found) = open(path)? else {
            match plant(path, &me)? {
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
        match remote_holding(path, &found, &me)? {
            Some(holding) if holding.is_fresh() => return Err(Refusal::Held(holding)),
            // Some disks keep the file lock of a machine that is gone.
            holding if is_free || holding.is_some() => clear(path, &found)?,
            _ => {
                holder = read_record(path)?;
                thread::sleep(BETWEEN_TRIES);
            }
        }
    }
    let holder = holder.unwrap_or_else(LockHolder::unknown);
    Err(Refusal::Held(Holding::local(holder)))
}

/// The turn to change what is at `path`, one at a time on this machine, by a file lock of its folder; `None` where others have it for
/// long. Some disks have no locks of folders: then a file that is put in place at the same moment as another may be lost
/// again, and its owner finds that out before its first write.
pub(crate) fn turn(path: &Path) -> Result<Option<File>, Refusal> {
    let path = path.parent().unwrap_or(path);
    let folder = File::open(path).map_err(|source| StoreError::io("lock", path, source))?;
    for _ in 0..N_TRIES_OF_TURN {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
            // The turn in a folder that was removed is none in the one that was made in its place.
            Ok(()) | Err(TryLockError::Error(_)) if !is_same_file(&folder, path) => {
                return Err(Refusal::Gone);
            }
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
    let linked = faults::point().and_then(|()| fs::hard_link(temporary.path(), path));
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

/// Who holds the lock at `path`, if anybody does; something that is no plain file is nobody's lock. With `may_write`, the
/// disk is asked for its time by writing to it, and a time ahead is set to the present; else nothing is written.
pub(crate) fn holding(path: &Path, may_write: bool) -> Result<Option<Holding>, StoreError> {
    let file = match atomic::open(path, u64::MAX) {
        Ok(Some((file, _))) => file,
        Ok(None) => return Ok(None),
        Err(error) if error.is_damaged() => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_free = match file.try_lock_shared() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(source)) => return Err(unsupported(path, source)),
    };
    let Some(holder) = read_record(path)? else {
        return Ok((!is_free).then(Holding::unknown));
    };
    let me = LockHolder::this_process();
    if holder.is_on_machine_of(&me) {
        return Ok((!is_free).then(|| Holding::local(holder)));
    }
    // Where the disk does not take a file, the clock of this machine has to do.
    if may_write
        && let Ok(Some(file)) = open(path)
        && let Ok(found) = remote_holding(path, &file, &me)
    {
        return Ok(found.filter(Holding::is_fresh));
    }
    let last_sign = Some(LastSign::of(modified(path, &file)?, SystemTime::now()));
    Ok(Some(Holding { holder, last_sign }).filter(Holding::is_fresh))
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

    /// Tells other machines that the holder lives; to be done several times within a [`LEASE`](crate::LEASE).
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

/// The holder on another machine, of which this machine's file locks may not know, with its last sign of life, fresh or
/// not. One that lies ahead is set to the present.
fn remote_holding(
    path: &Path,
    file: &File,
    me: &LockHolder,
) -> Result<Option<Holding>, StoreError> {
    let Some(holder) = read_record(path)?.filter(|holder| !holder.is_on_machine_of(me)) else {
        return Ok(None);
    };
    // Machines' clocks differ, and the times of files are the disk's.
    let now = atomic::now_on_disk(path).map_err(|source| StoreError::io("write", path, source))?;
    let sign = LastSign::of(modified(path, file)?, now);
    if let LastSign::Ahead(_) = sign {
        set_to_present(file).map_err(|source| StoreError::io("write", path, source))?;
    }
    let last_sign = Some(sign);
    Ok(Some(Holding { holder, last_sign }))
}

fn modified(path: &Path, file: &File) -> Result<SystemTime, StoreError> {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.map_err(|source| StoreError::io("read", path, source))
}

/// Stamps a file with the disk's time, for which the right to write it is enough.
fn set_to_present(file: &File) -> io::Result<()> {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let both = Timestamps {
        last_access: now,
        last_modification: now,
    };
    Ok(futimens(file, &both)?)
}

/// What the lock file says; `None` when it is empty or says nothing that can be read.
fn read_record(path: &Path) -> Result<Option<LockHolder>, StoreError> {
    match atomic::read(path, MAX_BYTES) {
        Ok(text) => Ok(serde_json::from_slice(&text.unwrap_or_default()).ok()),
        // Longer than any record.
        Err(error) if error.is_damaged() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::disk::holding::{LEASE, MAX_SKEW};

    const LOCK_OF_CHILD: &str = "UNRAVEL_STORE_TEST_LOCK";

    fn acquire(path: &Path) -> Result<Lock, Refusal> {
        super::acquire(path, &mut Vec::new())
    }

    fn holder(path: &Path) -> Result<Option<LockHolder>, StoreError> {
        Ok(holding(path, false)?.map(|holding| holding.holder))
    }

    fn check_holding(result: Result<Lock, Refusal>) -> Holding {
        match result {
            Err(Refusal::Held(holding)) => holding,
            Err(Refusal::Gone) => panic!("the folder is gone"),
            Err(Refusal::Store(error)) => panic!("{error}"),
            Ok(_) => panic!("the lock was free"),
        }
    }

    fn check_held(result: Result<Lock, Refusal>) -> LockHolder {
        check_holding(result).holder
    }

    fn taken(path: &Path) -> Lock {
        acquire(path).ok().expect("the lock is free")
    }

    /// The record of a process on another machine, last refreshed so long ago.
    fn write_remote_record(path: &Path, age: Duration) -> LockHolder {
        write_remote_record_at(path, SystemTime::now() - age)
    }

    fn write_remote_record_at(path: &Path, at: SystemTime) -> LockHolder {
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
            .set_modified(at)
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
                "disk::lock::tests::hold_a_lock_until_killed",
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
    fn a_time_that_lies_ahead_is_set_to_the_present_by_who_wants_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let at = SystemTime::now() + Duration::from_secs(7200);
        let remote = write_remote_record_at(&path, at);
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        let looked_at = holding(&path, false).unwrap().unwrap();
        assert!(matches!(looked_at.last_sign, Some(LastSign::Ahead(_))));
        assert_eq!(modified(), at, "who only reads writes nothing");
        let warning = looked_at.warning(&"0123456789abcdef".parse().unwrap());
        let expected =
            "trial 0123456789abcdef is locked by process 7 on node-2 with a time 1h 59m 5";
        assert!(warning.unwrap().starts_with(expected), "{looked_at}");

        for ask in [
            |path: &Path| check_holding(acquire(path)),
            |path: &Path| holding(path, true).unwrap().unwrap(),
        ] {
            write_remote_record_at(&path, at);
            let first = ask(&path);
            assert_eq!(first.holder, remote);
            assert!(matches!(first.last_sign, Some(LastSign::Ahead(_))));
            assert!(modified() < at);
            let second = ask(&path);
            assert!(
                matches!(second.last_sign, Some(LastSign::Ago(ago)) if ago < LEASE),
                "{second}"
            );
        }
        // Nobody gave a sign of life meanwhile.
        write_remote_record_at(&path, modified() - LEASE);
        assert_eq!(holding(&path, true).unwrap(), None);
        drop(taken(&path));
    }

    #[test]
    fn clocks_that_differ_a_little_are_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        write_remote_record_at(&path, SystemTime::now() + MAX_SKEW / 2);
        let holding = check_holding(acquire(&path));
        assert_eq!(holding.last_sign, Some(LastSign::Ago(Duration::ZERO)));
        let expected = "process 7 on node-2, last heard of 0s ago";
        assert_eq!(holding.to_string(), expected);
    }

    #[test]
    fn what_is_no_lock_file_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, vec![b' '; 2 * MAX_BYTES as usize]).unwrap();
        assert_eq!(holder(&path).unwrap(), None);
        drop(taken(&path));
        let make: [fn(&Path); 2] = [
            |path| fs::create_dir(path).unwrap(),
            |path| std::os::unix::fs::symlink("/nowhere", path).unwrap(),
        ];
        for make in make {
            fs::remove_file(&path).unwrap();
            make(&path);
            assert_eq!(holder(&path).unwrap(), None);
            let mut notices = Vec::new();
            drop(super::acquire(&path, &mut notices).ok().unwrap());
            assert!(notices[0].contains("was moved aside"), "{notices:?}");
        }
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
