//! The figures by name. Each has one file that prepares its data (polars) and one that lays it out.

mod kl_per_latent;
mod matrices;
mod metric_correlation;
mod score_vs_steps;
mod score_vs_strength;
mod total_correlation;
pub mod trade_off;
mod training_curves;
pub mod traversals;
pub mod variance_explained;
mod violins;

use crate::error::ReportError;
use crate::final_scores::Scored;
use crate::load::LoadOptions;
use crate::report_input::Rows;
use crate::scene::Scene;
use polars::prelude::{DataFrame, PolarsResult};
use trade_off::Panel;
use unravel_sweep::Published;

/// A figure's layout, with its texts and its data.
pub struct Figure {
    /// Name of its files, without theme and extension: `trade-off-mig-exact`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// The marks, the number of trials and the variant.
    pub caption: String,
    /// The alternative text.
    pub description: String,
    /// The layout.
    pub scene: Scene,
    /// The numbers behind it.
    pub data: DataFrame,
}

/// The data for all figures.
pub struct Context<'a> {
    /// The rows loaded from the store.
    pub rows: &'a Rows,
    /// Its final scores.
    pub scored: &'a [Scored],
    /// Its final scores against reconstruction error.
    pub panels: &'a [Panel],
    /// Published numbers.
    pub published: &'a [Published],
}

/// The figures or pictures for one name in `[report] figures`.
pub struct Kind {
    /// The name: `trade-off`.
    pub name: &'static str,
    /// The heading of its part of the page.
    pub heading: &'static str,
    /// One sentence below it.
    pub lead: &'static str,
    /// Makes its figures; empty if the sweep has no data for them.
    pub make: fn(&Context<'_>) -> Result<Vec<Figure>, ReportError>,
    /// The pictures of trials that it shows, if any.
    pub pictures: Option<traversals::Pictured>,
    /// The data of trials that it needs in addition to their scores.
    pub reads: LoadOptions,
}

impl Kind {
    const fn of(
        name: &'static str,
        heading: &'static str,
        lead: &'static str,
        make: fn(&Context<'_>) -> Result<Vec<Figure>, ReportError>,
    ) -> Self {
        Self {
            name,
            heading,
            lead,
            make,
            pictures: None,
            reads: LoadOptions::NONE,
        }
    }

    /// The same kind with additional data to load.
    const fn reading(self, reads: LoadOptions) -> Self {
        Self { reads, ..self }
    }

    const fn pictures(
        name: &'static str,
        heading: &'static str,
        lead: &'static str,
        pictured: traversals::Pictured,
    ) -> Self {
        Self {
            name,
            heading,
            lead,
            make: |_| Ok(Vec::new()),
            pictures: Some(pictured),
            reads: LoadOptions::NONE,
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

/// Every name that sweep files can contain, in the order of the page.
pub const KINDS: &[Kind] = &[
    Kind::of(
        "trade-off",
        "Reconstruction-disentanglement trade-off",
        "Each figure shows one metric against reconstruction error. If a higher score is better, the upper left is best.",
        trade_off::figures,
    ),
    Kind::of(
        "score-vs-strength",
        "Scores by regularisation strength",
        "Each metric against the strength of the regulariser, one panel per objective.",
        score_vs_strength::figures,
    ),
    Kind::of(
        "violins",
        "Score distributions by objective",
        "Scores of all trials of each objective, over all strengths and seeds.",
        violins::figures,
    ),
    Kind::of(
        "variance-explained",
        "Variance explained",
        "Share of the variance of each score that objective, strength and seed explain.",
        variance_explained::figures,
    ),
    Kind::of(
        "metric-correlation",
        "Metric agreement",
        "Rank correlation between metrics over all trials.",
        metric_correlation::figures,
    ),
    Kind::of(
        "total-correlation",
        "Total correlation",
        "Total correlation of the codes against the strength of the regulariser.",
        total_correlation::figures,
    ),
    Kind::of(
        "score-vs-steps",
        "Scores during training",
        "Each metric against the training step.",
        score_vs_steps::figures,
    ),
    Kind::of(
        "training-curves",
        "Training curves",
        "Each loss term against the training step.",
        training_curves::figures,
    )
    .reading(LoadOptions::LOGS),
    Kind::of(
        "kl-per-latent",
        "KL per latent",
        "KL divergence of each latent from the prior, in descending order.",
        kl_per_latent::figures,
    )
    .reading(LoadOptions::LOGS),
    Kind::of(
        "matrices",
        "Code-factor matrices",
        "The matrices of codes by factors from which the scores are computed.",
        matrices::figures,
    )
    .reading(LoadOptions::MATRICES),
    Kind::pictures(
        "traversals",
        "Latent traversals",
        "Each row varies one code and keeps the others fixed.",
        traversals::Pictured::Traversals,
    ),
    Kind::pictures(
        "reconstructions",
        "Reconstructions",
        "Images and their reconstructions.",
        traversals::Pictured::Reconstructions,
    ),
    Kind::pictures(
        "samples",
        "Samples from the prior",
        "Images decoded from codes drawn from the prior.",
        traversals::Pictured::Samples,
    ),
];

fn frame(name: &str, frame: PolarsResult<DataFrame>) -> Result<DataFrame, ReportError> {
    frame.map_err(ReportError::table(name))
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn every_name_of_a_sweep_file_has_its_figure() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names, unravel_sweep::FIGURES);
    }
}
