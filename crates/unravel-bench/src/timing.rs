//! How a piece of work is timed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Runs that are not counted.
const WARM_UP: usize = 2;

/// Runs that are counted at the least, whatever they take.
const MIN_RUNS: usize = 5;

/// What a piece of work is timed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The clock on the wall.
    Wall,
    /// The time that this thread had on a core: what other programs do disturbs it less.
    ThisThread,
}

impl Clock {
    /// For work on so many threads: only one thread can be timed on its own.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        match threads {
            1 => Self::ThisThread,
            _ => Self::Wall,
        }
    }

    fn secs(self) -> f64 {
        match self {
            Self::Wall => clock_secs(ClockId::Monotonic),
            Self::ThisThread => clock_secs(ClockId::ThreadCPUTime),
        }
    }
}

/// Seconds that all threads of this process had on a core so far.
#[must_use]
pub fn process_cpu_secs() -> f64 {
    clock_secs(ClockId::ProcessCPUTime)
}

fn clock_secs(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Median seconds of one run of `work`, from as many runs as fit into `budget`.
///
/// `work` runs on the calling thread, or on several where the clock is on the wall. `setup` makes what a run consumes and is not timed, nor is the drop of what it returns.
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

/// The middle one, or the mean of the two in the middle; NaN of nothing.
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

/// To one decimal: what is printed of a rate.
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
