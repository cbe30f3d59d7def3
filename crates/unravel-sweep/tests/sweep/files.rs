//! The sweep files of this repository say what they claim to say.

use std::collections::BTreeSet;

use unravel_sweep::{
    Architecture, DiscriminatorConfig, Estimator, Family, Objective, PermutedBatch, Sweep, Trial,
    parse, settings,
};

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
fn objectives_has_every_family_and_every_architecture() {
    let sweep = check(include_str!("../../../../sweeps/objectives.toml"));
    let trials = sweep.trials("any");
    let families: BTreeSet<&str> = trials.iter().map(|t| t.objective.family().name).collect();
    assert_eq!(families.len(), Family::ALL.len());
    let architectures: BTreeSet<Architecture> =
        trials.iter().map(|t| t.model.architecture).collect();
    assert_eq!(architectures.len(), Architecture::ALL.len());
    assert!(trials.iter().all(|trial| trial.training.steps <= 50));
}

/// Each paper's sweep with its number of trials, and those of its small version.
const PAPERS: [(&str, usize, usize); 7] = [
    ("beta-vae-2017", 6 * 3 * 10, 9),
    ("understanding-2018", 2 * 10, 6),
    ("factor-vae-2018", (6 + 7) * 10, 18),
    ("beta-tcvae-2018", 2 * 6 * 10, 15),
    ("dip-vae-2018", (5 + 2 * 9) * 10, 17),
    ("locatello-2019-dsprites", 6 * 6 * 50, 24),
    ("infogan-cr-2020", 4 * 10, 9),
];

fn paper(name: &str) -> (String, Sweep) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sweeps/papers");
    let text = std::fs::read_to_string(format!("{folder}/{name}.toml")).unwrap();
    let sweep = check(&text);
    assert_eq!(sweep.name, name);
    (text, sweep)
}

#[test]
fn every_paper_has_its_trials_on_the_whole_grid_and_a_small_version_that_is_small() {
    for (name, n_trials, n_small) in PAPERS {
        let (text, full) = paper(name);
        assert_eq!(full.trials("dsprites").len(), n_trials, "{name}");
        assert!(full.data.keep.is_empty(), "{name}");
        assert!(
            text.contains("https://"),
            "{name} does not say where its paper is"
        );

        let (text, small) = paper(&format!("{name}-small"));
        let trials = small.trials("dsprites");
        assert_eq!(trials.len(), n_small, "{name}-small");
        assert!(
            text.contains(&format!("in minutes: {n_small} trials")),
            "{name}-small"
        );
        assert!(!small.data.keep.is_empty());
        for trial in &trials {
            assert_eq!(trial.model.architecture, Architecture::ConvSmall);
            assert!(trial.training.steps <= 3_000);
        }
        // What is published is the same beside both.
        assert_eq!(small.report.published, full.report.published, "{name}");
        assert_eq!(families(&small).len(), families(&full).len(), "{name}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sweeps/papers");
    let n_medium = 1;
    assert_eq!(
        std::fs::read_dir(folder).unwrap().count(),
        2 * PAPERS.len() + n_medium
    );
}

#[test]
fn the_medium_version_is_a_part_of_the_paper_with_fewer_steps() {
    let (_, full) = paper("factor-vae-2018");
    let (_, medium) = paper("factor-vae-2018-medium");
    let trials = medium.trials("dsprites");
    assert_eq!(trials.len(), 18);
    let steps = trials[0].training.steps;
    let shortened: Vec<_> = full
        .trials("dsprites")
        .iter()
        .map(|trial| trial.with_steps(steps))
        .collect();
    for trial in &trials {
        assert!(shortened.contains(trial), "{}", trial.setting().label);
    }
}

fn families(sweep: &Sweep) -> BTreeSet<&'static str> {
    sweep.arms.iter().map(|arm| arm.family().name).collect()
}

/// Small sweeps share what they can, so that whoever runs all of them trains little twice.
#[test]
fn the_small_versions_share_their_trials() {
    let trials = PAPERS.iter().flat_map(|(name, ..)| {
        let (_, sweep) = paper(&format!("{name}-small"));
        sweep.trials("dsprites")
    });
    let ids: Vec<String> = trials.map(|trial| trial.id().to_string()).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (98, 38));
}

/// The study's own number of a dSprites model is (method and strength) * 50 + seed, in this order.
fn locatello_2019_objective(place: usize) -> Objective {
    let betas = [1.0, 2.0, 4.0, 6.0, 8.0, 16.0];
    let gammas = [10.0, 20.0, 30.0, 40.0, 50.0, 100.0];
    let lambdas = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    let tc_betas = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    let capacities = [5.0, 10.0, 25.0, 50.0, 75.0, 100.0];
    let strength = place % 6;
    match place / 6 {
        0 => Objective::beta_vae(betas[strength]),
        1 => Objective::FactorVae {
            gamma: gammas[strength].into(),
            permuted_batch: PermutedBatch::Same,
            discriminator: DiscriminatorConfig::default(),
        },
        2 => Objective::DipVaeI {
            lambda_od: lambdas[strength].into(),
            lambda_d_factor: 10.0,
        },
        3 => Objective::DipVaeIi {
            lambda_od: lambdas[strength].into(),
            lambda_d_factor: 1.0,
        },
        4 => Objective::BetaTcVae {
            alpha: 1.0.into(),
            beta: tc_betas[strength].into(),
            gamma: 1.0.into(),
            estimator: Estimator::Weighted,
        },
        _ => Objective::AnnealedVae {
            gamma: 1000.0.into(),
            c_max: capacities[strength],
            iteration_threshold: 100_000,
        },
    }
}

#[test]
fn locatello_2019_is_the_1800_trials_of_the_study_in_its_order() {
    let sweep = check(include_str!(
        "../../../../sweeps/papers/locatello-2019-dsprites.toml"
    ));
    assert_eq!(sweep.n_trials(), 1800);
    let trials = sweep.trials("dsprites");
    assert_eq!(trials.len(), 1800);
    for (number, trial) in trials.iter().enumerate() {
        let mut expected = Trial::new(locatello_2019_objective(number / 50), number as u64 % 50);
        expected.data.content = "dsprites".to_owned();
        assert_eq!(*trial, expected, "model {number}");
    }
    assert_eq!(settings(&trials).len(), 36);
    let cohorts: BTreeSet<String> = trials.iter().map(Trial::cohort_key).collect();
    assert_eq!(cohorts.len(), 6);
    let (model, training) = (&trials[0].model, &trials[0].training);
    assert_eq!(model.architecture, Architecture::ConvLocatello);
    assert_eq!((model.latents, training.batch_size), (10, 64));
    assert_eq!((training.steps, training.learning_rate), (300_000, 1e-4));
    let adam = (
        training.adam_beta1,
        training.adam_beta2,
        training.adam_epsilon,
    );
    assert_eq!(adam, (0.9, 0.999, 1e-8));
    let discriminator = trials[300].objective.discriminator().unwrap();
    assert_eq!((discriminator.layers, discriminator.units), (6, 1000));
    let adam = (
        discriminator.learning_rate,
        discriminator.adam_beta1,
        discriminator.adam_beta2,
    );
    assert_eq!(adam, (1e-4, 0.5, 0.9));
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
    trial.data.content = "dsprites-rendered-1".to_owned();
    trial.data.keep.insert("orientation".to_owned(), 10);
    assert_eq!(trial.canonical_text(), canonical);
    assert!(reference.contains(&format!("The id of this trial is `{}`", trial.id())));
}
