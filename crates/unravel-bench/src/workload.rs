//! What is trained: architecture, objective and number of models, with the defaults of the papers for all else.

use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, FactorSpace, Grid};
use unravel_model::Cpu;
use unravel_model::cohort::Cohort;
use unravel_model::error::ModelError;
use unravel_sweep::{Architecture, Objective, Trial};

/// An objective that is measured. Its weight does not change the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// β-VAE, β = 4.
    BetaVae,
    /// FactorVAE, γ = 10, with its discriminator and the second batch of Algorithm 2.
    FactorVae,
}

impl Target {
    /// The name of its family.
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
    /// Encoder and decoder.
    pub architecture: Architecture,
    /// What is minimised.
    pub target: Target,
    /// Models of the cohort.
    pub models: usize,
}

impl Workload {
    /// Its trials: they differ in the seed.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        let trial = |seed| {
            let mut trial = Trial::new(self.target.objective(), seed);
            trial.model.architecture = self.architecture;
            trial
        };
        (0..self.models as u64).map(trial).collect()
    }

    /// Images in a batch of one model.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        Trial::new(self.target.objective(), 0).training.batch_size
    }

    /// The models at step 0.
    ///
    /// # Errors
    /// Where there are no models.
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
