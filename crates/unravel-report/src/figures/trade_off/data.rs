//! The numbers of the trade-off: every trial's reconstruction error and score, each setting's mean and sd, and the Pareto
//! front of the means.

use crate::final_scores::{Scored, reconstruction_errors};
use crate::report_input::{RECONSTRUCTION, Rows};
use crate::stats::{Spread, pareto};
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// One trial on a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialPoint {
    /// Index of the trial.
    pub trial: usize,
    /// Nats per image.
    pub reconstruction: f64,
    /// The score, mean over its evaluation seeds.
    pub score: f64,
}

/// One setting on a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingMean {
    /// Index of the setting.
    pub setting: usize,
    /// Nats per image, over trial seeds.
    pub reconstruction: Spread,
    /// The score, over trial seeds.
    pub score: Spread,
}

/// The data of one panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The scores that it shows.
    pub scored: Scored,
    /// Trials that have both numbers, in their order.
    pub points: Vec<TrialPoint>,
    /// Settings that have a trial here, in their order.
    pub means: Vec<SettingMean>,
    /// Positions in `means` of the Pareto-optimal settings, ordered by reconstruction error; empty for a metric without
    /// a direction.
    pub front: Vec<usize>,
    /// The position in `means` of the front's knee, if it has one.
    pub knee: Option<usize>,
}

impl Panel {
    /// Whether any setting has an sd, which requires two trial seeds.
    pub fn has_spread(&self) -> bool {
        self.means.iter().any(|mean| mean.score.sd.is_some())
    }
}

/// The panels of all scores that have a trial.
pub fn panels(rows: &Rows, scored: &[Scored]) -> Vec<Panel> {
    let errors = reconstruction_errors(rows);
    let panels = scored.iter().map(|scored| panel(rows, scored, &errors));
    panels.filter(|panel| !panel.points.is_empty()).collect()
}

fn panel(rows: &Rows, scored: &Scored, errors: &BTreeMap<usize, f64>) -> Panel {
    let point = |&(trial, score): &(usize, f64)| {
        Some(TrialPoint {
            trial,
            reconstruction: *errors.get(&trial)?,
            score,
        })
    };
    let points: Vec<TrialPoint> = scored.values.iter().filter_map(point).collect();
    let mut by_setting: BTreeMap<usize, Vec<&TrialPoint>> = BTreeMap::new();
    for point in &points {
        let setting = rows.trials[point.trial].setting;
        by_setting.entry(setting).or_default().push(point);
    }
    let mean = |(setting, points): (usize, Vec<&TrialPoint>)| {
        Some(SettingMean {
            setting,
            reconstruction: Spread::of(points.iter().map(|p| p.reconstruction))?,
            score: Spread::of(points.iter().map(|p| p.score))?,
        })
    };
    let means: Vec<SettingMean> = by_setting.into_iter().filter_map(mean).collect();
    let merit = scored.key.merit();
    let places: Vec<(f64, f64)> = means
        .iter()
        .map(|mean| (mean.reconstruction.mean, merit * mean.score.mean))
        .collect();
    let (front, knee) = if merit == 0.0 {
        (Vec::new(), None)
    } else {
        (pareto::front(&places), pareto::knee(&places))
    };
    Panel {
        scored: scored.clone(),
        points,
        means,
        front,
        knee,
    }
}

/// The panel's data as a table: one row per trial.
pub fn table(rows: &Rows, panel: &Panel) -> PolarsResult<DataFrame> {
    let (key, points) = (&panel.scored.key, &panel.points);
    let trials = || points.iter().map(|point| &rows.trials[point.trial]);
    let constant = |text: &str| vec![text.to_owned(); points.len()];
    let label = |setting: usize| rows.settings[setting].setting.label.clone();
    let is_in_front = |setting: usize| {
        let mut front = panel.front.iter().map(|&place| panel.means[place].setting);
        front.any(|in_front| in_front == setting)
    };
    let numbers = |of: fn(&TrialPoint) -> f64| points.iter().map(of).collect::<Vec<f64>>();
    DataFrame::new_infer_height(vec![
        column("trial", trials().map(|t| t.id.clone())),
        column("setting", trials().map(|t| label(t.setting))),
        column("seed", trials().map(|t| t.seed)),
        column("metric", constant(key.metric.as_str())),
        column("variant", constant(key.variant.as_str())),
        column("representation", constant(key.representation.as_str())),
        column(RECONSTRUCTION, numbers(|p| p.reconstruction)),
        column("score", numbers(|p| p.score)),
        column(
            "setting_is_pareto_optimal",
            trials().map(|t| is_in_front(t.setting)),
        ),
    ])
}
