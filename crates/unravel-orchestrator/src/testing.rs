//! Trials for tests, told apart by their seeds.

use unravel_sweep::{Objective, Trial};

use crate::records::PlannedTrial;

/// A β-VAE trial; all of them can train as one cohort.
pub(crate) fn trial(seed: u64) -> Trial {
    Trial::new(Objective::beta_vae(4.0), seed)
}

/// The seeds of trials, as a short way to write them down.
pub(crate) fn seeds(trials: &[PlannedTrial]) -> Vec<u64> {
    trials.iter().map(|planned| planned.trial.seed).collect()
}
