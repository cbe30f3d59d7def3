//! Runs workers as processes on this machine.
//!
//! A worker reads its order from the first line of stdin. A later line `stop` asks it to write its checkpoint and end.
//! The end of stdin means that the orchestrator has ended; the kernel closes the pipe in any case. The worker writes
//! one event per line to stdout. Its stderr is recorded as the reason of a failure. Each worker leads its own process
//! group, so that Ctrl-C in a terminal reaches only the orchestrator.

mod process;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use unravel_store::protocol::Order;

use crate::device::Slot;
use crate::launcher::{Ending, How, JobId, Launcher, Report};
use process::WorkerProcess;

/// The command line of a worker, for example `/usr/bin/unravel worker`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// Starts one process for each job.
///
/// Dropping the launcher kills the remaining workers.
#[derive(Debug)]
pub struct LocalLauncher {
    command: WorkerCommand,
    workers: BTreeMap<JobId, WorkerProcess>,
    // The launcher keeps a sender of its own, so that `poll` also waits while no worker runs.
    sender: Sender<(JobId, Report)>,
    reports: Receiver<(JobId, Report)>,
}

impl LocalLauncher {
    /// A launcher of workers with this command line.
    #[must_use]
    pub fn new(command: WorkerCommand) -> Self {
        let (sender, reports) = mpsc::channel();
        Self {
            command,
            workers: BTreeMap::new(),
            sender,
            reports,
        }
    }

    fn tell(&self, job: JobId, report: Report) {
        // The receiver lives as long as `self`, so nothing is lost here.
        let _ = self.sender.send((job, report));
    }
}

impl Launcher for LocalLauncher {
    fn start(&mut self, job: JobId, _slot: &Slot, order: &Order) {
        let started = serde_json::to_string(order)
            .map_err(|error| format!("its order cannot be written as JSON: {error}"))
            .and_then(|order| {
                WorkerProcess::start(&self.command, job, order, &self.sender)
                    .map_err(|error| format!("{}: {error}", self.command.program.display()))
            });
        match started {
            Ok(worker) => {
                self.workers.insert(job, worker);
            }
            Err(reason) => {
                let ending = Ending {
                    how: How::NotStarted(reason),
                    last_lines: Vec::new(),
                };
                self.tell(job, Report::Ended(ending));
            }
        }
    }

    fn poll(&mut self, timeout: Duration) -> Vec<(JobId, Report)> {
        let mut batch: Vec<_> = self.reports.recv_timeout(timeout).into_iter().collect();
        batch.extend(self.reports.try_iter());
        for (job, report) in &batch {
            if let Report::Ended(_) = report {
                self.workers.remove(job);
            }
        }
        batch
    }

    fn stop(&mut self, job: JobId) {
        if let Some(worker) = self.workers.get(&job) {
            worker.ask_to_stop();
        }
    }

    fn kill(&mut self, job: JobId) {
        if let Some(worker) = self.workers.get(&job) {
            worker.kill();
        }
    }
}

impl Drop for LocalLauncher {
    fn drop(&mut self) {
        for worker in self.workers.values() {
            worker.kill();
        }
    }
}
