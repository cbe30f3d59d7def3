//! One worker process and the threads that listen to it.

use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use unravel_store::protocol::Event;

use super::WorkerCommand;
use crate::launcher::{Ending, How, JobId, Report};
use crate::tail::{Tail, each_line};

/// How long the pipes of a dead worker may stay open (something it started may hold them) before its end is
/// reported without the rest.
const PIPE_GRACE: Duration = Duration::from_millis(300);

/// Where a worker is written to and read from.
type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// A running worker. Dropping it closes its stdin, on which the worker ends by itself.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Arc<Mutex<Child>>,
    lines_in: Sender<String>,
}

impl WorkerProcess {
    /// Starts the process, hands it `order` and reports everything about it to `reports`.
    pub(super) fn start(
        command: &WorkerCommand,
        job: JobId,
        order: String,
        reports: &Sender<(JobId, Report)>,
    ) -> io::Result<Self> {
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        // Sent before any thread listens, so that it comes before the first event.
        let _ = reports.send((job, Report::Started));

        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        let listened = Self::listen(&child, pipes, job, order, reports);
        listened.inspect_err(|_| {
            // A worker that nobody listens to must not go on.
            let mut child = locked(&child);
            let _ = child.kill();
            let _ = child.wait();
        })
    }

    /// Starts the threads that feed the process and listen to it; the one that waits for its end is the last.
    fn listen(
        child: &Arc<Mutex<Child>>,
        (stdin, stdout, stderr): Pipes,
        job: JobId,
        order: String,
        reports: &Sender<(JobId, Report)>,
    ) -> io::Result<Self> {
        let (lines_in, lines) = mpsc::channel();
        let _ = lines_in.send(order);
        if let Some(stdin) = stdin {
            spawn(move || feed(stdin, &lines))?;
        }
        let tail = Arc::new(Mutex::new(Tail::default()));
        // Dropped by each listener when its pipe ends; then the receiver is disconnected.
        let (listening, listeners_done) = mpsc::channel();
        if let Some(stdout) = stdout {
            let (tail, reports, listening) = (tail.clone(), reports.clone(), listening.clone());
            spawn(move || {
                let _ = each_line(stdout, |line| match serde_json::from_str::<Event>(line) {
                    Ok(event) => drop(reports.send((job, Report::Event(event)))),
                    // A library that prints: no event, but perhaps the reason of a failure.
                    Err(_) => locked(&tail).push(line),
                });
                drop(listening);
            })?;
        }
        if let Some(stderr) = stderr {
            let tail = tail.clone();
            spawn(move || {
                let _ = each_line(stderr, |line| locked(&tail).push(line));
                drop(listening);
            })?;
        }
        let (waited_for, reports) = (child.clone(), reports.clone());
        spawn(move || {
            let how = wait(&waited_for);
            wait_for_listeners(&listeners_done);
            let last_lines = locked(&tail).lines();
            let _ = reports.send((job, Report::Ended(Ending { how, last_lines })));
        })?;
        Ok(Self {
            child: child.clone(),
            lines_in,
        })
    }

    /// Sends the line `stop`.
    pub(super) fn ask_to_stop(&self) {
        // A worker that is gone needs no telling.
        let _ = self.lines_in.send("stop".to_owned());
    }

    /// Kills the process; no harm where it is dead already.
    pub(super) fn kill(&self) {
        let _ = locked(&self.child).kill();
    }
}

/// A thread, where the machine gives one.
fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}

/// Nothing here is left half-changed by a panic, so a poisoned lock is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes lines to the worker from a thread of its own: a long order fills the pipe, and a worker that does
/// not read must not hold up the others. Ends, and closes stdin, when the sender is gone or the worker is.
fn feed(mut stdin: ChildStdin, lines: &Receiver<String>) {
    for line in lines {
        if writeln!(stdin, "{line}")
            .and_then(|()| stdin.flush())
            .is_err()
        {
            return;
        }
    }
}

/// Waits for the end of the process without holding the lock that `kill` needs: first until it can be reaped,
/// then reaps it, which returns at once. As nothing else reaps it, `kill` never meets a stranger's process.
fn wait(child: &Mutex<Child>) -> How {
    let pid = Pid::from_child(&locked(child));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(error) = waitid(WaitId::Pid(pid), options) {
        if error != rustix::io::Errno::INTR {
            return How::Lost(format!("waiting for it failed: {error}"));
        }
    }
    match locked(child).wait() {
        Ok(status) => how(status),
        Err(error) => How::Lost(format!("waiting for it failed: {error}")),
    }
}

fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Exited(code),
        (None, Some(signal)) => How::Signalled(signal),
        (None, None) => How::Lost(status.to_string()),
    }
}

/// Returns when both pipes have ended, or after [`PIPE_GRACE`].
fn wait_for_listeners(listeners_done: &Receiver<()>) {
    let _ = listeners_done.recv_timeout(PIPE_GRACE);
}
