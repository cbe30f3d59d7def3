//! Tests each condition on tables on which it occurs and on which it does not.

use super::*;
use crate::limits::MIN_MATCHING_ROWS;

/// Every metric in every variant.
fn all() -> Vec<(Metric, Variant)> {
    let variants = |metric: Metric| metric.variants().iter().map(move |&v| (metric, v));
    Metric::ALL.into_iter().flat_map(variants).collect()
}

/// Pseudo-random numbers below `bound`.
fn scattered(n: usize, bound: u32, stream: u32) -> Vec<u32> {
    let mut state = stream.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..n).map(|_| next() % bound).collect()
}

/// Rows of these columns of factor values.
fn rows(columns: &[Vec<u32>]) -> FactorGrid {
    let largest = |column: &Vec<u32>| column.iter().max().map_or(0, |&value| value as usize);
    let sizes: Vec<usize> = columns.iter().map(|column| 1 + largest(column)).collect();
    let values = (0..columns[0].len()).flat_map(|row| columns.iter().map(move |c| c[row]));
    FactorGrid::of_rows(&sizes, values.collect()).unwrap()
}

/// Codes `[n, columns]` of these columns.
fn codes(columns: &[Vec<f32>]) -> Vec<f32> {
    let row = |row: usize| columns.iter().map(move |column| column[row]);
    (0..columns[0].len()).flat_map(row).collect()
}

fn noise(n: usize, stream: u32) -> Vec<f32> {
    let values = scattered(n, 1 << 20, stream);
    values.into_iter().map(|x| x as f32 / 1e5).collect()
}

/// The conditions for these factors and random codes.
fn of_factors(columns: &[Vec<u32>]) -> Vec<&'static str> {
    of(
        rows(columns),
        &[noise(columns[0].len(), 1), noise(columns[0].len(), 2)],
    )
}

fn of(grid: FactorGrid, columns: &[Vec<f32>]) -> Vec<&'static str> {
    let codes = codes(columns);
    let table = CodeTable::over(&codes, columns.len(), grid).unwrap();
    let notes = notes(&table, &all(), &AsRead::default());
    notes.iter().map(|note| note.condition).collect()
}

const N: usize = 6_000;

#[test]
fn listed_rows_of_ordinary_factors_have_no_note() {
    let ordinary = [scattered(N, 40, 1), scattered(N, 3, 2), scattered(N, 10, 3)];
    assert_eq!(of_factors(&ordinary), [""; 0]);
}

#[test]
fn many_values_are_noted_by_factor() {
    let columns = [scattered(N, 1 << 20, 1), scattered(N, 5, 2)];
    let (grid, values) = (rows(&columns), [noise(N, 1), noise(N, 2)]);
    let codes = codes(&values);
    let table = CodeTable::over(&codes, 2, grid).unwrap();
    let pairs = [
        (Mig, Variant::Study),
        (Mig, Variant::Exact),
        (Unsupervised, Variant::Exact),
    ];
    let found = notes(&table, &pairs, &AsRead::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].condition, &found[0].metrics[..]),
        ("many-values", &["mig"][..])
    );
    let sentence = &found[0].sentence;
    assert!(sentence.starts_with("\"factor_0\" has ") && sentence.contains("--factor-bins 20"));
    assert!(!sentence.contains("factor_1"), "{sentence}");
    // A complete grid of a single factor, as many values as rows.
    for (n, expected) in [(40, 0), (41, 1)] {
        let grid = FactorGrid::new(&[n]).unwrap();
        assert_eq!(notes_of_grid(&grid, &pairs).len(), expected, "{n}");
    }
}

#[test]
fn complete_grids_with_few_rows_for_each_value_are_noted() {
    let noted = |sizes: &[usize]| {
        let grid = FactorGrid::new(sizes).unwrap();
        let notes = notes_of_grid(&grid, &[(Dcimig, Variant::Exact)]);
        notes.first().map(|note| note.sentence.clone())
    };
    for sizes in [[1000, 2], [500, 3], [300, 4], [41, 9], [4, 60]] {
        let sentence = noted(&sizes).unwrap_or_else(|| panic!("{sizes:?}"));
        assert!(
            sentence.contains("random codes similar scores"),
            "{sentence}"
        );
    }
    for sizes in [
        &[40_usize, 10] as &[usize],
        &[41, 10],
        &[40, 4],
        &[3, 6, 40, 32, 32],
        &[5, 4, 3],
    ] {
        assert_eq!(noted(sizes), None, "{sizes:?}");
    }
}

#[test]
fn values_of_few_rows_are_noted() {
    // Three of ten values have 3 rows each.
    let mut rare = scattered(N, 7, 1);
    (0..9).for_each(|row| rare[row] = 7 + row as u32 / 3);
    assert_eq!(
        of_factors(&[rare.clone(), scattered(N, 3, 2)]),
        ["rare-values"]
    );
    (0..MIN_MATCHING_ROWS).for_each(|row| rare[20 + row] = 7);
    (0..MIN_MATCHING_ROWS).for_each(|row| rare[40 + row] = 8);
    (0..MIN_MATCHING_ROWS).for_each(|row| rare[60 + row] = 9);
    assert_eq!(of_factors(&[rare, scattered(N, 3, 2)]), [""; 0]);
    let mut never = vec![0; N];
    (0..9).for_each(|row| never[row * 7] = 1);
    let found = of_factors(&[never, scattered(N, 3, 2), scattered(N, 4, 3)]);
    assert_eq!(found, ["rare-values", "never-fixed", "one-value"]);
}

#[test]
fn a_factor_with_one_value_for_nearly_all_rows_is_noted() {
    let with = |n_others: usize| {
        let column = (0..N)
            .map(|row| u32::from(row * 7 % N < n_others))
            .collect();
        of_factors(&[column, scattered(N, 3, 2)])
    };
    assert_eq!(with(N / 20), ["one-value"]);
    assert_eq!(with(N / 20 + 1), [""; 0]);
    let table = rows(&[scattered(N, 3, 1), scattered(N, 3, 2)]);
    let values = codes(&[noise(N, 1), noise(N, 2)]);
    let table = CodeTable::over(&values, 2, table).unwrap();
    let read = AsRead {
        constant: vec!["colour\u{1b}[2J".to_owned()],
        ..AsRead::default()
    };
    let found = notes(&table, &all(), &read);
    assert_eq!(found.len(), 1);
    // Column names from files are escaped before they reach a terminal.
    assert!(
        found[0]
            .sentence
            .contains(r#""colour\u{1b}[2J" has one value in all rows"#)
    );
}

#[test]
fn factors_that_tell_each_other_are_noted() {
    let (a, b) = (scattered(N, 12, 1), scattered(N, 5, 2));
    let renamed = a.iter().map(|value| value * 5 % 12).collect();
    let coarse: Vec<u32> = a.iter().map(|value| value / 4).collect();
    assert_eq!(of_factors(&[a.clone(), b.clone(), renamed]), ["determined"]);
    assert_eq!(
        of_factors(&[coarse.clone(), b.clone(), a.clone()]),
        ["determined"]
    );
    let mut nearly = coarse.clone();
    (0..N / 200).for_each(|row| nearly[row * 200] = (nearly[row * 200] + 1) % 3);
    assert_eq!(of_factors(&[nearly, b.clone(), a.clone()]), ["determined"]);
    // Equal in all but a tenth of the rows, of which by chance some are equal too.
    for size in [2, 3, 12] {
        let (first, other) = (scattered(N, size, 4), scattered(N, size, 5));
        let mut equal = first.clone();
        (0..N / 10).for_each(|row| equal[row * 10] = other[row]);
        assert_eq!(
            of_factors(&[first, b.clone(), equal]),
            ["determined"],
            "{size}"
        );
    }
    // What has one value in most rows is not told by a factor that has nothing to do with it.
    let rare = |row: usize| u32::from(row.is_multiple_of(11));
    assert_eq!(
        of_factors(&[(0..N).map(rare).collect(), b.clone()]),
        [""; 0]
    );
    let mut seldom = coarse;
    (0..N / 5).for_each(|row| seldom[row * 5] = b[row] % 3);
    assert_eq!(of_factors(&[seldom, b, a]), [""; 0]);
}

#[test]
fn few_rows_are_noted_where_predictors_are_tested() {
    let factors = [4, 3].map(|size| scattered(4_999, size, size));
    assert_eq!(of_factors(&factors), ["few-rows"]);
    let factors = [4, 3].map(|size| scattered(5_000, size, size));
    assert_eq!(of_factors(&factors), [""; 0]);
}

#[test]
fn rows_that_repeat_are_noted() {
    let with = |n_copies: usize| {
        let copied = |row: usize| if row < n_copies { row + N / 2 } else { row };
        let pick = |column: Vec<u32>| (0..N).map(|row| column[copied(row)]).collect::<Vec<_>>();
        let factors = [pick(scattered(N, 4, 1)), pick(scattered(N, 3, 2))];
        let code = noise(N, 1);
        let code = (0..N).map(|row| code[copied(row)]).collect();
        let second = pick(scattered(N, 50, 5))
            .iter()
            .map(|&x| x as f32)
            .collect();
        of(rows(&factors), &[code, second])
    };
    assert_eq!(with(N / 10), ["repeated-rows"]);
    assert_eq!(with(N / 20), [""; 0]);
}

#[test]
fn codes_that_say_nothing_are_noted() {
    let grid = || FactorGrid::new(&[10, 20]).unwrap();
    let n = 200;
    let constant = vec![0.3; n];
    assert_eq!(
        of(grid(), &[constant.clone(), vec![0.0; n]]),
        ["constant-codes"]
    );
    assert_eq!(of(grid(), &[constant.clone(), noise(n, 1)]), [""; 0]);
    assert_eq!(of(grid(), &[noise(n, 1)]), ["one-code"]);
    assert_eq!(
        of(grid(), &[noise(n, 1), constant, noise(n, 2), noise(n, 1)]),
        ["equal-codes"]
    );
    let mut outlying = noise(n, 1);
    outlying[17] = 1e6;
    assert_eq!(of(grid(), &[outlying.clone(), noise(n, 2)]), ["one-bin"]);
    let values = codes(&[outlying.clone(), noise(n, 2)]);
    let table = CodeTable::over(&values, 2, grid()).unwrap();
    let of_irs = notes(&table, &[(Irs, Variant::Exact)], &AsRead::default());
    assert_eq!(of_irs[0].metrics, ["irs"]);
    // A code that differs in only a few rows is not reported.
    let marks = (0..n).map(|row| if row < 2 { 1.0 } else { 0.0 }).collect();
    assert_eq!(of(grid(), &[marks, noise(n, 2)]), [""; 0]);
    let faint = |stream| {
        noise(n, stream)
            .iter()
            .map(|x| x * 1e-3)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(grid(), &[faint(1), faint(2)]),
        ["small-codes", "unscaled-codes"]
    );
    assert_eq!(of(grid(), &[faint(1), noise(n, 2)]), [""; 0]);
}

#[test]
fn codes_far_from_zero_are_noted_beside_sap_alone() {
    let grid = || FactorGrid::new(&[10, 20]).unwrap();
    let moved = |by: f32| noise(200, 1).iter().map(|x| x + by).collect::<Vec<_>>();
    assert_eq!(of(grid(), &[moved(-2.0), noise(200, 2)]), [""; 0]);
    let values = codes(&[moved(10.0), noise(200, 2)]);
    let table = CodeTable::over(&values, 2, grid()).unwrap();
    let found = notes(&table, &all(), &AsRead::default());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].condition, &found[0].metrics[..]),
        ("offset-codes", &["sap"][..])
    );
    assert!(
        found[0].sentence.starts_with("code 0 has mean 15."),
        "{}",
        found[0].sentence
    );
    // A dead code with an offset says nothing anyway.
    let dead = noise(200, 3).iter().map(|x| 0.5 + 1e-3 * x).collect();
    assert_eq!(of(grid(), &[dead, noise(200, 2)]), [""; 0]);
}

#[test]
fn codes_that_float32_rounds_are_noted_by_number() {
    let values = codes(&[noise(200, 1), noise(200, 2)]);
    let table = CodeTable::new(&values, 2, &[10, 20]).unwrap();
    let rounded = |rounded: &[usize]| {
        let read = AsRead {
            rounded: rounded.to_vec(),
            ..AsRead::default()
        };
        let notes = notes(&table, &[(Mig, Variant::Exact)], &read);
        notes.first().map(|note| note.sentence.clone())
    };
    assert_eq!(rounded(&[]), None);
    let sentence = rounded(&[1]).unwrap();
    assert!(
        sentence.starts_with("code 1 loses its differences in float32")
            && sentence.contains("codes - codes.mean(axis=0)"),
        "{sentence}"
    );
    assert!(
        rounded(&[0, 1])
            .unwrap()
            .starts_with("codes 0, 1 lose their")
    );
}

#[test]
fn the_list_has_each_name_once_and_concerns_some_metric() {
    let mut names: Vec<&str> = CONDITIONS.iter().map(|condition| condition.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CONDITIONS.len());
    for condition in &CONDITIONS {
        let concerns =
            |&(metric, variant): &(Metric, Variant)| (condition.concerns)(metric, variant);
        assert!(all().iter().any(concerns), "{}", condition.name);
    }
}

#[test]
fn long_lists_are_cut() {
    let items: Vec<String> = (0..9).map(|item| item.to_string()).collect();
    assert_eq!(listed(&items[..4]), "0, 1, 2, 3");
    assert_eq!(listed(&items), "0, 1, 2, 3 and 5 more");
}
