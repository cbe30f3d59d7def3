//! The trained models: architecture, objective and number, with the papers' defaults for all other keys.

use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, FactorSpace, Grid};
use unravel_model::Cpu;
use unravel_model::cohort::Cohort;
use unravel_model::error::ModelError;
use unravel_sweep::{Architecture, Objective, Trial};

/// A measured objective. Its weight does not affect the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// β-VAE, β = 4.
    BetaVae,
    /// FactorVAE, γ = 10, with its discriminator and the second batch of Algorithm 2.
    FactorVae,
}

impl Target {
    /// The name of the family.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BetaVae => "beta-vae",
            Self::FactorVae => "factor-vae",
        }
    }

    fn objective(self) -> Objective {
        match self {
            Self::BetaVae => Objective::beta_vae(4.0),
            Self::FactorVae => Objective::factor_vae(10.0),
        }
    }
}

/// A cohort to train on the whole of dSprites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The architecture of encoder and decoder.
    pub architecture: Architecture,
    /// The objective.
    pub target: Target,
    /// Number of models of the cohort.
    pub models: usize,
}

impl Workload {
    /// The trials of the cohort, which differ in the seed.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        let trial = |seed| {
            let mut trial = Trial::new(self.target.objective(), seed);
            trial.model.architecture = self.architecture;
            trial
        };
        (0..self.models as u64).map(trial).collect()
    }

    /// Batch size of one model.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        Trial::new(self.target.objective(), 0).training.batch_size
    }

    /// The cohort at step 0.
    ///
    /// # Errors
    /// Fails if there are no models.
    pub fn cohort(&self) -> Result<Cohort<Cpu>, ModelError> {
        Cohort::new(self.trials(), dsprites(), &Default::default())
    }
}

/// The whole of dSprites.
#[must_use]
pub fn dsprites() -> Arc<Dataset> {
    let grid = Grid::full(FactorSpace::dsprites());
    Arc::new(Dataset::new(Arc::new(Dsprites::new()), grid))
}
