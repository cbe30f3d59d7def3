//! Claims in a sweep file.

use unravel_score::{Metric, Variant};
use unravel_sweep::{Claimed, Measure, Trend, parse};

fn sweep(claims: &str) -> String {
    format!(
        "format-version = 1\nname = \"s\"\n[[arm]]\nobjective.beta-vae = {{ beta = [1, 4] }}\n{claims}"
    )
}

const CLAIMS: &str = r#"
[[report.claim]]
source = "Somebody (2017)"
says = "KL falls as β rises."
of = "kl-nats"
family = "beta-vae"
with-strength = "falls"

[[report.claim]]
source = "Somebody (2017)"
says = "β = 4 disentangles more than β = 1."
of = "mig"
variant = "exact"
higher = "β-VAE β=4"
lower = "β-VAE β=1"

[[report.claim]]
source = "Somebody else (2018)"
says = "The total correlation falls."
log = "total_correlation_nats"
family = "beta-vae"
with-strength = "falls"
"#;

#[test]
fn every_kind_is_read() {
    let claims = parse(&sweep(CLAIMS)).unwrap().report.claims;
    assert_eq!(claims[0].of, Measure::KlNats);
    let falls = Claimed::Trend {
        family: "beta-vae".to_owned(),
        direction: Trend::Falls,
    };
    assert_eq!(claims[0].holds, falls);
    let (metric, variant) = (Metric::Mig, Some(Variant::Exact));
    assert_eq!(claims[1].of, Measure::Metric { metric, variant });
    let higher = Claimed::Higher {
        higher: "β-VAE β=4".to_owned(),
        lower: "β-VAE β=1".to_owned(),
    };
    assert_eq!(claims[1].holds, higher);
    let term = "total_correlation_nats".to_owned();
    assert_eq!(claims[2].of, Measure::Log { term });
}

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(CLAIMS.contains(from), "{from}");
    let faults = parse(&sweep(&CLAIMS.replacen(from, to, 1)))
        .unwrap_err()
        .to_string();
    assert!(faults.contains(expected), "{faults}");
}

#[test]
fn what_is_not_in_the_sweep_or_says_nothing_is_a_fault() {
    check("\"β-VAE β=4\"", "\"β-VAE β=5\"", "β-VAE β=4");
    check("family = \"beta-vae\"", "family = \"factor-vae\"", "family");
    check("\"falls\"", "\"sinks\"", "trend");
    check("of = \"kl-nats\"", "of = \"kl\"", "kl-nats");
    check("of = \"kl-nats\"\n", "", "`of` is missing");
    check(
        "says = \"KL falls as β rises.\"",
        "says = \" \"",
        "`says` is empty",
    );
    check("with-strength = \"falls\"\n", "", "`higher` and `lower`");
    check(
        "lower = \"β-VAE β=1\"",
        "family = \"beta-vae\"",
        "`higher` and `lower`",
    );
    check("log =", "of = \"mig\"\nlog =", "both are given");
}

#[test]
fn faults_of_arms_are_not_doubled_by_claims_about_them() {
    let text = sweep(CLAIMS).replace("beta = [1, 4]", "beta = [1, -4]");
    assert_eq!(parse(&text).unwrap_err().len(), 1);
}
