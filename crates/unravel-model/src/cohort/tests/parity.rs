//! Twenty steps of every objective against PyTorch: `tests/parity/make.py` made the fixture, from its own equations.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use unravel_sweep::{
    Combined, Cycle, DipKind, Estimator, Likelihood, Objective, PermutedBatch, Ramp, Schedule,
    Trial, Weight,
};

use super::tiny::{self, GivenDraws};
use crate::arrays::{Array, Arrays};
use crate::placement::Placement;

const FIXTURE: &[u8] = include_bytes!("../../../tests/parity/parity.safetensors");
const STEPS: u64 = 20;

fn f32s(view: &TensorView<'_>) -> Vec<f32> {
    let (numbers, _) = view.data().as_chunks::<4>();
    numbers
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

fn i32s(view: &TensorView<'_>) -> Vec<i32> {
    let (numbers, _) = view.data().as_chunks::<4>();
    numbers
        .iter()
        .map(|bytes| i32::from_le_bytes(*bytes))
        .collect()
}

fn f64s(view: &TensorView<'_>) -> Vec<f64> {
    let (numbers, _) = view.data().as_chunks::<8>();
    numbers
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect()
}

fn fixture() -> SafeTensors<'static> {
    SafeTensors::deserialize(FIXTURE).unwrap()
}

/// The draws of the fixture.
pub fn draws() -> GivenDraws {
    let fixture = fixture();
    let view = |name| fixture.tensor(name).unwrap();
    GivenDraws {
        placement: Placement::double(&Default::default()),
        images: f32s(&view("draws/images")),
        noise: f32s(&view("draws/noise")),
        permutations: i32s(&view("draws/permutations")),
    }
}

/// The weights before the first step.
pub fn initial() -> Arrays {
    let fixture = fixture();
    let arrays = fixture.iter().filter_map(|(name, view)| {
        let array = Array {
            shape: view.shape().to_vec(),
            values: f32s(&view),
        };
        Some((name.strip_prefix("initial/")?.to_owned(), array))
    });
    arrays.collect()
}

fn ramp(to: f64, begin: u64, until: u64) -> Ramp {
    Ramp {
        from: 0.0,
        to,
        begin,
        until,
    }
}

fn factor_vae(permuted_batch: PermutedBatch) -> Objective {
    Objective::FactorVae {
        gamma: 10.0.into(),
        permuted_batch,
        discriminator: tiny::discriminator(),
    }
}

fn beta_tc_vae(alpha: f64, gamma: f64, estimator: Estimator) -> Objective {
    Objective::BetaTcVae {
        alpha: alpha.into(),
        beta: 6.0.into(),
        gamma: gamma.into(),
        estimator,
    }
}

/// The cases of `make.py`, by the same names.
pub fn cases() -> BTreeMap<&'static str, Trial> {
    let scheduled = |schedule| Objective::beta_vae(Weight::Schedule(schedule));
    let cyclic = Schedule::Cyclic(Cycle {
        from: 0.0,
        to: 8.0,
        period: 8,
        rise: 0.5,
    });
    let combined = Combined {
        beta: Weight::Schedule(Schedule::Linear(ramp(4.0, 0, 10))),
        gamma: Some(5.0.into()),
        mutual_information: Some(0.5.into()),
        total_correlation: Some(3.0.into()),
        dimension_wise_kl: Some(1.5.into()),
        lambda_od: Some(2.0.into()),
        lambda_d_factor: 3.0,
        dip_type: DipKind::Ii,
        estimator: Estimator::Stratified,
        permuted_batch: PermutedBatch::Second,
        discriminator: tiny::discriminator(),
    };
    let annealed = Objective::AnnealedVae {
        gamma: 10.0.into(),
        c_max: 3.0,
        iteration_threshold: 15,
    };
    let objectives = [
        ("vae", Objective::vae()),
        ("beta-vae", Objective::beta_vae(4.0)),
        (
            "beta-vae-linear",
            scheduled(Schedule::Linear(ramp(8.0, 3, 15))),
        ),
        (
            "beta-vae-cosine",
            scheduled(Schedule::Cosine(ramp(8.0, 0, 15))),
        ),
        ("beta-vae-cyclic", scheduled(cyclic)),
        ("beta-vae-gaussian", Objective::beta_vae(4.0)),
        ("annealed-vae", annealed),
        ("factor-vae-second", factor_vae(PermutedBatch::Second)),
        ("factor-vae-same", factor_vae(PermutedBatch::Same)),
        (
            "beta-tc-vae-weighted",
            beta_tc_vae(1.0, 1.0, Estimator::Weighted),
        ),
        (
            "beta-tc-vae-stratified",
            beta_tc_vae(0.5, 2.0, Estimator::Stratified),
        ),
        ("dip-vae-i", Objective::dip_vae_i(5.0)),
        ("dip-vae-ii", Objective::dip_vae_ii(5.0)),
        ("combined", Objective::Combined(combined)),
    ];
    let with_trial = |(name, objective)| {
        let mut trial = tiny::trial(objective);
        if name == "beta-vae-gaussian" {
            trial.model.likelihood = Likelihood::Gaussian;
            trial.model.variance = Some(0.1);
        }
        (name, trial)
    };
    objectives.map(with_trial).into()
}

#[test]
fn twenty_steps_of_every_objective_end_where_pytorch_does() {
    let (fixture, initial) = (fixture(), initial());
    let mut compared = 0;
    for (name, trial) in cases() {
        let mut cohort = tiny::cohort(trial, &initial, draws());
        cohort.train(STEPS);
        let arrays = cohort.snapshot(0).arrays;
        for (key, view) in fixture.iter() {
            let Some(key) = key.strip_prefix(name).and_then(|key| key.strip_prefix('/')) else {
                continue;
            };
            let array = &arrays[key];
            assert_eq!(array.shape, view.shape(), "{name}: {key}");
            for (ours, theirs) in array.values.iter().zip(f64s(&view)) {
                let error = (f64::from(*ours) - theirs).abs();
                assert!(
                    error < 1e-6,
                    "{name}: {key} is {ours}, PyTorch has {theirs}"
                );
                compared += 1;
            }
        }
    }
    // 14 cases of the VAE's 627 parameters, and 3 of the discriminator's 62.
    assert_eq!(compared, 14 * 627 + 3 * 62);
}
