//! Builds a cohort's objective from its trials.

use unravel_sweep::{
    Combined, DipKind, DiscriminatorConfig, Estimator, Objective, PermutedBatch, Trial, Weight,
};

use super::annealed_vae::{AnnealedVae, capacity};
use super::beta_tc_vae::{Decomposition, NAMES, NAMES_BESIDE_DISCRIMINATOR};
use super::density::log_weights;
use super::{BetaVae, CohortObjective, DipVae, FactorVae, ModelWeights, PlainVae, Sum};
use crate::arrays::Arrays;
use crate::error::ModelError;
use crate::kernels::Kernels;
use crate::placement::Placement;

/// The inputs of [`build`].
pub(crate) struct Setup<'a, B: Kernels> {
    /// At least one trial, all of one cohort.
    pub trials: &'a [Trial],
    /// The saved arrays of each trial, to restore.
    pub saved: Option<&'a [&'a Arrays]>,
    /// Number of images of the dataset.
    pub n_points: usize,
    pub placement: &'a Placement<B>,
}

/// Checks that the objective accepts the trial's batch size for a dataset of `n_points` images.
///
/// # Errors
/// Fails if the sampling is stratified and the batch is larger than the dataset.
pub fn check_batch(trial: &Trial, n_points: usize) -> Result<(), ModelError> {
    let batch = trial.training.batch_size;
    match trial.objective.estimator() {
        Some(Estimator::Stratified) if n_points < batch => {
            Err(ModelError::BatchBeyondData { batch, n_points })
        }
        _ => Ok(()),
    }
}

type Built<B> = Box<dyn CohortObjective<B>>;

/// Builds the objective of a cohort.
///
/// # Errors
/// Fails if a saved array is missing or has another shape, or as [`check_batch`].
pub(crate) fn build<B: Kernels>(setup: &Setup<'_, B>) -> Result<Built<B>, ModelError> {
    let sum = |other: Built<B>| -> Built<B> { Box::new(Sum::new(Box::new(PlainVae), vec![other])) };
    Ok(match &setup.trials[0].objective {
        Objective::Vae {} => Box::new(PlainVae),
        Objective::BetaVae { .. } => Box::new(BetaVae::new(setup.weights(|o| match o {
            Objective::BetaVae { beta } => Some(*beta),
            _ => None,
        }))),
        Objective::AnnealedVae { .. } => Box::new(setup.annealed_vae()),
        Objective::FactorVae {
            permuted_batch,
            discriminator,
            ..
        } => {
            let gamma = setup.weights(|o| match o {
                Objective::FactorVae { gamma, .. } => Some(*gamma),
                _ => None,
            });
            sum(setup.factor_vae(gamma, *permuted_batch, discriminator)?)
        }
        Objective::BetaTcVae { estimator, .. } => sum(setup.beta_tc_vae(*estimator)?),
        Objective::DipVaeI { .. } => sum(setup.dip_vae(DipKind::I)),
        Objective::DipVaeIi { .. } => sum(setup.dip_vae(DipKind::Ii)),
        Objective::Combined(combined) => setup.combined(combined)?,
    })
}

impl<B: Kernels> Setup<'_, B> {
    /// One weight per model, read from its objective.
    fn weights(&self, of: impl Fn(&Objective) -> Option<Weight>) -> ModelWeights<B> {
        let weight = |trial: &Trial| of(&trial.objective).expect("a cohort has one family");
        ModelWeights::new(self.trials.iter().map(weight).collect(), self.placement)
    }

    fn annealed_vae(&self) -> AnnealedVae<B> {
        let gamma = self.weights(|o| match o {
            Objective::AnnealedVae { gamma, .. } => Some(*gamma),
            _ => None,
        });
        let capacity = self.weights(|o| match o {
            Objective::AnnealedVae {
                c_max,
                iteration_threshold,
                ..
            } => Some(capacity(*c_max, *iteration_threshold)),
            _ => None,
        });
        AnnealedVae::new(gamma, capacity)
    }

    fn factor_vae(
        &self,
        gamma: ModelWeights<B>,
        permuted_batch: PermutedBatch,
        discriminator: &DiscriminatorConfig,
    ) -> Result<Built<B>, ModelError> {
        let objective = FactorVae::build(gamma, permuted_batch, discriminator, self)?;
        Ok(Box::new(objective))
    }

    fn beta_tc_vae(&self, estimator: Estimator) -> Result<Built<B>, ModelError> {
        let weight = |at: usize| {
            self.weights(|o| match o {
                Objective::BetaTcVae {
                    alpha, beta, gamma, ..
                } => Some([*alpha, *beta, *gamma][at]),
                _ => None,
            })
        };
        self.decomposition([0, 1, 2].map(weight), 1.0, estimator, NAMES)
    }

    fn decomposition(
        &self,
        weights: [ModelWeights<B>; 3],
        counted: f64,
        estimator: Estimator,
        names: [&'static str; 3],
    ) -> Result<Built<B>, ModelError> {
        check_batch(&self.trials[0], self.n_points)?;
        let batch = self.trials[0].training.batch_size;
        let log_weights = log_weights(estimator, batch, self.n_points, self.placement);
        let objective = Decomposition::new(weights, counted, log_weights, names);
        Ok(Box::new(objective))
    }

    fn dip_vae(&self, kind: DipKind) -> Built<B> {
        let lambda_od = self.weights(|o| match o {
            Objective::DipVaeI { lambda_od, .. } | Objective::DipVaeIi { lambda_od, .. } => {
                Some(*lambda_od)
            }
            _ => None,
        });
        let factor = self.weights(|o| match o {
            Objective::DipVaeI {
                lambda_d_factor, ..
            }
            | Objective::DipVaeIi {
                lambda_d_factor, ..
            } => Some(Weight::Constant(*lambda_d_factor)),
            _ => None,
        });
        self.dip(kind, lambda_od, factor)
    }

    fn dip(&self, kind: DipKind, lambda_od: ModelWeights<B>, factor: ModelWeights<B>) -> Built<B> {
        let latents = self.trials[0].model.latents;
        Box::new(DipVae::new(
            kind,
            lambda_od,
            factor,
            latents,
            self.placement,
        ))
    }

    /// `beta * KL` and the regularisers that have a weight.
    fn combined(&self, first: &Combined) -> Result<Built<B>, ModelError> {
        let weights = |of: &dyn Fn(&Combined) -> Option<Weight>| {
            self.weights(|o| match o {
                Objective::Combined(combined) => of(combined),
                _ => None,
            })
        };
        let mut others: Vec<Built<B>> = Vec::new();
        if first.gamma.is_some() {
            let gamma = weights(&|c| c.gamma);
            others.push(self.factor_vae(gamma, first.permuted_batch, &first.discriminator)?);
        }
        if first.decomposition().is_some() {
            let weight = |at: usize| weights(&|c| c.decomposition().map(|weights| weights[at]));
            let names = match first.gamma {
                Some(_) => NAMES_BESIDE_DISCRIMINATOR,
                None => NAMES,
            };
            let three = [0, 1, 2].map(weight);
            others.push(self.decomposition(three, 0.0, first.estimator, names)?);
        }
        if first.lambda_od.is_some() {
            let lambda_od = weights(&|c| c.lambda_od);
            let factor = weights(&|c| Some(Weight::Constant(c.lambda_d_factor)));
            others.push(self.dip(first.dip_type, lambda_od, factor));
        }
        let beta = BetaVae::new(weights(&|c| Some(c.beta)));
        Ok(Box::new(Sum::new(Box::new(beta), others)))
    }
}
