//! A trial's name says what decides its result, and nothing else.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unravel_sweep::{
    Architecture, DataConfig, DatasetSource, DiscriminatorConfig, Initialisation, Likelihood,
    ModelConfig, Objective, PermutedBatch, TrainingConfig, Trial,
};

/// FactorVAE as its paper has it, on a sub-grid.
fn example() -> Trial {
    let mut trial = Trial::new(Objective::factor_vae(35.0), 7);
    trial.data.content = "dsprites-1".to_owned();
    trial.data.keep = BTreeMap::from([("orientation".to_owned(), 10)]);
    trial
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
    let changes: [Change; 12] = [
        |t| t.seed = 8,
        |t| t.data.content = "other".to_owned(),
        |t| t.data.keep.clear(),
        |t| t.model.latents = 9,
        |t| t.model.architecture = Architecture::ConvSmall,
        |t| t.model.initialisation = Initialisation::Pytorch,
        |t| t.training.steps += 1,
        |t| t.training.batch_size += 1,
        |t| t.training.learning_rate *= 2.0,
        |t| t.training.adam_epsilon *= 2.0,
        |t| t.objective = Objective::factor_vae(35.5),
        |t| t.objective = Objective::beta_vae(35.0),
    ];
    let id = example().id();
    for (idx, change) in changes.iter().enumerate() {
        let mut changed = example();
        change(&mut changed);
        assert_ne!(changed.id(), id, "change {idx}");
    }
    let mut moved = example();
    moved.data.dataset = DatasetSource::Npz {
        path: "elsewhere/dsprites.npz".to_owned(),
    };
    assert_eq!(moved.id(), id);
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
        gamma: 35.0,
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
    insta::assert_snapshot!(refusal(|t| t.model.latents = 0), @"`model.latents` must be a whole number from 1 to 1,000, not 0");
    insta::assert_snapshot!(refusal(|t| t.objective = Objective::beta_vae(f64::NAN)), @"`objective.beta-vae.beta` must be a finite number, 0 or more, not NaN");
    insta::assert_snapshot!(refusal(|t| t.training.batch_size = 1), @"`training.batch-size` must be at least 2 for FactorVAE, not 1");
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

fn any_objective() -> impl Strategy<Value = Objective> {
    let weight = || prop_oneof![0.0..1e3, Just(0.0), Just(1e-300), Just(1e300)];
    let discriminator = (1_usize..10, 1_usize..2000, 1e-9..1.0, 0.0..1.0, 0.0..1.0).prop_map(
        |(layers, units, learning_rate, adam_beta1, adam_beta2)| DiscriminatorConfig {
            layers,
            units,
            learning_rate,
            adam_beta1,
            adam_beta2,
        },
    );
    let permuted = proptest::sample::select(PermutedBatch::ALL);
    prop_oneof![
        weight().prop_map(Objective::beta_vae),
        (weight(), permuted, discriminator).prop_map(|(gamma, permuted_batch, discriminator)| {
            Objective::FactorVae {
                gamma,
                permuted_batch,
                discriminator,
            }
        }),
    ]
}

fn any_data() -> impl Strategy<Value = DataConfig> {
    let dataset = prop_oneof![
        Just(DatasetSource::Dsprites),
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
        proptest::sample::select(Initialisation::ALL),
    )
        .prop_map(|(architecture, latents, initialisation)| ModelConfig {
            architecture,
            latents,
            likelihood: Likelihood::Bernoulli,
            initialisation,
        });
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
