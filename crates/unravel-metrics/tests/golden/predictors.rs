//! Scores that train predictors of the factors, against disentanglement_lib's and scikit-learn's. See
//! `tests/golden/README.md`.

use std::sync::LazyLock;

use serde_json::Value;
use unravel_metrics::metrics::{dci, explicitness, sap};
use unravel_metrics::{CodeTable, Metric, Outcome, SampleSizes, Split, Variant, score};

use super::support::constructed::{self, DSPRITES, N_CODES};
use super::support::hash::hash;
use super::{VARYING, assert_near, mean, numbers, sd};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/golden/reference_predictors.json");
    serde_json::from_str(text).expect("the reference scores are JSON")
});

/// Calls `check` with the name, the table and the reference of each representation.
fn for_each(check: impl Fn(&str, &CodeTable, &Value)) {
    for (name, codes) in VARYING.iter() {
        let table = CodeTable::new(codes, N_CODES, &DSPRITES).expect("the codes are finite");
        check(name, &table, &REFERENCE["representations"][name]);
    }
}

/// The fixed lists of points to train and to test on.
fn fixed_split(n_train: u64, n_test: u64) -> Split {
    let list = |stream, n| (0..n).map(|t| (hash(stream, t) % 737_280) as u32).collect();
    Split {
        train: list(1000, n_train),
        test: list(1001, n_test),
    }
}

/// Compares every quantity that the reference has, as a mean over what it lists.
#[track_caller]
fn assert_quantities(outcome: &Outcome, reference: &Value, tolerance: f64, what: &str) {
    let reference = reference.as_object().expect("scores by quantity");
    for (quantity, expected) in reference {
        if let Some(found) = outcome.quantity(quantity) {
            let what = format!("{what} {quantity}");
            assert_near(&[found], &[mean(&numbers(expected))], tolerance, &what);
        }
    }
}

#[test]
fn dci_of_a_fixed_list_of_points_is_the_reference() {
    let split = fixed_split(2000, 1000);
    for_each(|name, table, reference| {
        let outcome = dci::of_points(table, Variant::Study, &split, 0).unwrap();
        let reference = &reference["fixed_list"]["dci"];
        assert_quantities(&outcome, reference, 0.01, name);
        // Single importances hang on the lots drawn where two features split equally well.
        let importance = &outcome.matrix("importance").unwrap().values;
        assert_near(importance, &numbers(&reference["importance"]), 0.02, name);
    });
}

#[test]
fn dci_with_the_settings_of_the_study_agrees_with_the_reference() {
    let (name, codes) = &VARYING[2];
    let table = CodeTable::new(codes, N_CODES, &DSPRITES).unwrap();
    let outcome = dci::study(&table, 0).unwrap();
    let reference = &REFERENCE["representations"][name]["study"]["dci"];
    assert_quantities(&outcome, reference, 0.01, name);
}

#[test]
fn dci_by_lasso_is_that_of_scikit_learn() {
    for_each(|name, table, reference| {
        let reference = &reference["whole_grid"]["dci_lasso"];
        let outcome = dci::lasso(table).unwrap();
        assert_quantities(&outcome, reference, 1e-7, name);
        let importance = &outcome.matrix("importance").unwrap().values;
        assert_near(importance, &numbers(&reference["importance"]), 1e-8, name);
    });
}

#[test]
fn dci_by_forest_agrees_with_scikit_learn() {
    let split = fixed_split(2000, 1000);
    for_each(|name, table, reference| {
        if !["b_rotated", "c_entangled", "d_noisy", "g_noise"].contains(&name) {
            return; // Perfect, nearly.
        }
        let outcome = dci::of_points(table, Variant::RandomForest, &split, 0).unwrap();
        assert_quantities(&outcome, &reference["fixed_list"]["dci_forest"], 0.01, name);
    });
}

#[test]
fn sap_of_a_fixed_list_of_points_is_that_of_the_converged_reference() {
    let split = fixed_split(10_000, 5_000);
    for_each(|name, table, reference| {
        let reference = &reference["fixed_list"];
        let outcome = sap::of_points(table, &split).unwrap();
        assert_near(
            &[outcome.headline()],
            &numbers(&reference["sap"]),
            1e-4,
            name,
        );
        let accuracies = &outcome.matrix("accuracy").unwrap().values;
        assert_near(accuracies, &numbers(&reference["sap_accuracy"]), 1e-3, name);
        let r2 = outcome.quantity("sap_r2").unwrap();
        assert_near(&[r2], &numbers(&reference["sap_r2"]), 1e-6, name);
    });
}

#[test]
fn sap_of_the_whole_grid_is_the_reference() {
    for_each(|name, table, reference| {
        let outcome = sap::exact(table).unwrap();
        let r2 = outcome.quantity("sap_r2").unwrap();
        assert_near(
            &[r2],
            &numbers(&reference["whole_grid"]["sap_r2"]),
            1e-6,
            name,
        );
    });
}

#[test]
fn explicitness_of_a_fixed_list_of_points_is_that_of_the_converged_reference() {
    let split = fixed_split(10_000, 5_000);
    for_each(|name, table, reference| {
        let reference = &reference["fixed_list"]["explicitness"];
        let outcome = explicitness::of_points(table, &split).unwrap();
        assert_quantities(&outcome, reference, 1e-5, name);
        let areas = &outcome.matrix("area_test_per_factor").unwrap().values;
        assert_near(
            areas,
            &numbers(&reference["area_test_per_factor"]),
            1e-4,
            name,
        );
    });
}

#[test]
fn study_scores_over_five_seeds_agree_with_the_reference() {
    for_each(|name, table, reference| {
        for metric in [Metric::Sap, Metric::Explicitness] {
            if (name, metric) == ("f_nonlinear", Metric::Sap) {
                continue; // All points of one value change sides at once, by chance.
            }
            if metric == Metric::Explicitness
                && !["c_entangled", "d_noisy", "g_noise"].contains(&name)
            {
                continue; // As on a rotation of them, or nearly so.
            }
            let outcomes =
                [0, 1, 2, 3, 4].map(|seed| score(metric, Variant::Study, table, seed).unwrap());
            let expected = reference["study"][metric.name()]
                .as_object()
                .expect("scores");
            for (quantity, expected) in expected {
                let expected = numbers(expected);
                let found = outcomes
                    .each_ref()
                    .map(|outcome| outcome.quantity(quantity).unwrap());
                let tolerance = (3.0 * sd(&expected)).max(0.005);
                let what = format!("{name} {} {quantity}", metric.name());
                assert_near(&[mean(&found)], &[mean(&expected)], tolerance, &what);
            }
        }
    });
}

#[test]
fn constant_codes_have_defined_scores() {
    for name in ["h_constant", "h_exact"] {
        let codes = constructed::make(name, DSPRITES);
        let table = CodeTable::new(&codes, N_CODES, &DSPRITES).unwrap();
        assert_eq!(
            score(Metric::Sap, Variant::Study, &table, 0)
                .unwrap()
                .headline(),
            0.0
        );
        assert_eq!(
            score(Metric::Explicitness, Variant::Study, &table, 0)
                .unwrap()
                .headline(),
            0.5
        );
        let outcome = dci::of_points(&table, Variant::Study, &fixed_split(500, 200), 0).unwrap();
        assert_eq!(
            (outcome.headline(), outcome.quantity("completeness")),
            (0.0, Some(0.0))
        );
    }
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let (_, codes) = &VARYING[2];
    let table = CodeTable::new(codes, N_CODES, &DSPRITES).unwrap();
    let sizes = SampleSizes {
        n_train: 700,
        n_test: 300,
    };
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        pool.install(|| {
            [
                dci::with_sizes(&table, Variant::Study, sizes, 1).unwrap(),
                dci::with_sizes(&table, Variant::RandomForest, sizes, 1).unwrap(),
                dci::lasso(&table).unwrap(),
                sap::study(&table, 1).unwrap(),
                explicitness::with_sizes(&table, sizes, 1).unwrap(),
            ]
        })
    };
    assert_eq!(on(1), on(3));
}
