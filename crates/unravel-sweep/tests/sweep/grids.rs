//! Lists multiply, arms add, and the order is that of the file.

use std::collections::BTreeSet;

use proptest::prelude::*;
use unravel_sweep::{Trial, parse, settings};

/// The trials of one arm, each as `label seed`.
fn trials_of(arm: &str) -> Vec<Trial> {
    let text = format!("format-version = 1\nname = \"s\"\n[[arm]]\n{arm}");
    parse(&text)
        .unwrap_or_else(|faults| panic!("{faults}"))
        .trials("dsprites")
}

#[track_caller]
fn check(arm: &str, labels: &[&str]) {
    let found: Vec<String> = settings(&trials_of(arm))
        .into_iter()
        .map(|setting| setting.label)
        .collect();
    assert_eq!(found, labels);
}

#[track_caller]
fn check_betas(list: &str, betas: &[f64]) {
    let trials = trials_of(&format!("objective.beta-vae.beta = {list}"));
    let found: Vec<f64> = trials
        .iter()
        .map(|trial| trial.objective.strength())
        .collect();
    assert_eq!(found, betas);
}

#[test]
fn lists_multiply_in_written_order() {
    check(
        "training.learning-rate = [0.001, 0.0001]\nobjective.beta-vae.beta = [4, 1]",
        &[
            "β-VAE β=4, learning-rate=0.001",
            "β-VAE β=1, learning-rate=0.001",
            "β-VAE β=4, learning-rate=0.0001",
            "β-VAE β=1, learning-rate=0.0001",
        ],
    );
    check(
        "[arm.objective.beta-vae]\nbeta = [4, 1]\n[arm.model]\nlatents = [5, 10]",
        &[
            "β-VAE β=4, latents=5",
            "β-VAE β=4, latents=10",
            "β-VAE β=1, latents=5",
            "β-VAE β=1, latents=10",
        ],
    );
    check(
        "objective.factor-vae = { discriminator = { units = [10, 20] }, permuted-batch = [\"same\"], gamma = 3.5 }",
        &[
            "FactorVAE γ=3.5, discriminator.units=10",
            "FactorVAE γ=3.5, discriminator.units=20",
        ],
    );
}

#[test]
fn zip_ties_lists_side_by_side() {
    check(
        "training.learning-rate = [0.001, 0.0001]\nmodel.latents = [5, 10]\nobjective.beta-vae.beta = [4, 1]\n\
         zip = [[\"objective.beta-vae.beta\", \"training.learning-rate\"]]",
        &[
            "β-VAE β=4, latents=5, learning-rate=0.001",
            "β-VAE β=4, latents=10, learning-rate=0.001",
            "β-VAE β=1, latents=5, learning-rate=0.0001",
            "β-VAE β=1, latents=10, learning-rate=0.0001",
        ],
    );
}

#[test]
fn tied_lists_may_repeat_a_value_but_not_a_row() {
    check(
        "training.learning-rate = [0.001, 0.001]\nobjective.beta-vae.beta = [4, 1]\n\
         zip = [[\"objective.beta-vae.beta\", \"training.learning-rate\"]]",
        &["β-VAE β=4", "β-VAE β=1"],
    );
}

#[test]
fn seeds_are_fastest_and_are_a_number_or_a_list() {
    let seeds = |seeds: &str| -> Vec<u64> {
        let arm = format!("seeds = {seeds}\nobjective.beta-vae.beta = [1, 2]");
        trials_of(&arm).iter().map(|trial| trial.seed).collect()
    };
    assert_eq!(seeds("2"), [0, 1, 0, 1]);
    assert_eq!(seeds("[7, 3]"), [7, 3, 7, 3]);
    assert_eq!(seeds("{ range = [2, 4] }"), [2, 3, 2, 3]);
    assert_eq!(trials_of("objective.beta-vae.beta = 1")[0].seed, 0);
}

#[test]
fn short_lists_are_what_a_person_would_write() {
    check_betas("{ range = [0, 3] }", &[0.0, 1.0, 2.0]);
    check_betas("{ range = [0, 10, 4] }", &[0.0, 4.0, 8.0]);
    check_betas(
        "{ linspace = [0, 1, 11] }",
        &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    );
    check_betas("{ linspace = [16, 1, 4] }", &[16.0, 11.0, 6.0, 1.0]);
    check_betas(
        "{ logspace = [1e-4, 1, 5] }",
        &[0.0001, 0.001, 0.01, 0.1, 1.0],
    );
    check_betas("{ logspace = [1, 16, 5] }", &[1.0, 2.0, 4.0, 8.0, 16.0]);
}

#[test]
fn arms_override_the_defaults_of_the_sweep() {
    let text = r#"
        format-version = 1
        name = "s"
        [model]
        latents = 6
        [training]
        steps = 100
        [[arm]]
        model.latents = 3
        objective.beta-vae.beta = 1
        [[arm]]
        training.steps = 50
        objective.beta-vae.beta = 1
    "#;
    let trials = parse(text).unwrap().trials("dsprites");
    let found: Vec<(usize, u64)> = trials
        .iter()
        .map(|t| (t.model.latents, t.training.steps))
        .collect();
    assert_eq!(found, [(3, 100), (6, 50)]);
}

#[test]
fn a_trial_in_two_arms_is_one_trial_at_its_first_place() {
    let text = r#"
        format-version = 1
        name = "s"
        [[arm]]
        objective.beta-vae.beta = [4, 1]
        [[arm]]
        objective.beta-vae.beta = [1.0, 2]
    "#;
    let sweep = parse(text).unwrap();
    assert_eq!(sweep.n_trials(), 4);
    let betas: Vec<f64> = sweep
        .trials("dsprites")
        .iter()
        .map(|trial| trial.objective.strength())
        .collect();
    assert_eq!(betas, [4.0, 1.0, 2.0]);
}

#[test]
fn a_factor_kept_whole_is_the_same_as_one_not_named() {
    let with_data = |data: &str| {
        let text = format!(
            "format-version = 1\nname = \"s\"\n[data]\n{data}\n[[arm]]\nobjective.beta-vae.beta = 1"
        );
        parse(&text).unwrap().trials("dsprites").remove(0).id()
    };
    assert_eq!(with_data("keep = { shape = 3 }"), with_data(""));
    assert_ne!(with_data("keep = { shape = 2 }"), with_data(""));
}

proptest! {
    #[test]
    fn as_many_trials_as_the_product_of_the_lists_and_each_its_own_id(
        n_betas in 1_usize..5, n_rates in 1_usize..4, n_latents in 1_usize..4, n_seeds in 1_u64..6,
    ) {
        let arm = format!(
            "seeds = {n_seeds}\nobjective.beta-vae.beta = {{ linspace = [1, 2, {}] }}\n\
             training.learning-rate = {:?}\nmodel.latents = {{ range = [1, {}] }}",
            n_betas + 1,
            (1..=n_rates).map(|rate| rate as f64 * 1e-3).collect::<Vec<_>>(),
            n_latents + 1,
        );
        let text = format!("format-version = 1\nname = \"s\"\n[[arm]]\n{arm}");
        let sweep = parse(&text).unwrap();
        let product = (n_betas as u64 + 1) * n_rates as u64 * n_latents as u64 * n_seeds;
        prop_assert_eq!(sweep.n_trials(), product);
        let ids: BTreeSet<_> = sweep.trials("dsprites").iter().map(Trial::id).collect();
        prop_assert_eq!(ids.len() as u64, product);
    }
}
