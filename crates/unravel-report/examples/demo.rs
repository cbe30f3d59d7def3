//! Writes a report of invented trials, to look at the design and to time it:
//! `cargo run --release -p unravel-report --example demo -- FOLDER [whole|partial|empty|single|every|large]`.
//! `every` has something for every figure; `large` is that with the 1,800 trials of the study of Locatello et al. (2019).

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use support::Fate;

const EVERY: &str = include_str!("../tests/support/every-figure.toml");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let kind = arguments.next().unwrap_or_else(|| "whole".to_owned());
    let text = match kind.as_str() {
        "every" => EVERY.to_owned(),
        "large" => EVERY
            .replace("seeds = 6", "seeds = 50")
            .replace("[5, 10, 25, 50]", "[5, 10, 25, 50, 75, 100]")
            .replace("[1, 5, 50]", "[1, 2, 5, 10, 20, 50]"),
        "single" => small(&kind, 1),
        _ => small(&kind, 4),
    };
    let (sweep, trials) = support::sweep(&text);
    let fate = |idx: usize| match (kind.as_str(), idx % 12) {
        ("empty", _) => Fate::Absent,
        ("partial", 3) => Fate::Training,
        ("partial", 5) => Fate::Failed,
        ("partial", 7) => Fate::Unscored,
        ("partial", 8 | 9) => Fate::Absent,
        ("partial", 10) => Fate::Blind,
        _ => Fate::Done,
    };
    let store = support::fill(&folder.join("runs"), &sweep, &trials, fate)?;
    let start = std::time::Instant::now();
    let to = folder.join("report");
    let rendered = unravel_report::render(&sweep, &text, &trials, &store, &to, &mut |_| {})?;
    println!(
        "{} ({} of {} trials missing), {} figures and pictures, {:.2?}",
        rendered.index.display(),
        rendered.n_missing,
        rendered.n_trials,
        rendered.figures.len(),
        start.elapsed()
    );
    Ok(())
}

fn small(kind: &str, seeds: usize) -> String {
    format!(
        r#"format-version = 1
name = "demo-{kind}"

[data]
dataset = "dsprites"
keep = {{ orientation = 10, pos-x = 16, pos-y = 16 }}

[model]
architecture = "conv-small"

[training]
steps = 4_000

[[arm]]
seeds = {seeds}
objective.beta-vae = {{ beta = [1, 2, 4, 6, 8, 16] }}

[[arm]]
seeds = {seeds}
objective.factor-vae = {{ gamma = [10, 20, 30, 40, 50, 100] }}
"#
    )
}
