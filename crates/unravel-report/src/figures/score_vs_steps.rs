//! Scores during training: a metric against the training step, for sweeps that score models before their last step
//! (`at`).

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::final_scores::Scored;
use crate::panel::Titles;
use crate::words::{count, plus_minus};
use data::{Course, courses};

/// One figure for each score that exists at two or more steps.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let mut figures = Vec::new();
    for scored in context.scored {
        let (courses, n_trials) = courses(context.rows, &scored.key);
        if courses.iter().any(|course| 1 < course.points.len()) {
            figures.push(figure(context, scored, &courses, n_trials)?);
        }
    }
    Ok(figures)
}

fn figure(
    context: &Context<'_>,
    scored: &Scored,
    courses: &[Course],
    n_trials: usize,
) -> Result<Figure, ReportError> {
    let key = &scored.key;
    let name = format!("score-vs-steps-{}", key.slug());
    let n_trials = count(n_trials, "trial");
    let titles = Titles {
        y: format!("{}{}", key.title(), key.direction_words()),
        x: "Training step".to_owned(),
        note: format!("Mean over trial seeds; band: ± 1 sd over trial seeds. {n_trials}."),
    };
    let last = |course: &Course| {
        let (step, spread) = course.points.last()?;
        let label = &context.rows.settings[course.setting].setting.label;
        Some(format!(
            "{label} ends at {} at step {step}",
            plus_minus(spread, 3)
        ))
    };
    let words: Vec<String> = courses.iter().filter_map(last).collect();
    Ok(Figure {
        title: format!("{} against training steps", key.title()),
        caption: format!(
            "{} of {n_trials} against the training step. {} Lines are means over trial seeds; bands are ± 1 sd over \
             trial seeds, for settings with several seeds.",
            scored.metric_title(),
            scored.context(),
        ),
        description: format!("Line chart. {}.", words.join("; ")),
        scene: draw::scene(context.rows, courses, titles),
        data: frame(&name, data::table(context.rows, key, courses))?,
        name,
    })
}
