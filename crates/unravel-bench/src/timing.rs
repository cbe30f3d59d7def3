//! Times a function.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Number of runs before the timed ones.
const WARM_UP: usize = 2;

/// Minimum number of timed runs.
const MIN_RUNS: usize = 5;

/// The clock of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Wall time.
    Wall,
    /// CPU time of this thread, which other programs affect less.
    ThisThread,
}

impl Clock {
    /// The clock for work on `threads` threads: CPU time for one thread, wall time for several.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        if threads == 1 {
            Self::ThisThread
        } else {
            Self::Wall
        }
    }

    fn secs(self) -> f64 {
        match self {
            Self::Wall => clock_secs(ClockId::Monotonic),
            Self::ThisThread => clock_secs(ClockId::ThreadCPUTime),
        }
    }
}

/// CPU seconds of all threads of this process so far.
#[must_use]
pub fn process_cpu_secs() -> f64 {
    clock_secs(ClockId::ProcessCPUTime)
}

fn clock_secs(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// The median seconds of a run of `work`, from as many runs as fit into `budget`.
///
/// `work` runs on the calling thread, or on several with [`Clock::Wall`]. `setup` returns the input of a run. It is not
/// timed, nor is the drop of the output.
pub fn median_secs<S, T>(
    clock: Clock,
    budget: Duration,
    mut setup: impl FnMut() -> S,
    mut work: impl FnMut(S) -> T,
) -> f64 {
    let mut run = || {
        let input = setup();
        let start = clock.secs();
        let output = black_box(work(black_box(input)));
        let secs = clock.secs() - start;
        drop(output);
        secs
    };
    for _ in 0..WARM_UP {
        run();
    }
    let start = Instant::now();
    let mut secs = Vec::new();
    while secs.len() < MIN_RUNS || start.elapsed() < budget {
        secs.push(run());
    }
    median(&mut secs)
}

/// The median; NaN if there are no values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values {
        [] => f64::NAN,
        values => {
            let middle = values.len() / 2;
            let lower = values[(values.len() - 1) / 2];
            f64::midpoint(lower, values[middle])
        }
    }
}

/// Rounds a rate to one decimal for printing.
pub(crate) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn only_the_work_is_timed() {
        let pause = Duration::from_millis(5);
        let secs = median_secs(
            Clock::Wall,
            Duration::ZERO,
            || std::thread::sleep(pause),
            |()| (),
        );
        assert!(secs < 0.005);
    }
}
