//! AnnealedVAE, the capacity-annealed β-VAE. Burgess et al. 2018, "Understanding disentangling in β-VAE", equation 8:
//!
//! ```text
//! reconstruction + γ · |KL − C(t)|,    C(t) = c_max · min(t / threshold, 1)
//! ```
//!
//! The KL is that of [`PlainVae`](super::PlainVae). The mean over the batch is inside the absolute value, and `t` is
//! the number of previous updates. The capacity starts at 0, as in the code of Locatello et al. 2019.

use burn::tensor::backend::Backend;
use unravel_sweep::{Ramp, Schedule, Weight};

use super::vae::kl_nats;
use super::{CohortObjective, ModelWeights, Regulariser, StepContext};
use crate::kernels::Kernels;

/// `gamma * |KL - C(t)|`.
#[derive(Debug)]
pub struct AnnealedVae<B: Backend> {
    gamma: ModelWeights<B>,
    /// The capacity in nats.
    capacity: ModelWeights<B>,
}

impl<B: Backend> AnnealedVae<B> {
    /// One γ and one capacity per model; see [`capacity`].
    pub fn new(gamma: ModelWeights<B>, capacity: ModelWeights<B>) -> Self {
        Self { gamma, capacity }
    }
}

/// The capacity in nats: it rises linearly from 0 to `c_max` at `iteration_threshold`, then stays there.
pub(super) fn capacity(c_max: f64, iteration_threshold: u64) -> Weight {
    Weight::Schedule(Schedule::Linear(Ramp {
        from: 0.0,
        to: c_max,
        begin: 0,
        until: iteration_threshold,
    }))
}

impl<B: Kernels> CohortObjective<B> for AnnealedVae<B> {
    fn term_names(&self) -> Vec<&'static str> {
        vec!["capacity_nats", "distance_from_capacity_nats"]
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let capacity = self.capacity.at(context.step);
        let distance = (kl_nats(context) - capacity.clone()).abs();
        Regulariser {
            loss: distance.clone() * self.gamma.at(context.step),
            terms: vec![capacity.inner(), distance.inner()],
        }
    }

    fn keep(&mut self, models: &[usize]) {
        self.gamma.keep(models);
        self.capacity.keep(models);
    }
}
