//! A worker's events in a file on a shared disk, sparing that disk.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use unravel_store::Event;

use crate::exit::{Exit, Failure};

/// Time between two lines of progress: days of training stay a few megabytes.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(5);

/// Events of one process; no other ever writes to its file.
pub struct EventFile {
    file: File,
    last_progress: Option<Instant>,
}

impl EventFile {
    /// Makes the file: `prefix`, this process's host and id, `.jsonl`.
    pub fn create(prefix: &Path, host: &str) -> Result<Self, Failure> {
        let mut name = prefix.as_os_str().to_owned();
        name.push(format!(".{host}-{}.jsonl", std::process::id()));
        let path = Path::new(&name);
        let file = OpenOptions::new().create_new(true).append(true).open(path);
        let file = file.map_err(|error| {
            let path = path.display();
            Failure::new(Exit::BadStore, format!("cannot create `{path}`: {error}"))
        })?;
        Ok(Self {
            file,
            last_progress: None,
        })
    }

    /// Writes a line, save progress that comes too soon after the last. What cannot be written is lost: the store, not
    /// this file, says what is done.
    pub fn say(&mut self, event: &Event) {
        if let Event::Progress { step, steps, .. } = event {
            let is_soon = self
                .last_progress
                .is_some_and(|last| last.elapsed() < BETWEEN_PROGRESS);
            if is_soon && step < steps {
                return;
            }
            self.last_progress = Some(Instant::now());
        }
        let _ = self
            .file
            .write_all(format!("{}\n", event.to_line()).as_bytes());
    }
}
