//! Metric agreement: the rank correlation of each pair of metrics.

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::axis::plain;
use crate::error::ReportError;
use crate::panel::Titles;
use crate::words::{count, list};
use data::{Pair, pairs};

/// One figure, if at least three trials have both scores of some pair.
///
/// # Errors
/// If the table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let scored = context.scored;
    let pairs = pairs(scored);
    let others = || pairs.iter().filter(|pair| pair.of.0 != pair.of.1);
    if others().all(|pair| pair.correlation.is_none()) {
        return Ok(Vec::new());
    }
    let name = "metric-correlation".to_owned();
    let counts = || others().map(|pair| pair.n_trials);
    let n_trials = match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
        (low, high) if low == high => count(high, "trial"),
        (low, high) => format!("{low} to {}", count(high, "trial")),
    };
    let title = |place: usize| scored[place].key.title();
    let describe = |pair: &Pair| {
        let value = plain(pair.correlation?, 2);
        Some(format!(
            "{} with {} {value}",
            title(pair.of.0),
            title(pair.of.1)
        ))
    };
    let above = others().filter(|pair| pair.of.0 < pair.of.1);
    let words: Vec<String> = above.filter_map(describe).collect();
    let mut lower: Vec<String> = scored
        .iter()
        .filter(|one| one.key.merit() < 0.0)
        .map(|one| one.key.title())
        .collect();
    lower.dedup();
    let lower = if lower.is_empty() {
        String::new()
    } else {
        format!(
            " Lower is better for {}, so agreement shows as a negative correlation.",
            list(&lower)
        )
    };
    Ok(vec![Figure {
        title: "Rank correlation of metrics".to_owned(),
        caption: format!(
            "Spearman's rank correlation (−1 to 1) between each pair of scores, over the {n_trials} of all settings \
             that have both scores. Ties get the mean rank. A dash marks pairs with fewer than three trials or no \
             variation. The correlations depend on the strengths in the sweep.{lower}",
        ),
        description: format!("Matrix of rank correlations. {}.", words.join("; ")),
        scene: draw::scene(
            scored,
            &pairs,
            &Titles {
                y: "Rank correlation of metrics (Spearman)".to_owned(),
                x: "Columns have the numbers of the rows".to_owned(),
                note: format!(
                    "{n_trials}, over all settings and seeds. Blue: positive; orange: negative."
                ),
            },
        ),
        data: frame(&name, data::table(scored, &pairs))?,
        name,
    }])
}
