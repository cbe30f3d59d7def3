//! Writes a worker's events to a file on a shared disk, with few writes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use unravel_store::Event;

use crate::exit::{Exit, Failure};

/// Minimum time between two progress events, so that the file stays below a few megabytes after days of training.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(5);

/// The events of one process, which is the only writer of the file.
pub struct EventFile {
    file: File,
    last_progress: Option<Instant>,
}

impl EventFile {
    /// Creates the file `PREFIX.HOST-PID.jsonl`.
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

    /// Writes an event as one line. Skips a progress event that follows the last one too soon. Ignores write errors,
    /// since the orchestrator reads the results from the store.
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
