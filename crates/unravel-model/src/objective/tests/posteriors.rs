//! Posteriors that are given, and objectives evaluated on them.

use burn::backend::Flex;
use burn::tensor::Tensor;
use unravel_sweep::{Objective, Trial};

use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;
use crate::objective::StepContext;
use crate::objective::build::{Setup, build};
use crate::placement::Placement;
use crate::random::{Purpose, Stream};

pub fn placement() -> Placement<Flex> {
    Placement::double(&Default::default())
}

/// Posteriors and samples of `M` models, each array `[M, N, latents]`.
#[derive(Clone, Debug)]
pub struct Batch {
    pub models: usize,
    pub size: usize,
    pub latents: usize,
    pub z_mean: Vec<f64>,
    pub z_logvar: Vec<f64>,
    pub noise: Vec<f64>,
}

impl Batch {
    /// Means of standard deviation 1, log variances around −1.
    pub fn random(models: usize, size: usize, latents: usize, key: u64) -> Self {
        let draw = |purpose, scale: f64, shift: f64| -> Vec<f64> {
            let mut values = vec![0.0; models * size * latents];
            Stream::new(key, purpose, 0).normal(&mut values);
            values
                .into_iter()
                .map(|x| scale * f64::from(x) + shift)
                .collect()
        };
        Self {
            models,
            size,
            latents,
            z_mean: draw(Purpose::Batch, 1.0, 0.0),
            z_logvar: draw(Purpose::SecondBatch, 0.7, -1.0),
            noise: draw(Purpose::Noise, 1.0, 0.0),
        }
    }

    pub fn at(&self, model: usize, image: usize, code: usize) -> usize {
        (model * self.size + image) * self.latents + code
    }

    pub fn mean(&self, model: usize, image: usize, code: usize) -> f64 {
        self.z_mean[self.at(model, image, code)]
    }

    pub fn variance(&self, model: usize, image: usize, code: usize) -> f64 {
        self.z_logvar[self.at(model, image, code)].exp()
    }

    pub fn z(&self, model: usize, image: usize, code: usize) -> f64 {
        let noise = self.noise[self.at(model, image, code)];
        self.mean(model, image, code) + self.variance(model, image, code).sqrt() * noise
    }

    fn tensor(&self, values: &[f64]) -> Tensor<Flex, 3> {
        placement().precise(values.to_vec(), [self.models, self.size, self.latents])
    }

    pub fn posterior(&self) -> Posterior<Flex> {
        Posterior {
            z_mean: Tracked::<Flex, 3>::from_inner(self.tensor(&self.z_mean)),
            z_logvar: Tracked::<Flex, 3>::from_inner(self.tensor(&self.z_logvar)),
        }
    }

    pub fn samples(&self) -> Tracked<Flex, 3> {
        self.posterior().sample(self.tensor(&self.noise))
    }
}

/// What an objective adds to the reconstruction loss, and its own terms by name.
pub struct Evaluated {
    /// One a model.
    pub loss: Vec<f64>,
    /// One a model each.
    pub terms: Vec<(&'static str, Vec<f64>)>,
}

impl Evaluated {
    pub fn term(&self, name: &str) -> &[f64] {
        let term = self.terms.iter().find(|(known, _)| *known == name);
        &term.unwrap_or_else(|| panic!("no term {name}")).1
    }
}

pub fn host<const D: usize>(tensor: Tensor<Flex, D>) -> Vec<f64> {
    tensor.into_data().to_vec().unwrap()
}

/// The objectives, one a model, at this step.
pub fn evaluate(
    objectives: Vec<Objective>,
    batch: &Batch,
    n_points: usize,
    step: u64,
) -> Evaluated {
    let trial = |objective| {
        let mut trial = Trial::new(objective, 0);
        trial.model.latents = batch.latents;
        trial.training.batch_size = batch.size;
        trial
    };
    let trials: Vec<Trial> = objectives.into_iter().map(trial).collect();
    let objective = build::<Flex>(&Setup {
        trials: &trials,
        saved: None,
        n_points,
        placement: &placement(),
    })
    .unwrap();
    let posterior = batch.posterior();
    let regulariser = objective.regulariser(&StepContext {
        step,
        posterior: &posterior,
        z: &batch.samples(),
        kl_per_code: &posterior.kl_per_code(),
    });
    let terms = regulariser.terms.into_iter().map(host);
    Evaluated {
        loss: host(regulariser.loss.inner()),
        terms: objective.term_names().into_iter().zip(terms).collect(),
    }
}

#[track_caller]
pub fn assert_close(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs();
    assert!(
        error <= relative * expected.abs().max(1e-3),
        "{found} is not {expected}"
    );
}
