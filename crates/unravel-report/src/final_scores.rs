//! Final scores by metric, variant and representation, the data of most figures.

use crate::report_input::{RECONSTRUCTION, Rows};
use crate::stats::Spread;
use crate::words::{list, metric_title, representation_words, score_title, variant_words};
use std::collections::{BTreeMap, BTreeSet};
use unravel_metrics::MetricExt;
use unravel_score::{
    Direction, Metric, MetricName, Representation, RepresentationName, VariantName,
};

/// The headline of a metric in a variant, for a representation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `mig`, ….
    pub metric: MetricName,
    /// `study`, `exact`, ….
    pub variant: VariantName,
    /// `mean`, `sampled`.
    pub representation: RepresentationName,
}

impl Key {
    /// `mig-exact`, for file names. The representation is included unless it is the mean.
    pub fn slug(&self) -> String {
        let Self {
            metric,
            variant,
            representation,
        } = self;
        if *representation == Representation::Mean {
            format!("{metric}-{variant}")
        } else {
            format!("{metric}-{variant}-{representation}")
        }
    }

    /// `MIG · exact`, and the representation unless it is the mean.
    pub fn title(&self) -> String {
        score_title(&self.metric, &self.variant, &self.representation)
    }

    /// The direction of the score. For a metric that this version does not know, higher is better.
    pub fn direction(&self) -> Direction {
        let metric = self.metric.known();
        metric.map_or(Direction::HigherIsBetter, Metric::direction)
    }

    /// +1 if higher is better, −1 if lower is better, otherwise 0.
    pub fn merit(&self) -> f64 {
        match self.direction() {
            Direction::HigherIsBetter => 1.0,
            Direction::LowerIsBetter => -1.0,
            Direction::Neither => 0.0,
        }
    }

    /// ` (higher is better)`, with a leading space; empty if neither direction is better.
    pub fn direction_words(&self) -> &'static str {
        match self.direction() {
            Direction::HigherIsBetter => " (higher is better)",
            Direction::LowerIsBetter => " (lower is better)",
            Direction::Neither => "",
        }
    }
}

/// The scores of one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Metric, variant and representation.
    pub key: Key,
    /// Index of the trial, and its score, the mean over its evaluation seeds. Trials in their order.
    pub values: Vec<(usize, f64)>,
    /// The grids of the scores; several if the sweep varies the grid.
    pub grids: Vec<String>,
}

impl Scored {
    /// Mean and sd over trial seeds of every setting that has a trial here, in the order of settings.
    pub fn means(&self, rows: &Rows) -> Vec<(usize, Spread)> {
        let mut by_setting: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (trial, score) in &self.values {
            let setting = rows.trials[*trial].setting;
            by_setting.entry(setting).or_default().push(*score);
        }
        by_setting
            .into_iter()
            .filter_map(|(setting, scores)| Some((setting, Spread::of(scores)?)))
            .collect()
    }

    /// The metric's name for people: `MIG`.
    pub fn metric_title(&self) -> String {
        metric_title(&self.key.metric)
    }

    /// For captions: `Variant: exact (every point of the grid). Representation: posterior mean. Grid: 3×6×40×32×32.`
    pub fn context(&self) -> String {
        format!(
            "Variant: {}. Representation: {}. {}",
            variant_words(&self.key.variant),
            representation_words(&self.key.representation),
            self.grid_sentence()
        )
    }

    /// [`Scored::context`] without the representation, for figures that show several.
    pub fn variant_and_grid(&self) -> String {
        let variant = variant_words(&self.key.variant);
        format!("Variant: {variant}. {}", self.grid_sentence())
    }

    fn grid_sentence(&self) -> String {
        let s = if self.grids.len() == 1 { "" } else { "s" };
        format!("Grid{s}: {}.", list(&self.grids).replace('x', "×"))
    }
}

/// The finite final headline scores by key. Metrics are in the order of `metrics`, other metrics in the order of the
/// scores.
pub fn scored(rows: &Rows, metrics: &[Metric]) -> Vec<Scored> {
    let mut keys: BTreeMap<Key, usize> = BTreeMap::new();
    let mut found: Vec<(Scored, BTreeSet<&str>)> = Vec::new();
    let headlines = rows.final_scores().filter(|score| {
        score.is_headline && score.metric != MetricName::Elbo && score.mean.is_finite()
    });
    for score in headlines {
        let key = Key {
            metric: score.metric.clone(),
            variant: score.variant.clone(),
            representation: score.representation.clone(),
        };
        let place = *keys.entry(key.clone()).or_insert_with(|| {
            let (values, grids) = (Vec::new(), Vec::new());
            found.push((Scored { key, values, grids }, BTreeSet::new()));
            found.len() - 1
        });
        let (scored, grids) = &mut found[place];
        scored.values.push((score.trial, score.mean));
        grids.insert(&score.grid);
    }
    let mut all: Vec<Scored> = found
        .into_iter()
        .map(|(scored, grids)| Scored {
            grids: grids.into_iter().map(str::to_owned).collect(),
            ..scored
        })
        .collect();
    let place = |scored: &Scored| metrics.iter().position(|m| scored.key.metric == *m);
    all.sort_by_key(|scored| place(scored).unwrap_or(metrics.len()));
    all
}

/// Every trial's final reconstruction error in nats per image.
pub fn reconstruction_errors(rows: &Rows) -> BTreeMap<usize, f64> {
    rows.final_scores()
        .filter(|score| score.metric == MetricName::Elbo && score.quantity == RECONSTRUCTION)
        .filter(|score| score.mean.is_finite())
        .map(|score| (score.trial, score.mean))
        .collect()
}
