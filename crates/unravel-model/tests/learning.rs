//! On 16 small images and with a small network, every objective learns, and its weight moves the term that it should.

use std::sync::Arc;

use unravel_data::{Dataset, Factor, FactorSpace, Grid, Observations};
use unravel_model::Cpu;
use unravel_model::cohort::Cohort;
use unravel_sweep::{
    Architecture, Combined, DiscriminatorConfig, Estimator, Objective, PermutedBatch, Ramp,
    Schedule, Trial, Weight,
};

const SIDE: usize = 16;
const STEPS: u64 = 800;

/// A white square at four by four places.
struct Squares(FactorSpace);

impl Squares {
    fn new() -> Self {
        let factor = |(name, size): (&str, usize)| Factor {
            name: name.to_owned(),
            size,
        };
        let factors = [("x", 4), ("y", 4)].map(factor).to_vec();
        Self(FactorSpace::new(factors).unwrap())
    }
}

impl Observations for Squares {
    fn space(&self) -> &FactorSpace {
        &self.0
    }

    fn shape(&self) -> [usize; 3] {
        [SIDE, SIDE, 1]
    }

    fn write(&self, index: usize, out: &mut [f32]) {
        let mut factors = [0; 2];
        self.0.factors_of(index, &mut factors);
        let [left, top] = factors.map(|factor| 3 * factor);
        for (at, pixel) in out.iter_mut().enumerate() {
            let (y, x) = (at / SIDE, at % SIDE);
            let inside = (left..left + 7).contains(&x) && (top..top + 7).contains(&y);
            *pixel = f32::from(u8::from(inside));
        }
    }

    fn content(&self) -> &str {
        "squares"
    }
}

fn dataset() -> Arc<Dataset> {
    let squares = Squares::new();
    let grid = Grid::full(squares.space().clone());
    Arc::new(Dataset::new(Arc::new(squares), grid))
}

/// The terms of a trial, averaged over the last steps.
struct Learnt {
    names: Vec<String>,
    values: Vec<f64>,
}

impl Learnt {
    fn term(&self, name: &str) -> f64 {
        let at = self.names.iter().position(|known| known == name);
        self.values[at.unwrap_or_else(|| panic!("no term {name}"))]
    }
}

/// Trains these objectives as one cohort.
fn learn<const N: usize>(objectives: [Objective; N]) -> [Learnt; N] {
    const LAST: u64 = 50;
    let trial = |objective| {
        let mut trial = Trial::new(objective, 2); // a seed that leaves the mean image early
        trial.model.architecture = Architecture::ConvSmall;
        trial.model.latents = 4;
        trial.training.steps = STEPS;
        trial.training.batch_size = 16;
        trial.training.learning_rate = 2e-3;
        trial
    };
    let trials = objectives.map(trial).to_vec();
    let mut cohort = Cohort::<Cpu>::new(trials, dataset(), &Default::default()).unwrap();
    cohort.train(STEPS - LAST);
    let records = cohort.train(LAST);
    std::array::from_fn(|model| {
        let mean = |column: usize| {
            let of = |values: &Vec<Vec<f32>>| f64::from(values[model][column]);
            records.iter().map(|record| of(&record.values)).sum::<f64>() / LAST as f64
        };
        let names = cohort.term_names();
        Learnt {
            values: (0..names.len()).map(mean).collect(),
            names,
        }
    })
}

/// Weak until the images are learnt, then strong: small images are easily given up when the penalty comes first.
fn later(weak: f64, strong: f64) -> Weight {
    Weight::Schedule(Schedule::Linear(Ramp {
        from: weak,
        to: strong,
        begin: STEPS / 2,
        until: STEPS * 2 / 3,
    }))
}

/// Asserts that the term falls at least to this part of what it was with the weak weight.
#[track_caller]
fn assert_falls([weak, strong]: [&Learnt; 2], term: &str, part: f64) {
    let (weak, strong) = (weak.term(term), strong.term(term));
    assert!(
        strong < part * weak,
        "{term}: {weak} with the weak weight, {strong} with the strong one"
    );
}

#[test]
fn vae_and_beta_vae() {
    // Without codes the best is the entropy of the mean image, 116 nats; ln 16 = 2.8 nats tell the images apart.
    let [vae] = learn([Objective::vae()]);
    let [weak, strong] = learn([1.0.into(), later(1.0, 20.0)].map(Objective::beta_vae));
    assert!(vae.term("reconstruction_nats") < 15.0);
    assert!((2.7..12.0).contains(&vae.term("kl_nats")));
    assert!(weak.term("reconstruction_nats") < strong.term("reconstruction_nats"));
    assert_falls([&weak, &strong], "kl_nats", 0.8);
}

#[test]
fn annealed_vae_has_the_kl_that_it_is_allowed() {
    let objective = |c_max| Objective::AnnealedVae {
        gamma: 10.0.into(),
        c_max,
        iteration_threshold: STEPS / 2,
    };
    let learnt = learn([4.0, 8.0].map(objective));
    for (learnt, c_max) in learnt.iter().zip([4.0, 8.0]) {
        assert_eq!(learnt.term("capacity_nats"), c_max);
        assert!((learnt.term("kl_nats") - c_max).abs() < 0.1 * c_max);
    }
    // A rising capacity may go into codes that tell nothing; the larger one must do better than that.
    let reconstruction = learnt[1].term("reconstruction_nats");
    assert!(reconstruction < 60.0, "{reconstruction}");
}

#[test]
fn factor_vae_lowers_the_total_correlation() {
    let objective = |gamma| Objective::FactorVae {
        gamma,
        permuted_batch: PermutedBatch::Second,
        discriminator: DiscriminatorConfig {
            layers: 2,
            units: 64,
            learning_rate: 2e-3,
            ..Default::default()
        },
    };
    let [weak, strong] = learn([0.0.into(), later(0.0, 20.0)].map(objective));
    assert_falls([&weak, &strong], "total_correlation_nats", 0.5);
    assert!(strong.term("reconstruction_nats") < 20.0);
}

#[test]
fn beta_tc_vae_lowers_the_total_correlation() {
    let objective = |beta| Objective::BetaTcVae {
        alpha: 1.0.into(),
        beta,
        gamma: 1.0.into(),
        estimator: Estimator::Stratified,
    };
    let [weak, strong] = learn([1.0.into(), later(1.0, 10.0)].map(objective));
    // With other seeds a bit more than half of it is left.
    assert_falls([&weak, &strong], "total_correlation_nats", 0.7);
    assert!(strong.term("reconstruction_nats") < 20.0);
}

#[test]
fn dip_vae_lowers_the_covariances() {
    // Where the variances are held at 1, batches of 16 leave covariances of 1/4 by chance; so each sum on its own.
    let one = |lambda_od, lambda_d_factor| Objective::DipVaeI {
        lambda_od,
        lambda_d_factor,
    };
    let two = |lambda_od, lambda_d_factor| Objective::DipVaeIi {
        lambda_od,
        lambda_d_factor,
    };
    let (off, strong) = (Weight::Constant(0.0), later(0.0, 20.0));
    let one = [one(off, 1.0), one(strong, 0.0), one(strong, 10.0)];
    let two = [two(off, 1.0), two(strong, 0.0), two(strong, 1.0)];
    for objectives in [one, two] {
        let [without, off_diagonal, both] = learn(objectives);
        assert_falls(
            [&without, &off_diagonal],
            "covariance_off_diagonal_squares",
            0.5,
        );
        assert_falls([&without, &both], "covariance_diagonal_squares", 0.2);
        assert!(both.term("reconstruction_nats") < 20.0);
    }
}

#[test]
fn a_combined_objective_lowers_all_that_it_weighs() {
    let objective = |strength| {
        Objective::Combined(Combined {
            total_correlation: Some(strength),
            lambda_od: Some(strength),
            estimator: Estimator::Stratified,
            ..Combined::default()
        })
    };
    let [weak, strong] = learn([0.0.into(), later(0.0, 20.0)].map(objective));
    assert_falls([&weak, &strong], "total_correlation_nats", 0.5);
    assert_falls([&weak, &strong], "covariance_diagonal_squares", 0.5);
}
