//! Factor values in bins, against NumPy's.

use serde_json::Value;
use unravel_metrics::{Binning, FactorBins};

/// The bin of each row of a column, by that of its distinct values.
fn bins_of_rows(bins: FactorBins, column: &[f64]) -> Vec<u64> {
    let mut values = column.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let rank = |x: &f64| values.binary_search_by(|value| value.total_cmp(x)).unwrap();
    let mut n_rows = vec![0; values.len()];
    column.iter().for_each(|x| n_rows[rank(x)] += 1);
    let classes = bins.classes(&values, &n_rows);
    let rows = column.iter().map(|x| classes[rank(x)].into());
    rows.collect()
}

#[test]
fn bins_are_those_of_numpy() {
    let text = include_str!("../../../../tests/golden/factor_bins.json");
    let witness: Value = serde_json::from_str(text).unwrap();
    let cases = witness["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 27);
    for case in cases {
        let (name, n) = (
            case["column"].as_str().unwrap(),
            case["n"].as_u64().unwrap(),
        );
        let column = witness["columns"][name].as_array().unwrap().iter();
        // A zero has no sign in a table of factor values.
        let column: Vec<f64> = column.map(|x| x.as_f64().unwrap() + 0.0).collect();
        for binning in Binning::ALL {
            let bins = FactorBins::new(n as u32, binning).unwrap();
            let found = Value::from(bins_of_rows(bins, &column));
            assert_eq!(
                found,
                case["bins"][binning.name()],
                "{name} {n} {binning:?}"
            );
        }
    }
}
