//! The sweep files of this repository say what they claim to say.

use unravel_sweep::{Architecture, Objective, PermutedBatch, Sweep, parse, settings};

#[track_caller]
fn check(text: &str) -> Sweep {
    parse(text).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn quickstart_is_a_small_grid_over_beta_and_gamma() {
    let sweep = check(include_str!("../../../../sweeps/quickstart.toml"));
    assert!((6..=40).contains(&sweep.n_trials()));
    let families: Vec<&str> = sweep.arms.iter().map(|arm| arm.family().name).collect();
    assert_eq!(families, ["beta-vae", "factor-vae"]);
    assert!(!sweep.data.keep.is_empty());
}

#[test]
fn smoke_is_smaller_still() {
    let sweep = check(include_str!("../../../../sweeps/smoke.toml"));
    assert!(sweep.n_trials() <= 8);
    assert!(
        sweep
            .trials("any")
            .iter()
            .all(|trial| trial.training.steps <= 50)
    );
}

#[test]
fn factor_vae_2018_has_both_families_on_the_whole_grid() {
    let sweep = check(include_str!(
        "../../../../sweeps/papers/factor-vae-2018.toml"
    ));
    assert_eq!(sweep.n_trials(), 10 * 6 + 10 * 7);
    assert!(sweep.data.keep.is_empty());
}

#[test]
fn locatello_2019_is_in_the_order_of_the_study() {
    let sweep = check(include_str!(
        "../../../../sweeps/papers/locatello-2019-dsprites.toml"
    ));
    assert_eq!(sweep.n_trials(), 600);
    let trials = sweep.trials("dsprites");
    assert_eq!(trials.len(), 600);
    let betas = [1.0, 2.0, 4.0, 6.0, 8.0, 16.0];
    let gammas = [10.0, 20.0, 30.0, 40.0, 50.0, 100.0];
    // The study's own number of a model is strength_idx * 50 + seed, family after family.
    for (number, trial) in trials.iter().enumerate() {
        assert_eq!(trial.seed, number as u64 % 50);
        assert_eq!(trial.model.architecture, Architecture::ConvLocatello);
        assert_eq!(
            (trial.training.steps, trial.training.batch_size),
            (300_000, 64)
        );
        match &trial.objective {
            Objective::BetaVae { beta } => assert_eq!(*beta, betas[number / 50]),
            Objective::FactorVae {
                gamma,
                permuted_batch,
                discriminator,
            } => {
                assert_eq!(*gamma, gammas[number / 50 - 6]);
                assert_eq!(*permuted_batch, PermutedBatch::Same);
                assert_eq!(
                    *discriminator,
                    unravel_sweep::DiscriminatorConfig::default()
                );
            }
        }
    }
    assert_eq!(settings(&trials).len(), 12);
}

#[test]
fn the_reference_is_right_about_its_own_examples() {
    let reference = include_str!("../../../../docs/sweep-file.md");
    let mut blocks = reference
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    assert_eq!(check(blocks.next().unwrap()).n_trials(), 120);
    let zipped = blocks.find(|block| block.contains("zip")).unwrap();
    assert_eq!(
        check(&format!("format-version = 1\nname = \"s\"\n{zipped}")).n_trials(),
        15
    );

    let canonical = reference
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let mut trial = unravel_sweep::Trial::new(Objective::factor_vae(35.0), 7);
    trial.data.content = "dsprites-1".to_owned();
    trial.data.keep.insert("orientation".to_owned(), 10);
    assert_eq!(trial.canonical_text(), canonical);
    assert!(reference.contains(&format!("This one is `{}`", trial.id())));
}
