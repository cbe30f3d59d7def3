//! Who holds a lock, and whether to believe it.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use unravel_sweep::TrialId;

/// How long a lock of another machine is believed without a sign of life.
pub const LEASE: Duration = Duration::from_secs(60);

/// How far the clocks of a holder, the disk and this machine may be apart.
pub(super) const MAX_SKEW: Duration = LEASE;

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
    pub(super) fn this_process() -> Self {
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
    pub(super) fn is_on_machine_of(&self, other: &Self) -> bool {
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

/// A lock that is held: by whom, and since when nothing was heard of that process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who holds it.
    pub holder: LockHolder,
    /// The last sign of life; `None` for a process of this machine, whose file lock says enough.
    pub last_sign: Option<LastSign>,
}

/// When a holder on another machine last refreshed its lock, by the disk's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSign {
    /// So long ago.
    Ago(Duration),
    /// So far in the future, further than clocks differ: it says nothing.
    Ahead(Duration),
}

impl LastSign {
    pub(super) fn of(modified: SystemTime, now: SystemTime) -> Self {
        match now.duration_since(modified) {
            Ok(ago) => Self::Ago(ago),
            Err(error) if error.duration() <= MAX_SKEW => Self::Ago(Duration::ZERO),
            Err(error) => Self::Ahead(error.duration()),
        }
    }
}

impl Holding {
    pub(super) fn local(holder: LockHolder) -> Self {
        Self {
            holder,
            last_sign: None,
        }
    }

    pub(crate) fn unknown() -> Self {
        Self::local(LockHolder::unknown())
    }

    pub(super) fn is_fresh(&self) -> bool {
        match self.last_sign {
            Some(LastSign::Ago(ago)) => ago < LEASE,
            Some(LastSign::Ahead(_)) | None => true,
        }
    }

    /// A sentence about a lock of `trial` whose time lies ahead; `None` for any other.
    #[must_use]
    pub fn warning(&self, trial: &TrialId) -> Option<String> {
        let Some(LastSign::Ahead(_)) = self.last_sign else {
            return None;
        };
        Some(format!(
            "trial {trial} is locked by {self}: a run takes the trial over unless that process gives a sign of life \
             within {} s",
            LEASE.as_secs()
        ))
    }
}

/// A clause such as `process 7 on node-2, last heard of 50 s ago`.
impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |span: Duration| humantime::format_duration(Duration::from_secs(span.as_secs()));
        let holder = &self.holder;
        match self.last_sign {
            None => write!(f, "{holder}"),
            Some(LastSign::Ago(ago)) => write!(f, "{holder}, last heard of {} ago", span(ago)),
            Some(LastSign::Ahead(ahead)) => write!(
                f,
                "{holder} with a time {} ahead of the clock of the disk",
                span(ahead)
            ),
        }
    }
}
