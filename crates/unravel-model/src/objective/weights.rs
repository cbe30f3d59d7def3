//! The weights of a cohort's models at each step.

use burn::tensor::{Tensor, backend::Backend};
use unravel_sweep::Weight;

use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::placement::Placement;

/// One weight per model, each constant or with its own schedule.
#[derive(Debug)]
pub struct ModelWeights<B: Backend> {
    weights: Vec<Weight>,
    /// `[M]`, if all weights are constant.
    constant: Option<Tensor<B, 1>>,
    placement: Placement<B>,
}

impl<B: Kernels> ModelWeights<B> {
    /// The weights in the order of the models.
    pub fn new(weights: Vec<Weight>, placement: &Placement<B>) -> Self {
        let moves = |weight: &Weight| matches!(weight, Weight::Schedule(_));
        let constant = (!weights.iter().any(moves)).then(|| tensor(&weights, 0, placement));
        Self {
            weights,
            constant,
            placement: placement.clone(),
        }
    }

    /// The weights `[M]` for the update after `step` updates.
    pub fn at(&self, step: u64) -> Tracked<B, 1> {
        let now = match &self.constant {
            Some(constant) => constant.clone(),
            None => tensor(&self.weights, step, &self.placement),
        };
        Tracked::<B, 1>::from_inner(now)
    }

    /// Keeps the weights of the models at these indices.
    pub fn keep(&mut self, models: &[usize]) {
        let weights = models.iter().map(|m| self.weights[*m]).collect();
        *self = Self::new(weights, &self.placement);
    }
}

fn tensor<B: Backend>(weights: &[Weight], step: u64, placement: &Placement<B>) -> Tensor<B, 1> {
    let values = weights.iter().map(|weight| weight.at(step)).collect();
    placement.precise(values, [weights.len()])
}
