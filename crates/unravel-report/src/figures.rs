//! The figures by name: each prepares its data (polars) in one file and lays it out in another.

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
use crate::load::Also;
use crate::rows::Rows;
use crate::scene::Scene;
use crate::scored::Scored;
use polars::prelude::{DataFrame, PolarsResult};
use trade_off::Panel;
use unravel_sweep::Published;

/// A figure laid out, with its words and its data.
pub struct Figure {
    /// Name of its files, without theme and ending: `trade-off-mig-exact`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What the marks are, of how many trials, in which variant.
    pub caption: String,
    /// What it says, for those who cannot see it.
    pub description: String,
    /// The layout.
    pub scene: Scene,
    /// The numbers behind it.
    pub data: DataFrame,
}

/// What figures are made from.
pub struct Context<'a> {
    /// What was found of the sweep.
    pub rows: &'a Rows,
    /// Its final scores.
    pub scored: &'a [Scored],
    /// Its final scores against reconstruction error.
    pub panels: &'a [Panel],
    /// Numbers of others.
    pub published: &'a [Published],
}

/// What one name in `[report] figures` stands for.
pub struct Kind {
    /// The name: `trade-off`.
    pub name: &'static str,
    /// The heading of its part of the page.
    pub heading: &'static str,
    /// One sentence below it.
    pub lead: &'static str,
    /// Makes its figures; none where the sweep has nothing for them.
    pub make: fn(&Context<'_>) -> Result<Vec<Figure>, ReportError>,
    /// Which pictures of trials it shows besides.
    pub pictures: Option<traversals::Pictured>,
    /// What it reads of trials beside their scores.
    pub also: Also,
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
            also: Also {
                logs: false,
                matrices: false,
            },
        }
    }

    const fn of_logs(self) -> Self {
        let also = Also {
            logs: true,
            matrices: false,
        };
        Self { also, ..self }
    }

    const fn of_matrices(self) -> Self {
        let also = Also {
            logs: false,
            matrices: true,
        };
        Self { also, ..self }
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
            also: Also {
                logs: false,
                matrices: false,
            },
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

/// Every name that sweep files may give, in the order of the page.
pub const KINDS: &[Kind] = &[
    Kind::of(
        "trade-off",
        "What disentanglement costs",
        "Reconstruction error against each metric: up and to the left is better, where more of the metric is better.",
        trade_off::figures,
    ),
    Kind::of(
        "score-vs-strength",
        "What each strength buys",
        "Each metric against the strength of the regulariser, one panel an objective.",
        score_vs_strength::figures,
    ),
    Kind::of(
        "violins",
        "How objectives compare",
        "The scores of all trials of an objective, over all its strengths and seeds.",
        violins::figures,
    ),
    Kind::of(
        "variance-explained",
        "How much is chance",
        "How much of the spread of scores goes with the objective, with its strength, and with the seed.",
        variance_explained::figures,
    ),
    Kind::of(
        "metric-correlation",
        "Whether metrics agree",
        "Rank correlation of each metric with each other over all trials.",
        metric_correlation::figures,
    ),
    Kind::of(
        "total-correlation",
        "How far codes depend on each other",
        "Total correlation of the codes against the strength of the regulariser.",
        total_correlation::figures,
    ),
    Kind::of(
        "score-vs-steps",
        "When scores come about",
        "Each metric against the training step.",
        score_vs_steps::figures,
    ),
    Kind::of(
        "training-curves",
        "How training went",
        "Every loss term against the training step.",
        training_curves::figures,
    )
    .of_logs(),
    Kind::of(
        "kl-per-latent",
        "How much each latent carries",
        "KL from the prior of each latent, the largest first.",
        kl_per_latent::figures,
    )
    .of_logs(),
    Kind::of(
        "matrices",
        "Which code holds which factor",
        "The matrices behind the scores.",
        matrices::figures,
    )
    .of_matrices(),
    Kind::pictures(
        "traversals",
        "What the codes do",
        "One code at a time is moved, the others stay.",
        traversals::Pictured::Traversals,
    ),
    Kind::pictures(
        "reconstructions",
        "What comes back",
        "Observations through encoder and decoder.",
        traversals::Pictured::Reconstructions,
    ),
    Kind::pictures(
        "samples",
        "What the prior gives",
        "Codes drawn from the prior, decoded.",
        traversals::Pictured::Samples,
    ),
];

fn frame(name: &str, frame: PolarsResult<DataFrame>) -> Result<DataFrame, ReportError> {
    frame.map_err(|source| ReportError::Table {
        table: name.to_owned(),
        source,
    })
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
