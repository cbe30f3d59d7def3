//! `unravel evaluate` on factors that are not classes, and what it says of tables whose scores say little.

mod support;

use std::f64::consts::TAU;

use serde_json::Value;

use support::codes::{LAYOUTS, npy, npz as write_npz};
use support::lab::{Lab, Ran};
use support::npz::{self, NpyArray};
use support::sweeps::tiny_on_npz;

const N_ROWS: usize = 6_000;

/// Numbers in 0 to 1 that fill the unit square evenly: the n-th multiple of an irrational one, without its whole part.
fn spread(row: usize, step: f64) -> f64 {
    (row as f64 * step).fract()
}

/// Two continuous factors.
fn continuous() -> Vec<[f64; 2]> {
    let row = |row| [spread(row, 0.754_877_666_2), spread(row, 0.569_840_290_9)];
    (1..=N_ROWS).map(row).collect()
}

/// Codes that are the factors, one of them bent.
fn codes_of(factors: &[[f64; 2]]) -> Vec<Vec<f32>> {
    let row = |[a, b]: &[f64; 2]| vec![(2.0 * b).exp() as f32, (3.0 * a - 1.0) as f32];
    factors.iter().map(row).collect()
}

/// Codes that have nothing to do with them.
fn noise() -> Vec<Vec<f32>> {
    let row = |row| {
        let [a, b] = [0.414_213_562_4, 0.236_067_977_5].map(|step| spread(row * row % 9_973, step));
        vec![(TAU * a).sin() as f32, (b - 0.5) as f32]
    };
    (1..=N_ROWS).map(row).collect()
}

fn floats(rows: &[[f64; 2]]) -> Vec<u8> {
    let elements = rows.iter().flatten().flat_map(|x| x.to_le_bytes());
    npy("<f8", &[rows.len(), 2], false, elements.collect())
}

fn integers<const K: usize>(rows: &[[i64; K]]) -> Vec<u8> {
    let elements = rows.iter().flatten().flat_map(|x| x.to_le_bytes());
    npy("<i8", &[rows.len(), K], false, elements.collect())
}

fn lab_of(codes: &[Vec<f32>], factors: &[u8]) -> Lab {
    let lab = Lab::new();
    write(&lab, codes, factors);
    lab
}

fn write(lab: &Lab, codes: &[Vec<f32>], factors: &[u8]) {
    let codes = LAYOUTS[0].npy(codes);
    write_npz(
        &lab.path("codes.npz"),
        &[("codes", &codes), ("factors", factors)],
    );
}

fn run(lab: &Lab, args: &[&str]) -> Ran {
    lab.run(&[&["evaluate", "codes.npz"], args].concat())
}

fn run_well(lab: &Lab, args: &[&str]) -> Ran {
    lab.run_well(&[&["evaluate", "codes.npz"], args].concat())
}

const EXACT: [&str; 5] = ["--metrics", "mig", "--variants", "exact", "--json"];

fn mig(ran: &Ran) -> f64 {
    ran.json()["scores"][0]["mean"].as_f64().unwrap()
}

fn conditions(json: &Value) -> Vec<String> {
    let notes = json["notes"].as_array().unwrap().iter();
    notes
        .map(|note| note["condition"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn continuous_factors_are_noted_and_score_in_bins() {
    let factors = continuous();
    let fine: Vec<[i64; 2]> = factors
        .iter()
        .map(|row| row.map(|x| (1e6 * x) as i64))
        .collect();
    let lab = lab_of(&codes_of(&factors), &integers(&fine));
    let found = run_well(&lab, &[&EXACT[..], &["--quiet"]].concat());
    assert!(mig(&found) < 0.05, "no value occurs twice: {}", mig(&found));
    assert!(
        found.stderr.starts_with("note (mig): \"factor-0\" has ")
            && found.stderr.contains("--factor-bins 20"),
        "{}",
        found.stderr
    );
    assert!(found.stderr.contains("(mig)"), "{}", found.stderr);
    assert_eq!(conditions(&found.json()), ["many-values"]);
    assert!(found.json()["scores"][0].get("factor_bins").is_none());

    for binning in ["equal-width", "quantiles"] {
        let bins = ["--factor-bins", "20", "--factor-binning", binning];
        let args = [&EXACT[..], &bins, &["--out", binning]].concat();
        let found = run_well(&lab, &args);
        let json = found.json();
        assert!(mig(&found) > 0.6, "{binning}: {}", mig(&found));
        assert_eq!(conditions(&json), [""; 0], "{}", found.stderr);
        let score = &json["scores"][0];
        assert_eq!(score["grid"], "6000 rows of 20x20");
        assert_eq!(
            score["factor_bins"],
            serde_json::json!({ "n": 20, "binning": binning })
        );
        let written: Value =
            serde_json::from_str(&lab.read(&format!("{binning}/scores.json"))).unwrap();
        assert_eq!(written, json);
        let csv = lab.read(&format!("{binning}/scores.csv"));
        assert!(
            csv.lines().next().unwrap().ends_with(",factor_bins"),
            "{csv}"
        );
        assert!(csv.contains(&format!(",20 {binning}")), "{csv}");
    }
    // Floats are the same numbers in other units, and noise scores nothing in bins either.
    let args = [&EXACT[..], &["--factor-bins", "20"]].concat();
    let of_integers = mig(&run_well(&lab, &args));
    write(&lab, &codes_of(&factors), &floats(&factors));
    assert!((mig(&run_well(&lab, &args)) - of_integers).abs() < 1e-3);
    write(&lab, &noise(), &floats(&factors));
    let found = run_well(&lab, &args);
    assert!(mig(&found) < 0.05, "{}", mig(&found));
    let table = run_well(&lab, &["--metrics", "mig", "--factor-bins", "20"]).stdout;
    assert!(
        table.contains(", factors binned into up to 20 bins of equal width"),
        "{table}"
    );
}

#[test]
fn floats_are_classes_where_they_are_whole_numbers() {
    let classes: Vec<[i64; 2]> = (0..N_ROWS as i64)
        .map(|row| [row % 7 - 3, row / 7 % 5 * 1_000])
        .collect();
    let codes: Vec<Vec<f32>> = classes
        .iter()
        .map(|&[a, b]| vec![a as f32 / 3.0, b as f32 + a as f32])
        .collect();
    let lab = lab_of(&codes, &integers(&classes));
    let expected = run_well(&lab, &EXACT).json();
    let as_floats: Vec<[f64; 2]> = classes.iter().map(|row| row.map(|x| x as f64)).collect();
    write(&lab, &codes, &floats(&as_floats));
    let found = run_well(&lab, &EXACT).json();
    assert_eq!(
        found["scores"][0]["values"],
        expected["scores"][0]["values"]
    );
    let narrow = as_floats
        .iter()
        .flatten()
        .flat_map(|&x| (x as f32).to_le_bytes());
    write(
        &lab,
        &codes,
        &npy("<f4", &[N_ROWS, 2], false, narrow.collect()),
    );
    let found = run_well(&lab, &EXACT).json();
    assert_eq!(
        found["scores"][0]["values"],
        expected["scores"][0]["values"]
    );
    // Few values are kept in any number of bins that has room for them, whatever they are.
    let thirds: Vec<[f64; 2]> = as_floats.iter().map(|row| row.map(|x| x / 3.0)).collect();
    write(&lab, &codes, &floats(&thirds));
    let found = run_well(&lab, &[&EXACT[..], &["--factor-bins", "7"]].concat()).json();
    assert_eq!(
        found["scores"][0]["values"],
        expected["scores"][0]["values"]
    );
}

#[test]
fn factors_that_are_no_numbers_and_bins_that_are_none_are_refused() {
    let factors = continuous();
    let lab = lab_of(&codes_of(&factors), &floats(&factors));
    let refused = |args: &[&str], expected: &str| {
        let ran = run(&lab, args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    };
    refused(
        &[],
        "row 0, column 0 (from 0) is 0.7548776662, which is not a whole number",
    );
    refused(&[], "--factor-bins 20");
    refused(&["--factor-bins", "1"], "1 is not in 2..=1000000");
    refused(
        &["--factor-bins", "20", "--factor-binning", "equal"],
        "equal-width, quantiles",
    );
    refused(&["--factor-binning", "quantiles"], "--factor-bins <N>");
    for (value, shown) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        let mut bad = factors.clone();
        bad[4_321][1] = value;
        write(&lab, &codes_of(&factors), &floats(&bad));
        let expected = format!("row 4321, column 1 (from 0) is {shown}");
        refused(&["--factor-bins", "20"], &expected);
    }
    let halves = npy("<f2", &[N_ROWS, 2], false, vec![0; N_ROWS * 4]);
    write(&lab, &codes_of(&factors), &halves);
    refused(
        &[],
        "the dtype is '<f2', but a little-endian integer, float32 or float64",
    );
    lab.write(
        "codes.npz",
        npy("<f4", &[737_280, 1], false, vec![0; 4 * 737_280]),
    );
    refused(&["--factor-bins", "20"], "remove --factor-bins");
}

#[test]
fn what_scores_do_not_say_is_noted_with_the_metrics_that_it_concerns() {
    let classes: Vec<[i64; 3]> = (0..N_ROWS as i64)
        .map(|row| [row % 7, 3 - row % 7, i64::from(row % 1_000 == 0)])
        .collect();
    let codes: Vec<Vec<f32>> = (0..N_ROWS)
        .map(|row| vec![(row % 7) as f32, spread(row, 0.618_034) as f32])
        .collect();
    let lab = lab_of(&codes, &integers(&classes));
    let args = [
        "--metrics",
        "mig,unsupervised",
        "--variants",
        "exact",
        "--json",
    ];
    let json = run_well(&lab, &args).json();
    assert_eq!(
        conditions(&json),
        ["rare-values", "one-value", "determined"]
    );
    for note in json["notes"].as_array().unwrap() {
        assert_eq!(note["metrics"], serde_json::json!(["mig"]), "{note}");
    }
    let sentence = json["notes"][2]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains(r#""factor-0" and "factor-1" determine each other"#),
        "{sentence}"
    );
    // What is not asked for is not noted.
    let args = ["--metrics", "unsupervised", "--variants", "exact", "--json"];
    assert_eq!(conditions(&run_well(&lab, &args).json()), [""; 0]);
    // A complete grid has nothing of the kind.
    let grid: Vec<[i64; 3]> = (0..210)
        .map(|row| [row % 7, row / 7 % 5, row / 35])
        .collect();
    write(&lab, &codes[..210], &integers(&grid));
    let ran = run_well(&lab, &["--json"]);
    assert_eq!(conditions(&ran.json()), [""; 0], "{}", ran.stderr);
}

#[test]
fn a_sweep_on_images_of_a_factor_of_many_values_is_noted() {
    let lab = Lab::with_sweep(tiny_on_npz("data.npz", "").trim_start());
    let of = |n: usize| {
        // Each image has a pixel of its own more than the one before.
        let pixels = (0..n * 4096).map(|at| u8::from(at % 4096 < 80 * (1 + at / 4096)));
        let images = NpyArray {
            data: pixels.collect(),
            ..NpyArray::images(64)
        };
        npz::write(
            &lab.path("data.npz"),
            &[images.shaped(&[n, 64, 64]), NpyArray::classes_of(&[n])],
        );
        lab.run_well(&["plan", "sweep.toml"]).stderr
    };
    let said = of(41);
    assert!(
        said.contains(
            "note: mig: \"factor-0\" has 41 values in 41 rows; metrics that treat each value as a class give informative and \
             random codes similar scores"
        ),
        "{said}"
    );
    assert!(!of(40).contains("values in"));
}
