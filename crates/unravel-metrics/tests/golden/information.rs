//! Scores built on mutual information, covariances and deviations, against disentanglement_lib's, scikit-learn's and numerical
//! integration.

use std::sync::LazyLock;

use serde_json::Value;
use unravel_metrics::metrics::{infomec, modularity, udr};
use unravel_metrics::{CodeTable, Metric, Outcome, Variant, score};

use super::support::constructed::{self, DSPRITES, N_CODES};
use super::support::hash::hash;
use super::{VARYING, mean, numbers, sd};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/golden/reference_information.json");
    serde_json::from_str(text).expect("the reference scores are JSON")
});

/// Metrics whose scores of codes are checked here.
const OF_CODES: [Metric; 6] = [
    Metric::Modularity,
    Metric::Irs,
    Metric::Unsupervised,
    Metric::MigSup,
    Metric::Jemmig,
    Metric::Dcimig,
];

/// Calls `check` with the name, the table and the reference of each representation.
fn for_each(check: impl Fn(&str, &CodeTable, &Value)) {
    for (name, codes) in VARYING.iter() {
        let table = CodeTable::new(codes, N_CODES, &DSPRITES).expect("the codes are finite");
        check(name, &table, &REFERENCE["representations"][name]);
    }
}

/// The quantities of the reference beside those of the outcome, with their names.
fn beside<'a>(outcome: &Outcome, reference: &'a Value) -> Vec<(&'a str, f64, Vec<f64>)> {
    let expected = reference.as_object().expect("values by quantity").iter();
    let found = |name: &str| outcome.quantity(name).expect("a quantity of this name");
    expected
        .map(|(name, value)| (name.as_str(), found(name), numbers(value)))
        .collect()
}

#[test]
fn scores_of_the_whole_grid_are_those_of_the_reference() {
    for_each(|representation, table, reference| {
        for metric in [Metric::Modularity, Metric::Irs, Metric::Unsupervised] {
            let outcome = score(metric, Variant::Exact, table, 0).unwrap();
            // The reference deviates and averages in single precision, and takes covariances of single-precision codes.
            let tolerance = if metric == Metric::Modularity {
                1e-9
            } else {
                1e-6
            };
            for (name, found, expected) in beside(&outcome, &reference["whole_grid"][metric.name()])
            {
                let off = (found - expected[0]).abs();
                assert!(
                    off <= tolerance,
                    "{representation} {name}: {found} instead of {}",
                    expected[0]
                );
            }
        }
    });
}

#[test]
fn scores_of_the_whole_grid_are_those_of_their_definitions() {
    let reference: Value =
        serde_json::from_str(include_str!("../../../../tests/golden/information.json"))
            .expect("JSON");
    for_each(|representation, table, _| {
        let metrics = reference["representations"][representation].as_object();
        for (metric, quantities) in metrics.expect("metrics by name") {
            let metric = Metric::from_name(metric).expect("a metric of this name");
            let outcome = score(metric, Variant::Exact, table, 0).unwrap();
            for (name, found, expected) in beside(&outcome, quantities) {
                let off = (found - expected[0]).abs();
                assert!(
                    off <= 1e-9,
                    "{representation} {name}: {found} instead of {}",
                    expected[0]
                );
            }
        }
    });
}

#[test]
fn modularity_of_a_fixed_list_of_points_is_the_reference() {
    let points: Vec<u32> = (0..10_000)
        .map(|t| (hash(1000, t) % 737_280) as u32)
        .collect();
    for_each(|name, table, reference| {
        let found = modularity::of_points(table, &points).unwrap().headline();
        let expected = numbers(&reference["fixed_list"]["modularity"])[0];
        assert!(
            (found - expected).abs() < 1e-9,
            "{name}: {found} instead of {expected}"
        );
    });
}

#[test]
fn study_scores_over_five_seeds_agree_with_the_reference() {
    for_each(|representation, table, reference| {
        for metric in [Metric::Modularity, Metric::Irs, Metric::Unsupervised] {
            let outcomes =
                [0, 1, 2, 3, 4].map(|seed| score(metric, Variant::Study, table, seed).unwrap());
            for (name, _, expected) in beside(&outcomes[0], &reference["study"][metric.name()]) {
                let found = outcomes
                    .each_ref()
                    .map(|outcome| outcome.quantity(name).unwrap());
                let tolerance = (3.0 * sd(&expected)).max(0.005);
                let (found, expected) = (mean(&found), mean(&expected));
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{representation} {name}: {found} instead of {expected}"
                );
            }
        }
    });
}

#[test]
fn constant_codes_have_defined_scores() {
    for name in ["h_constant", "h_exact"] {
        let codes = constructed::make(name, DSPRITES);
        let table = CodeTable::new(&codes, N_CODES, &DSPRITES).unwrap();
        for metric in OF_CODES {
            // A constant code's joint entropy with a factor is the factor's alone.
            let expected = match metric {
                Metric::Jemmig => {
                    mean(&DSPRITES.map(|size| 20_f64.ln() / (20.0 * size as f64).ln()))
                }
                _ => 0.0,
            };
            for variant in [Variant::Exact, Variant::Study] {
                let found = score(metric, variant, &table, 0).unwrap().headline();
                let tolerance = if variant == Variant::Exact {
                    1e-12
                } else {
                    1e-3
                };
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{name} {}: {found}",
                    metric.name()
                );
            }
        }
    }
}

#[test]
fn mutual_information_of_posteriors_is_that_of_numerical_integration() {
    let reference = &REFERENCE["posterior_mig"];
    let sizes = [3, 6, 8, 8, 8];
    let logvars = constructed::logvars(sizes);
    for (name, expected) in reference["representations"].as_object().expect("by name") {
        let codes = constructed::make(name, sizes);
        let table = CodeTable::new(&codes, N_CODES, &sizes)
            .unwrap()
            .with_logvars(&logvars)
            .unwrap();
        let outcome = score(Metric::MigChen, Variant::Exact, &table, 0).unwrap();
        let matrix = |name: &str| outcome.matrix(name).expect("a matrix of this name");
        let information = matrix("mutual_information_nats");
        let by_factor: Vec<f64> = (0..5)
            .flat_map(|factor| (0..N_CODES).map(move |code| information.at(code, factor)))
            .collect();
        let entropies: Vec<f64> = (0..N_CODES)
            .map(|code| matrix("integration").at(code, 0))
            .collect();
        let worst = |found: &[f64], expected: &Value| {
            let expected = numbers(expected);
            assert_eq!(found.len(), expected.len());
            found
                .iter()
                .zip(&expected)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max)
        };
        let off = [
            worst(&by_factor, &expected["mutual_information_nats"]),
            worst(&entropies, &expected["entropy_nats"]),
            worst(
                &matrix("gap_per_factor").values,
                &expected["mig_per_factor"],
            ),
        ];
        assert!(off.iter().all(|&off| off < 1e-6), "{name}: {off:?}");
        assert_eq!(outcome.headline(), mean(&matrix("gap_per_factor").values));
    }
}

#[test]
fn infomec_is_that_of_scikit_learns_estimators() {
    let reference: Value =
        serde_json::from_str(include_str!("../../../../tests/golden/infomec.json")).expect("JSON");
    let sizes = [3, 6, 8, 8, 8];
    for (name, expected) in reference["representations"].as_object().expect("by name") {
        let codes = constructed::make(name, sizes);
        let table = CodeTable::new(&codes, N_CODES, &sizes).unwrap();
        let outcome = score(Metric::Infomec, Variant::Exact, &table, 0).unwrap();
        let matrix = |name: &str| &outcome.matrix(name).expect("a matrix of this name").values;
        let worst = |found: &[f64], expected: &Value| {
            let expected = numbers(expected);
            assert_eq!(found.len(), expected.len());
            found
                .iter()
                .zip(&expected)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max)
        };
        // Equal codes are told apart by noise, and the noise is another one.
        let spread = 5.0 * numbers(&expected["spread_over_noise"])[0];
        let information = worst(
            matrix("normalised_mutual_information"),
            &expected["normalised_mutual_information"],
        );
        let explained = worst(
            matrix("explained_share_of_entropy"),
            &expected["explained_converged"],
        );
        assert!(information <= spread, "{name}: {information}");
        assert!(explained < 1e-5, "{name}: {explained}");
        let points: Vec<u32> = (0..table.grid().n_points() as u32).collect();
        let over_noise =
            [1, 2, 3, 4, 5].map(|seed| infomec::of_points(&table, &points, seed).unwrap());
        for quantity in ["infom", "infoc"] {
            let expected = numbers(&expected[quantity]);
            let found = over_noise
                .each_ref()
                .map(|outcome| outcome.quantity(quantity).unwrap());
            let tolerance = (3.0 * (sd(&expected) + sd(&found))).max(1e-6);
            assert!(
                (mean(&found) - mean(&expected)).abs() < tolerance,
                "{name} {quantity}"
            );
        }
        assert_eq!(
            outcome.quantity("n_active_codes"),
            expected["n_active_codes"].as_f64()
        );
    }
}

#[test]
fn infomec_of_quantised_codes_is_that_of_scikit_learns_estimators() {
    let reference: Value = serde_json::from_str(include_str!(
        "../../../../tests/golden/infomec_discrete.json"
    ))
    .expect("JSON");
    let sizes = [3, 6, 8, 8, 8];
    for (name, expected) in reference["representations"].as_object().expect("by name") {
        let mut codes = constructed::make(name, sizes);
        for row in codes.chunks_mut(N_CODES) {
            row.iter_mut()
                .for_each(|x| *x = ((*x * 2.0).floor() / 2.0).clamp(-2.0, 2.0));
            row[4] /= 64.0;
        }
        let table = CodeTable::new(&codes, N_CODES, &sizes).unwrap();
        let outcome = score(Metric::Infomec, Variant::Exact, &table, 0).unwrap();
        assert_eq!(outcome.notes.len(), 1, "{name}");
        let check = |what: &str, found: &[f64], expected: &Value, tolerance: f64| {
            let expected = numbers(expected);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < tolerance,
                    "{name} {what}: {found} instead of {expected}"
                );
            }
        };
        let matrix = |name: &str| &outcome.matrix(name).expect("a matrix of this name").values;
        let of = |quantity: &str| outcome.quantity(quantity).expect("a quantity of this name");
        let information = matrix("normalised_mutual_information").chunks(5);
        let rows = expected["normalised_mutual_information"]
            .as_array()
            .expect("rows");
        for (found, expected) in information.zip(rows) {
            check("information", found, expected, 1e-12);
        }
        for quantity in ["infom", "infoc", "n_active_codes"] {
            check(quantity, &[of(quantity)], &expected[quantity], 1e-12);
        }
        let explained = matrix("explained_share_of_entropy");
        check(
            "explained",
            explained,
            &expected["explained_converged"],
            1e-5,
        );
    }
}

#[test]
fn udr_is_that_of_the_reference() {
    let reference: Value =
        serde_json::from_str(include_str!("../../../../tests/golden/udr.json")).expect("JSON");
    let sizes = [3, 6, 8, 8, 8];
    let every = reference["every"].as_u64().expect("a number") as usize;
    let names = reference["models"].as_array().expect("a list").iter();
    let codes: Vec<Vec<f32>> = names
        .map(|name| {
            let all = constructed::make(name.as_str().expect("a name"), sizes);
            all.chunks(N_CODES)
                .step_by(every)
                .flatten()
                .copied()
                .collect()
        })
        .collect();
    let kl: Vec<Vec<f64>> = reference["kl_nats"]
        .as_array()
        .expect("a list")
        .iter()
        .map(numbers)
        .collect();
    let models: Vec<udr::Representation> = codes
        .iter()
        .zip(&kl)
        .map(|(codes, kl_nats)| udr::Representation { codes, kl_nats })
        .collect();
    for similarity in udr::Similarity::ALL {
        let found = udr::udr(&models, similarity).unwrap();
        let reference = &reference[similarity.name()];
        for (found, expected) in [
            (&found.pair_scores, "pair_scores"),
            (&found.model_scores, "model_scores"),
        ] {
            for (found, expected) in found.iter().zip(numbers(&reference[expected])) {
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{}: {found} instead of {expected}",
                    similarity.name()
                );
            }
        }
    }
}
