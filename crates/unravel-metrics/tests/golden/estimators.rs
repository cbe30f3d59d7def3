//! The estimators alone, against scikit-learn's (`tests/golden/estimators.py`).

use std::sync::LazyLock;

use serde_json::Value;
use unravel_metrics::estimators::boosting::GradientBoosting;
use unravel_metrics::estimators::forest::RandomForest;
use unravel_metrics::estimators::lasso::Lasso;
use unravel_metrics::estimators::linear_svm::SortedFeature;
use unravel_metrics::estimators::logistic::LogisticRegression;
use unravel_metrics::estimators::logistic_cv;
use unravel_metrics::estimators::roc::area_under_curve;

use super::support::constructed::{DSPRITES, N_CODES};
use super::support::hash::hash;
use super::{VARYING, assert_near, mean, numbers};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/golden/estimators.json");
    serde_json::from_str(text).expect("the reference is JSON")
});

const SHAPE: usize = 0;
const SCALE: usize = 1;
const ORIENTATION: usize = 2;

/// Codes and factor values of the fixed list of points.
struct Rows {
    /// `[n, N_CODES]`.
    codes: Vec<f32>,
    points: Vec<usize>,
}

impl Rows {
    fn new(codes: &[f32], stream: u64, n: u64) -> Self {
        let n_points: usize = DSPRITES.iter().product();
        let points = (0..n).map(|t| (hash(stream, t) % n_points as u64) as usize);
        let points: Vec<usize> = points.collect();
        let rows = points
            .iter()
            .flat_map(|&point| &codes[point * N_CODES..][..N_CODES]);
        Self {
            codes: rows.copied().collect(),
            points,
        }
    }

    fn labels(&self, factor: usize) -> Vec<usize> {
        let stride: usize = DSPRITES[factor + 1..].iter().product();
        let value = |point: &usize| point / stride % DSPRITES[factor];
        self.points.iter().map(value).collect()
    }

    /// Whether the shape is a heart.
    fn hearts(&self) -> Vec<usize> {
        let shapes = self.labels(SHAPE).into_iter();
        shapes.map(|shape| usize::from(shape == 2)).collect()
    }

    fn code(&self, code: usize) -> Vec<f32> {
        let values = self.codes.iter().skip(code).step_by(N_CODES);
        values.copied().collect()
    }

    fn wide(&self) -> Vec<f64> {
        self.codes.iter().map(|&x| f64::from(x)).collect()
    }

    fn standardised(&self) -> Vec<f64> {
        let columns: Vec<Vec<f64>> = (0..N_CODES)
            .map(|code| standardised(self.code(code).into_iter().map(f64::from)))
            .collect();
        let rows = 0..self.points.len();
        rows.flat_map(|row| columns.iter().map(move |column| column[row]))
            .collect()
    }
}

fn standardised(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mean = mean(&values);
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let sd = (squares / values.len() as f64).sqrt();
    values.iter().map(|x| (x - mean) / sd).collect()
}

/// Calls `check` with the name, the rows to train and to test on, and the reference of each representation.
fn for_each(check: impl Fn(&str, &Rows, &Rows, &Value)) {
    let (n_train, n_test) = (&REFERENCE["n_train"], &REFERENCE["n_test"]);
    let count = |value: &Value| value.as_u64().expect("a number of rows");
    let representations = REFERENCE["representations"].as_object().expect("by name");
    for (name, reference) in representations {
        let (_, codes) = VARYING
            .iter()
            .find(|(other, _)| other == name)
            .expect("a representation of this name");
        let train = Rows::new(codes, 1000, count(n_train));
        let test = Rows::new(codes, 1001, count(n_test));
        check(name, &train, &test, reference);
    }
}

/// A value of each run of the reference.
fn runs(reference: &Value, key: &str) -> Vec<f64> {
    let runs = reference.as_array().expect("runs").iter();
    runs.map(|run| run[key].as_f64().expect("a number"))
        .collect()
}

/// Importances of each run, `[n_runs][n_codes]`.
fn importances(reference: &Value) -> Vec<Vec<f64>> {
    let runs = reference.as_array().expect("runs").iter();
    runs.map(|run| numbers(&run["importance"])).collect()
}

/// Within the range of the runs of the reference, widened by `margin` to both sides.
#[track_caller]
fn assert_among(found: f64, runs: &[f64], margin: f64, what: &str) {
    let lo = runs.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(
        (lo - margin..=hi + margin).contains(&found),
        "{what}: {found} is not in {lo}..{hi} ± {margin}"
    );
}

#[test]
fn boosted_trees_are_those_of_scikit_learn() {
    for_each(|name, train, test, reference| {
        let subjects = [
            ("boosting_of_two_classes", train.hearts(), test.hearts()),
            ("boosting_of_shape", train.labels(SHAPE), test.labels(SHAPE)),
            ("boosting_of_scale", train.labels(SCALE), test.labels(SCALE)),
        ];
        for (key, labels, test_labels) in subjects {
            let model = GradientBoosting::default().fit(&train.codes, N_CODES, &labels);
            let (reference, what) = (&reference[key], format!("{name} {key}"));
            // Where two features split equally well lots are drawn, by scikit-learn as by this.
            let accuracy = model.accuracy(&test.codes, &test_labels);
            assert_among(accuracy, &runs(reference, "test_accuracy"), 0.01, &what);
            let accuracy = model.train_accuracy();
            assert_eq!(accuracy, model.accuracy(&train.codes, &labels), "{what}");
            assert_among(accuracy, &runs(reference, "train_accuracy"), 0.01, &what);
            let runs = importances(reference);
            for (code, importance) in model.importances().iter().enumerate() {
                let runs: Vec<f64> = runs.iter().map(|run| run[code]).collect();
                assert_among(*importance, &runs, 0.01, &format!("{what}, code {code}"));
            }
        }
    });
}

#[test]
fn random_forests_agree_with_scikit_learns() {
    for_each(|name, train, test, reference| {
        let values = |rows: &Rows| -> Vec<f64> {
            let labels = rows.labels(SCALE).into_iter();
            labels.map(|value| value as f64).collect()
        };
        let reference = &reference["forest_of_scale"];
        let (target, truth) = (values(train), values(test));
        let forest = RandomForest::default().fit(&train.codes, N_CODES, &target);
        let found = forest.predict(&test.codes);
        let off = found.iter().zip(&truth).map(|(a, b)| (a - b).powi(2));
        let variance = truth.iter().map(|x| (x - mean(&truth)).powi(2));
        let score = 1.0 - (off.sum::<f64>() / variance.sum::<f64>()).sqrt();
        assert_among(score, &runs(reference, "one_minus_nrmse"), 0.005, name);
        let runs = importances(reference);
        for (code, importance) in forest.importances().iter().enumerate() {
            let runs: Vec<f64> = runs.iter().map(|run| run[code]).collect();
            assert_among(*importance, &runs, 0.01, &format!("{name}, code {code}"));
        }
    });
}

#[test]
fn lasso_is_that_of_scikit_learn() {
    for_each(|name, train, _, reference| {
        let features = train.standardised();
        let column = |code: usize| features.iter().skip(code).step_by(N_CODES);
        let n = train.points.len() as f64;
        let between: Vec<f64> = (0..N_CODES * N_CODES)
            .map(|at| {
                let products = column(at / N_CODES).zip(column(at % N_CODES));
                products.map(|(a, b)| a * b).sum::<f64>() / n
            })
            .collect();
        for factor in 0..DSPRITES.len() {
            let target = standardised(train.labels(factor).into_iter().map(|value| value as f64));
            let with_target: Vec<f64> = (0..N_CODES)
                .map(|code| column(code).zip(&target).map(|(a, b)| a * b).sum::<f64>() / n)
                .collect();
            let weights = Lasso::new(0.02).fit(&between, &with_target);
            let expected = numbers(&reference["lasso"][factor]);
            assert_near(&weights, &expected, 1e-8, &format!("{name} {factor}"));
        }
    });
}

#[test]
fn linear_classifiers_of_one_code_are_those_of_scikit_learn() {
    for_each(|name, train, _, reference| {
        let subjects = [
            ("svm_of_two_classes", train.hearts()),
            ("svm_of_scale", train.labels(SCALE)),
        ];
        for (key, labels) in subjects {
            let line = |code: usize| SortedFeature::new(&train.code(code)).fit(&labels, 0.01);
            let lines: Vec<f64> = (0..N_CODES)
                .flat_map(|code| line(code).lines().concat())
                .collect();
            let expected = numbers(&reference[key]);
            assert_near(&lines, &expected, 1e-6, &format!("{name} {key}"));
        }
    });
}

#[test]
fn logistic_regression_is_that_of_scikit_learn() {
    for_each(|name, train, _, reference| {
        let features = train.standardised();
        // Few classes are solved directly, many by conjugate gradients, which stop at a millionth of a nat.
        let subjects = [
            ("logistic_of_scale", train.labels(SCALE), 1e-5),
            ("logistic_of_orientation", train.labels(ORIENTATION), 1e-3),
        ];
        for (key, labels, tolerance) in subjects {
            let model = LogisticRegression::default().fit(&features, N_CODES, &labels);
            let parameters: Vec<f64> = (0..model.classes().len())
                .flat_map(|class| [model.coefficients(class), &[model.intercept(class)]].concat())
                .collect();
            let expected = numbers(&reference[key]);
            assert_near(&parameters, &expected, tolerance, &format!("{name} {key}"));
        }
        // scikit-learn fits one sigmoid to two classes; its score is the difference of ours.
        let model = LogisticRegression::default().fit(&features, N_CODES, &train.hearts());
        let difference = model.coefficients(1).iter().zip(model.coefficients(0));
        let difference: Vec<f64> = difference.map(|(a, b)| a - b).collect();
        let expected = numbers(&reference["logistic_of_two_classes"]);
        assert_near(&difference, &expected[..N_CODES], 1e-5, name);
    });
}

#[test]
fn cross_validated_logistic_regression_is_that_of_scikit_learn() {
    for_each(|name, train, test, reference| {
        let reference = &reference["logistic_cv_of_scale"];
        let (codes, labels) = (train.wide(), train.labels(SCALE));
        let (model, c) = logistic_cv::fit(&codes[..1000 * N_CODES], N_CODES, &labels[..1000]);
        let expected = numbers(&reference["c"])[0];
        assert!((c / expected - 1.0).abs() < 1e-9, "{name}: C = {c}");
        let accuracy = model.accuracy(&test.wide(), &test.labels(SCALE));
        let expected = numbers(&reference["test_accuracy"]);
        assert_near(&[accuracy], &expected, 0.0015, name);
    });
}

#[test]
fn areas_under_curves_with_ties_are_those_of_scikit_learn() {
    for_each(|name, train, _, reference| {
        let is_heart: Vec<bool> = train.hearts().iter().map(|&heart| heart == 1).collect();
        let area = |code: usize| {
            let codes = train.code(code).into_iter().map(f64::from);
            let tenths: Vec<f64> = codes.map(|x| (10.0 * x).round_ties_even() / 10.0).collect();
            area_under_curve(&tenths, &is_heart).expect("both occur")
        };
        let areas: Vec<f64> = (0..N_CODES).map(area).collect();
        let expected = numbers(&reference["areas_of_heart"]);
        assert_near(&areas, &expected, 1e-12, name);
    });
}
