//! Scores by the protocol of Lin et al. 2020, against plain NumPy and scikit-learn (`tests/golden/lin_2020.py`).

use std::sync::LazyLock;

use serde_json::Value;
use unravel_metrics::lin_2020::{GROUP_SIZE, Groups, N_GROUPS, N_POINTS};
use unravel_metrics::metrics::{
    beta_vae_score, dci, explicitness, factor_vae_score, mig, modularity, sap,
};
use unravel_metrics::{CodeTable, FactorGrid, Metric, Outcome, Variant, score};

use super::support::constructed::{DSPRITES, N_CODES};
use super::support::hash::hash;
use super::{VARYING, assert_near, mean, number, numbers, transposed};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/golden/lin_2020.json");
    serde_json::from_str(text).expect("the reference is JSON")
});

const N_GRID: u64 = 737_280;

/// The table of a representation over the named grid, as shape is told by its name.
fn table(codes: &[f32]) -> CodeTable<'_> {
    let names = ["shape", "scale", "orientation", "pos-x", "pos-y"];
    let grid = FactorGrid::new(&DSPRITES).unwrap();
    let grid = grid.with_names(names.map(str::to_owned).into()).unwrap();
    CodeTable::over(codes, N_CODES, grid).expect("the codes are finite")
}

/// Calls `check` with the name, the table and the reference of each representation.
fn for_each(check: impl Fn(&str, &CodeTable, &Value)) {
    let representations = REFERENCE["representations"].as_object().expect("by name");
    for (name, reference) in representations {
        let mut found = VARYING.iter();
        let (_, codes) = found
            .find(|(other, _)| other == name)
            .expect("of this name");
        check(name, &table(codes), reference);
    }
}

fn fixed_points(n: usize) -> Vec<u32> {
    (0..n as u64)
        .map(|t| (hash(1000, t) % N_GRID) as u32)
        .collect()
}

fn fixed_groups() -> Groups {
    let group = |number: usize| {
        let factor = number % DSPRITES.len();
        let size = DSPRITES[factor] as u64;
        let stride: u64 = DSPRITES[factor + 1..].iter().product::<usize>() as u64;
        let value = hash(3000, number as u64) % size;
        let point = |j: usize| {
            let point = hash(3001, (GROUP_SIZE * number + j) as u64) % N_GRID;
            (point - point / stride % size * stride + value * stride) as u32
        };
        ((0..GROUP_SIZE).map(point).collect(), factor)
    };
    let (points, factors) = (0..N_GROUPS).map(group).unzip();
    Groups { points, factors }
}

/// Compares a quantity.
#[track_caller]
fn assert_quantity(
    outcome: &Outcome,
    reference: &Value,
    quantity: &str,
    tolerance: f64,
    what: &str,
) {
    let found = outcome.quantity(quantity).expect("a quantity of this name");
    let expected = number(&reference[quantity]);
    assert_near(
        &[found],
        &[expected],
        tolerance,
        &format!("{what} {quantity}"),
    );
}

/// Compares a matrix.
#[track_caller]
fn assert_matrix(outcome: &Outcome, matrix: &str, expected: &[f64], tolerance: f64, what: &str) {
    let found = &outcome
        .matrix(matrix)
        .expect("a matrix of this name")
        .values;
    assert_near(found, expected, tolerance, &format!("{what} {matrix}"));
}

#[test]
fn scores_of_fixed_groups_are_the_reference() {
    let (groups, points) = (fixed_groups(), fixed_points(N_POINTS));
    for_each(|name, table, reference| {
        let outcome = factor_vae_score::lin_2020_of_groups(table, &groups, &points).unwrap();
        let expected = &reference["factor-vae-score"];
        assert_quantity(&outcome, expected, "train_accuracy", 1e-12, name);
        assert_matrix(&outcome, "votes", &numbers(&expected["votes"]), 0.0, name);
        let outcome = beta_vae_score::lin_2020_of_groups(table, &groups).unwrap();
        let expected = &reference["beta-vae-score"];
        // An example on the border between two factors may fall to either side.
        assert_quantity(&outcome, expected, "train_accuracy", 0.0021, name);
        let weights = transposed(&numbers(&expected["classifier_weights"]), N_CODES);
        assert_matrix(&outcome, "classifier_weights", &weights, 1e-5, name);
    });
}

#[test]
fn scores_of_fixed_points_are_the_reference() {
    let points = fixed_points(N_POINTS);
    for_each(|name, table, reference| {
        let outcome = sap::lin_2020_of_points(table, &points).unwrap();
        // liblinear stops early: a point in ten thousand may be answered otherwise.
        assert_quantity(&outcome, &reference["sap"], "sap", 5e-5, name);
        let scores = numbers(&reference["sap"]["score"]);
        assert_matrix(&outcome, "score", &scores, 1e-4, name);
        let outcome = mig::of_points(table, &points).unwrap();
        assert_quantity(&outcome, &reference["mig"], "mig", 1e-9, name);
        let outcome = modularity::lin_2020_of_points(table, &points).unwrap();
        assert_quantity(&outcome, &reference["modularity"], "modularity", 1e-9, name);
        let outcome = dci::lin_2020_of_points(table, &points).unwrap();
        for quantity in ["disentanglement", "completeness"] {
            assert_quantity(&outcome, &reference["dci"], quantity, 1e-7, name);
        }
    });
}

#[test]
fn explicitness_of_fixed_points_is_the_reference() {
    let n_points = number(&REFERENCE["n_explicitness"]) as usize;
    let points = fixed_points(n_points);
    for_each(|name, table, reference| {
        let outcome = explicitness::lin_2020_of_points(table, &points).unwrap();
        let expected = &reference["explicitness"];
        assert_quantity(&outcome, expected, "explicitness_train", 1e-6, name);
        let areas = numbers(&expected["area_per_factor"]);
        assert_matrix(&outcome, "area_per_factor", &areas, 1e-5, name);
    });
}

#[test]
fn scores_over_five_seeds_agree_with_those_of_fixed_points() {
    for_each(|name, table, reference| {
        // Of 500 groups a score has a standard deviation of up to 0.02, of 73,728 points of a few thousandths.
        let subjects = [
            (Metric::FactorVaeScore, "train_accuracy", 0.05),
            (Metric::BetaVaeScore, "train_accuracy", 0.05),
            (Metric::Sap, "sap", 0.005),
            (Metric::Mig, "mig", 0.005),
            (Metric::Modularity, "modularity", 0.03),
            (Metric::Dci, "disentanglement", 0.02),
        ];
        for (metric, quantity, tolerance) in subjects {
            let outcomes = [0, 1, 2, 3, 4].map(|seed| score(metric, Variant::Lin2020, table, seed));
            let found = outcomes.map(|outcome| outcome.unwrap().quantity(quantity).unwrap());
            let expected = number(&reference[metric.name()][quantity]);
            let what = format!("{name} {}", metric.name());
            assert_near(&[mean(&found)], &[expected], tolerance, &what);
            if matches!(metric, Metric::Sap | Metric::Mig) {
                assert_ne!(found[0], found[1], "{what} does not depend on the seed");
            }
        }
    });
}

#[test]
fn without_a_factor_of_that_name_all_are_numbers() {
    let (_, codes) = &VARYING[0];
    let nameless = CodeTable::new(codes, N_CODES, &DSPRITES).unwrap();
    let points = fixed_points(2000);
    let outcome = sap::lin_2020_of_points(&nameless, &points).unwrap();
    assert_eq!(outcome.quantity("sap"), outcome.quantity("sap_r2"));
    let outcome = sap::lin_2020_of_points(&table(codes), &points).unwrap();
    assert_ne!(outcome.quantity("sap"), outcome.quantity("sap_r2"));
}

#[test]
fn constant_codes_have_defined_scores() {
    let codes = vec![0.1; N_GRID as usize * N_CODES];
    let table = table(&codes);
    let headline = |metric| {
        score(metric, Variant::Lin2020, &table, 0)
            .unwrap()
            .headline()
    };
    for metric in [
        Metric::FactorVaeScore,
        Metric::Sap,
        Metric::Mig,
        Metric::Modularity,
        Metric::Dci,
    ] {
        assert_eq!(headline(metric), 0.0, "{}", metric.name());
    }
    assert_near(&[headline(Metric::BetaVaeScore)], &[0.2], 1e-12, "chance");
    let outcome = explicitness::lin_2020_of_points(&table, &fixed_points(1000)).unwrap();
    assert_eq!(outcome.headline(), 0.5);
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let (_, codes) = &VARYING[2];
    let table = table(codes);
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
        pool.build().unwrap().install(|| {
            [
                beta_vae_score::lin_2020(&table, 1).unwrap(),
                factor_vae_score::lin_2020(&table, 1).unwrap(),
                sap::lin_2020(&table, 1).unwrap(),
                explicitness::lin_2020_of_points(&table, &fixed_points(5000)).unwrap(),
            ]
        })
    };
    assert_eq!(on(1), on(3));
}
