//! Total correlation of the codes (posterior means and samples) against strength.

use super::score_vs_strength::data::{families, table};
use super::score_vs_strength::{bold, description, draw, has_spread};
use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::final_scores::Scored;
use crate::panel::Titles;
use crate::words::{count, list};
use unravel_score::{Metric, Representation, VariantName};

/// The metric whose headline is the total correlation.
const METRIC: Metric = Metric::Unsupervised;

/// One figure per variant, with both representations if the sweep has both.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let mut variants: Vec<&VariantName> = Vec::new();
    let mine = || context.scored.iter().filter(|s| s.key.metric == METRIC);
    for scored in mine() {
        if !variants.contains(&&scored.key.variant) {
            variants.push(&scored.key.variant);
        }
    }
    let figure = |variant: &&VariantName| {
        let mut scored: Vec<&Scored> = mine().filter(|s| s.key.variant == **variant).collect();
        // Means are drawn solid, samples hollow.
        scored.sort_by_key(|scored| scored.key.representation != Representation::Mean);
        figure(context, variant, &scored)
    };
    variants.iter().map(figure).collect()
}

fn figure(
    context: &Context<'_>,
    variant: &VariantName,
    scored: &[&Scored],
) -> Result<Figure, ReportError> {
    let name = format!("total-correlation-{variant}");
    let families = families(context.rows, scored);
    let looks = ["solid", "hollow"];
    let series: Vec<String> = scored
        .iter()
        .zip(looks.iter().cycle())
        .map(|(scored, look)| format!("{look}: {} codes", scored.key.representation))
        .collect();
    let n: Vec<String> = scored
        .iter()
        .map(|scored| {
            let n_trials = count(scored.values.len(), "trial");
            format!("{n_trials} with {} codes", scored.key.representation)
        })
        .collect();
    let bold = bold(has_spread(&families));
    let score_context = scored
        .first()
        .map_or_else(String::new, |one| one.variant_and_grid());
    let titles = Titles {
        y: format!("Total correlation · {variant}, nats"),
        x: "Strength of the regulariser".to_owned(),
        note: format!("{}. {bold}", crate::words::capital(&series.join("; "))),
    };
    Ok(Figure {
        title: "Total correlation against strength".to_owned(),
        caption: format!(
            "Total correlation, in nats, of a Gaussian distribution with the covariance of the codes ({}). {score_context} \
             Each faint mark is a trial: {}. {bold} Total correlation is not a score: lower is not always better.",
            series.join(", "),
            list(&n),
        ),
        description: description(context, &families),
        scene: draw::scene(context.rows, &families, &[], &titles),
        data: frame(&name, table(context.rows, scored, &families))?,
        name,
    })
}
