//! Score distributions by objective, over all its trials.

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::axis::plain;
use crate::error::ReportError;
use crate::final_scores::Scored;
use crate::panel::Titles;
use crate::published;
use crate::words::count;
use data::{Violin, violins};
use unravel_sweep::PublishedPoint;

/// One figure for each score.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let figure = |scored: &Scored| figure(context, scored);
    context.scored.iter().map(figure).collect()
}

fn figure(context: &Context<'_>, scored: &Scored) -> Result<Figure, ReportError> {
    let key = &scored.key;
    let name = format!("violins-{}", key.slug());
    let violins = violins(context.rows, scored);
    let has_place = |point: &PublishedPoint| {
        let has_violin = |family: &String| violins.iter().any(|violin| violin.family == *family);
        point.family.as_ref().is_some_and(has_violin)
    };
    let published = published::of_key(context.published, key);
    let points = published::points(&published, has_place);
    let n_trials = count(scored.values.len(), "trial");
    let titles = Titles {
        y: format!("{}{}", key.title(), key.direction_words()),
        x: String::new(),
        note: "Marks: trials. Bar: quartiles and median. Outline: density of the trials, for 5 or more trials."
            .to_owned(),
    };
    let settings: Vec<String> = violins
        .iter()
        .map(|v| format!("{} {}", v.title, count(v.n_settings, "setting")))
        .collect();
    let caption = format!(
        "{} of {n_trials} by objective, over all strengths and seeds ({}). {} Outlines are Gaussian kernel densities, \
         scaled to equal width. Bars span the lower to the upper quartile, with a line at the median. The \
         distributions depend on the strengths in the sweep.{}",
        scored.metric_title(),
        settings.join(", "),
        scored.context(),
        published::caption(&published, has_place),
    );
    let describe = |violin: &Violin| {
        let [low, median, high] = violin.quartiles.map(|score| plain(score, 3));
        let n = count(violin.trials.len(), "trial");
        format!(
            "{}: median {median}, quartiles {low} and {high}, {n}",
            violin.title
        )
    };
    Ok(Figure {
        title: format!("{} by objective", key.title()),
        caption,
        description: format!(
            "Violin plot. {}.",
            violins.iter().map(describe).collect::<Vec<_>>().join("; ")
        ),
        scene: draw::scene(context.rows, &violins, &points, &titles),
        data: frame(&name, data::table(context.rows, scored, &violins))?,
        name,
    })
}
