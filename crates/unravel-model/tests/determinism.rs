//! A trial's result depends on its configuration alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, FactorSpace, Grid};
use unravel_model::Cpu;
use unravel_model::cohort::{Cohort, Snapshot, StepTerms};
use unravel_sweep::{
    Architecture, Combined, DiscriminatorConfig, Estimator, Objective, PermutedBatch, Ramp,
    Schedule, Trial, Weight,
};

fn dataset() -> Arc<Dataset> {
    let keep = [("orientation", 4), ("pos-x", 4), ("pos-y", 4)];
    let keep: BTreeMap<String, usize> = keep.map(|(name, n)| (name.to_owned(), n)).into();
    let grid = Grid::keep(FactorSpace::dsprites(), &keep).unwrap();
    Arc::new(Dataset::new(Arc::new(Dsprites::new()), grid))
}

fn trial(objective: Objective, seed: u64) -> Trial {
    let mut trial = Trial::new(objective, seed);
    trial.model.architecture = Architecture::ConvSmall;
    trial.model.latents = 5;
    trial.training.batch_size = 21;
    trial.training.learning_rate = 1e-3;
    trial
}

fn discriminator() -> DiscriminatorConfig {
    DiscriminatorConfig {
        layers: 3,
        units: 50,
        ..Default::default()
    }
}

fn factor_vae(gamma: impl Into<Weight>, permuted_batch: PermutedBatch) -> Objective {
    Objective::FactorVae {
        gamma: gamma.into(),
        permuted_batch,
        discriminator: discriminator(),
    }
}

fn train(trials: Vec<Trial>, steps: u64) -> (Vec<StepTerms>, Vec<Snapshot>) {
    let mut cohort = Cohort::<Cpu>::new(trials, dataset(), &Default::default()).unwrap();
    let terms = cohort.train(steps);
    let snapshots = (0..cohort.trials().len())
        .map(|m| cohort.snapshot(m))
        .collect();
    (terms, snapshots)
}

fn with_threads<R: Send>(n: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .build()
        .unwrap()
        .install(work)
}

#[track_caller]
fn check_alone_and_together(objectives: [Objective; 4]) {
    let trials: Vec<Trial> = objectives
        .into_iter()
        .zip([0, 1, 1, 7])
        .map(|(objective, seed)| trial(objective, seed))
        .collect();
    let (terms, together) = train(trials.clone(), 4);
    for (m, trial) in trials.into_iter().enumerate() {
        let (alone_terms, alone) = train(vec![trial], 4);
        assert_eq!(alone[0], together[m]);
        for (one, all) in alone_terms.iter().zip(&terms) {
            assert_eq!(one.values[0], all.values[m]);
        }
    }
}

/// Every family, with this strength on a schedule for its second and fourth trial.
fn every_objective() -> Vec<[Objective; 4]> {
    let rising = Weight::Schedule(Schedule::Linear(Ramp {
        from: 0.0,
        to: 16.0,
        begin: 0,
        until: 3,
    }));
    let weights = [1.0.into(), rising, 4.0.into(), rising];
    let beta_tc_vae = |beta| Objective::BetaTcVae {
        alpha: 2.0.into(),
        beta,
        gamma: 1.0.into(),
        estimator: Estimator::Stratified,
    };
    let combined = |gamma| {
        Objective::Combined(Combined {
            gamma: Some(gamma),
            total_correlation: Some(2.0.into()),
            lambda_od: Some(3.0.into()),
            discriminator: discriminator(),
            ..Combined::default()
        })
    };
    vec![
        std::array::from_fn(|_| Objective::vae()),
        weights.map(Objective::beta_vae),
        [5.0, 10.0, 10.0, 40.0].map(Objective::annealed_vae),
        weights.map(|gamma| factor_vae(gamma, PermutedBatch::Second)),
        weights.map(beta_tc_vae),
        weights.map(Objective::dip_vae_i),
        weights.map(Objective::dip_vae_ii),
        weights.map(combined),
    ]
}

#[test]
fn a_cohort_of_four_gives_each_trial_what_it_gets_alone() {
    every_objective()
        .into_iter()
        .for_each(check_alone_and_together);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut objectives: Vec<Objective> =
        every_objective().into_iter().flatten().step_by(5).collect();
    objectives.push(factor_vae(10.0, PermutedBatch::Same));
    for objective in objectives {
        let run = || train(vec![trial(objective.clone(), 3)], 3);
        let one = with_threads(1, run);
        assert!(one == with_threads(2, run) && one == with_threads(5, run));
    }
}

/// The architectures of the papers: a few steps of a batch that divides into nothing evenly.
#[test]
fn every_architecture_is_the_same_alone_together_and_on_any_number_of_threads() {
    for architecture in Architecture::ALL {
        let trials: Vec<Trial> = [0, 1, 2, 7]
            .into_iter()
            .zip([1.0, 4.0, 4.0, 16.0])
            .map(|(seed, beta)| {
                let mut trial = trial(Objective::beta_vae(beta), seed);
                trial.model.architecture = *architecture;
                trial.training.batch_size = 37;
                trial
            })
            .collect();
        let together = with_threads(2, || train(trials.clone(), 2));
        assert!(with_threads(5, || train(trials.clone(), 2)) == together);
        let alone = with_threads(1, || train(vec![trials[2].clone()], 2));
        assert_eq!(alone.1[0], together.1[2], "{}", architecture.name());
    }
}

#[test]
fn an_interrupted_trial_ends_as_an_uninterrupted_one() {
    for [first, second, ..] in every_objective() {
        let trials = vec![trial(first, 3), trial(second, 4)];
        let (terms, at_once) = train(trials.clone(), 6);
        let (_, half) = train(trials.clone(), 2);
        let half: Vec<&Snapshot> = half.iter().collect();
        let mut resumed =
            Cohort::<Cpu>::resume(trials, &half, dataset(), &Default::default()).unwrap();
        assert_eq!(resumed.train(4), terms[2..]);
        assert_eq!(resumed.snapshot(1), at_once[1]);
    }
}

#[test]
fn a_trial_that_leaves_does_not_disturb_the_others() {
    let trials: Vec<Trial> = (0..3)
        .map(|seed| trial(factor_vae(10.0, PermutedBatch::Second), seed))
        .collect();
    let (_, at_once) = train(trials.clone(), 4);
    let mut cohort = Cohort::<Cpu>::new(trials, dataset(), &Default::default()).unwrap();
    cohort.train(2);
    cohort.keep(&[0, 2]);
    cohort.train(2);
    assert_eq!(cohort.snapshot(1), at_once[2]);
    assert_eq!(cohort.trials()[1].seed, 2);
}

#[test]
fn trials_of_different_shapes_are_refused() {
    let mut other = trial(Objective::beta_vae(1.0), 0);
    other.model.latents = 6;
    let trials = vec![trial(Objective::beta_vae(1.0), 0), other];
    let error = Cohort::<Cpu>::new(trials, dataset(), &Default::default())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("cannot train in one cohort"),
        "{error}"
    );
}
