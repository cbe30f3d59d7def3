//! The number of models that train together.

use std::collections::BTreeMap;

/// Maximum number of models in a cohort by default. This number keeps a large device busy. With more models, a crash
/// loses more work, and the first result comes later.
pub const MOST_MODELS: usize = 128;

/// The number of models in a cohort, by kind of trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortSizes {
    /// By cohort key.
    by_kind: BTreeMap<String, usize>,
    /// For kinds that are not listed.
    otherwise: usize,
}

/// Trials that can train in one cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialKind {
    /// Their cohort key.
    pub cohort_key: String,
    /// How many trials of the kind there are.
    pub n_trials: usize,
    /// The number of models of the kind that fit into the memory of a device; can be 0.
    pub n_fit: usize,
}

impl CohortSizes {
    /// The same number of models for every kind, at least 1.
    #[must_use]
    pub fn all(models: usize) -> Self {
        Self {
            by_kind: BTreeMap::new(),
            otherwise: models.max(1),
        }
    }

    /// As many models of each kind as fit, in cohorts of similar size, with the same number of cohorts for each device.
    #[must_use]
    pub fn filling(kinds: impl IntoIterator<Item = TrialKind>, n_devices: usize) -> Self {
        let size = |kind: TrialKind| {
            let fit = kind.n_fit.clamp(1, MOST_MODELS);
            (kind.cohort_key, evened(kind.n_trials, fit, n_devices))
        };
        Self {
            by_kind: kinds.into_iter().map(size).collect(),
            otherwise: 1,
        }
    }

    /// For trials with this cohort key; at least 1.
    #[must_use]
    pub fn of(&self, cohort_key: &str) -> usize {
        *self.by_kind.get(cohort_key).unwrap_or(&self.otherwise)
    }
}

/// The size of cohorts of at most `most` that share out `n_trials` evenly over the devices.
fn evened(n_trials: usize, most: usize, n_devices: usize) -> usize {
    let at_least = n_trials.div_ceil(most).max(1);
    let n_cohorts = at_least
        .next_multiple_of(n_devices.max(1))
        .min(n_trials.max(1));
    n_trials.div_ceil(n_cohorts).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_share_out_the_trials_evenly() {
        assert_eq!(
            evened(300, 128, 1),
            100,
            "three of 100, not two of 128 and one of 44"
        );
        assert_eq!(evened(300, 128, 2), 75, "two for each device");
        assert_eq!(evened(50, 128, 1), 50);
        assert_eq!(evened(50, 128, 8), 7, "no device idle");
        assert_eq!(evened(3, 128, 8), 1);
        assert_eq!(evened(5, 1, 2), 1);
        assert_eq!(evened(0, 128, 2), 1);
    }

    #[test]
    fn memory_decides_by_kind_and_the_most_is_the_most() {
        let kind = |key: &str, n_fit| TrialKind {
            cohort_key: key.to_owned(),
            n_trials: 1000,
            n_fit,
        };
        let sizes = CohortSizes::filling([kind("a", 9), kind("b", 100_000), kind("c", 0)], 1);
        assert_eq!(sizes.of("a"), 9);
        assert_eq!(sizes.of("b"), 125, "eight cohorts of at most 128");
        assert_eq!(sizes.of("c"), 1, "the worker will say that it does not fit");
        assert_eq!(sizes.of("another"), 1);
        assert_eq!(CohortSizes::all(0).of("a"), 1);
        assert_eq!(
            CohortSizes::all(300).of("a"),
            300,
            "whoever asks gets what was asked for"
        );
    }
}
