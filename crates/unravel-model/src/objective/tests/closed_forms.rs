//! Posteriors whose regularisers are known by hand.

use unravel_sweep::Objective;

use super::posteriors::{Batch, assert_close, evaluate};

/// Two codes; means and variances image by image.
fn batch(z_mean: &[[f64; 2]], variances: [f64; 2]) -> Batch {
    let size = z_mean.len();
    Batch {
        models: 1,
        size,
        latents: 2,
        z_mean: z_mean.concat(),
        z_logvar: vec![variances.map(f64::ln); size].concat(),
        noise: vec![0.0; 2 * size],
    }
}

fn loss(objective: Objective, batch: &Batch, step: u64) -> f64 {
    evaluate(vec![objective], batch, 100, step).loss[0]
}

#[test]
fn the_kl_of_gaussians() {
    // KL(N(1, 1) || N(0, 1)) = 1/2, KL(N(0, 4) || N(0, 1)) = (4 - 1 - ln 4) / 2.
    let batch = batch(&[[1.0, 0.0], [-1.0, 0.0]], [1.0, 4.0]);
    let expected = 0.5 + 0.5 * (3.0 - 4f64.ln());
    assert_close(loss(Objective::vae(), &batch, 0), expected, 1e-14);
    assert_close(
        loss(Objective::beta_vae(4.0), &batch, 0),
        4.0 * expected,
        1e-14,
    );
}

#[test]
fn the_posterior_that_is_the_prior_costs_nothing_but_its_capacity() {
    let batch = batch(&[[0.0, 0.0], [0.0, 0.0]], [1.0, 1.0]);
    assert_eq!(loss(Objective::vae(), &batch, 0), 0.0);
    let annealed = || Objective::annealed_vae(25.0);
    assert_eq!(loss(annealed(), &batch, 0), 0.0);
    assert_close(loss(annealed(), &batch, 50_000), 1000.0 * 12.5, 1e-14);
    assert_close(loss(annealed(), &batch, 100_000), 1000.0 * 25.0, 1e-14);
    assert_close(loss(annealed(), &batch, 300_000), 1000.0 * 25.0, 1e-14);
}

#[test]
fn the_kl_above_the_capacity_is_pushed_down_and_below_it_up() {
    let batch = batch(&[[2.0, 0.0], [-2.0, 0.0]], [1.0, 1.0]); // 2 nats
    let with = |c_max| loss(Objective::annealed_vae(c_max), &batch, 100_000);
    assert_close(with(0.0), 2000.0, 1e-14);
    assert_close(with(5.0), 3000.0, 1e-14);
}

#[test]
fn dip_vae_of_constructed_covariances() {
    let terms = |objective, batch: &Batch| {
        let found = evaluate(vec![objective], batch, 100, 0);
        let names = [
            "covariance_off_diagonal_squares",
            "covariance_diagonal_squares",
        ];
        names.map(|name| found.term(name)[0])
    };
    let check = |batch: &Batch, one: [f64; 2], two: [f64; 2]| {
        for (found, expected) in [
            (terms(Objective::dip_vae_i(1.0), batch), one),
            (terms(Objective::dip_vae_ii(1.0), batch), two),
        ] {
            assert_close(found[0], expected[0], 1e-12);
            assert_close(found[1], expected[1], 1e-12);
        }
    };
    // Covariance of the means [[2, 0], [0, 4.5]]; the variances add 0.5 and 0.25 to the diagonal.
    let axes = batch(
        &[[2.0, 0.0], [-2.0, 0.0], [0.0, 3.0], [0.0, -3.0]],
        [0.5, 0.25],
    );
    check(
        &axes,
        [0.0, 1.0 + 3.5 * 3.5],
        [0.0, 1.5 * 1.5 + 3.75 * 3.75],
    );
    // Covariance [[1, 1], [1, 1]]: both entries off the diagonal count, wherever the codes are centred.
    let line = batch(&[[6.0, 1.0], [4.0, -1.0]], [0.5, 0.5]);
    check(&line, [2.0, 0.0], [2.0, 0.5]);
    // λ_d is 10 λ_od in DIP-VAE-I, and the KL is added.
    let expected = loss(Objective::vae(), &axes, 0) + 3.0 * 10.0 * (1.0 + 3.5 * 3.5);
    assert_close(loss(Objective::dip_vae_i(3.0), &axes, 0), expected, 1e-12);
}
