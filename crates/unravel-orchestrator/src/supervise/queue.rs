//! Cohorts that wait for a slot.

use std::collections::VecDeque;
use std::time::Duration;

use crate::device::Device;
use crate::plan::Work;
use crate::records::PlannedTrial;

/// A cohort that waits for a slot, and what it has been through.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pending {
    /// Its trials; never empty.
    pub(super) trials: Vec<PlannedTrial>,
    /// What was left to do when a slot first took it.
    pub(super) begun_as: Option<Work>,
    /// Crashes since it last got further.
    pub(super) n_crashes: u32,
    /// Times that its worker was taken away since it last got further.
    pub(super) n_evictions: u32,
    /// Not to be started before.
    pub(super) not_before: Duration,
    /// The device it crashed on last: another one is tried first.
    pub(super) avoid: Option<Device>,
}

impl Pending {
    /// A cohort that has been through nothing.
    pub(super) fn new(trials: Vec<PlannedTrial>) -> Self {
        Self {
            trials,
            begun_as: None,
            n_crashes: 0,
            n_evictions: 0,
            not_before: Duration::ZERO,
            avoid: None,
        }
    }
}

/// First come, first served, save that cohorts may have to wait for a moment or another device.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: VecDeque<Pending>,
    // Few: crashed cohorts and ones that another run holds.
    waiting: Vec<Pending>,
}

impl Queue {
    /// Appends a cohort.
    pub(super) fn push(&mut self, pending: Pending) {
        if pending.not_before == Duration::ZERO {
            self.ready.push_back(pending);
        } else {
            self.waiting.push(pending);
        }
    }

    /// Puts a cohort before all others.
    pub(super) fn push_front(&mut self, pending: Pending) {
        self.ready.push_front(pending);
    }

    /// Takes the next cohort that may start now and that `accepts` lets through: first those whose wait is over,
    /// as their turn came before.
    pub(super) fn take(
        &mut self,
        now: Duration,
        accepts: impl Fn(&Pending) -> bool,
    ) -> Option<Pending> {
        let is_due = |pending: &Pending| pending.not_before <= now && accepts(pending);
        if let Some(index) = self.waiting.iter().position(is_due) {
            return Some(self.waiting.remove(index));
        }
        let index = self.ready.iter().position(accepts)?;
        self.ready.remove(index)
    }

    /// The next moment after `now` at which a wait is over.
    pub(super) fn next_due(&self, now: Duration) -> Option<Duration> {
        let moments = self.waiting.iter().map(|pending| pending.not_before);
        moments.filter(|&moment| now < moment).min()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(n_crashes: u32, not_before_secs: u64) -> Pending {
        Pending {
            n_crashes,
            not_before: Duration::from_secs(not_before_secs),
            ..Pending::new(Vec::new())
        }
    }

    #[test]
    fn waiting_cohorts_come_when_their_wait_is_over_and_then_first() {
        let mut queue = Queue::default();
        queue.push(pending(1, 5));
        queue.push(pending(0, 0));
        queue.push(pending(0, 0));
        let secs = Duration::from_secs;
        let mut take = |now| queue.take(secs(now), |_| true).map(|taken| taken.n_crashes);
        assert_eq!(take(4), Some(0));
        assert_eq!(take(5), Some(1));
        assert_eq!(take(5), Some(0));
        assert_eq!(take(5), None);
        assert!(queue.is_empty());
    }

    #[test]
    fn the_next_wait_that_ends_is_known() {
        let mut queue = Queue::default();
        queue.push(pending(0, 7));
        queue.push(pending(0, 5));
        assert_eq!(queue.next_due(Duration::ZERO), Some(Duration::from_secs(5)));
        assert_eq!(
            queue.next_due(Duration::from_secs(5)),
            Some(Duration::from_secs(7))
        );
        assert_eq!(queue.next_due(Duration::from_secs(9)), None);
    }
}
