//! The first minutes with the program: a sweep file to begin with, completions, how to cite it.

mod support;

use std::fs;

use support::lab::Lab;

#[test]
fn a_starter_is_written_checked_and_never_overwritten() {
    let lab = Lab::new();
    let first = lab.run_well(&["init", "first"]);
    assert_eq!(first.stdout, "first.toml\n");
    let check = lab.run_well(&["check", "first.toml"]);
    assert_eq!(check.stdout, "first.toml: first with 2 arms, 10 trials\n");
    let plan = lab.run_well(&["plan", "first.toml", "--no-measure", "--json"]);
    assert_eq!(plan.json()["counts"]["to_train"], 10);

    lab.write("first.toml", "mine");
    let again = lab.run(&["init", "first.toml"]);
    assert_eq!(again.code, Some(2));
    let said = "error: `first.toml` already exists and was not changed; choose another name\n";
    assert_eq!(again.stderr, said);
    assert_eq!(lab.read("first.toml"), "mine");
}

#[test]
fn a_starter_goes_where_it_is_asked_to_or_says_why_not() {
    let lab = Lab::new();
    let json = lab.run_well(&["init", "--json"]).json();
    assert_eq!(
        (&json["sweep"], &json["name"]),
        (&"my-sweep.toml".into(), &"my-sweep".into())
    );
    lab.run_well(&["init", "sweeps/of/mine.toml"]);
    assert!(
        lab.read("sweeps/of/mine.toml")
            .contains("unravel run sweeps/of/mine.toml")
    );

    for (name, code, word) in [
        ("two words", 2, "is not a valid sweep name"),
        ("quote\"d", 2, "is not a valid sweep name"),
        ("..", 2, "is not the name of a file"),
        ("my-sweep.toml/below", 5, "cannot write"),
    ] {
        let ran = lab.run(&["init", name]);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{name}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {}", ran.stderr);
    }
    let left = fs::read_dir(lab.path("")).unwrap().count();
    assert_eq!(left, 2, "a name that was refused left something behind");
}

#[test]
fn every_shell_gets_completions_that_name_every_verb() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = lab.run_well(&["completions", shell]).stdout;
        for verb in [
            "init", "run", "check", "plan", "status", "report", "evaluate", "dataset",
        ] {
            assert!(script.contains(verb), "{shell} does not know {verb}");
        }
    }
    let unknown = lab.run(&["completions", "tcl"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("bash"), "{}", unknown.stderr);
}

#[test]
fn the_citation_names_this_version() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../CITATION.cff");
    let text = fs::read_to_string(path).unwrap();
    let version = concat!("version: ", env!("CARGO_PKG_VERSION"));
    assert!(text.lines().any(|line| line == version), "{text}");
}
