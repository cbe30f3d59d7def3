//! Counts over many rows with several threads and a bounded number of accumulators.

use rayon::prelude::*;

/// The maximum number of accumulators per thread: enough that one slow thread does not delay the others.
const PER_THREAD: usize = 2;

/// The maximum number of accumulators that [`parallel_count`] uses for this number of tasks.
pub(crate) fn n_accumulators(n_tasks: usize, n_threads: usize) -> usize {
    n_tasks.min(PER_THREAD * n_threads)
}

/// Lets `add` count the rows of each task, `per_task` values of them, into an accumulator that starts as `zero`, and adds
/// those up by `plus`. Sums must not depend on their order, as those of integers do not.
pub(crate) fn parallel_count<T: Send>(
    values: &[f32],
    per_task: usize,
    zero: impl Fn() -> T + Sync + Send,
    add: impl Fn(&mut T, usize, &[f32]) + Sync + Send,
    plus: impl Fn(T, T) -> T + Sync + Send,
) -> T {
    let n_tasks = values.len().div_ceil(per_task);
    // Each run of tasks that rayon splits off has an accumulator of its own, which is held until its neighbour is done.
    let n_runs = n_accumulators(n_tasks, rayon::current_num_threads());
    let counted = values
        .par_chunks(per_task)
        .enumerate()
        .with_min_len(n_tasks.div_ceil(n_runs.max(1)))
        .fold(&zero, |mut counts, (task, rows)| {
            add(&mut counts, task, rows);
            counts
        })
        .reduce_with(plus);
    counted.unwrap_or_else(zero)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Says when it is made and dropped.
    struct Counted<'a>(u64, &'a AtomicUsize);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn plus<'a>(mut a: Counted<'a>, b: Counted<'a>) -> Counted<'a> {
        a.0 += b.0;
        a
    }

    #[test]
    fn no_more_accumulators_are_held_than_are_counted_with() {
        for (n_values, n_threads) in [(0, 2), (1, 3), (50, 1), (1000, 2), (1003, 3), (7, 4)] {
            let values: Vec<f32> = (0..n_values).map(|x| x as f32).collect();
            let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
            let sum = pool.build().unwrap().install(|| {
                let zero = || {
                    let n = held.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(n, Ordering::SeqCst);
                    Counted(0, &held)
                };
                let add = |sum: &mut Counted, task: usize, rows: &[f32]| {
                    assert_eq!(rows[0], (task * 10) as f32);
                    sum.0 += rows.iter().map(|&x| x as u64).sum::<u64>();
                };
                parallel_count(&values, 10, zero, add, plus).0
            });
            let n = n_values as u64;
            assert_eq!(sum, (n * n).saturating_sub(n) / 2);
            let allowed = n_accumulators((n_values as usize).div_ceil(10), n_threads).max(1);
            assert!(most.load(Ordering::SeqCst) <= allowed, "{n_values}");
        }
    }
}
