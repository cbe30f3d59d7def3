//! Runs Slurm's commands, never for longer than a person would wait.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// A controller that is down lets a command wait for its own limit, some ten seconds; one that hangs, for ever.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A command that takes longer is named, so that people know what is waited for.
pub(super) const SLOW: Duration = Duration::from_secs(5);
/// A process that the command has started may hold its pipes for longer than the command runs.
const AFTER_THE_END: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// What a command came to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) is_success: bool,
    /// It was ended by a signal, not by us: what it did before is not known.
    pub(super) is_killed: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command to its end, with nothing on its stdin.
///
/// # Errors
/// Where it, or a thread that listens to it, cannot be started; [`io::ErrorKind::NotFound`] where there is none of this name.
pub(super) fn run(program: &str, args: &[OsString]) -> io::Result<Answer> {
    run_telling(program, args, &mut |_| {})
}

/// The same; `tell` gets a sentence where the command is [`SLOW`].
pub(super) fn run_telling(
    program: &str,
    args: &[OsString],
    tell: &mut dyn FnMut(&str),
) -> io::Result<Answer> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipes =
        collect(child.stdout.take()).and_then(|stdout| Ok((stdout, collect(child.stderr.take())?)));
    let (stdout, stderr) = pipes.inspect_err(|_| {
        // What it says cannot be heard.
        let _ = child.kill();
        let _ = child.wait();
    })?;
    let Some(status) = wait(&mut child, &mut || tell(&waiting_for(program)))? else {
        // What it has started may still hold the pipes, so they are not read to their end.
        let stderr = format!("Socket timed out: no answer in {} s", TIMEOUT.as_secs());
        return Ok(Answer {
            is_success: false,
            is_killed: false,
            stdout: String::new(),
            stderr,
        });
    };
    let until = Instant::now() + AFTER_THE_END;
    let (stdout, mut stderr) = (text(&stdout, until), text(&stderr, until));
    if let Some(end) = unexplained(status, &stderr) {
        stderr.push_str(&format!("\n{end}"));
    }
    Ok(Answer {
        is_success: status.success(),
        is_killed: status.signal().is_some(),
        stdout,
        stderr,
    })
}

/// What is said of a command that is [`SLOW`].
pub(super) fn waiting_for(program: &str) -> String {
    let limit = TIMEOUT.as_secs();
    format!(
        "waiting for Slurm's `{program}`, which does not answer; it is given up after {limit} s"
    )
}

/// How a command ended, where it does not say why it failed.
fn unexplained(status: ExitStatus, stderr: &str) -> Option<String> {
    match (status.signal(), status.code()) {
        (Some(signal), _) => Some(format!("it was ended by signal {signal}")),
        (None, Some(code)) if code != 0 && stderr.trim().is_empty() => {
            Some(format!("it exited with status {code} and said nothing"))
        }
        _ => None,
    }
}

/// How it ended; `None` where it had to be killed. Calls `on_slow` once, where it is slow.
fn wait(child: &mut Child, on_slow: &mut dyn FnMut()) -> io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if SLOW < began.elapsed() && !std::mem::replace(&mut is_told, true) {
            on_slow();
        }
        if TIMEOUT < began.elapsed() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Reads a pipe in a thread of its own, which ends with the pipe.
fn collect(pipe: Option<impl Read + Send + 'static>) -> io::Result<Receiver<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let Some(mut pipe) = pipe else {
            return;
        };
        let mut part = [0; 4096];
        loop {
            match pipe.read(&mut part) {
                Ok(0) => return,
                Ok(n) if sender.send(part[..n].to_vec()).is_err() => return,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
                _ => {}
            }
        }
    })?;
    Ok(receiver)
}

/// What a pipe brings until it ends, or until this time.
fn text(parts: &Receiver<Vec<u8>>, until: Instant) -> String {
    let mut bytes = Vec::new();
    while let Ok(part) = parts.recv_timeout(until.saturating_duration_since(Instant::now())) {
        bytes.extend(part);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_says_and_whether_it_went_well_comes_back() {
        let args = ["-c", "echo out; echo err >&2; exit 3"].map(OsString::from);
        let answer = run("sh", &args).unwrap();
        assert!(!answer.is_success);
        assert_eq!(
            (answer.stdout.as_str(), answer.stderr.as_str()),
            ("out\n", "err\n")
        );
        let of = |script: &str| run("sh", &["-c", script].map(OsString::from)).unwrap();
        assert_eq!(
            of("exit 3").stderr,
            "\nit exited with status 3 and said nothing"
        );
        let killed = of("echo working >&2; kill -9 $$");
        assert!(killed.is_killed && !killed.is_success);
        assert_eq!(killed.stderr, "working\n\nit was ended by signal 9");
        assert_eq!(of("true").stderr, "");
        // What it leaves behind holds the pipes for longer than anybody waits for the command.
        assert_eq!(of("sleep 90 & echo out").stdout, "out\n");
        let missing = run("no-such-command-anywhere", &[]).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
