//! Runs Slurm's commands, never for longer than a person would wait.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A controller that is down lets a command wait for its own limit, some ten seconds; one that hangs, for ever.
const TIMEOUT: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// What a command came to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) is_success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command to its end, with nothing on its stdin.
///
/// # Errors
/// Where it, or a thread that listens to it, cannot be started; [`io::ErrorKind::NotFound`] where there is none of this name.
pub(super) fn run(program: &str, args: &[OsString]) -> io::Result<Answer> {
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
    let status = wait(&mut child)?;
    let text = |thread: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&thread.join().unwrap_or_default()).into_owned()
    };
    let (stdout, mut stderr) = (text(stdout), text(stderr));
    if status.is_none() {
        stderr.push_str(&format!(
            "Socket timed out: no answer in {} s",
            TIMEOUT.as_secs()
        ));
    }
    Ok(Answer {
        is_success: status == Some(true),
        stdout,
        stderr,
    })
}

/// Whether it was successful; `None` where it had to be killed.
fn wait(child: &mut Child) -> io::Result<Option<bool>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if TIMEOUT < began.elapsed() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> io::Result<thread::JoinHandle<Vec<u8>>> {
    thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
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
        let missing = run("no-such-command-anywhere", &[]).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
