//! Every word exchanged with Slurm's commands: what is asked of them, and how their answers read.
//!
//! Plain text throughout. The JSON of these commands changes from version to version and, in some, ignores what it
//! was asked; the formats below have been the same for more than ten years.

mod limit;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub(super) use limit::{Limit, read_limit};

/// One element of a job array, such as `6_3`. An element also has a job id of its own, and the last one's is that of the
/// whole array; so nothing but this name is safe to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskName {
    pub(super) array: u64,
    pub(super) index: u32,
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.array, self.index)
    }
}

impl FromStr for TaskName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (array, index) = text.split_once('_').ok_or(())?;
        Ok(Self {
            array: array.parse().map_err(|_| ())?,
            index: index.parse().map_err(|_| ())?,
        })
    }
}

/// What Slurm says of a task; never the last word on what is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// In the queue.
    Waiting,
    /// On a node, or coming from or going to one. Unknown states count as this: they end by themselves.
    Running,
    /// Over, and the task itself or its limits are why.
    Ended(String),
    /// Over, and somebody or something else is why: a node that failed, a preemption, a cancellation.
    TakenAway(String),
}

impl State {
    fn read(word: &str) -> Self {
        match word {
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD"
            | "SPECIAL_EXIT" => Self::Waiting,
            "COMPLETED" | "FAILED" | "TIMEOUT" | "OUT_OF_MEMORY" | "DEADLINE" => {
                Self::Ended(word.to_owned())
            }
            "CANCELLED" | "PREEMPTED" | "NODE_FAIL" | "BOOT_FAIL" | "REVOKED" => {
                Self::TakenAway(word.to_owned())
            }
            _ => Self::Running,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::TakenAway(_))
    }
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) task: TaskName,
    pub(super) state: State,
    /// Why it waits.
    pub(super) reason: String,
    /// The batch script, which tells whose task it is.
    pub(super) script: PathBuf,
}

/// Asks for every task of this name, also those that ended a few minutes ago. Asking by number would fail as a whole
/// once one of them is forgotten.
pub(super) fn list_args(name: &str) -> Vec<OsString> {
    let format = "%i|%T|%r|%o";
    [
        "--noheader",
        "--array",
        "--states=all",
        "--name",
        name,
        "--format",
        format,
    ]
    .map(OsString::from)
    .to_vec()
}

/// Reads a listing; lines of jobs that are no arrays are passed over.
pub(super) fn read_listing(stdout: &str) -> Vec<Listed> {
    let read = |line: &str| {
        let mut fields = line.splitn(4, '|');
        let mut next = || fields.next().map(str::trim);
        Some(Listed {
            task: next()?.parse().ok()?,
            state: State::read(next()?),
            reason: next()?.to_owned(),
            script: next()?.into(),
        })
    };
    stdout.lines().filter_map(read).collect()
}

/// Tasks that Slurm could not start and holds back until somebody says otherwise.
pub(super) fn is_held_after_failed_launch(reason: &str) -> bool {
    reason.starts_with("launch failed") || reason == "JobHoldMaxRequeue"
}

/// Reasons for which a task waits for ever, unless a person does something about it.
pub(super) fn may_wait_for_ever(reason: &str) -> bool {
    const REASONS: [&str; 10] = [
        "PartitionNodeLimit",
        "PartitionTimeLimit",
        "PartitionDown",
        "PartitionInactive",
        "BadConstraints",
        "DependencyNeverSatisfied",
        "JobHeldUser",
        "JobHeldAdmin",
        "InvalidAccount",
        "InvalidQOS",
    ];
    REASONS.contains(&reason)
}

/// What a batch of tasks is submitted with.
pub(super) struct Submission<'a> {
    pub(super) name: &'a str,
    /// Indices of the tasks; not empty.
    pub(super) tasks: Range<u32>,
    pub(super) n_threads: usize,
    pub(super) needs_gpu: bool,
    /// Where each task's output goes; a folder that is there, else the task fails without a word.
    pub(super) logs: &'a Path,
    pub(super) script: &'a Path,
    /// The user's own, which come last and so win.
    pub(super) extra: &'a [String],
}

impl Submission<'_> {
    /// The arguments of `sbatch`.
    pub(super) fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = [
            "--parsable",
            // Nodes fail, and Slurm may then start a task again by itself.
            "--requeue",
            "--open-mode=append",
            // A minute before the time limit, so that the worker can save and stop.
            "--signal=B:TERM@60",
        ]
        .map(OsString::from)
        .to_vec();
        args.push(format!("--job-name={}", self.name).into());
        let last = self.tasks.end.saturating_sub(1);
        args.push(format!("--array={}-{last}", self.tasks.start).into());
        args.push(format!("--cpus-per-task={}", self.n_threads).into());
        args.push(output_arg(self.logs));
        if self.needs_gpu && !asks_for_gpu(self.extra) {
            args.push("--gres=gpu:1".into());
        }
        args.extend(self.extra.iter().map(OsString::from));
        args.push(self.script.into());
        args
    }
}

/// `--output` with a file a task; a `%` of the path itself is doubled.
fn output_arg(logs: &Path) -> OsString {
    let mut bytes = b"--output=".to_vec();
    for &byte in logs.as_os_str().as_bytes() {
        bytes.push(byte);
        if byte == b'%' {
            bytes.push(byte);
        }
    }
    bytes.extend(b"/%a.log");
    OsStr::from_bytes(&bytes).to_owned()
}

/// The batch script: this shell becomes the worker, so that the worker gets the signals.
pub(super) fn script(
    worker: &[OsString],
    work_dir: &Path,
    batch: &Path,
    n_threads: usize,
) -> Vec<u8> {
    let words: Vec<Vec<u8>> = worker.iter().map(|word| quoted(word)).collect();
    let (work_dir, batch) = (quoted(work_dir.as_os_str()), quoted(batch.as_os_str()));
    let line = |parts: &[&[u8]]| [&parts.concat()[..], b"\n"].concat();
    [
        line(&[b"#!/bin/sh"]),
        // Where the folder is missing, Slurm would go on in /tmp.
        line(&[b"cd ", &work_dir, b" || exit 1"]),
        line(&[b"batch=", &batch]),
        line(&[b"attempt=$SLURM_ARRAY_TASK_ID.${SLURM_RESTART_COUNT:-0}"]),
        line(&[b"exec ", &words.join(&b' '), b" \\"]),
        line(&[b"    --order \"$batch/orders/$SLURM_ARRAY_TASK_ID.json\" \\"]),
        line(&[b"    --events \"$batch/events/$attempt\" \\"]),
        line(&[
            b"    --threads \"${SLURM_CPUS_PER_TASK:-",
            n_threads.to_string().as_bytes(),
            b"}\"",
        ]),
    ]
    .concat()
}

/// A word as a shell reads it, whatever is in it.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// The array's id from what `sbatch --parsable` prints: `7`, or `7;cluster`.
pub(super) fn read_submitted(stdout: &str) -> Option<u64> {
    let line = stdout.lines().last()?.trim();
    line.split(';').next()?.parse().ok()
}

/// What is wrong with an answer of `sbatch` that [`read_submitted`] does not understand.
pub(super) fn not_submitted(stdout: &str) -> String {
    const SHOWN: usize = 60;
    match stdout.lines().last().map(str::trim) {
        None | Some("") => "it reported success without the number of a job".to_owned(),
        Some(line) => {
            let mut shown: String = line.chars().take(SHOWN).collect();
            if shown.len() < line.len() {
                shown.push('…');
            }
            format!("it reported success, but `{shown}` is not the number of a job")
        }
    }
}

/// The most tasks an array may have, from `scontrol show config`.
pub(super) fn read_max_array_size(stdout: &str) -> Option<usize> {
    let value = |wanted: &str| {
        stdout.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == wanted).then(|| value.trim())
        })
    };
    // The greatest index is one less, and so from index 0 there are as many tasks as this says.
    let of_indices = value("MaxArraySize").and_then(|size| size.parse().ok());
    let of_scheduler = value("SchedulerParameters").and_then(|parameters| {
        let mut all = parameters.split(',');
        all.find_map(|one| one.trim().strip_prefix("max_array_tasks=")?.parse().ok())
    });
    let sizes = [of_indices, of_scheduler].into_iter().flatten();
    sizes.filter(|&size| 0 < size).min()
}

/// Whether a command failed for a reason that passes: the controller does not answer, or has to see to other things first.
pub(super) fn is_passing(stderr: &str) -> bool {
    const PHRASES: [&str; 11] = [
        "Unable to contact slurm controller",
        "Socket timed out",
        "Connection refused",
        "Connection timed out",
        "Zero Bytes were transmitted",
        "Unexpected message received",
        "Resource temporarily unavailable",
        "temporarily unable to accept job",
        "in standby mode",
        "Slurm backup controller",
        "Transport endpoint",
    ];
    PHRASES.iter().any(|phrase| stderr.contains(phrase))
}

/// Asks `sbatch` whether it would take a job with these arguments, without submitting one.
pub(super) fn test_args(extra: &[String]) -> Vec<OsString> {
    let mut args = vec!["--test-only".into(), "--output=/dev/null".into()];
    args.extend(extra.iter().map(OsString::from));
    args.push("--wrap=true".into());
    args
}

/// Whether a command failed for a reason that only a person can mend. Others may pass: nodes that are down now, say.
pub(super) fn is_lasting(stderr: &str) -> bool {
    let said = stderr.to_lowercase();
    ["invalid", "unrecognized option", "requires an argument"]
        .iter()
        .any(|phrase| said.contains(phrase))
}

/// The sentence of a command that failed: its last line, without its own name before it, and with the limit that an
/// earlier line names.
pub(super) fn complaint(stderr: &str) -> String {
    let says_why = |line: &&str| !line.trim().is_empty() && !line.starts_with("Try ");
    let line = stderr.lines().rfind(says_why);
    let line = line.unwrap_or("it says nothing").trim();
    let (_, rest) = line.split_once("error: ").unwrap_or(("", line));
    match limit::name(stderr) {
        Some(name) if !rest.contains(name) => format!("{rest} ({name})"),
        _ => rest.to_owned(),
    }
}

/// Options that the launcher sets itself and that would lead it astray; each with its short form.
const RESERVED: [(&str, Option<char>); 10] = [
    ("--array", Some('a')),
    ("--job-name", Some('J')),
    ("--output", Some('o')),
    ("--error", Some('e')),
    ("--open-mode", None),
    ("--chdir", Some('D')),
    ("--parsable", None),
    ("--wrap", None),
    ("--wait", Some('W')),
    ("--test-only", None),
];

/// The option that an argument of the user's must not set, if it does.
pub(super) fn reserved(arg: &str) -> Option<&'static str> {
    let name = arg.split('=').next().unwrap_or(arg);
    let short = arg.strip_prefix('-').and_then(|rest| rest.chars().next());
    RESERVED
        .iter()
        .find(|(long, letter)| name == *long || letter.is_some_and(|l| short == Some(l)))
        .map(|(long, _)| *long)
}

/// Whether the user's arguments ask for a GPU.
#[must_use]
pub fn asks_for_gpu(args: &[String]) -> bool {
    args.iter().any(|arg| {
        arg.starts_with("--gpus")
            || arg.starts_with("-G")
            || (arg.contains("gres") && arg.contains("gpu"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_line_by_line() {
        let text = "6_0|RUNNING|None|/s/.slurm/x/b/job.sh\n\
                    6_1|PENDING|launch failed requeued held|/s/.slurm/x/b/job.sh\n\
                    6_10|NODE_FAIL|NodeDown|/s/a|b/job.sh\n\
                    7|RUNNING|None|/home/me/other.sh\n\
                    slurm_load_jobs error: nothing of ours\n";
        let listed = read_listing(text);
        let names: Vec<_> = listed.iter().map(|l| l.task.to_string()).collect();
        assert_eq!(names, ["6_0", "6_1", "6_10"]);
        let states: Vec<_> = listed.iter().map(|l| l.state.clone()).collect();
        let failed = State::TakenAway("NODE_FAIL".to_owned());
        assert_eq!(states, [State::Running, State::Waiting, failed]);
        assert!(is_held_after_failed_launch(&listed[1].reason));
        assert_eq!(listed[2].script, Path::new("/s/a|b/job.sh"));
    }

    #[test]
    fn states_are_told_apart_by_who_is_to_blame() {
        for word in [
            "COMPLETED",
            "FAILED",
            "TIMEOUT",
            "OUT_OF_MEMORY",
            "DEADLINE",
        ] {
            assert!(matches!(State::read(word), State::Ended(_)), "{word}");
        }
        for word in ["CANCELLED", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL"] {
            assert!(matches!(State::read(word), State::TakenAway(_)), "{word}");
        }
        for word in ["RUNNING", "COMPLETING", "SUSPENDED", "UNHEARD_OF"] {
            assert_eq!(State::read(word), State::Running, "{word}");
        }
    }

    #[test]
    fn the_users_arguments_come_last_and_before_the_script() {
        let extra = ["--partition=gpu".to_owned(), "--gres=gpu:a100:1".to_owned()];
        let submission = Submission {
            name: "unravel-tiny-12345678",
            tasks: 0..8,
            n_threads: 4,
            needs_gpu: true,
            logs: Path::new("/s/100%/logs"),
            script: Path::new("/s/job.sh"),
            extra: &extra,
        };
        let args = submission.args();
        let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
        assert!(
            args.contains(&"--array=0-7") && args.contains(&"--job-name=unravel-tiny-12345678")
        );
        assert!(args.contains(&"--output=/s/100%%/logs/%a.log"));
        assert!(!args.contains(&"--gres=gpu:1"), "the user asked for one");
        let last = &args[args.len() - 3..];
        assert_eq!(last, ["--partition=gpu", "--gres=gpu:a100:1", "/s/job.sh"]);
        let without = Submission {
            tasks: 8..9,
            extra: &[],
            ..submission
        };
        assert!(without.args().contains(&"--array=8-8".into()));
        assert!(without.args().contains(&"--gres=gpu:1".into()));
    }

    #[test]
    fn a_script_survives_any_path() {
        let worker = ["/opt/it's here/unravel".into(), "worker".into()];
        let batch = Path::new("/s/a b/$HOME");
        let script = script(&worker, Path::new("/home/me"), batch, 3);
        let expected = r#"#!/bin/sh
cd '/home/me' || exit 1
batch='/s/a b/$HOME'
attempt=$SLURM_ARRAY_TASK_ID.${SLURM_RESTART_COUNT:-0}
exec '/opt/it'\''s here/unravel' 'worker' \
    --order "$batch/orders/$SLURM_ARRAY_TASK_ID.json" \
    --events "$batch/events/$attempt" \
    --threads "${SLURM_CPUS_PER_TASK:-3}"
"#;
        assert_eq!(String::from_utf8(script).unwrap(), expected);
    }

    #[test]
    fn answers_of_other_commands_are_read() {
        assert_eq!(read_submitted("7\n"), Some(7));
        assert_eq!(read_submitted("warning\n7;north\n"), Some(7));
        assert_eq!(read_submitted(""), None);
        let huge = "9".repeat(200);
        for odd in ["\u{1b}[31m5", huge.as_str(), "-1", "five"] {
            assert_eq!(read_submitted(odd), None);
            let said = not_submitted(odd);
            assert!(
                said.contains(&odd[..odd.len().min(60)]) && said.len() < 150,
                "{said}"
            );
        }
        assert!(not_submitted(" \n").contains("without the number"));
        let config = "MaxArraySize            = 1001\nMaxJobCount = 10000\n";
        assert_eq!(read_max_array_size(config), Some(1001));
        assert_eq!(read_max_array_size("MaxArraySize = 0"), None);
        let scheduler = "SchedulerParameters     = batch_sched_delay=0,max_array_tasks=200";
        let both = format!("{config}{scheduler}\n");
        assert_eq!(read_max_array_size(&both), Some(200));
    }

    #[test]
    fn passing_failures_are_told_from_lasting_ones() {
        let down = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n";
        assert!(is_passing(down));
        let wrong =
            "sbatch: error: Batch job submission failed: Invalid partition name specified\n";
        assert!(!is_passing(wrong) && is_lasting(wrong) && !is_lasting(down));
        assert_eq!(
            complaint(wrong),
            "Batch job submission failed: Invalid partition name specified"
        );
        assert_eq!(complaint(" \n"), "it says nothing");
    }

    #[test]
    fn options_that_the_launcher_needs_for_itself_are_reserved() {
        for arg in [
            "--array=1-9",
            "-a1-9",
            "-J",
            "--job-name",
            "-o/dev/null",
            "--wrap=true",
        ] {
            assert!(reserved(arg).is_some(), "{arg}");
        }
        for arg in [
            "--account=x",
            "-A",
            "-p",
            "gpu",
            "--gres=gpu:1",
            "-t10",
            "--no-requeue",
            "-w",
        ] {
            assert_eq!(reserved(arg), None, "{arg}");
        }
    }

    #[test]
    fn a_wish_for_a_gpu_is_seen() {
        let asks = |arg: &str| asks_for_gpu(&[arg.to_owned()]);
        assert!(
            asks("--gres=gpu:2") && asks("--gpus=1") && asks("--gpus-per-task=1") && asks("-G1")
        );
        assert!(!asks("--gres=tmp:20G") && !asks("--partition=gpu"));
    }
}
