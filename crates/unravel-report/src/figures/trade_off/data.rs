//! The numbers of the trade-off: every trial's reconstruction error and score, and each setting's mean and sd.

use crate::rows::{ELBO, RECONSTRUCTION, Rows};
use crate::stats::Spread;
use crate::tables::{Tables, column, numbers, text_column, texts};
use polars::prelude::{BooleanChunked, DataFrame, PolarsResult};
use std::collections::{BTreeMap, BTreeSet};

/// What a panel shows: the headline of a metric in a variant, for a representation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `mig`, ….
    pub metric: String,
    /// `study`, `exact`.
    pub variant: String,
    /// `mean`, `sampled`.
    pub representation: String,
}

impl Key {
    /// `trade-off-mig-exact`; the representation is named where it is not the mean.
    pub fn file_name(&self) -> String {
        let Self {
            metric,
            variant,
            representation,
        } = self;
        let codes = if representation == "mean" {
            String::new()
        } else {
            format!("-{representation}")
        };
        format!("trade-off-{metric}-{variant}{codes}")
    }
}

/// Every key that final scores have, metrics in the order of `metrics` and then of their scores.
pub fn keys(rows: &Rows, metrics: &[String]) -> Vec<Key> {
    let mut seen = BTreeSet::new();
    let mut keys: Vec<Key> = rows
        .final_scores()
        .filter(|score| score.is_headline && score.metric != ELBO)
        .map(|score| Key {
            metric: score.metric.clone(),
            variant: score.variant.clone(),
            representation: score.representation.clone(),
        })
        .filter(|key| seen.insert(key.clone()))
        .collect();
    keys.sort_by_key(|key| {
        metrics
            .iter()
            .position(|m| *m == key.metric)
            .unwrap_or(metrics.len())
    });
    keys
}

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
    /// What it shows.
    pub key: Key,
    /// Trials that have both numbers, in their order.
    pub points: Vec<TrialPoint>,
    /// Settings that have a trial here, in their order.
    pub means: Vec<SettingMean>,
    /// The grids that scores were taken on; more than one when the sweep varies it.
    pub grids: Vec<String>,
}

impl Panel {
    /// Whether any setting has an sd, which takes two trial seeds.
    pub fn has_spread(&self) -> bool {
        self.means.iter().any(|mean| mean.score.sd.is_some())
    }
}

/// Takes a panel's data from the table of scores.
///
/// # Errors
/// When polars cannot filter the table.
pub fn panel(rows: &Rows, tables: &Tables, key: &Key) -> PolarsResult<Panel> {
    let headline = rows
        .scores
        .iter()
        .find(|score| {
            score.is_headline && score.metric == key.metric && score.variant == key.variant
        })
        .map_or("", |score| score.quantity.as_str());
    let scored = chosen(
        &tables.scores,
        &[
            ("metric", &key.metric),
            ("variant", &key.variant),
            ("representation", &key.representation),
            ("quantity", headline),
        ],
    )?;
    let errors = by_trial(
        rows,
        &chosen(
            &tables.scores,
            &[("metric", ELBO), ("quantity", RECONSTRUCTION)],
        )?,
    )?;
    let points: Vec<TrialPoint> = by_trial(rows, &scored)?
        .into_iter()
        .filter_map(|(trial, score)| {
            Some(TrialPoint {
                trial,
                reconstruction: *errors.get(&trial)?,
                score,
            })
        })
        .collect();
    let mean = |setting| {
        let of = |value: &dyn Fn(&TrialPoint) -> f64| {
            Spread::of(
                points
                    .iter()
                    .filter(|p| rows.trials[p.trial].setting == setting)
                    .map(value),
            )
        };
        Some(SettingMean {
            setting,
            reconstruction: of(&|p| p.reconstruction)?,
            score: of(&|p| p.score)?,
        })
    };
    let means = (0..rows.settings.len()).filter_map(mean).collect();
    let grids = texts(&scored, "grid")?
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    Ok(Panel {
        key: key.clone(),
        points,
        means,
        grids,
    })
}

/// The rows in which each named column has the given text.
fn chosen(scores: &DataFrame, wanted: &[(&str, &str)]) -> PolarsResult<DataFrame> {
    let mut mask = vec![true; scores.height()];
    for (name, value) in wanted {
        for (keep, text) in mask.iter_mut().zip(scores.column(name)?.str()?.iter()) {
            *keep &= text == Some(*value);
        }
    }
    scores.filter(&mask.into_iter().collect::<BooleanChunked>())
}

/// Finite final means by the index of their trial.
fn by_trial(rows: &Rows, scores: &DataFrame) -> PolarsResult<BTreeMap<usize, f64>> {
    let index: BTreeMap<&str, usize> = rows
        .trials
        .iter()
        .enumerate()
        .map(|(i, t)| (t.id.as_str(), i))
        .collect();
    let steps = scores.column("step")?.u64()?.iter();
    let values = texts(scores, "trial")?
        .into_iter()
        .zip(steps)
        .zip(numbers(scores, "mean")?);
    Ok(values
        .filter_map(|((id, step), value)| Some((*index.get(id.as_str())?, step?, value)))
        .filter(|&(trial, step, value)| step == rows.trials[trial].steps && value.is_finite())
        .map(|(trial, _, value)| (trial, value))
        .collect())
}

/// The panel's data as a table: one row a trial.
pub fn table(rows: &Rows, panel: &Panel) -> PolarsResult<DataFrame> {
    let Panel { key, points, .. } = panel;
    let trials = || points.iter().map(|point| &rows.trials[point.trial]);
    let constant = |text: &str| vec![text.to_owned(); points.len()];
    DataFrame::new_infer_height(vec![
        text_column("trial", trials().map(|t| t.id.clone()).collect()),
        text_column(
            "setting",
            trials()
                .map(|t| rows.settings[t.setting].setting.label.clone())
                .collect(),
        ),
        column("seed", trials().map(|t| t.seed).collect::<Vec<u64>>()),
        text_column("metric", constant(&key.metric)),
        text_column("variant", constant(&key.variant)),
        text_column("representation", constant(&key.representation)),
        column(
            RECONSTRUCTION,
            points
                .iter()
                .map(|p| p.reconstruction)
                .collect::<Vec<f64>>(),
        ),
        column(
            "score",
            points.iter().map(|p| p.score).collect::<Vec<f64>>(),
        ),
    ])
}
