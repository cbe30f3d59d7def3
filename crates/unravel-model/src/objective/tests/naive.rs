//! Every regulariser against [`loops`](super::loops), three models with weights of their own at once.

use unravel_sweep::{Combined, DipKind, Estimator, Objective, Ramp, Schedule, Weight};

use super::loops;
use super::posteriors::{Batch, assert_close, evaluate};

const N_POINTS: usize = 50;
const STEP: u64 = 30;
const WEIGHTS: [f64; 3] = [0.5, 4.0, 20.0];
/// Far below the 1e-5 that would do.
const RELATIVE: f64 = 1e-10;

fn batch() -> Batch {
    Batch::random(3, 7, 4, 11)
}

/// Compares the loss of three objectives with `expected(model, weight)`.
#[track_caller]
fn check(objective: impl Fn(Weight) -> Objective, expected: impl Fn(usize, f64) -> f64) {
    // The last weight comes out of a schedule that is half way from 10 to 30 at this step.
    let half_way = Weight::Schedule(Schedule::Linear(Ramp {
        from: 10.0,
        to: 30.0,
        begin: 10,
        until: 50,
    }));
    let weights = [WEIGHTS[0].into(), WEIGHTS[1].into(), half_way];
    let found = evaluate(weights.map(objective).to_vec(), &batch(), N_POINTS, STEP);
    for (model, weight) in WEIGHTS.into_iter().enumerate() {
        assert_close(found.loss[model], expected(model, weight), RELATIVE);
    }
}

#[test]
fn vae_and_beta_vae() {
    let batch = batch();
    check(|_| Objective::vae(), |m, _| loops::kl(&batch, m));
    check(Objective::beta_vae, |m, beta| beta * loops::kl(&batch, m));
}

#[test]
fn annealed_vae() {
    let batch = batch();
    let (c_max, iteration_threshold) = (25.0, 40);
    let objective = |gamma| Objective::AnnealedVae {
        gamma,
        c_max,
        iteration_threshold,
    };
    let capacity = c_max * STEP as f64 / iteration_threshold as f64;
    check(objective, |m, gamma| {
        gamma * (loops::kl(&batch, m) - capacity).abs()
    });
    let found = evaluate(vec![objective(1.0.into()); 3], &batch, N_POINTS, STEP);
    assert_close(found.term("capacity_nats")[1], capacity, RELATIVE);
    let distance = (loops::kl(&batch, 1) - capacity).abs();
    assert_close(
        found.term("distance_from_capacity_nats")[1],
        distance,
        RELATIVE,
    );
}

#[test]
fn beta_tc_vae() {
    let batch = batch();
    for estimator in [Estimator::Weighted, Estimator::Stratified] {
        let objective = |beta| Objective::BetaTcVae {
            alpha: 0.25.into(),
            beta,
            gamma: 3.0.into(),
            estimator,
        };
        let weight = |own, other| loops::weight(estimator, own, other, batch.size, N_POINTS as f64);
        let parts = |m| loops::decomposition(&batch, m, weight);
        check(objective, |m, beta| {
            let [mi, tc, dkl] = parts(m);
            loops::kl(&batch, m) - 0.75 * mi + (beta - 1.0) * tc + 2.0 * dkl
        });
        let found = evaluate(vec![objective(1.0.into()); 3], &batch, N_POINTS, STEP);
        let names = [
            "mutual_information_nats",
            "total_correlation_nats",
            "dimension_wise_kl_nats",
        ];
        for (name, expected) in names.into_iter().zip(parts(2)) {
            assert_close(found.term(name)[2], expected, RELATIVE);
        }
    }
}

#[test]
fn dip_vae() {
    let batch = batch();
    for (kind, factor) in [(DipKind::I, 10.0), (DipKind::Ii, 2.5)] {
        let objective = |lambda_od| match kind {
            DipKind::I => Objective::DipVaeI {
                lambda_od,
                lambda_d_factor: factor,
            },
            DipKind::Ii => Objective::DipVaeIi {
                lambda_od,
                lambda_d_factor: factor,
            },
        };
        check(objective, |m, lambda_od| {
            let [off, on] = loops::dip(&batch, m, kind);
            loops::kl(&batch, m) + lambda_od * off + factor * lambda_od * on
        });
        let found = evaluate(vec![objective(1.0.into()); 3], &batch, N_POINTS, STEP);
        let [off, on] = loops::dip(&batch, 0, kind);
        assert_close(
            found.term("covariance_off_diagonal_squares")[0],
            off,
            RELATIVE,
        );
        assert_close(found.term("covariance_diagonal_squares")[0], on, RELATIVE);
    }
}

#[test]
fn a_combined_objective_is_the_sum_of_its_parts() {
    let batch = batch();
    let objective = |total_correlation| {
        Objective::Combined(Combined {
            beta: 2.0.into(),
            total_correlation: Some(total_correlation),
            lambda_od: Some(3.0.into()),
            lambda_d_factor: 0.5,
            dip_type: DipKind::Ii,
            ..Combined::default()
        })
    };
    let weight =
        |own, other| loops::weight(Estimator::Weighted, own, other, batch.size, N_POINTS as f64);
    check(objective, |m, weight_of_tc| {
        let [_, tc, _] = loops::decomposition(&batch, m, weight);
        let [off, on] = loops::dip(&batch, m, DipKind::Ii);
        2.0 * loops::kl(&batch, m) + weight_of_tc * tc + 3.0 * off + 1.5 * on
    });
}
