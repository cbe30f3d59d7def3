//! One score, with all that it takes to trace it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::{MetricName, RepresentationName, VariantName};

/// One number, with its spread over evaluation seeds where the variant samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreRecord {
    /// What computed it.
    pub metric: MetricName,
    /// Which of the metric's numbers.
    pub quantity: String,
    /// How it was computed: `study`, `exact`, `probe`.
    pub variant: VariantName,
    /// Of which codes: `mean`, `sampled`.
    pub representation: RepresentationName,
    /// The grid that was scored, as its sizes: `3x6x40x32x32`.
    pub grid: String,
    /// The updates after which it was taken.
    pub step: u64,
    /// Evaluation seeds, rising; empty for a variant that does not sample.
    pub seeds: Vec<u64>,
    /// One value per seed, or the one value of a variant that does not sample.
    pub values: Vec<f64>,
    /// The mean of the values.
    pub mean: f64,
    /// Their standard deviation (divisor n - 1); none for fewer than two.
    pub sd: Option<f64>,
    /// The revision of the metric's definition: 0 for the first, higher after each change of what the numbers mean.
    #[serde(default, skip_serializing_if = "is_first")]
    pub revision: u32,
    /// What a reader has to know of the numbers, a clause each, in alphabetical order; of several seeds, what holds for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

fn is_first(revision: &u32) -> bool {
    *revision == 0
}

/// What a score is of and how it was computed: everything but the metric, the quantity and the seeds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScoreContext {
    /// As in [`ScoreRecord::variant`].
    pub variant: VariantName,
    /// As in [`ScoreRecord::representation`].
    pub representation: RepresentationName,
    /// As in [`ScoreRecord::grid`].
    pub grid: String,
    /// As in [`ScoreRecord::step`].
    pub step: u64,
}

impl ScoreContext {
    /// Whether the record has this context.
    pub fn is_of(&self, record: &ScoreRecord) -> bool {
        let Self {
            variant,
            representation,
            grid,
            step,
        } = self;
        (variant, representation, grid, step)
            == (
                &record.variant,
                &record.representation,
                &record.grid,
                &record.step,
            )
    }
}

impl ScoreRecord {
    /// A score of a variant that does not sample.
    pub fn exact(
        metric: impl Into<MetricName>,
        quantity: impl Into<String>,
        context: &ScoreContext,
        value: f64,
    ) -> Self {
        Self::of(
            metric.into(),
            quantity.into(),
            context,
            Vec::new(),
            vec![value],
        )
    }

    /// A score with one value per seed, of which there is at least one; in any order.
    pub fn sampled(
        metric: impl Into<MetricName>,
        quantity: impl Into<String>,
        context: &ScoreContext,
        values_by_seed: impl IntoIterator<Item = (u64, f64)>,
    ) -> Self {
        let mut pairs: Vec<_> = values_by_seed.into_iter().collect();
        pairs.sort_by_key(|(seed, _)| *seed);
        let (seeds, values) = pairs.into_iter().unzip();
        Self::of(metric.into(), quantity.into(), context, seeds, values)
    }

    fn of(
        metric: MetricName,
        quantity: String,
        context: &ScoreContext,
        seeds: Vec<u64>,
        values: Vec<f64>,
    ) -> Self {
        let ScoreContext {
            variant,
            representation,
            grid,
            step,
        } = context.clone();
        let (mean, sd) = mean_and_sd(&values);
        Self {
            metric,
            quantity,
            variant,
            representation,
            grid,
            step,
            seeds,
            values,
            mean,
            sd,
            revision: 0,
            notes: Vec::new(),
        }
    }

    /// The same, taken by this revision of the metric's definition, with these notes in any order.
    #[must_use]
    pub fn noted(self, revision: u32, notes: impl IntoIterator<Item = String>) -> Self {
        let notes: BTreeSet<String> = notes.into_iter().collect();
        Self {
            revision,
            notes: notes.into_iter().collect(),
            ..self
        }
    }

    /// What it is of and how it was computed.
    pub fn context(&self) -> ScoreContext {
        ScoreContext {
            variant: self.variant.clone(),
            representation: self.representation.clone(),
            grid: self.grid.clone(),
            step: self.step,
        }
    }

    /// The score over these seeds only, as a sweep asks that wants fewer than were taken; a variant that does not
    /// sample is returned as it is. `None` when one of the seeds is missing.
    pub fn over_seeds(&self, seeds: &[u64]) -> Option<Self> {
        if self.seeds.is_empty() {
            return Some(self.clone());
        }
        let pair = |seed: &u64| Some((*seed, self.values[self.seeds.binary_search(seed).ok()?]));
        let pairs = seeds.iter().map(pair).collect::<Option<Vec<_>>>()?;
        let (metric, quantity) = (self.metric.clone(), self.quantity.clone());
        (!pairs.is_empty()).then(|| {
            Self::sampled(metric, quantity, &self.context(), pairs)
                .noted(self.revision, self.notes.clone())
        })
    }

    /// Takes over the other's values; where both have a seed, the other's. Both are of one revision.
    pub fn absorb(&mut self, other: Self) {
        if self.seeds.is_empty() || other.seeds.is_empty() {
            *self = other;
            return;
        }
        let mut pairs: BTreeMap<u64, f64> = self
            .seeds
            .iter()
            .copied()
            .zip(self.values.iter().copied())
            .collect();
        pairs.extend(
            other
                .seeds
                .iter()
                .copied()
                .zip(other.values.iter().copied()),
        );
        let context = other.context();
        let notes = std::mem::take(&mut self.notes)
            .into_iter()
            .chain(other.notes);
        *self = Self::sampled(other.metric, other.quantity, &context, pairs)
            .noted(other.revision, notes);
    }

    /// Why this record cannot be written, if so.
    pub fn fault(&self) -> Option<String> {
        let Self {
            quantity,
            variant,
            representation,
            ..
        } = self;
        let what = format!(
            "`{quantity}` ({variant}, {representation}, step {})",
            self.step
        );
        if self.values.is_empty()
            || (!self.seeds.is_empty() && self.seeds.len() != self.values.len())
        {
            return Some(format!(
                "{what} has {} values for {} seeds",
                self.values.len(),
                self.seeds.len()
            ));
        }
        if !self.seeds.is_sorted_by(|a, b| a < b) {
            return Some(format!("{what} has its seeds out of order"));
        }
        let numbers = self.values.iter().chain([&self.mean]).chain(&self.sd);
        numbers
            .copied()
            .any(|value| !value.is_finite())
            .then(|| format!("{what} is not a finite number"))
    }
}

/// The mean and, for at least two values, the standard deviation with divisor n - 1.
pub fn mean_and_sd(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, None);
    }
    let sum_of_squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, Some((sum_of_squares / (n - 1.0)).sqrt()))
}
