//! Writes a report of invented trials, to look at the design: `cargo run --example demo -- FOLDER [whole|partial|empty|single|large]`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use support::Fate;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let kind = arguments.next().unwrap_or_else(|| "whole".to_owned());
    let seeds = match kind.as_str() {
        "single" => 1,
        "large" => 50,
        _ => 4,
    };
    let text = format!(
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
    );
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
    let rendered = unravel_report::render(
        &sweep,
        &text,
        &trials,
        &store,
        &folder.join("report"),
        &mut |_| {},
    )?;
    println!(
        "{} ({} of {} trials missing), {:.1?}",
        rendered.index.display(),
        rendered.n_missing,
        rendered.n_trials,
        start.elapsed()
    );
    Ok(())
}
