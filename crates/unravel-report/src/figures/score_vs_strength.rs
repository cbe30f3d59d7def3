//! Scores by regularisation strength: a metric against the weight of the regulariser, one panel per objective.

pub mod data;
pub mod draw;

use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::final_scores::Scored;
use crate::panel::Titles;
use crate::published;
use crate::words::{count, plus_minus};
use data::{Family, families};
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
    let name = format!("score-vs-strength-{}", key.slug());
    let families = families(context.rows, &[scored]);
    let has_place = |point: &PublishedPoint| {
        let has_panel = |name: &String| families.iter().any(|family| family.name == *name);
        point.strength.is_some() && point.family.as_ref().is_some_and(has_panel)
    };
    let published = published::of_key(context.published, key);
    let points = published::points(&published, has_place);
    let n_trials = count(scored.values.len(), "trial");
    let has_spread = has_spread(&families);
    let titles = Titles {
        y: format!("{}{}", key.title(), key.direction_words()),
        x: "Strength of the regulariser".to_owned(),
        note: format!("Faint: {n_trials}. {}", bold(has_spread)),
    };
    let caption = format!(
        "{} against the strength of each objective's regulariser. {} Faint marks are the {n_trials}; trials of a \
         setting are drawn side by side, ordered by seed. {} Strengths of different objectives are not comparable.{}",
        scored.metric_title(),
        scored.context(),
        bold(has_spread),
        published::caption(&published, has_place),
    );
    Ok(Figure {
        title: format!("{} against strength", key.title()),
        caption,
        description: description(context, &families),
        scene: draw::scene(context.rows, &families, &points, &titles),
        data: frame(&name, data::table(context.rows, &[scored], &families))?,
        name,
    })
}

/// Whether any setting has an sd.
pub fn has_spread(families: &[Family]) -> bool {
    let mut settings = families
        .iter()
        .flat_map(|family| family.series.iter().flat_map(|series| &series.settings));
    settings.any(|setting| setting.spread.sd.is_some())
}

/// The note about the bold marks.
pub fn bold(has_spread: bool) -> &'static str {
    if has_spread {
        "Bold: mean ± 1 sd over the trial seeds of each setting."
    } else {
        "Bold: the one trial seed of each setting, so there is no sd."
    }
}

/// The alternative text: every setting's mean, by panel.
pub fn description(context: &Context<'_>, families: &[Family]) -> String {
    let settings = families
        .iter()
        .flat_map(|family| family.series.iter().flat_map(|series| &series.settings));
    let words = settings.map(|setting| {
        format!(
            "{}: {}",
            context.rows.settings[setting.setting].setting.label,
            plus_minus(&setting.spread, 3)
        )
    });
    format!(
        "Scatter plots, one an objective. {}.",
        words.collect::<Vec<_>>().join("; ")
    )
}
