//! Scores of representations of known structure, against disentanglement_lib's. See `tests/golden/README.md`.

#[path = "golden/conditions.rs"]
mod conditions;
#[path = "golden/estimators.rs"]
mod estimators;
#[path = "golden/factor_bins.rs"]
mod factor_bins;
#[path = "golden/information.rs"]
mod information;
#[path = "golden/lin_2020.rs"]
mod lin_2020;
#[path = "golden/predictors.rs"]
mod predictors;
mod support;

use std::sync::LazyLock;

use serde_json::Value;
use support::constructed::{self, DSPRITES, N_CODES};
use support::hash::hash;
use support::recorded::Recorded;
use unravel_metrics::metrics::{beta_vae_score, factor_vae_score, mig};
use unravel_metrics::{CodeTable, JointCounts, Metric, MetricError, Outcome, Variant, score};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../tests/golden/reference_scores.json");
    serde_json::from_str(text).expect("the reference scores are JSON")
});

/// The seven representations with scores over five seeds.
static VARYING: LazyLock<Vec<(&str, Vec<f32>)>> = LazyLock::new(|| {
    let names = [
        "a_perfect",
        "b_rotated",
        "c_entangled",
        "d_noisy",
        "e_collapsed",
        "f_nonlinear",
        "g_noise",
    ];
    names
        .map(|name| (name, constructed::make(name, DSPRITES)))
        .into()
});

static CONSTANT: LazyLock<Vec<(&str, Vec<f32>)>> = LazyLock::new(|| {
    ["h_constant", "h_exact"]
        .map(|name| (name, constructed::make(name, DSPRITES)))
        .into()
});

/// The metrics of this file; others have files of their own.
const METRICS: [Metric; 3] = [Metric::BetaVaeScore, Metric::FactorVaeScore, Metric::Mig];

/// Calls `check` with the name, the table and the reference of each representation.
fn for_each(representations: &[(&str, Vec<f32>)], check: impl Fn(&str, &CodeTable, &Value)) {
    for (name, codes) in representations {
        let table = CodeTable::new(codes, N_CODES, &DSPRITES).expect("the codes are finite");
        check(name, &table, &REFERENCE["representations"][name]);
    }
}

/// All numbers of a nested list, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn number(value: &Value) -> f64 {
    numbers(value)[0]
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "{what}, value {i}: {found} instead of {expected}"
        );
    }
}

/// `[n_factors, n_codes]` to `[n_codes, n_factors]`.
fn transposed(values: &[f64], n_codes: usize) -> Vec<f64> {
    (0..values.len())
        .map(|i| values[i % (values.len() / n_codes) * n_codes + i / (values.len() / n_codes)])
        .collect()
}

#[test]
fn tables_are_those_of_the_recipe() {
    let check = |name: &str, codes: &[f32]| {
        let expected = REFERENCE["representations"][name]["fnv1a64"]
            .as_str()
            .expect("a checksum");
        assert_eq!(
            format!("{:016x}", constructed::checksum(codes)),
            expected,
            "{name}"
        );
    };
    for (name, codes) in VARYING.iter().chain(CONSTANT.iter()) {
        check(name, codes);
    }
    for name in ["i_nan_one", "i_nan_many"] {
        check(name, &constructed::make(name, DSPRITES));
    }
}

fn check_mig(name: &str, outcome: &Outcome, reference: &Value) {
    let matrix = |name| &outcome.matrix(name).expect("MIG has this matrix").values;
    assert_near(
        &[outcome.headline()],
        &numbers(&reference["mig"]),
        1e-9,
        name,
    );
    assert_near(
        matrix("gap_per_factor"),
        &numbers(&reference["gap_per_factor"]),
        1e-9,
        name,
    );
    assert_near(
        matrix("mutual_information_nats"),
        &numbers(&reference["mutual_information"]),
        1e-9,
        name,
    );
}

#[test]
fn mig_of_the_whole_grid_is_the_reference() {
    let check = |name: &str, table: &CodeTable, reference: &Value| {
        check_mig(name, &mig::exact(table).unwrap(), &reference["whole_grid"]);
    };
    for_each(&VARYING, check);
    for_each(&CONSTANT, check);
}

#[test]
fn bins_of_the_whole_grid_hold_the_points_of_the_reference() {
    for_each(&VARYING, |name, table, reference| {
        let counts = JointCounts::of_grid(table);
        let by_bin = |code: usize| -> Vec<f64> {
            let shape = counts.table(code, 0);
            (0..20)
                .map(|bin| {
                    shape
                        .iter()
                        .skip(bin)
                        .step_by(20)
                        .map(|&count| f64::from(count))
                        .sum()
                })
                .collect()
        };
        let found: Vec<f64> = (0..N_CODES).flat_map(by_bin).collect();
        assert_near(
            &found,
            &numbers(&reference["whole_grid"]["bin_counts"]),
            0.0,
            name,
        );
    });
}

#[test]
fn mig_of_a_fixed_list_of_points_is_the_reference() {
    let points: Vec<u32> = (0..10_000)
        .map(|t| (hash(1000, t) % 737_280) as u32)
        .collect();
    let check = |name: &str, table: &CodeTable, reference: &Value| {
        let outcome = mig::of_points(table, &points).unwrap();
        check_mig(name, &outcome, &reference["fixed_list"]);
        let entropies = &outcome.matrix("factor_entropy_nats").unwrap().values;
        assert_near(
            entropies,
            &numbers(&reference["fixed_list"]["factor_entropy"]),
            1e-12,
            name,
        );
    };
    for_each(&VARYING, check);
    for_each(&CONSTANT, check);
}

/// The reference's votes `[n_factors, n_active_codes, padded with zeros]` as `[n_codes, n_factors]`.
fn votes_by_code(name: &str, votes: &Value) -> Vec<f64> {
    let mut by_code = vec![0.0; N_CODES * 5];
    if votes.is_null() {
        return by_code; // No code is active.
    }
    let active: &[usize] = if name == "e_collapsed" {
        &[1, 3, 6, 8]
    } else {
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    };
    let compact = transposed(&numbers(votes), N_CODES);
    for (row, &code) in compact.chunks_exact(5).zip(active) {
        by_code[code * 5..][..5].copy_from_slice(row);
    }
    by_code
}

#[test]
fn factor_vae_votes_on_recorded_draws_are_those_of_the_reference() {
    let check = |name: &str, table: &CodeTable, reference: &Value| {
        let source = Recorded { grid: table.grid() };
        let settings = factor_vae_score::Settings::STUDY;
        let outcome = factor_vae_score::with_source(table, &settings, &source).unwrap();
        let reference = &reference["recorded_draws"]["factor-vae-score"];
        for quantity in ["eval_accuracy", "train_accuracy"] {
            assert_eq!(
                outcome.quantity(quantity),
                reference[quantity].as_f64(),
                "{name} {quantity}"
            );
        }
        for votes in ["votes_train", "votes_eval"] {
            let found = &outcome.matrix(votes).unwrap().values;
            let expected = votes_by_code(name, &reference[votes]);
            assert_near(found, &expected, 0.0, &format!("{name} {votes}"));
        }
    };
    for_each(&VARYING, check);
    for_each(&CONSTANT, check);
}

#[test]
fn beta_vae_examples_on_recorded_draws_are_those_of_the_reference() {
    for_each(&VARYING, |name, table, reference| {
        let reference = &reference["recorded_draws"]["beta-vae-score"];
        let source = Recorded { grid: table.grid() };
        let train =
            beta_vae_score::Examples::draw(table, 10_000, 64, &source, beta_vae_score::TRAIN);
        let eval = beta_vae_score::Examples::draw(table, 5_000, 64, &source, beta_vae_score::EVAL);
        let labels: Vec<f64> = train.labels[..10]
            .iter()
            .map(|&label| label as f64)
            .collect();
        assert_near(
            &labels,
            &numbers(&reference["train_labels_first10"]),
            0.0,
            name,
        );
        for (examples, key) in [(&train, "train_label_counts"), (&eval, "eval_label_counts")] {
            let count = |label| {
                examples
                    .labels
                    .iter()
                    .filter(|&&found| found == label)
                    .count() as f64
            };
            let found: Vec<f64> = (0..5).map(count).collect();
            assert_near(&found, &numbers(&reference[key]), 0.0, name);
        }
        // The reference averages in single precision.
        assert_near(
            &train.features[..30],
            &numbers(&reference["train_features_first3"]),
            1e-5,
            name,
        );
    });
}

#[test]
fn beta_vae_score_on_recorded_draws_is_that_of_the_converged_reference() {
    let check = |name: &str, table: &CodeTable, reference: &Value| {
        let source = Recorded { grid: table.grid() };
        let outcome =
            beta_vae_score::with_source(table, &beta_vae_score::Settings::STUDY, &source).unwrap();
        let reference = &reference["recorded_draws"]["beta-vae-score"]["converged"];
        for quantity in ["eval_accuracy", "train_accuracy"] {
            let found = outcome.quantity(quantity).unwrap();
            assert_near(
                &[found],
                &[number(&reference[quantity])],
                4e-4,
                &format!("{name} {quantity}"),
            );
        }
        let weights = &outcome.matrix("classifier_weights").unwrap().values;
        let expected = transposed(&numbers(&reference["coef"]), N_CODES);
        assert_near(weights, &expected, 2e-4, &format!("{name} weights"));
    };
    for_each(&VARYING, check);
    for_each(&CONSTANT, check);
}

#[test]
fn study_scores_over_five_seeds_agree_with_the_reference() {
    for_each(&VARYING, |name, table, reference| {
        for metric in METRICS {
            let Some(expected) = reference["study"][metric.name()].as_object() else {
                continue; // Its reference is elsewhere.
            };
            let outcomes =
                [0, 1, 2, 3, 4].map(|seed| score(metric, Variant::Study, table, seed).unwrap());
            for (quantity, values) in expected {
                let expected = numbers(values);
                let tolerance = (3.0 * sd(&expected)).max(0.005);
                let found = outcomes
                    .each_ref()
                    .map(|outcome| outcome.quantity(quantity).unwrap());
                let what = format!("{name} {} {quantity}", metric.name());
                assert_near(&[mean(&found)], &[mean(&expected)], tolerance, &what);
            }
        }
    });
}

#[test]
fn constant_codes_have_defined_scores() {
    for_each(&CONSTANT, |name, table, _| {
        let headline = |metric| score(metric, Variant::Study, table, 0).unwrap().headline();
        assert_eq!(headline(Metric::Mig), 0.0, "{name}");
        assert_eq!(headline(Metric::FactorVaeScore), 0.0, "{name}");
        assert_near(&[headline(Metric::BetaVaeScore)], &[0.2], 0.03, name);
    });
}

#[test]
fn codes_that_are_not_finite_are_refused() {
    for (name, row) in [("i_nan_one", 123_456), ("i_nan_many", 37)] {
        let codes = constructed::make(name, DSPRITES);
        let error = CodeTable::new(&codes, N_CODES, &DSPRITES).unwrap_err();
        assert!(
            matches!(error, MetricError::NonFinite { code: 7, row: found, .. } if found == row),
            "{error}"
        );
    }
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let sizes = [3, 6, 8, 8, 8];
    let codes = constructed::make("c_entangled", sizes);
    let logvars = constructed::logvars(sizes);
    let table = CodeTable::new(&codes, N_CODES, &sizes).unwrap();
    let table = table.with_logvars(&logvars).unwrap();
    // Boosting and forests take their time; they are tested on fewer points elsewhere.
    let slow = [Metric::Dci, Metric::Downstream, Metric::Udr];
    for metric in Metric::ALL
        .into_iter()
        .filter(|metric| !slow.contains(metric))
    {
        for &variant in metric.variants() {
            let on = |n_threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(n_threads)
                    .build()
                    .unwrap();
                pool.install(|| score(metric, variant, &table, 11).unwrap())
            };
            assert_eq!(on(1), on(3), "{} {}", metric.name(), variant.name());
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sd(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}
