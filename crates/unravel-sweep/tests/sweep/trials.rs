//! A trial's name says what decides its result, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use unravel_sweep::{
    Architecture, Combined, Cycle, DataConfig, DatasetSource, DipKind, DiscriminatorConfig,
    Estimator, Initialisation, Likelihood, ModelConfig, Objective, PermutedBatch, Ramp, Schedule,
    TrainingConfig, Trial, Weight,
};

/// FactorVAE as its paper has it, on a sub-grid.
fn example() -> Trial {
    let mut trial = Trial::new(Objective::factor_vae(35.0), 7);
    trial.data.content = "dsprites-1".to_owned();
    trial.data.keep = BTreeMap::from([("orientation".to_owned(), 10)]);
    trial
}

fn linear(from: f64, to: f64) -> Weight {
    Weight::Schedule(Schedule::Linear(Ramp {
        from,
        to,
        begin: 0,
        until: 1000,
    }))
}

#[test]
fn the_canonical_text_is_as_documented() {
    insta::assert_snapshot!(example().canonical_text(), @r#"
    semantics-version = 1
    data.content = "dsprites-1"
    data.keep."orientation" = 10
    model.architecture = conv-locatello
    model.latents = 10
    model.likelihood = bernoulli
    model.initialisation = glorot
    training.steps = 300000
    training.batch-size = 64
    training.learning-rate = 0.0001
    training.adam-beta1 = 0.9
    training.adam-beta2 = 0.999
    training.adam-epsilon = 0.00000001
    objective = factor-vae
    objective.factor-vae.gamma = 35
    objective.factor-vae.permuted-batch = second
    objective.factor-vae.discriminator.layers = 6
    objective.factor-vae.discriminator.units = 1000
    objective.factor-vae.discriminator.learning-rate = 0.0001
    objective.factor-vae.discriminator.adam-beta1 = 0.5
    objective.factor-vae.discriminator.adam-beta2 = 0.9
    seed = 7
    "#);
}

/// Stores are full of these names: when this fails, everything that was ever trained is lost to its sweeps.
#[test]
fn ids_stay_what_they_are() {
    insta::assert_snapshot!(example().id(), @"4e185a4d0dcd7989");
}

#[test]
fn every_key_decides_the_id_and_the_place_of_a_file_does_not() {
    type Change = fn(&mut Trial);
    let changes: [Change; 15] = [
        |t| t.seed = 8,
        |t| t.data.content = "other".to_owned(),
        |t| t.data.keep.clear(),
        |t| t.model.latents = 9,
        |t| t.model.architecture = Architecture::ConvSmall,
        |t| t.model.initialisation = Initialisation::Pytorch,
        |t| t.model.likelihood = Likelihood::Gaussian,
        |t| {
            t.model.likelihood = Likelihood::Gaussian;
            t.model.variance = Some(0.5);
        },
        |t| t.training.steps += 1,
        |t| t.training.batch_size += 1,
        |t| t.training.learning_rate *= 2.0,
        |t| t.training.adam_epsilon *= 2.0,
        |t| t.objective = Objective::factor_vae(35.5),
        |t| t.objective = Objective::factor_vae(linear(0.0, 35.0)),
        |t| t.objective = Objective::beta_vae(35.0),
    ];
    let mut ids = BTreeSet::from([example().id()]);
    for (idx, change) in changes.iter().enumerate() {
        let mut changed = example();
        change(&mut changed);
        assert!(ids.insert(changed.id()), "change {idx}");
    }
    let id = example().id();
    let mut moved = example();
    moved.data.dataset = DatasetSource::Npz {
        path: "elsewhere/dsprites.npz".to_owned(),
    };
    assert_eq!(moved.id(), id);
    let mut idle = example();
    idle.model.variance = Some(0.5); // of a Gaussian likelihood, which it has not
    assert_eq!(idle.id(), id);
}

#[test]
fn a_cohort_shares_all_but_seeds_and_weights() {
    let key = example().cohort_key();
    let mut other = example();
    other.seed = 1;
    other.objective = Objective::factor_vae(1.0);
    assert_eq!(other.cohort_key(), key);
    other.model.latents = 5;
    assert_ne!(other.cohort_key(), key);
    assert_ne!(
        Trial {
            objective: Objective::beta_vae(35.0),
            ..example()
        }
        .cohort_key(),
        key
    );
    let discriminator = DiscriminatorConfig {
        units: 10,
        ..DiscriminatorConfig::default()
    };
    let wide = Objective::FactorVae {
        gamma: 35.0.into(),
        permuted_batch: PermutedBatch::Second,
        discriminator,
    };
    assert_ne!(
        Trial {
            objective: wide,
            ..example()
        }
        .cohort_key(),
        key
    );
}

#[test]
fn schedules_share_a_cohort_and_terms_that_are_not_there_do_not() {
    let key = |objective| {
        Trial {
            objective,
            ..example()
        }
        .cohort_key()
    };
    assert_eq!(
        key(Objective::beta_vae(4.0)),
        key(Objective::beta_vae(linear(0.0, 4.0)))
    );
    assert_eq!(
        key(Objective::annealed_vae(5.0)),
        key(Objective::AnnealedVae {
            gamma: 10.0.into(),
            c_max: 25.0,
            iteration_threshold: 7
        })
    );
    let combined = |gamma: Option<f64>| {
        Objective::Combined(Combined {
            gamma: gamma.map(Weight::from),
            lambda_od: Some(1.0.into()),
            ..Combined::default()
        })
    };
    assert_eq!(key(combined(Some(0.0))), key(combined(Some(10.0))));
    assert_ne!(key(combined(None)), key(combined(Some(0.0))));
}

#[test]
fn a_combined_objective_has_the_keys_of_its_terms_only() {
    let mut trial = example();
    trial.objective = Objective::Combined(Combined {
        beta: linear(0.0, 4.0),
        lambda_od: Some(5.0.into()),
        ..Combined::default()
    });
    let text = trial.canonical_text();
    let objective: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("objective"))
        .collect();
    insta::assert_snapshot!(objective.join("\n"), @r"
    objective = combined
    objective.combined.beta = linear 0 to 4 from step 0 to 1000
    objective.combined.lambda-od = 5
    objective.combined.lambda-d-factor = 10
    objective.combined.dip-type = i
    ");
    insta::assert_snapshot!(trial.setting().label, @"Combined β=linear 0 to 4 from step 0 to 1000, lambda-od=5");
}

#[test]
fn the_file_of_a_trial_can_be_read_by_people() {
    insta::assert_snapshot!(toml::to_string(&example()).unwrap(), @r#"
    seed = 7

    [data]
    dataset = "dsprites"
    content = "dsprites-1"

    [data.keep]
    orientation = 10

    [model]
    architecture = "conv-locatello"
    latents = 10
    likelihood = "bernoulli"
    initialisation = "glorot"

    [training]
    steps = 300000
    batch-size = 64
    learning-rate = 0.0001
    adam-beta1 = 0.9
    adam-beta2 = 0.999
    adam-epsilon = 0.00000001

    [objective.factor-vae]
    gamma = 35.0
    permuted-batch = "second"

    [objective.factor-vae.discriminator]
    layers = 6
    units = 1000
    learning-rate = 0.0001
    adam-beta1 = 0.5
    adam-beta2 = 0.9
    "#);
}

#[test]
fn trials_from_elsewhere_are_checked() {
    assert_eq!(example().check(), Ok(()));
    let refusal = |change: fn(&mut Trial)| {
        let mut trial = example();
        change(&mut trial);
        trial.check().unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal(|t| t.model.latents = 0), @"`model.latents` must be a whole number from 1 to 1,000, but is 0");
    insta::assert_snapshot!(refusal(|t| t.objective = Objective::beta_vae(f64::NAN)), @"`objective.beta-vae.beta` must be a finite number of at least 0, but is NaN");
    insta::assert_snapshot!(refusal(|t| t.objective = Objective::beta_vae(linear(-1.0, 4.0))), @"`objective.beta-vae.beta` must be a finite number of at least 0, but is linear -1 to 4 from step 0 to 1000");
    insta::assert_snapshot!(refusal(|t| { t.objective = Objective::beta_vae(linear(0.0, 4.0)); t.training.steps = 999 }), @"the schedule of `beta` ends at step 1,000, but the trial has only 999 steps");
    insta::assert_snapshot!(refusal(|t| t.training.batch_size = 1), @"FactorVAE requires a `batch-size` of at least 2");
}

#[test]
fn unknown_keys_in_the_file_of_a_trial_are_refused() {
    let text = toml::to_string(&example()).unwrap();
    assert!(toml::from_str::<Trial>(&text).is_ok());
    assert!(toml::from_str::<Trial>(&text.replace("latents", "latent")).is_err());
    assert!(
        toml::from_str::<Trial>(&text.replace("dataset = \"dsprites\"", "dataset = \"shapes\""))
            .is_err()
    );
    assert!(toml::from_str::<Trial>(&format!("more = 1\n{text}")).is_err());
}

fn any_weight() -> BoxedStrategy<Weight> {
    let level = || prop_oneof![0.0..1e3, Just(0.0), Just(1e-300), Just(1e300)];
    let ramp =
        (level(), level(), 0..1000_u64, 1..1000_u64).prop_map(|(from, to, begin, len)| Ramp {
            from,
            to,
            begin,
            until: begin + len,
        });
    let cycle =
        (level(), level(), 1..1000_u64, 0.01..1.0).prop_map(|(from, to, period, rise)| Cycle {
            from,
            to,
            period,
            rise,
        });
    prop_oneof![
        level().prop_map(Weight::Constant),
        ramp.clone()
            .prop_map(|ramp| Weight::Schedule(Schedule::Linear(ramp))),
        ramp.prop_map(|ramp| Weight::Schedule(Schedule::Cosine(ramp))),
        cycle.prop_map(|cycle| Weight::Schedule(Schedule::Cyclic(cycle))),
    ]
    .boxed()
}

fn any_discriminator() -> impl Strategy<Value = DiscriminatorConfig> {
    (1_usize..10, 1_usize..2000, 1e-9..1.0, 0.0..1.0, 0.0..1.0).prop_map(
        |(layers, units, learning_rate, adam_beta1, adam_beta2)| DiscriminatorConfig {
            layers,
            units,
            learning_rate,
            adam_beta1,
            adam_beta2,
        },
    )
}

fn any_combined() -> impl Strategy<Value = Combined> {
    let weights = || proptest::option::of(any_weight());
    let terms = (weights(), weights(), weights(), weights(), weights());
    (any_weight(), terms, any_discriminator()).prop_map(|(beta, terms, discriminator)| Combined {
        beta,
        gamma: terms.0,
        mutual_information: terms.1,
        total_correlation: terms.2,
        dimension_wise_kl: terms.3,
        lambda_od: terms.4,
        dip_type: DipKind::Ii,
        discriminator,
        ..Combined::default()
    })
}

fn any_objective() -> BoxedStrategy<Objective> {
    let permuted = proptest::sample::select(PermutedBatch::ALL);
    let estimator = proptest::sample::select(Estimator::ALL);
    prop_oneof![
        Just(Objective::vae()),
        any_weight().prop_map(Objective::beta_vae),
        (any_weight(), 0.0..100.0, 1..1000_u64).prop_map(|(gamma, c_max, iteration_threshold)| {
            Objective::AnnealedVae {
                gamma,
                c_max,
                iteration_threshold,
            }
        }),
        (any_weight(), permuted, any_discriminator()).prop_map(
            |(gamma, permuted_batch, discriminator)| Objective::FactorVae {
                gamma,
                permuted_batch,
                discriminator,
            }
        ),
        (any_weight(), any_weight(), any_weight(), estimator).prop_map(
            |(alpha, beta, gamma, estimator)| Objective::BetaTcVae {
                alpha,
                beta,
                gamma,
                estimator
            }
        ),
        any_weight().prop_map(Objective::dip_vae_i),
        any_weight().prop_map(Objective::dip_vae_ii),
        any_combined().prop_map(Objective::Combined),
    ]
    .boxed()
}

fn any_data() -> impl Strategy<Value = DataConfig> {
    let dataset = prop_oneof![
        Just(DatasetSource::Dsprites),
        Just(DatasetSource::DspritesColor),
        Just(DatasetSource::DspritesNoisy),
        "\\PC{1,20}".prop_map(|path| DatasetSource::Npz { path })
    ];
    let keep = proptest::collection::btree_map("\\PC{1,8}", 1_usize..50, 0..4);
    (dataset, "\\PC{0,20}", keep).prop_map(|(dataset, content, keep)| DataConfig {
        dataset,
        content,
        keep,
    })
}

fn any_trial() -> impl Strategy<Value = Trial> {
    let model = (
        proptest::sample::select(Architecture::ALL),
        1_usize..100,
        proptest::sample::select(Likelihood::ALL),
        proptest::option::of(1e-3..10.0),
        proptest::sample::select(Initialisation::ALL),
    )
        .prop_map(
            |(architecture, latents, likelihood, variance, initialisation)| ModelConfig {
                architecture,
                latents,
                likelihood,
                variance,
                initialisation,
            },
        );
    let training = (
        1_u64..1_000_000_000,
        2_usize..1000,
        1e-12..10.0,
        0.0..1.0,
        0.0..1.0,
        1e-20..1.0,
    )
        .prop_map(
            |(steps, batch_size, learning_rate, adam_beta1, adam_beta2, adam_epsilon)| {
                TrainingConfig {
                    steps,
                    batch_size,
                    learning_rate,
                    adam_beta1,
                    adam_beta2,
                    adam_epsilon,
                }
            },
        );
    (
        any_data(),
        model,
        training,
        any_objective(),
        0..=i64::MAX as u64,
    )
        .prop_map(|(data, model, training, objective, seed)| Trial {
            seed,
            data,
            model,
            training,
            objective,
        })
}

proptest! {
    #[test]
    fn a_trial_survives_its_file(trial in any_trial()) {
        let read: Trial = toml::from_str(&toml::to_string(&trial).unwrap()).unwrap();
        prop_assert_eq!(&read, &trial);
        prop_assert_eq!(read.id(), trial.id());
        let read: Trial = serde_json::from_str(&serde_json::to_string(&trial).unwrap()).unwrap();
        prop_assert_eq!(read, trial);
    }
}
