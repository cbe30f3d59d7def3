//! The files of one job array on the shared disk: the orders and events of its tasks.
//!
//! ```text
//! <store>/.slurm/<name>/<batch>/job.sh               the script of every task
//!                               orders/<task>.json
//!                               events/<task>.<attempt>.<host>-<pid>.jsonl
//!                               logs/<task>.log      its output
//! ```
//!
//! After a node failure, two copies of a task may run at the same time; each has its own events file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use unravel_store::StoreError;
use unravel_store::protocol::{Event, Order};

use crate::tail::Tail;

const SCRIPT: &str = "job.sh";
const ORDERS: &str = "orders";
const EVENTS: &str = "events";
const LOGS: &str = "logs";

/// Maximum number of bytes of an events file that are read at a time.
const MAX_BYTES_AT_A_TIME: u64 = 4 << 20;
/// Number of bytes that are read from the end of a log.
const LOG_BYTES: u64 = 16 << 10;

/// Counts the batches of this process.
static N_BATCHES: AtomicU64 = AtomicU64::new(0);

/// The folder of one job array.
#[derive(Debug)]
pub(super) struct Batch {
    folder: PathBuf,
    /// The read position in each events file.
    read_up_to: BTreeMap<String, u64>,
    /// A task of it went wrong, so that people may want to look at its files.
    pub(super) has_failed: bool,
}

impl Batch {
    /// Creates the folder with the orders, in the order of their tasks, and with the script that `script` returns for
    /// its path.
    pub(super) fn create(
        parent: &Path,
        orders: &[&Order],
        script: impl FnOnce(&Path) -> Vec<u8>,
    ) -> Result<Self, StoreError> {
        let folder = make_folder(parent)?;
        for (index, order) in orders.iter().enumerate() {
            order.write(&folder.join(ORDERS).join(format!("{index}.json")))?;
        }
        let batch = Self::at(folder);
        let path = batch.script();
        let mut file = fs::OpenOptions::new();
        file.write(true)
            .create_new(true)
            .mode(0o755)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(&script(&batch.folder))?;
                file.sync_all()
            })
            .map_err(|source| unwritable(&path, source))?;
        Ok(batch)
    }

    /// The batch of a script, if the script is in a batch below `parent`.
    pub(super) fn of_script(parent: &Path, script: &Path) -> Option<Self> {
        let folder = script.parent()?;
        let is_ours = folder.parent()? == parent && script.file_name()? == SCRIPT;
        (is_ours && script.is_file()).then(|| Self::at(folder.to_owned()))
    }

    fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            read_up_to: BTreeMap::new(),
            has_failed: false,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn script(&self) -> PathBuf {
        self.folder.join(SCRIPT)
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join(LOGS)
    }

    /// The order of a task.
    pub(super) fn order(&self, index: u32) -> Result<Order, StoreError> {
        Order::read(&self.folder.join(ORDERS).join(format!("{index}.json")))
    }

    /// The events since the last call, by task.
    pub(super) fn new_events(&mut self) -> io::Result<Vec<(u32, Event)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.join(EVENTS))? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        let mut events = Vec::new();
        for name in names {
            let index = name.split('.').next().and_then(|index| index.parse().ok());
            if let Some(index) = index {
                let new = self.new_lines(&name)?;
                events.extend(new.into_iter().map(|event| (index, event)));
            }
        }
        Ok(events)
    }

    /// Reads the new complete lines of an events file. Opens the file each time, because on a network disk this makes
    /// the writes of another machine visible.
    fn new_lines(&mut self, name: &str) -> io::Result<Vec<Event>> {
        let read_up_to = self.read_up_to.entry(name.to_owned()).or_default();
        let mut file = File::open(self.folder.join(EVENTS).join(name))?;
        if file.metadata()?.len() <= *read_up_to {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(*read_up_to))?;
        let mut reader = BufReader::new(file.take(MAX_BYTES_AT_A_TIME));
        let mut events = Vec::new();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? != 0 && line.ends_with(b"\n") {
            *read_up_to += line.len() as u64;
            events.extend(Event::from_line(&String::from_utf8_lossy(&line)));
            line.clear();
        }
        Ok(events)
    }

    /// The last lines of a task's output.
    pub(super) fn last_lines(&self, index: u32) -> Vec<String> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.logs().join(format!("{index}.log")))?;
            let n_bytes = file.metadata()?.len();
            file.seek(SeekFrom::Start(n_bytes.saturating_sub(LOG_BYTES)))?;
            let mut bytes = Vec::new();
            file.take(LOG_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        let mut tail = Tail::default();
        String::from_utf8_lossy(&bytes)
            .lines()
            .for_each(|line| tail.push(line));
        tail.lines()
    }

    /// Removes the folder; ignores errors.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes batches of `parent` that are older than `age`, except those for which `is_in_use` is true.
pub(super) fn remove_old(parent: &Path, age: Duration, is_in_use: impl Fn(&Path) -> bool) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|at| {
            SystemTime::now()
                .duration_since(at)
                .is_ok_and(|since| age < since)
        });
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && is_old && !is_in_use(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Creates a folder with a new unique name, and its subfolders.
fn make_folder(parent: &Path) -> Result<PathBuf, StoreError> {
    let make = |path: &Path| fs::DirBuilder::new().mode(0o755).create(path);
    fs::create_dir_all(parent).map_err(|source| unwritable(parent, source))?;
    let secs = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    loop {
        let count = N_BATCHES.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{secs}-{}-{count}", std::process::id()));
        match make(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made.map_err(|source| unwritable(&folder, source))?,
        }
        for name in [ORDERS, EVENTS, LOGS] {
            let path = folder.join(name);
            make(&path).map_err(|source| unwritable(&path, source))?;
        }
        return Ok(folder);
    }
}

fn unwritable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use unravel_store::protocol::Phase;
    use unravel_sweep::EvaluationConfig;

    use super::*;
    use crate::testing::trial;

    fn order(seed: u64) -> Order {
        Order::new(
            "c",
            vec![trial(seed)],
            EvaluationConfig::default(),
            "/s",
            "cpu",
        )
    }

    fn new_batch(parent: &Path) -> Batch {
        Batch::create(parent, &[&order(0), &order(1)], |folder| {
            folder.to_string_lossy().into_owned().into_bytes()
        })
        .unwrap()
    }

    #[test]
    fn orders_go_out_and_come_back_by_their_scripts_path() {
        let folder = tempfile::tempdir().unwrap();
        let batch = new_batch(folder.path());
        assert_ne!(batch.folder(), new_batch(folder.path()).folder());
        let again = Batch::of_script(folder.path(), &batch.script()).unwrap();
        assert_eq!(again.order(1).unwrap(), order(1));
        assert!(again.order(2).is_err());
        let mode = fs::metadata(batch.script()).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111);
        assert!(Batch::of_script(folder.path(), Path::new("/else/b/job.sh")).is_none());
        assert!(Batch::of_script(folder.path(), &batch.folder().join("x.sh")).is_none());
    }

    #[test]
    fn events_are_read_once_and_by_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = new_batch(folder.path());
        assert_eq!(batch.new_events().unwrap(), []);
        let append = |name: &str, text: &str| {
            let path = batch.folder.join(EVENTS).join(name);
            let mut file = fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let saved = Event::Saved { step: 4 };
        let phase = Event::Phase {
            phase: Phase::Training,
            trial: None,
        };
        append(
            "1.0.n1-7.jsonl",
            &format!("{}\nnoise\n{}", saved.to_line(), &phase.to_line()[..9]),
        );
        append("0.0.n1-8.jsonl", &format!("{}\n", phase.to_line()));
        append("x.jsonl", "no task's\n");
        let rest = phase.to_line()[9..].to_owned();
        let first = batch.new_events().unwrap();
        assert_eq!(first, [(0, phase.clone()), (1, saved.clone())]);
        let append = |name: &str, text: &str| {
            let path = batch.folder.join(EVENTS).join(name);
            let mut file = fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("1.0.n1-7.jsonl", &format!("{rest}\n"));
        append("1.1.n2-9.jsonl", &format!("{}\n", saved.to_line()));
        assert_eq!(batch.new_events().unwrap(), [(1, phase), (1, saved)]);
        assert_eq!(batch.new_events().unwrap(), []);
    }

    #[test]
    fn the_end_of_a_log_is_found_and_none_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let batch = new_batch(folder.path());
        assert_eq!(batch.last_lines(0), Vec::<String>::new());
        let long = format!("{}\nlast\n\n", "x".repeat(100_000));
        fs::write(batch.logs().join("0.log"), long).unwrap();
        assert_eq!(batch.last_lines(0).last().map(String::as_str), Some("last"));
    }

    #[test]
    fn old_batches_go_unless_somebody_uses_them() {
        let folder = tempfile::tempdir().unwrap();
        let (old, used) = (new_batch(folder.path()), new_batch(folder.path()));
        remove_old(folder.path(), Duration::from_secs(60), |_| false);
        assert!(old.folder().exists());
        std::thread::sleep(Duration::from_millis(20));
        remove_old(folder.path(), Duration::ZERO, |path| path == used.folder());
        assert!(!old.folder().exists() && used.folder().exists());
        used.remove();
        assert!(!used.folder().exists());
    }
}
