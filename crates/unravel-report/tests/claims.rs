//! Claims of others on the page, judged on a fake store in which β costs what it is known to cost.

mod support;

use support::Fate;
use unravel_report::render;

const SWEEP: &str = r#"format-version = 1
name = "claims"

[training]
steps = 1_200

[[arm]]
seeds = 3
objective.beta-vae = { beta = [1, 4, 16] }

[[arm]]
seeds = 3
objective.factor-vae = { gamma = [10, 40] }

[evaluation]
metrics = ["mig"]
seeds = 2

[report]
figures = ["trade-off"]
"#;

const FALLS: &str = r#"
[[report.claim]]
source = "Somebody (2017)"
says = "The KL falls as β rises."
of = "kl-nats"
family = "beta-vae"
with-strength = "falls"
"#;

fn page(claims: &str, fate: Fate) -> String {
    let text = format!("{SWEEP}{claims}");
    let folder = tempfile::tempdir().unwrap();
    let (sweep, trials) = support::sweep(&text);
    let store = support::fill(&folder.path().join("runs"), &sweep, &trials, |_| fate).unwrap();
    let dir = folder.path().join("report");
    render(&sweep, &text, &trials, &store, &dir, &mut |_| {}).unwrap();
    std::fs::read_to_string(dir.join("index.html")).unwrap()
}

#[track_caller]
fn check(claim: &str, fate: Fate, verdict: &str, sentence: &str) {
    let page = page(claim, fate);
    let section = page
        .split_once("<section id=\"claims\">")
        .expect("it has claims")
        .1;
    let section = section.split_once("</section>").unwrap().0;
    let tag = format!("{verdict}</span>");
    assert!(section.contains(&tag), "{section}");
    assert!(section.contains(sentence), "{section}");
}

#[test]
fn a_trend_is_shown_or_the_opposite_or_is_not_testable() {
    let sentence = "Rank correlation of β and KL in nats per image over 9 trials: −0.9";
    check(FALLS, Fate::Blind, "shown here", sentence);
    let rises = FALLS.replace("\"falls\"", "\"rises\"");
    check(&rises, Fate::Blind, "the opposite here", sentence);
    for fate in [Fate::Unscored, Fate::Training] {
        check(FALLS, fate, "not testable here", "0 trials are too few");
    }
    let logged = FALLS.replace("of = \"kl-nats\"", "log = \"tc_nats\"");
    check(
        &logged,
        Fate::Blind,
        "not testable here",
        "0 trials are too few",
    );
    // FactorVAE trials do log it, and have two strengths.
    let logged = logged.replace("beta-vae", "factor-vae");
    check(&logged, Fate::Blind, "shown here", "Rank correlation of γ");
}

#[test]
fn groups_are_settings_or_families() {
    let groups = |of: &str, higher: &str, lower: &str| {
        format!(
            "[[report.claim]]\nsource = \"S\"\nsays = \"It is so.\"\nof = \"{of}\"\nhigher = \"{higher}\"\nlower = \"{lower}\"\n"
        )
    };
    let settings = groups("reconstruction-nats", "β-VAE β=16", "β-VAE β=1");
    check(&settings, Fate::Blind, "shown here", "over 3 pairs");
    let turned = groups("reconstruction-nats", "β-VAE β=1", "β-VAE β=16");
    check(&turned, Fate::Blind, "the opposite here", "difference −");
    let families = groups("mig", "FactorVAE", "β-VAE");
    check(&families, Fate::Blind, "here", "over 6 and 9 trials");
    // The trials of a setting are not compared with themselves as a part of their family.
    let part = groups("reconstruction-nats", "β-VAE", "β-VAE β=1");
    check(&part, Fate::Blind, "here", "over 6 and 3 trials");
    let same = groups("mig", "β-VAE", "β-VAE");
    let sentence = "β-VAE is compared with itself.";
    check(&same, Fate::Blind, "not testable here", sentence);
}

#[test]
fn without_claims_there_is_no_word_of_them() {
    assert!(!page("", Fate::Blind).contains("id=\"claims\""));
}
