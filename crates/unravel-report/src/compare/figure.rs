//! One figure with the trade-offs of both sides, for every score that both have.

use super::LoadedSide;
use super::draw::{Both, scene};
use super::matched::Matches;
use super::scatter::Scatter;
use crate::error::ReportError;
use crate::figures::Figure;
use crate::report_input::RECONSTRUCTION;
use crate::tables::column;
use crate::words::{count, plus_minus};
use polars::prelude::{DataFrame, PolarsResult};

/// One figure for each score of both sides, in the order of the first.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(known: &[LoadedSide; 2], matches: &Matches) -> Result<Vec<Figure>, ReportError> {
    let [first, second] = known.each_ref().map(|side| &side.scatters);
    let both = |scatter: &Scatter| {
        let other = second.iter().find(|other| other.key == scatter.key)?;
        let has_dots = !scatter.dots.is_empty() && !other.dots.is_empty();
        has_dots.then(|| [scatter.clone(), other.clone()])
    };
    let pairs = first.iter().filter_map(both);
    pairs
        .map(|scatters| figure(known, matches, &scatters))
        .collect()
}

fn figure(
    known: &[LoadedSide; 2],
    matches: &Matches,
    scatters: &[Scatter; 2],
) -> Result<Figure, ReportError> {
    let key = &scatters[0].key;
    let name = format!("trade-off-{}", key.slug());
    let title = key.title();
    let [a, b] = known.each_ref().map(|side| side.title.as_str());
    let [n_a, n_b] = scatters
        .each_ref()
        .map(|scatter| count(scatter.dots.len(), "trial"));
    let both = Both {
        known,
        scatters,
        matches,
    };
    let data = table(known, scatters).map_err(ReportError::table(&name))?;
    Ok(Figure {
        title: format!("{title} against reconstruction error, {a} and {b}"),
        caption: format!(
            "Hollow: {a}, {n_a}; filled: {b}, {n_b}. Marks with error bars are means ± 1 sd over the trial seeds of a \
             setting; faint marks are trials. Arrows lead from a setting of {a} to the matched setting of {b}."
        ),
        description: description(known, matches, scatters),
        scene: scene(&both),
        data,
        name,
    })
}

fn description(known: &[LoadedSide; 2], matches: &Matches, scatters: &[Scatter; 2]) -> String {
    let of = |side: usize, setting: usize| {
        let mean = scatters[side]
            .means
            .iter()
            .find(|mean| mean.setting == setting)?;
        let (score, error) = (
            plus_minus(&mean.score, 3),
            plus_minus(&mean.reconstruction, 1),
        );
        Some(format!(
            "{score} at {error} nats per image in {}",
            known[side].title
        ))
    };
    let pair = |settings: [usize; 2]| {
        let label = &known[0].rows.settings[settings[0]].setting.label;
        let sides = [0, 1]
            .into_iter()
            .filter_map(|side| of(side, settings[side]));
        format!("{label}: {}", sides.collect::<Vec<_>>().join(", "))
    };
    let pairs: Vec<String> = matches.pairs.iter().map(|p| pair(p.settings)).collect();
    format!("Scatter plot of two sweeps. {}.", pairs.join("; "))
}

/// One row per trial of both sides.
fn table(known: &[LoadedSide; 2], scatters: &[Scatter; 2]) -> PolarsResult<DataFrame> {
    let dots: Vec<_> = (0..2)
        .flat_map(|side| {
            let of_side = scatters[side].dots.iter();
            of_side.map(move |dot| (&known[side], &known[side].rows.trials[dot.trial], dot))
        })
        .collect();
    let label =
        |known: &LoadedSide, setting: usize| known.rows.settings[setting].setting.label.clone();
    DataFrame::new_infer_height(vec![
        column("side", dots.iter().map(|(side, ..)| side.title.clone())),
        column("trial", dots.iter().map(|(_, trial, _)| trial.id.clone())),
        column(
            "setting",
            dots.iter()
                .map(|(side, trial, _)| label(side, trial.setting)),
        ),
        column("seed", dots.iter().map(|(_, trial, _)| trial.seed)),
        column(
            RECONSTRUCTION,
            dots.iter().map(|(.., dot)| dot.reconstruction),
        ),
        column("score", dots.iter().map(|(.., dot)| dot.score)),
    ])
}
