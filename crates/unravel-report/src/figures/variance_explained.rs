//! Variance explained: the shares of the variance of scores that objective, strength and seed explain.

mod data;
mod draw;

pub use data::{Explained, explained};

use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::panel::Titles;
use crate::published::{source_words, sources};
use crate::words::count;
use unravel_sweep::{Published, PublishedMeasure};

/// One figure, if some setting has two trials.
///
/// # Errors
/// If the table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let scored = context.scored;
    let explained = explained(context.rows, scored);
    if explained.is_empty() {
        return Ok(Vec::new());
    }
    let name = "variance-explained".to_owned();
    let published: Vec<&Published> = context
        .published
        .iter()
        .filter(|one| one.metric == PublishedMeasure::VarianceExplained)
        .collect();
    let points: Vec<_> = published.iter().flat_map(|one| &one.points).collect();
    let most = explained.iter().map(|one| one.shares.n_trials).max();
    let n_trials = count(most.unwrap_or(0), "trial");
    let n_settings = explained.iter().map(|one| one.shares.n_settings).max();
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let describe = |one: &Explained| {
        format!(
            "{}: objective {}, strength {}, seed {}, of {}",
            scored[one.place].key.title(),
            percent(one.shares.objective),
            percent(one.shares.strength),
            percent(one.shares.seed),
            count(one.shares.n_trials, "trial"),
        )
    };
    let described: Vec<String> = explained.iter().map(describe).collect();
    let words: Vec<String> = published.iter().map(|one| source_words(one)).collect();
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(" Dashed lines are published shares: {}.", words.join("; "))
    };
    let note = match sources(&published).as_str() {
        "" => format!("Up to {n_trials}. Shares of the total sum of squares."),
        sources => format!("Up to {n_trials}. Dashed: published, {sources}."),
    };
    Ok(vec![Figure {
        title: "Variance explained".to_owned(),
        caption: format!(
            "Shares of the total sum of squares of each score, over up to {n_trials} of {}: between objectives, \
             between the strengths of an objective, and between the seeds of a setting. With few seeds, settings \
             differ by chance. The vertical line shows the share that objective and strength would explain by chance: \
             (settings − 1) / (trials − 1).{words}",
            count(n_settings.unwrap_or(0), "setting"),
        ),
        description: format!("Stacked bars. {}.", described.join("; ")),
        scene: draw::scene(
            scored,
            &explained,
            &points,
            &Titles {
                y: "Variance explained by objective, strength and seed".to_owned(),
                x: "Share of the variance of each score".to_owned(),
                note,
            },
        ),
        data: frame(&name, data::table(scored, &explained))?,
        name,
    }])
}
