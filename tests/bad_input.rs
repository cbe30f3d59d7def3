//! Bad input: one clear sentence, the place, and the exit code that says whose fault it is; never a panic.

mod support;

use support::codes::{LAYOUTS, codes, factors, factors_npy, npy};
use support::lab::{Lab, Ran};
use support::npz::{self, Bomb, NpyArray};
use support::sweeps::{TINY, tiny_on_npz};
use unravel_metrics::{CodeTable, Metric, Variant, scoring_bytes};

/// Exit codes, as the help names them.
const USAGE: i32 = 2;
const BAD_SWEEP: i32 = 3;
const BAD_STORE: i32 = 5;

/// Runs the program, which is to refuse with `code`, and compares what it says with the snapshot `name`.
fn check(name: &str, lab: &Lab, args: &[&str], code: i32) {
    check_ran(name, lab, args, code, &lab.run(args));
}

fn check_ran(name: &str, lab: &Lab, args: &[&str], code: i32, ran: &Ran) {
    let said = shown(lab, args, ran);
    assert_eq!(ran.code, Some(code), "{name}: {said}");
    assert!(!said.contains("panicked"), "{name}: {said}");
    assert_eq!(ran.stdout, "", "{name} says something on stdout");
    assert!(!lab.path("runs").exists(), "{name} makes a store");
    insta::assert_snapshot!(name, said);
}

/// The command, its exit code and its stderr, without what differs from machine to machine.
fn shown(lab: &Lab, args: &[&str], ran: &Ran) -> String {
    let folder = lab.path("").display().to_string();
    let said = ran.stderr.replace(folder.trim_end_matches('/'), "[folder]");
    let code = ran.code.map_or("none".to_owned(), |code| code.to_string());
    format!("$ unravel {}\n{said}[exit code {code}]", args.join(" "))
}

/// A sweep that differs from a good one in one place.
fn check_sweep(name: &str, from: &str, to: &str) {
    assert_eq!(TINY.matches(from).count(), 1, "{name}: `{from}`");
    let lab = Lab::with_sweep(TINY.replace(from, to).trim_start());
    check(name, &lab, &["run", "sweep.toml"], BAD_SWEEP);
}

#[test]
fn keys_and_types() {
    check_sweep("unknown-key", "latents = 3", "latent = 3");
    check_sweep("unknown-table", "[training]", "[trainig]");
    check_sweep("unknown-metric", r#"["mig"]"#, r#"["gim"]"#);
    check_sweep("unknown-architecture", "conv-small", "conv-smal");
    check_sweep(
        "unknown-objective",
        "objective.beta-vae",
        "objective.betavae",
    );
    check_sweep("unknown-factor", "pos-x = 2", "pos-z = 2");
    check_sweep("wrong-type", "latents = 3", r#"latents = "three""#);
    check_sweep("missing-key", r#"name = "tiny""#, "");
    check_sweep("no-toml", r#"name = "tiny""#, r#"name = "tiny"#);
    check_sweep("newer-format", "format-version = 1", "format-version = 2");
    check_sweep("name-of-another-folder", r#""tiny""#, r#""../tiny""#);
}

#[test]
fn values() {
    check_sweep("empty-list", "beta = [1, 8]", "beta = []");
    check_sweep("negative-beta", "beta = [1, 8]", "beta = [1, -8]");
    check_sweep("infinite-beta", "beta = [1, 8]", "beta = [1, inf]");
    check_sweep("no-steps", "steps = 20", "steps = 0");
    check_sweep("too-many-values-kept", "pos-x = 2", "pos-x = 33");
    check_sweep("a-million-trials", "seeds = 1\n", "seeds = 500_000\n");
    check_sweep("repeated-value", "beta = [1, 8]", "beta = [8, 8]");
    let arm = "[[arm]]\nseeds = 1\nobjective.beta-vae = { beta = [1, 8] }\n";
    check_sweep("duplicate-arm", arm, &format!("{arm}\n{arm}"));
    check_sweep("no-arm", arm, "");
    let several = "latents = 3\n\n[training]\nsteps = 20";
    check_sweep(
        "several-faults",
        several,
        "latent = 3\n\n[training]\nsteps = -1",
    );
}

#[test]
fn files_that_are_no_sweep() {
    let lab = Lab::with_sweep(TINY);
    check("missing-sweep", &lab, &["run", "swep.toml"], BAD_SWEEP);
    check("folder-as-sweep", &lab, &["run", "."], BAD_SWEEP);
    lab.write("binary.toml", [0xff, 0xfe, 0x00]);
    check("binary-as-sweep", &lab, &["run", "binary.toml"], BAD_SWEEP);
    lab.write("empty.toml", "");
    check("empty-sweep", &lab, &["check", "empty.toml"], BAD_SWEEP);
}

/// Runs the good sweep on an npz instead of dSprites.
fn check_npz(name: &str, make: impl Fn(&Lab)) {
    let lab = Lab::with_sweep(tiny_on_npz("data.npz", "").trim_start());
    make(&lab);
    check(name, &lab, &["run", "sweep.toml"], BAD_SWEEP);
}

#[test]
fn observations() {
    let write = |lab: &Lab, arrays: &[NpyArray]| npz::write(&lab.path("data.npz"), arrays);
    let classes = NpyArray::classes;
    let images = || NpyArray::images(64);
    check_npz("npz-missing", |_| ());
    check_npz("npz-a-folder", |lab| {
        std::fs::create_dir(lab.path("data.npz")).unwrap();
    });
    check_npz("npz-truncated", |lab| {
        write(lab, &[images(), classes()]);
        let whole = std::fs::read(lab.path("data.npz")).unwrap();
        lab.write("data.npz", &whole[..whole.len() / 2]);
    });
    check_npz("npz-without-classes", |lab| write(lab, &[images()]));
    check_npz("npz-wrong-shape", |lab| {
        write(lab, &[images().shaped(&[12, 4096]), classes()]);
    });
    check_npz("npz-other-number-of-classes", |lab| {
        write(lab, &[images(), classes().shaped(&[9, 4])]);
    });
    check_npz("npz-data-shorter-than-its-shape", |lab| {
        write(lab, &[images().shaped(&[12, 64, 65]), classes()]);
    });
    check_npz("npz-pickled", |lab| {
        let descr = "|O";
        write(lab, &[NpyArray { descr, ..images() }, classes()]);
    });
    check_npz("npz-not-every-combination", |lab| {
        let mut classes = classes();
        classes.data[24] = 1; // the second row's first factor
        write(lab, &[images(), classes]);
    });
    check_npz("npz-images-too-small-for-the-network", |lab| {
        write(lab, &[NpyArray::images(12), classes()]);
    });
}

/// The keys of [`TINY`] that leave a single factor.
const ONE_FACTOR: [&str; 2] = [
    "keep = { scale = 2, orientation = 1, pos-x = 2, pos-y = 2 }",
    "keep = { shape = 1, scale = 1, orientation = 24, pos-x = 1, pos-y = 1 }",
];

#[test]
fn metrics_that_need_more_factors_than_the_grid_has() {
    let [keep, one_factor] = ONE_FACTOR;
    let sweep = TINY.replace(keep, one_factor);
    let named = sweep.replace(
        r#"["mig"]"#,
        r#"["mig", "beta-vae-score", "factor-vae-score"]"#,
    );
    let lab = Lab::with_sweep(named.trim_start());
    for verb in ["run", "check", "plan"] {
        let name = format!("{verb}-too-few-factors");
        check(&name, &lab, &[verb, "sweep.toml"], BAD_SWEEP);
    }

    // One that the file does not name is left out.
    let lab = Lab::with_sweep(&sweep.replace("metrics = [\"mig\"]\n", ""));
    let ran = lab.run_well(&["run", "sweep.toml"]);
    let note = "note: beta-vae-score requires at least 2 factors that vary, but this grid has 1; the metric is skipped";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    let trained = "tiny: 2 trained";
    assert!(ran.stderr.contains(trained), "{}", ran.stderr);
}

#[test]
fn folders_that_cannot_be_used() {
    let lab = Lab::with_sweep(TINY);
    lab.write("file", "in the way");
    let run = |option, folder| ["run", "sweep.toml", option, folder];
    check("store-is-a-file", &lab, &run("--store", "file"), BAD_STORE);
    check(
        "store-below-a-file",
        &lab,
        &run("--store", "file/runs"),
        BAD_STORE,
    );
    std::fs::create_dir(lab.path("newer")).unwrap();
    lab.write("newer/store.json", r#"{ "format": 999 }"#);
    check(
        "store-of-a-newer-version",
        &lab,
        &run("--store", "newer"),
        BAD_STORE,
    );

    let args = [
        "run",
        "sweep.toml",
        "--store",
        "elsewhere",
        "--report",
        "file/report",
    ];
    check("report-below-a-file", &lab, &args, BAD_STORE);
    let args = ["status", "sweep.toml", "--store", "file"];
    check("status-of-a-file", &lab, &args, BAD_STORE);
}

#[test]
fn command_lines() {
    let lab = Lab::with_sweep(TINY);
    check("unknown-verb", &lab, &["rum", "sweep.toml"], USAGE);
    check(
        "unknown-option",
        &lab,
        &["run", "sweep.toml", "--stor", "x"],
        USAGE,
    );
    check("no-sweep", &lab, &["run"], USAGE);
    let figure = [
        "report",
        "sweep.toml",
        "--figure",
        "trade",
        "--out",
        "x.svg",
    ];
    check("unknown-figure", &lab, &figure, USAGE);
    let run = |option, value| ["run", "sweep.toml", option, value];
    check("no-cuda", &lab, &run("--device", "cuda"), USAGE);
    check("unknown-device", &lab, &run("--device", "gpu"), USAGE);
    check("bad-device-index", &lab, &run("--device", "cuda:x"), USAGE);
    check("no-jobs", &lab, &run("--jobs", "0"), USAGE);
    check("no-cohort", &lab, &run("--cohort", "0"), USAGE);
    check(
        "no-time-between-checkpoints",
        &lab,
        &run("--checkpoint-every", "0"),
        USAGE,
    );
    check("unknown-launcher", &lab, &run("--launcher", "ssh"), USAGE);
    check("worker-without-an-order", &lab, &["worker"], USAGE);
}

/// `evaluate` of an npz with these arrays, which it is to refuse.
fn check_codes(name: &str, arrays: &[(&str, &[u8])], args: &[&str]) {
    let lab = Lab::new();
    support::codes::npz(&lab.path("codes.npz"), arrays);
    let args = [&["evaluate", "codes.npz"], args].concat();
    check(name, &lab, &args, USAGE);
}

#[test]
fn codes_made_elsewhere() {
    let points = factors(1);
    let (rows, labels) = (codes(&points), factors_npy(&points));
    let sound = LAYOUTS[0].npy(&rows);
    let with = |code: f32| {
        let mut rows = rows.clone();
        rows[7][2] = code;
        LAYOUTS[0].npy(&rows)
    };
    let of = |codes: &[u8], labels: &[u8], name: &str, args: &[&str]| {
        check_codes(name, &[("codes", codes), ("factors", labels)], args);
    };
    of(&with(f32::NAN), &labels, "codes-with-nan", &[]);
    of(&with(f32::INFINITY), &labels, "codes-with-infinity", &[]);
    let quarters = (0..60 * 3).flat_map(|i| (f64::from(i) / 4.0).to_le_bytes());
    let floats = npy("<f8", &[60, 3], false, quarters.collect());
    of(
        &sound,
        &floats,
        "codes-with-factors-that-are-no-integers",
        &[],
    );
    let short = LAYOUTS[3].npy(&rows[1..]);
    of(&short, &labels, "codes-of-another-length", &[]);
    let constant = factors_npy(&[[1, 1, 1]; 60]);
    of(&sound, &constant, "codes-whose-factors-never-change", &[]);
    of(
        &sound,
        &labels,
        "codes-without-log-variances",
        &["--metrics", "mig-chen"],
    );
    of(&sound, &labels, "codes-of-one-trial", &["--metrics", "udr"]);
    of(
        &sound,
        &labels,
        "codes-and-an-unknown-metric",
        &["--metrics", "mig-chan"],
    );
    check_codes("codes-without-factors", &[("codes", &sound)], &[]);
    // Of these, enough agree on the first factor only.
    let codes = LAYOUTS[0].npy(&rows[..25]);
    let args = ["--metrics", "beta-vae-score", "--quiet"];
    of(
        &codes,
        &factors_npy(&points[..25]),
        "codes-of-too-few-matching-rows",
        &args,
    );
}

/// Runs the program in 1.5 GB of addresses: what asks for more is to be refused, not to end it.
fn run_in_little_memory(lab: &Lab, args: &[&str]) -> Ran {
    let script = r#"ulimit -v 1500000; RAYON_NUM_THREADS=2 exec "$0" "$@""#;
    lab.run_script(script, args)
}

fn with_bombs(file: &str, bombs: &[Bomb]) -> Lab {
    let lab = Lab::with_sweep(tiny_on_npz("data.npz", "").trim_start());
    npz::write_bombs(&lab.path(file), bombs);
    lab
}

/// The verbs that read an npz of images, each with its code for one that is not right.
const READERS: [(&str, &[&str], i32); 2] = [
    (
        "verify",
        &["dataset", "verify", "data.npz", "--quiet"],
        USAGE,
    ),
    ("run", &["run", "sweep.toml"], BAD_SWEEP),
];

/// Small files that truthfully unpack to gigabytes, which nothing in them needs to be held for.
#[test]
fn bombs_are_refused_in_a_sentence() {
    let columns = |key| [Bomb::zeros(key, "|u1", 1, &[1, 1 << 26])];
    let rows = |key| [Bomb::zeros(key, "|u1", 1, &[1 << 28, 1])];
    for (verb, args, code) in READERS {
        for (what, bombs) in [
            ("columns", columns("latents_classes")),
            ("rows", rows("latents_classes")),
        ] {
            let lab = with_bombs("data.npz", &bombs);
            let ran = run_in_little_memory(&lab, args);
            check_ran(&format!("{verb}-bomb-of-{what}"), &lab, args, code, &ran);
        }
    }
    let args = ["evaluate", "codes.npz"];
    let [columns, rows] = [columns("factors"), rows("factors")];
    let codes = [Bomb::zeros("codes", "<f4", 4, &[1, 1 << 26])];
    for (what, bombs) in [("columns", columns), ("rows", rows), ("codes", codes)] {
        let one_code = Bomb::zeros("codes", "<f4", 4, &[1, 1]);
        let has_codes = bombs[0].key == "codes";
        let bombs: Vec<Bomb> = match has_codes {
            true => bombs.into(),
            false => bombs.into_iter().chain([one_code]).collect(),
        };
        let lab = with_bombs("codes.npz", &bombs);
        let ran = run_in_little_memory(&lab, &args);
        check_ran(
            &format!("evaluate-bomb-of-{what}"),
            &lab,
            &args,
            USAGE,
            &ran,
        );
    }
}

/// What has to be held and is more than there is: the sentence says how much, which differs from machine to machine.
#[test]
fn what_does_not_fit_into_memory_is_refused_in_a_sentence() {
    let is_refused = |lab: &Lab, args: &[&str], code: i32, n_bytes: u64| {
        let ran = run_in_little_memory(lab, args);
        let said = shown(lab, args, &ran);
        assert_eq!(ran.code, Some(code), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        // Words, whatever lines they were laid out in.
        let words: Vec<&str> = said
            .split_whitespace()
            .filter(|word| *word != "│")
            .collect();
        let expected = format!("it requires {n_bytes} bytes of memory, but only ");
        assert!(words.join(" ").contains(&expected), "{said}");
    };

    // Images that are not binary, so that they cannot be held as bits; all of them of one factor.
    let images = Bomb {
        first: vec![7],
        ..Bomb::zeros("imgs", "|u1", 1, &[32, 1 << 13, 1 << 13])
    };
    let classes = Bomb {
        first: (0..32).collect(),
        ..Bomb::zeros("latents_classes", "|u1", 1, &[32, 1])
    };
    let lab = with_bombs("data.npz", &[images, classes]);
    is_refused(&lab, &["run", "sweep.toml"], BAD_SWEEP, 2 << 30);

    // Codes of two gigabytes, and factor values of which no column is constant.
    let args = ["evaluate", "codes.npz"];
    let codes = |n_rows| Bomb::zeros("codes", "<f4", 4, &[n_rows, 1]);
    is_refused(
        &with_bombs("codes.npz", &[codes(1 << 29)]),
        &args,
        USAGE,
        2 << 30,
    );
    let factors = Bomb {
        first: vec![1; 64],
        ..Bomb::zeros("factors", "|u1", 1, &[1 << 23, 64])
    };
    let lab = with_bombs("codes.npz", &[codes(1 << 23), factors]);
    is_refused(&lab, &args, USAGE, 2 << 30);

    // Few codes to read and many pairs of them to count.
    let (n_points, n_codes) = (32, 4096);
    let factors = Bomb {
        first: (0..n_points as u8).collect(),
        ..Bomb::zeros("factors", "|u1", 1, &[n_points, 1])
    };
    let codes = Bomb::zeros("codes", "<f4", 4, &[n_points, n_codes]);
    let lab = with_bombs("codes.npz", &[codes, factors]);
    let codes = vec![0.0; n_points * n_codes];
    let table = CodeTable::new(&codes, n_codes, &[n_points]).unwrap();
    let pairs = [Variant::Study, Variant::Exact].map(|variant| (Metric::Unsupervised, variant));
    let args = ["evaluate", "codes.npz", "--metrics", "unsupervised"];
    // With the seeds that are the default, on the threads that there are.
    is_refused(&lab, &args, USAGE, scoring_bytes(&table, &pairs, 5, 2));
}

#[test]
fn sizes_that_lie() {
    let lab = Lab::new();
    lab.write(
        "codes.npy",
        npy("<f4", &[737_280, 1 << 40], false, vec![0; 80]),
    );
    check(
        "npy-shorter-than-it-says",
        &lab,
        &["evaluate", "codes.npy"],
        USAGE,
    );
    let mut header = b"\x93NUMPY\x02\x00".to_vec();
    header.extend(u32::MAX.to_le_bytes());
    lab.write("codes.npy", header);
    check(
        "npy-header-of-four-gigabytes",
        &lab,
        &["evaluate", "codes.npy"],
        USAGE,
    );

    // An archive that says of an array that it unpacks to 4 GB.
    let lab = Lab::new();
    npz::write(&lab.path("data.npz"), &[NpyArray::classes()]);
    let mut bytes = std::fs::read(lab.path("data.npz")).unwrap();
    let entry = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[entry + 24..][..4].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    lab.write("data.npz", bytes);
    let ran = lab.run(&["dataset", "verify", "data.npz", "--quiet"]);
    assert_eq!(ran.code, Some(USAGE), "{}", ran.stderr);
    let sentence = "data.npz, array \"latents_classes\": its header states 4026531840 bytes, but it can have at most";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
}

#[test]
fn trials_that_are_not_there() {
    let lab = Lab::new();
    check("export-without-a-store", &lab, &["export", "0123"], USAGE);
    check("export-of-no-trial", &lab, &["export"], USAGE);
    lab.write("file", "in the way");
    let args = ["export", "beta=4", "--store", "file"];
    check("export-from-a-file", &lab, &args, BAD_STORE);
}
