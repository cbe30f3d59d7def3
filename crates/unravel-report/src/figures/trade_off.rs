//! The reconstruction-disentanglement trade-off: a metric against reconstruction error, one mark per trial, mean ± sd
//! per setting.

mod data;
mod draw;

pub use data::{Panel, SettingMean, panels};

use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::published;
use crate::words::{count, plus_minus};
use unravel_sweep::PublishedPoint;

/// Whether this figure can show a published point.
fn has_place(point: &PublishedPoint) -> bool {
    point.reconstruction_nats.is_some()
}

/// One figure per panel.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let figure = |panel: &Panel| {
        let key = &panel.scored.key;
        let name = format!("trade-off-{}", key.slug());
        let published = published::of_key(context.published, key);
        let points = published::points(&published, has_place);
        let (scene, left_out) = draw::scene(context.rows, panel, &points);
        Ok(Figure {
            title: format!("{} against reconstruction error", key.title()),
            caption: format!(
                "{}{}{}{}",
                caption(context, panel),
                cut_bars(left_out.n_cut_bars),
                unlabelled(left_out.n_unlabelled),
                published::caption(&published, has_place)
            ),
            description: description(context, panel),
            scene,
            data: frame(&name, data::table(context.rows, panel))?,
            name,
        })
    };
    context.panels.iter().map(figure).collect()
}

fn cut_bars(n: usize) -> &'static str {
    match n {
        0 => "",
        1 => " One error bar continues beyond the left edge; it has no end cap there.",
        _ => " Error bars without a left end cap continue beyond the left edge.",
    }
}

fn unlabelled(n: usize) -> String {
    match n {
        0 => String::new(),
        1 => " One mark has no label because there is no room for it; the data file contains it."
            .to_owned(),
        n => format!(
            " {n} marks have no label because there is no room for them; the data file contains them."
        ),
    }
}

fn caption(context: &Context<'_>, panel: &Panel) -> String {
    let n_trials = count(panel.points.len(), "trial");
    let n_settings = match (panel.means.len(), context.rows.settings.len()) {
        (n, n_all) if n == n_all => count(n, "setting"),
        (n, n_all) => format!("{n} of {}", count(n_all, "setting")),
    };
    let marks = if panel.has_spread() {
        format!(
            "Faint marks are the {n_trials}; bold marks with error bars are means ± 1 sd over the trial seeds of \
             {n_settings}."
        )
    } else {
        format!(
            "Each mark is a trial ({n_trials} of {n_settings}); each setting has one trial seed, so there is no sd."
        )
    };
    let front = match panel.front.len() {
        0 => String::new(),
        1 => " The ring marks the setting that is best in both means.".to_owned(),
        n => {
            format!(" Rings and the dashed line mark the Pareto front ({n} settings).")
        }
    };
    format!(
        "{} against reconstruction error. {} {marks} Lines join the settings of an objective in the order of their \
         strength.{front}",
        panel.scored.metric_title(),
        panel.scored.context(),
    )
}

fn description(context: &Context<'_>, panel: &Panel) -> String {
    let of = |mean: &SettingMean| {
        format!(
            "{}: {} at {} nats per image, {}",
            context.rows.settings[mean.setting].setting.label,
            plus_minus(&mean.score, 3),
            plus_minus(&mean.reconstruction, 1),
            count(mean.score.n, "trial")
        )
    };
    format!(
        "Scatter plot. {}.",
        panel.means.iter().map(of).collect::<Vec<_>>().join("; ")
    )
}
