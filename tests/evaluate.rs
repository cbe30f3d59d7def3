//! `unravel evaluate` on files as NumPy writes them: every layout gives the same scores, and what cannot be scored is
//! refused in one sentence.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use unravel_data::FactorSpace;

use support::codes::{LAYOUTS, N_POINTS, STRIDE, codes, factors, factors_npy, npy, npz};
use support::lab::{Lab, Ran};

/// A folder with `codes.npz`: a sound file of the small grid.
fn small_lab() -> Lab {
    let lab = Lab::new();
    let factors = factors(1);
    let codes = LAYOUTS[0].npy(&codes(&factors));
    npz(
        &lab.path("codes.npz"),
        &[("codes", &codes), ("factors", &factors_npy(&factors))],
    );
    lab
}

fn names<'a>(json: &'a Value, key: &str) -> Vec<&'a str> {
    let scores = json["scores"].as_array().unwrap();
    scores
        .iter()
        .map(|score| score[key].as_str().unwrap())
        .collect()
}

/// The same without how long each score took.
fn untimed(mut json: Value) -> Value {
    for score in json["scores"].as_array_mut().unwrap() {
        let seconds = score.as_object_mut().unwrap().remove("seconds");
        let seconds = seconds.and_then(|seconds| seconds.as_f64());
        assert!(seconds.is_some_and(|seconds| 0.0 < seconds), "{score}");
    }
    json
}

#[test]
fn neither_type_nor_layout_nor_order_of_rows_changes_a_score() {
    let lab = small_lab();
    let expected = untimed(lab.run_well(&["evaluate", "codes.npz", "--json"]).json());
    for stride in [1, STRIDE] {
        let factors = factors(stride);
        for layout in LAYOUTS {
            let codes = layout.npy(&codes(&factors));
            npz(
                &lab.path("other.npz"),
                &[("factors", &factors_npy(&factors)), ("codes", &codes)],
            );
            let found = lab.run_well(&["evaluate", "other.npz", "--json"]).json();
            assert_eq!(untimed(found), expected);
        }
    }
}

#[test]
fn a_score_says_what_it_is() {
    let lab = small_lab();
    let json = lab
        .run_well(&["evaluate", "codes.npz", "--json", "--seeds", "3"])
        .json();
    for score in json["scores"].as_array().unwrap() {
        assert_eq!(
            (&score["representation"], &score["grid"]),
            (&"mean".into(), &"4x5x3".into())
        );
        let values: Vec<f64> = score["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((score["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
        match score["variant"].as_str().unwrap() {
            "study" => {
                assert_eq!(score["seeds"], serde_json::json!([0, 1, 2]));
                assert!(values.len() == 3 && score["sd"].is_number());
            }
            "exact" | "lasso" => {
                assert_eq!(score["seeds"], serde_json::json!([]));
                assert!(values.len() == 1 && score["sd"].is_null());
            }
            other => panic!("{other}"),
        }
    }
    let metrics = names(&json, "metric");
    for metric in ["beta-vae-score", "factor-vae-score", "mig"] {
        assert!(metrics.contains(&metric), "{metric}");
    }
}

#[test]
fn metrics_and_variants_are_chosen_by_name() {
    let lab = small_lab();
    let args = [
        "evaluate",
        "codes.npz",
        "--json",
        "--metrics",
        "mig,factor-vae-score",
    ];
    let both = lab.run_well(&args).json();
    assert!(
        names(&both, "metric")
            .iter()
            .all(|name| args[4].contains(name))
    );
    let exact = lab
        .run_well(&["evaluate", "codes.npz", "--json", "--variants", "exact"])
        .json();
    assert!(names(&exact, "variant").iter().all(|name| *name == "exact"));
    let table = lab.run_well(&["evaluate", "codes.npz", "--metrics", "mig", "--quiet"]);
    assert!(table.stderr.is_empty(), "{}", table.stderr);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(
        lines[0].contains("60 points of 3 codes, grid 4x5x3"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("metric") && lines[1].contains("variant"));
    assert!(
        lines
            .iter()
            .any(|line| line.contains("study") && line.contains('±'))
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("exact") && !line.contains('±'))
    );
}

#[test]
fn tables_and_matrices_go_to_a_folder() {
    let lab = small_lab();
    let args = [
        "evaluate",
        "codes.npz",
        "--json",
        "--seeds",
        "2",
        "--out",
        "a/b",
    ];
    let json = lab.run_well(&args).json();
    let written: Value = serde_json::from_str(&lab.read("a/b/scores.json")).unwrap();
    assert_eq!(written, json);
    let rows = lab.read("a/b/scores.csv").lines().count();
    assert_eq!(rows, 1 + json["scores"].as_array().unwrap().len());
    let matrix = lab.read("a/b/mig-exact-mutual_information_nats.csv");
    let lines: Vec<&str> = matrix.lines().collect();
    assert_eq!(
        (lines.len(), lines[0]),
        (4, "row,factor-0,factor-1,factor-2")
    );
    assert!(lines[1].starts_with("code_0,"));
    assert!(
        lab.path("a/b/mig-study-seed-1-mutual_information_nats.csv")
            .is_file()
    );
    assert!(
        !lab.path("a/b/mig-study-seed-2-mutual_information_nats.csv")
            .exists()
    );
}

#[test]
fn tables_hold_no_control_character_and_are_written_whole_or_not_at_all() {
    let lab = Lab::new();
    let points = factors(1);
    // "a", a sequence that clears the screen, a bell.
    let names = ["a\u{1b}[2J\u{7}", "b", "c"].map(|name| {
        let letters = name.chars().chain(std::iter::repeat('\0')).take(6);
        letters
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect::<Vec<u8>>()
    });
    let arrays = [
        ("codes", &LAYOUTS[0].npy(&codes(&points))[..]),
        ("factors", &factors_npy(&points)[..]),
        ("factor_names", &npy("<U6", &[3], false, names.concat())[..]),
    ];
    npz(&lab.path("codes.npz"), &arrays);
    let args = ["evaluate", "codes.npz", "--metrics", "mig", "--out", "out"];
    lab.run_well(&args);
    let table = lab.read("out/mig-exact-mutual_information_nats.csv");
    assert!(table.starts_with("row,a\\u{1b}[2J\\u{7},b,c\n"), "{table}");
    let is_plain = |text: &str| text.chars().all(|c| !c.is_control() || c == '\n');
    for entry in std::fs::read_dir(lab.path("out")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(is_plain(&text), "{text}");
    }
    let before = lab.read("out/scores.json");
    let ran = lab.run_script("ulimit -f 1; exec \"$0\" \"$@\"", &args);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(ran.stderr.contains("the free space"), "{}", ran.stderr);
    assert_eq!(lab.read("out/scores.json"), before);
}

#[test]
fn float64_codes_whose_differences_float32_loses_are_refused_or_noted_by_number() {
    let lab = Lab::new();
    let points = factors(1);
    let write = |transform: &dyn Fn(usize, f64) -> f64| {
        let rows = codes(&points);
        let row = |row: &Vec<f32>| -> Vec<f64> {
            let codes = row.iter().enumerate();
            codes.map(|(code, &x)| transform(code, x.into())).collect()
        };
        let elements = rows.iter().flat_map(row).flat_map(f64::to_le_bytes);
        let codes = npy("<f8", &[60, 3], false, elements.collect());
        npz(
            &lab.path("codes.npz"),
            &[("codes", &codes), ("factors", &factors_npy(&points))],
        );
        lab.run(&["evaluate", "codes.npz", "--metrics", "mig", "--json"])
    };
    let transforms: [&dyn Fn(usize, f64) -> f64; 3] =
        [&|_, x| 1e-9 * x + 1.0, &|_, x| x + 1e8, &|_, x| 1e-50 * x];
    for transform in transforms {
        let sentence = refusal(&write(transform), "all");
        assert!(
            sentence.contains(
                "array \"codes\": every code that varies loses its differences in float32"
            ) && sentence.contains("codes - codes.mean(axis=0)"),
            "{sentence}"
        );
    }
    let one = write(&|code, x| if code == 2 { 1e8 + x } else { x });
    let json = one.json();
    assert_eq!(
        json["notes"][0]["condition"], "rounded-codes",
        "{}",
        one.stderr
    );
    assert!(
        one.stderr
            .contains("note (mig): code 2 loses its differences in float32"),
        "{}",
        one.stderr
    );
    assert!(
        !one.stderr.contains("one value in all rows"),
        "{}",
        one.stderr
    );
    let usual = write(&|_, x| x + 1e3);
    assert_eq!(
        usual.json()["notes"].as_array().map(Vec::len),
        Some(0),
        "{}",
        usual.stderr
    );
}

#[test]
fn a_npy_is_in_the_order_of_dsprites() {
    let space = FactorSpace::dsprites();
    let mut values = [0; 5];
    // Shape and scale themselves; nothing of the other three factors.
    let rows: Vec<Vec<f32>> = (0..space.n_points())
        .map(|point| {
            space.factors_of(point, &mut values);
            vec![-(values[0] as f32), 0.5 + values[1] as f32 / 10.0]
        })
        .collect();
    let lab = Lab::new();
    for (name, layout) in [("c.npy", LAYOUTS[0]), ("f.npy", LAYOUTS[3])] {
        lab.write(name, layout.npy(&rows));
        let args = [
            "evaluate",
            name,
            "--json",
            "--metrics",
            "mig",
            "--variants",
            "exact",
        ];
        let json = lab.run_well(&args).json();
        let mig = json["scores"][0]["mean"].as_f64().unwrap();
        assert!(
            (mig - 0.4).abs() < 1e-12,
            "two of five factors have a code: {mig}"
        );
        assert_eq!(json["scores"][0]["grid"], "3x6x40x32x32");
    }
}

/// What a refusal says: one sentence on stderr, nothing on stdout, exit code 2.
fn refusal(ran: &Ran, what: &str) -> String {
    assert_eq!(ran.code, Some(2), "{what}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{what}");
    let sentence = ran.stderr.trim_end().to_owned();
    assert!(
        sentence.starts_with("error: ") && !sentence.contains("panicked"),
        "{what}: {sentence}"
    );
    sentence
}

#[test]
fn files_that_cannot_be_scored_are_refused_in_one_sentence() {
    let lab = small_lab();
    let sound = std::fs::read(lab.path("codes.npz")).unwrap();
    let lies = npy("<f4", &[737_280, 1 << 40], false, vec![0; 8]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "is empty, not a .npy or an .npz"),
        (
            "text",
            b"1,2,3\n".to_vec(),
            "is a text file, not a .npy or an .npz",
        ),
        (
            "cut npz",
            sound[..sound.len() / 2].to_vec(),
            "not a complete npz",
        ),
        (
            "cut npy",
            npy("<f4", &[737_280, 1], false, vec![0; 8]),
            "states 2949248 bytes, but there are 136",
        ),
        ("lies", lies, "bytes, but there are 136"),
        (
            "no header",
            b"\x93NUMPY\x01\x00".to_vec(),
            "ends early or is damaged",
        ),
        (
            "short",
            npy("<f4", &[2, 1], false, vec![0; 8]),
            "bad has 2 rows, but dSprites has 737,280",
        ),
        (
            "vector",
            npy("<f4", &[2], false, vec![0; 8]),
            "the shape is [2], but [737280, codes] is required",
        ),
        (
            "no codes",
            npy("<f4", &[737_280, 0], false, vec![]),
            "each above 0",
        ),
        (
            "objects",
            npy("|O", &[2, 1], false, vec![0; 16]),
            "pickled Python objects",
        ),
        (
            "halves",
            npy("<f2", &[737_280, 1], false, vec![0; 2 * 737_280]),
            "but little-endian float32 or float64",
        ),
    ];
    for (what, bytes, expected) in cases {
        lab.write("bad", bytes);
        let sentence = refusal(&lab.run(&["evaluate", "bad"]), what);
        assert!(
            sentence.contains("bad") && sentence.contains(expected),
            "{what}: {sentence}"
        );
        assert_eq!(sentence.lines().count(), 1, "{what}: {sentence}");
    }
    let sentence = refusal(&lab.run(&["evaluate", "absent.npy"]), "absent");
    assert!(sentence.contains("cannot open absent.npy"), "{sentence}");
    let sentence = refusal(&lab.run(&["evaluate", "."]), "folder");
    assert!(sentence.contains("directory"), "{sentence}");
}

#[test]
fn tables_that_cannot_be_scored_are_refused_in_one_sentence() {
    let lab = Lab::new();
    let points = factors(1);
    let quarters = (0..60 * 3).flat_map(|i| (f64::from(i) / 4.0).to_le_bytes());
    let floats = npy("<f8", &[60, 3], false, quarters.collect());
    let good = (LAYOUTS[0].npy(&codes(&points)), factors_npy(&points));
    let with = |row: usize, column: usize, code: f32| {
        let mut rows = codes(&points);
        rows[row][column] = code;
        LAYOUTS[0].npy(&rows)
    };
    let large: Vec<u8> = [vec![0; 8 * 179], 1e300_f64.to_le_bytes().to_vec()].concat();
    let cases: Vec<(&str, Vec<u8>, Vec<u8>, &str)> = vec![
        (
            "NaN",
            with(7, 2, f32::NAN),
            good.1.clone(),
            "the code in row 7, column 2 (from 0) is NaN",
        ),
        (
            "infinite",
            with(59, 0, f32::INFINITY),
            good.1.clone(),
            "row 59, column 0 (from 0) is inf",
        ),
        (
            "beyond f32",
            npy("<f8", &[60, 3], false, large),
            good.1.clone(),
            "row 59, column 2 (from 0) is inf as float32",
        ),
        (
            "float factors",
            good.0.clone(),
            floats,
            "\"factors\": the value in row 0, column 1 (from 0) is 0.25, which is not a whole number (dtype '<f8')",
        ),
        (
            "other length",
            LAYOUTS[1].npy(&codes(&points)[..59]),
            good.1.clone(),
            "\"codes\" has 59 rows, but `factors` has 60",
        ),
        (
            "three axes",
            npy("<f4", &[60, 1, 1], false, vec![0; 240]),
            good.1.clone(),
            "[60, 1, 1], but [n, codes] is required",
        ),
    ];
    for (what, codes, factors, expected) in cases {
        npz(
            &lab.path("bad.npz"),
            &[("codes", &codes), ("factors", &factors)],
        );
        let sentence = refusal(&lab.run(&["evaluate", "bad.npz"]), what);
        assert!(
            sentence.contains("bad.npz") && sentence.contains(expected),
            "{what}: {sentence}"
        );
        assert_eq!(sentence.lines().count(), 1, "{what}: {sentence}");
    }
    npz(&lab.path("bad.npz"), &[("z", &good.0)]);
    let sentence = refusal(&lab.run(&["evaluate", "bad.npz"]), "no codes");
    assert!(
        sentence.contains("no array \"codes\"; its arrays are z"),
        "{sentence}"
    );
}

#[test]
fn pipes_are_read_as_files_are() {
    let lab = small_lab();
    let args = ["evaluate", "codes.npz", "--json", "--metrics", "mig"];
    let expected = untimed(lab.run_well(&args).json());
    let run = |script: &str| {
        let ran = lab.run_script(script, &[]);
        assert_eq!(ran.code, Some(0), "{script}: {}", ran.stderr);
        ran
    };
    for script in [
        r#"exec "$0" evaluate - --json --metrics mig < codes.npz"#,
        r#"cat codes.npz | "$0" evaluate - --json --metrics mig"#,
        r#"cat codes.npz | "$0" evaluate /dev/stdin --json --metrics mig"#,
        r#"mkfifo pipe; cat codes.npz > pipe & "$0" evaluate pipe --json --metrics mig"#,
    ] {
        assert_eq!(untimed(run(script).json()), expected, "{script}");
    }
    let table = run(r#"cat codes.npz | "$0" evaluate - --metrics mig"#).stdout;
    assert!(table.starts_with("standard input: 60 points"), "{table}");
    // A .npy and its log variances, the one by a name that says nothing, the other through the pipe.
    let rows = vec![vec![0.5]; FactorSpace::dsprites().n_points()];
    lab.write("means", LAYOUTS[0].npy(&rows));
    let rows = run(r#"cat means | "$0" evaluate means --logvars - --metrics active-units"#).stdout;
    assert!(rows.contains("n_active_codes"), "{rows}");
}

#[test]
fn pipes_that_cannot_be_scored_are_left_in_a_sentence() {
    let lab = small_lab();
    lab.write("short.npy", npy("<f4", &[2, 1], false, vec![0; 8]));
    for (script, expected) in [
        (
            "yes",
            "standard input is a text file, not a .npy or an .npz",
        ),
        ("true", "standard input is empty, not a .npy or an .npz"),
        (
            "head -c 90 codes.npz",
            "standard input is not a complete npz",
        ),
        (
            "cat short.npy /dev/zero",
            "states 136 bytes, but there are 137",
        ),
        (
            "head -c 100 short.npy",
            "standard input: it ends early or is damaged",
        ),
        (
            "cat short.npy",
            "standard input has 2 rows, but dSprites has 737,280",
        ),
    ] {
        let ran = lab.run_script(&format!(r#"{script} | "$0" evaluate -"#), &[]);
        let sentence = refusal(&ran, script);
        assert!(sentence.contains(expected), "{script}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{script}: {sentence}");
    }
    let sentence = refusal(&lab.run(&["evaluate", "/dev/zero"]), "zeros");
    assert!(
        sentence.contains("/dev/zero is a file that begins with zeros, not a .npy or an .npz"),
        "{sentence}"
    );
    let sentence = refusal(&lab.run(&["evaluate", "-", "--logvars", "-"]), "both");
    assert!(
        sentence.contains("cannot be both the codes and the log variances"),
        "{sentence}"
    );
}

#[test]
fn what_is_asked_for_is_checked_before_the_file_is_read() {
    let lab = Lab::new();
    let said = |args: &[&str]| {
        refusal(
            &lab.run(&[&["evaluate", "absent.npy"], args].concat()),
            "usage",
        )
    };
    assert!(said(&["--metrics", "mag"]).contains("'mag'"));
    assert!(said(&["--variants", "population"]).contains("study, exact"));
    assert!(said(&["--seeds", "0"]).contains("1..=10000"));
    let refused = said(&["--metrics", "beta-vae-score", "--variants", "exact"]);
    assert!(
        refused.contains("beta-vae-score has no variant exact; its variants are study"),
        "{refused}"
    );
    lab.write("taken", "");
    let ran = lab.run(&["evaluate", "absent.npy", "--out", "taken/scores"]);
    assert_eq!(ran.code, Some(5));
    assert!(
        ran.stderr.contains("cannot write `taken/scores`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_constant_code_and_a_single_factor_have_defined_scores() {
    let lab = Lab::new();
    let points: Vec<[usize; 3]> = (0..24).map(|value| [value, 0, 0]).collect();
    let constant: Vec<Vec<f32>> = points.iter().map(|_| vec![2.5]).collect();
    npz(
        &lab.path("line.npz"),
        &[
            ("codes", &LAYOUTS[0].npy(&constant)),
            ("factors", &factors_npy(&points)),
        ],
    );
    let json = lab.run_well(&["evaluate", "line.npz", "--json"]).json();
    for score in json["scores"].as_array().unwrap() {
        assert!(score["mean"].is_number(), "{score}");
    }
}

/// The headline scores by metric and variant.
fn headlines(json: &Value) -> Vec<(String, String, f64)> {
    let mut found: Vec<(String, String, f64)> = Vec::new();
    for score in json["scores"].as_array().unwrap() {
        let text = |key: &str| score[key].as_str().unwrap().to_owned();
        let (metric, variant) = (text("metric"), text("variant"));
        if !found.iter().any(|(m, v, _)| (m, v) == (&metric, &variant)) {
            found.push((metric, variant, score["mean"].as_f64().unwrap()));
        }
    }
    found
}

#[test]
fn rows_that_are_no_grid_count_once_each() {
    let lab = small_lab();
    let (points, codes) = (factors(1), codes(&factors(1)));
    let write = |rows: &[usize]| {
        let pick = |row: &usize| (points[*row], codes[*row].clone());
        let (points, codes): (Vec<_>, Vec<_>) = rows.iter().map(pick).unzip();
        let codes = LAYOUTS[0].npy(&codes);
        npz(
            &lab.path("part.npz"),
            &[("codes", &codes), ("factors", &factors_npy(&points))],
        );
    };
    let exact = [
        "--metrics",
        "mig,modularity",
        "--variants",
        "exact",
        "--json",
    ];
    let run = |file: &str, args: &[&str]| lab.run_well(&[&["evaluate", file], args].concat());
    let whole = headlines(&run("codes.npz", &exact).json());
    // Every row twice is no grid, but says the same of it.
    write(
        &(0..2 * N_POINTS)
            .map(|row| row % N_POINTS)
            .collect::<Vec<_>>(),
    );
    let twice = run("part.npz", &exact);
    assert!(
        twice
            .stderr
            .contains("the 120 rows are not a complete 4x5x3 grid; each row counts once"),
        "{}",
        twice.stderr
    );
    assert_eq!(twice.json()["scores"][0]["grid"], "120 rows of 4x5x3");
    for (found, expected) in headlines(&twice.json()).iter().zip(&whole) {
        assert!(
            (found.2 - expected.2).abs() < 1e-9,
            "{found:?} for {expected:?}"
        );
    }
    // A few rows are left out: enough agree on a factor for all three.
    write(&(0..N_POINTS - 3).collect::<Vec<_>>());
    let most = run("part.npz", &["--metrics", "factor-vae-score", "--json"]).json();
    assert_eq!(most["scores"][0]["grid"], "57 rows of 4x5x3");
    // Of these only for the first.
    write(&(0..25).collect::<Vec<_>>());
    let sentence = refusal(
        &lab.run(&[
            "evaluate",
            "part.npz",
            "--quiet",
            "--metrics",
            "factor-vae-score",
        ]),
        "few",
    );
    assert!(
        sentence.contains("factor-vae-score compares points that agree on one factor"),
        "{sentence}"
    );
    let rest = run("part.npz", &["--json"]);
    assert!(
        rest.stderr
            .contains("factor-vae-score is skipped: it compares"),
        "{}",
        rest.stderr
    );
    assert!(names(&rest.json(), "metric").contains(&"mig"));
}

#[test]
fn metrics_of_posteriors_take_log_variances() {
    let lab = small_lab();
    let refused = refusal(
        &lab.run(&["evaluate", "codes.npz", "--metrics", "mig-chen"]),
        "none",
    );
    assert!(
        refused.contains("add an array `logvars` to the .npz"),
        "{refused}"
    );
    let points = factors(STRIDE);
    let codes = LAYOUTS[0].npy(&codes(&points));
    let logvars: Vec<Vec<f32>> = points
        .iter()
        .map(|&[a, b, _]| vec![-4.0, -2.0 - 0.1 * b as f32, 0.1 * a as f32])
        .collect();
    let write = |logvars: &[u8]| {
        let factors = factors_npy(&points);
        let arrays: [(&str, &[u8]); 3] = [
            ("codes", &codes),
            ("factors", &factors),
            ("logvars", logvars),
        ];
        npz(&lab.path("posteriors.npz"), &arrays);
    };
    let args = [
        "evaluate",
        "posteriors.npz",
        "--metrics",
        "mig-chen,active-units",
        "--json",
        "--seeds",
        "2",
    ];
    let mut first = None;
    for layout in LAYOUTS {
        write(&layout.npy(&logvars));
        let json = untimed(lab.run_well(&args).json());
        let metrics = names(&json, "metric")
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>();
        assert!(
            metrics.contains(&"mig-chen".to_owned())
                && metrics.contains(&"active-units".to_owned())
        );
        assert_eq!(*first.get_or_insert(json.clone()), json);
    }
    let mut bad = logvars.clone();
    bad[5][1] = f32::NAN;
    write(&LAYOUTS[0].npy(&bad));
    let refused = refusal(&lab.run(&args), "NaN");
    assert!(
        refused.contains("the log variance in row 5, column 1 (from 0) is NaN"),
        "{refused}"
    );
    write(&LAYOUTS[0].npy(&logvars[1..]));
    let refused = refusal(&lab.run(&args), "short");
    assert!(
        refused.contains("the shape is [59, 3], but the codes have the shape [60, 3]"),
        "{refused}"
    );
    lab.write("logvars.npy", LAYOUTS[0].npy(&logvars));
    let refused = refusal(
        &lab.run(&["evaluate", "codes.npz", "--logvars", "logvars.npy"]),
        "both",
    );
    assert!(refused.contains("as the array `logvars`"), "{refused}");
}

#[test]
fn all_is_every_metric_that_one_table_has() {
    let lab = small_lab();
    let args = [
        "evaluate",
        "codes.npz",
        "--metrics",
        "all",
        "--variants",
        "exact,lasso",
        "--json",
    ];
    let ran = lab.run_well(&args);
    let json = ran.json();
    let found = names(&json, "metric");
    for metric in [
        "mig",
        "dci",
        "sap",
        "irs",
        "jemmig",
        "dcimig",
        "infomec",
        "unsupervised",
    ] {
        assert!(found.contains(&metric), "{metric}");
    }
    assert!(
        ran.stderr
            .contains("active-units is skipped: it requires the log variances of the posteriors"),
        "{}",
        ran.stderr
    );
    assert!(!found.contains(&"udr"));
    let refused = refusal(
        &lab.run(&["evaluate", "codes.npz", "--metrics", "udr"]),
        "udr",
    );
    assert!(
        refused.contains("compares trials that differ only in their seed"),
        "{refused}"
    );
}

#[test]
fn the_estimator_of_codes_that_take_few_values_is_named() {
    let lab = Lab::new();
    let points = factors(1);
    let write = |codes: &[Vec<f32>]| {
        let arrays = [
            ("codes", &LAYOUTS[0].npy(codes)[..]),
            ("factors", &factors_npy(&points)[..]),
        ];
        npz(&lab.path("codes.npz"), &arrays);
    };
    // The second code has a range below a twentieth of the first.
    let code = |&[_, b, c]: &[usize; 3]| vec![(c % 2) as f32, if b == 2 { 0.01 } else { 0.0 }];
    let quantised: Vec<Vec<f32>> = points.iter().map(code).collect();
    let args = [
        "evaluate",
        "codes.npz",
        "--quiet",
        "--metrics",
        "infomec",
        "--variants",
        "exact",
    ];
    let with_json = [&args[..], &["--json"]].concat();
    write(&quantised);
    let note = "every code takes few values, so the estimator for discrete codes was used";
    let ran = lab.run_well(&args);
    assert!(
        ran.stdout.contains(&format!("infomec (exact): {note}")),
        "{}",
        ran.stdout
    );
    let json = lab.run_well(&with_json).json();
    assert_eq!(json["scores"][3]["quantity"], "n_active_codes");
    assert_eq!(json["scores"][3]["mean"], 2.0);
    assert_eq!(json["scores"][0]["notes"][0], note);
    let mut continuous = quantised;
    for (point, row) in continuous.iter_mut().enumerate() {
        row[0] += 1e-3 * point as f32;
    }
    write(&continuous);
    let json = lab.run_well(&with_json).json();
    assert_eq!(json["scores"][3]["mean"], 1.0);
    let one_active = json["scores"][0]["notes"].as_array().unwrap();
    assert_eq!(one_active.len(), 1);
    assert!(
        one_active[0]
            .as_str()
            .unwrap()
            .contains("only one code is active")
    );
}

#[test]
fn what_would_take_minutes_is_left_out_unless_it_is_named() {
    let lab = Lab::new();
    let points = factors(1);
    let code = |(row, _): (usize, _)| -> Vec<f32> {
        (0..500)
            .map(|code| ((row * 7919 + code * 104_729) % 1009) as f32)
            .collect()
    };
    let codes: Vec<Vec<f32>> = points.iter().enumerate().map(code).collect();
    let arrays = [
        ("codes", &LAYOUTS[0].npy(&codes)[..]),
        ("factors", &factors_npy(&points)[..]),
    ];
    npz(&lab.path("wide.npz"), &arrays);
    let ran = lab.run_well(&["evaluate", "wide.npz", "--json", "--seeds", "1"]);
    let json = ran.json();
    let found = names(&json, "metric");
    assert!(
        found.contains(&"mig") && found.contains(&"irs"),
        "{found:?}"
    );
    assert!(
        !found.contains(&"unsupervised") && !found.contains(&"beta-vae-score"),
        "{found:?}"
    );
    assert!(
        ran.stderr.contains("note: beta-vae-score (study), "),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("with 500 codes; to compute them, pass --metrics"),
        "{}",
        ran.stderr
    );
}

#[test]
fn moments_is_the_name_of_what_is_taken_without_a_name() {
    let lab = small_lab();
    let scores = |metrics: &[&str]| {
        let args = [&["evaluate", "codes.npz", "--json", "--quiet"], metrics].concat();
        let json = lab.run_well(&args).json();
        let of = |score: &Value| (score["metric"].to_string(), score["variant"].to_string());
        let scores = json["scores"].as_array().unwrap();
        scores.iter().map(of).collect::<BTreeSet<_>>()
    };
    let moments = scores(&["--metrics", "moments"]);
    assert_eq!(moments, scores(&[]));
    let dci = scores(&["--metrics", "dci"]);
    assert!(!dci.is_subset(&moments));
    assert_eq!(scores(&["--metrics", "moments,dci"]), &moments | &dci);
}
