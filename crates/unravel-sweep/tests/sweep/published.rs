//! Published numbers in a sweep file.

use unravel_score::{Metric, Variant};
use unravel_sweep::{Published, PublishedMeasure, SpreadKind, Trust, parse};

fn sweep(published: &str) -> String {
    format!(
        "format-version = 1\nname = \"s\"\n[[arm]]\nobjective.beta-vae = {{ beta = 4 }}\n{published}"
    )
}

fn faults(published: &str) -> String {
    parse(&sweep(published)).unwrap_err().to_string()
}

#[test]
fn every_key_is_read() {
    let text = r#"
[[report.published]]
source = "Somebody (2020), Table 1"
trust = "image"
metric = "mig"
variant = "study"
note = "training scores"
spread = "standard-error"
points = [
  { label = "FactorVAE γ=10", family = "factor-vae", strength = 10, score = 0.4, spread = 0.01 },
  { label = "β-VAE", score = 21, reconstruction-nats = 18 },
]

[[report.published]]
source = "Somebody else (2021)"
trust = "second-hand"
metric = "variance-explained"
points = [{ label = "objective", score = 0.37 }]
"#;
    let published = parse(&sweep(text)).unwrap().report.published;
    let Published {
        source,
        trust,
        metric,
        variant,
        note,
        spread,
        points,
    } = &published[0];
    assert_eq!(
        (source.as_str(), *trust, *metric),
        (
            "Somebody (2020), Table 1",
            Trust::Image,
            PublishedMeasure::Metric(Metric::Mig)
        )
    );
    assert_eq!(
        (*variant, note.as_deref()),
        (Some(Variant::Study), Some("training scores"))
    );
    assert_eq!(*spread, Some(SpreadKind::StandardError));
    assert_eq!(
        (points[0].strength, points[0].score, points[0].spread),
        (Some(10.0), 0.4, Some(0.01))
    );
    assert_eq!(points[0].family.as_deref(), Some("factor-vae"));
    assert_eq!(
        (points[1].score, points[1].reconstruction_nats),
        (21.0, Some(18.0))
    );
    assert_eq!(published[1].trust, Trust::SecondHand);
}

#[test]
fn memory_is_no_source() {
    let text = r#"[[report.published]]
source = "Somebody (2017)"
trust = "memory"
metric = "mig"
points = [{ label = "a", score = 1 }]
"#;
    insta::assert_snapshot!(faults(text), @r#"
    7:9: numbers from memory are not published numbers
      7 | trust = "memory"
        |         ^^^^^^^^ cannot be checked
      help: look the numbers up and state their source, or remove them
    "#);
}

#[test]
fn a_number_that_no_axis_can_show_is_refused_at_its_place() {
    let text = r#"[[report.published]]
source = "Somebody (2017)"
trust = "publication"
metric = "mig"
points = [{ label = "a", score = 1, reconstruction-nats = 1e300 }]
"#;
    insta::assert_snapshot!(faults(text), @r#"
    9:59: `reconstruction-nats` must be a number from 0 to 1e12, but is 1e300
      9 | points = [{ label = "a", score = 1, reconstruction-nats = 1e300 }]
        |                                                           ^^^^^ too far from 0
      help: a figure cannot show it beside the sweep's own numbers; check its unit, or write it in `note`
    "#);
    let of = |key: &str, number: &str| {
        let point = format!("{key} = {number}, label = \"a\"");
        let score = if key == "score" { "" } else { ", score = 1" };
        let spread = if key == "spread" {
            "spread = \"sd\"\n"
        } else {
            ""
        };
        sweep(&format!(
            "[[report.published]]\nsource = \"S\"\ntrust = \"code\"\nmetric = \"mig\"\n{spread}points = [{{ {point}{score} }}]"
        ))
    };
    for key in ["score", "spread", "strength", "reconstruction-nats"] {
        assert!(parse(&of(key, "1e12")).is_ok(), "{key}");
        assert!(parse(&of(key, "1.1e12")).is_err(), "{key}");
        assert!(parse(&of(key, "2_000_000_000_000")).is_err(), "{key}");
    }
    assert!(parse(&of("score", "-1e12")).is_ok() && parse(&of("score", "-1e13")).is_err());
}

#[test]
fn what_a_number_needs_to_be_traced_is_asked_for() {
    let check = |text: &str, said: &str| {
        let found = faults(text);
        assert!(found.contains(said), "{found}");
    };
    let with = |line: &str| {
        let mut lines = vec![
            "[[report.published]]",
            "source = \"S\"",
            "trust = \"code\"",
            "metric = \"mig\"",
            "points = [{ label = \"a\", score = 1 }]",
        ];
        match line.split_once(" = ") {
            Some((key, "")) => lines.retain(|other| !other.starts_with(key)),
            Some((key, _)) => {
                lines.retain(|other| !other.starts_with(key));
                lines.push(line);
            }
            None => {}
        }
        lines.join("\n")
    };
    assert!(parse(&sweep(&with(""))).is_ok());
    for key in ["source", "trust", "metric", "points"] {
        check(&with(&format!("{key} = ")), &format!("`{key}` is missing"));
    }
    check(&with("source = \" \""), "`source` is empty");
    check(&with("trust = \"cod\""), "did you mean \"code\"?");
    check(&with("metric = \"migs\""), "did you mean \"mig\"?");
    check(&with("points = []"), "`points` is an empty list");
    check(&with("points = [{ label = \"a\" }]"), "`score` is missing");
    check(&with("points = [{ score = 1 }]"), "`label` is missing");
    check(&with("points = [3]"), "must be a table, but is 3");
    check(
        &with("points = [{ label = \"a\", score = nan }]"),
        "`score` must be a finite number",
    );
    check(
        &with("points = [{ label = \"a\", score = 1, spread = 0.1 }]"),
        "the table does not state its kind",
    );
    check(
        &with("points = [{ label = \"a\", score = 1, family = \"factorvae\" }]"),
        "did you mean \"factor-vae\"?",
    );
    check(
        &with("points = [{ label = \"a\", score = 1, beta = 1 }]"),
        "unknown key `beta` in `points`",
    );
}
