//! Two sweeps on one page, by the real program.

mod support;

use support::lab::Lab;
use support::sweeps::TINY;

/// Another metric, another β, more steps.
fn other() -> String {
    TINY.replace("\"tiny\"", "\"other\"")
        .replace("beta = [1, 8]", "beta = [1, 8, 16]")
        .replace("steps = 20", "steps = 24")
        .replace("seeds = 1\n", "seeds = 2\n")
        .replace(r#"["mig"]"#, r#"["beta-vae-score", "mig"]"#)
}

#[test]
fn sweeps_that_differ_in_steps_settings_and_metrics_are_matched_by_name() {
    let lab = Lab::with_sweep(TINY);
    lab.write("other.toml", other());
    lab.run_well(&["run", "sweep.toml"]);
    lab.run_well(&["run", "other.toml"]);
    let found = lab
        .run_well(&["compare", "sweep.toml", "other.toml", "--json"])
        .json();
    assert_eq!(found["matched"], 2);
    assert_eq!((&found["only_a"], &found["only_b"]), (&0.into(), &1.into()));
    let findings = found["findings"].to_string();
    assert!(findings.contains("training.steps (20 → 24)"), "{findings}");
    assert!(
        findings.contains("only other has β-VAE score · study"),
        "{findings}"
    );
    assert_eq!(found["report"], "reports/tiny-and-other/index.html");

    let page = lab.read("reports/tiny-and-other/index.html");
    for word in ["β-VAE β=16", "MIG · exact", "β-VAE β=8", "tiny → other"] {
        assert!(page.contains(word), "{word} is not on the page");
    }
    let data = lab.read("reports/tiny-and-other/data/trade-off-mig-exact.csv");
    assert_eq!(data.lines().count(), 1 + 2 + 6);
    let table = lab.read("reports/tiny-and-other/data/differences.csv");
    // Two settings with reconstruction, KL and two variants of MIG.
    assert_eq!(table.lines().count(), 1 + 2 * 4);
}

#[test]
fn one_sweep_before_and_after_is_compared_seed_by_seed() {
    let two_seeds = TINY
        .replace("seeds = 1\n", "seeds = 2\n")
        .replace(r#"["mig"]"#, r#"["mig", "udr"]"#);
    let lab = Lab::with_sweep(&two_seeds);
    lab.run_well(&["run", "sweep.toml", "--store", "before"]);
    lab.run_well(&["run", "sweep.toml", "--store", "after"]);
    let compare = [
        "compare",
        "sweep.toml",
        "--store",
        "before",
        "--store-b",
        "after",
    ];
    let ran = lab.run_well(&compare);
    assert_eq!(ran.stdout, "reports/before-and-after/index.html\n");
    assert!(ran.stderr.contains("equal in every key"), "{}", ran.stderr);
    // The same trial is the same bits, so nothing differs at all.
    let table = lab.read("reports/before-and-after/data/differences.csv");
    for line in table.lines().skip(1) {
        assert!(line.ends_with(",0.0,0.0,paired by seed"), "{line}");
    }
    // Scores over several trials, which no trial's folder has: of two settings.
    let n_udr = table.lines().filter(|line| line.contains(",UDR · lasso,"));
    assert_eq!(n_udr.count(), 2, "{table}");
}

#[test]
fn sweeps_that_share_their_trials_are_not_said_to_differ_in_them() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    lab.write("other.toml", TINY.replace("\"tiny\"", "\"other\""));
    let ran = lab.run_well(&["compare", "sweep.toml", "other.toml"]);
    let said = "Matched settings are equal in every key. Both sides have the same trials of these settings.\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    // With another seed on one side.
    lab.write(
        "more.toml",
        TINY.replace("\"tiny\"", "\"more\"")
            .replace("seeds = 1\n", "seeds = [1]\n"),
    );
    lab.run_well(&["run", "more.toml"]);
    let ran = lab.run_well(&["compare", "sweep.toml", "more.toml"]);
    let said = "Matched settings are equal in every key. Only their trials differ.\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_compared_is_said_in_a_sentence() {
    let lab = Lab::with_sweep(TINY);
    let check = |args: &[&str], code: i32, word: &str| {
        let ran = lab.run(args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
        assert!(!lab.path("reports").exists(), "{args:?} writes a report");
    };
    lab.write("bad.toml", "name = [");
    check(
        &["compare", "sweep.toml"],
        2,
        "another store with --store-b",
    );
    check(
        &["compare", "sweep.toml", "sweep.toml"],
        2,
        "the same sweep in the same store",
    );
    check(&["compare", "sweep.toml", "bad.toml"], 3, "bad.toml");
    check(&["compare", "sweep.toml", "none.toml"], 3, "none.toml");
    let empty = ["compare", "sweep.toml", "--store", "a", "--store-b", "b"];
    check(
        &empty,
        4,
        "the store `a` has no trained and scored trial of the sweep `tiny`; run `unravel run sweep.toml --store a`",
    );
    lab.write("file", "");
    check(&["compare", "sweep.toml", "--store-b", "file"], 5, "file");
}
