//! Selects the metrics and variants to compute.

use std::collections::BTreeSet;

use unravel_metrics::{Extent, MetricExt};
use unravel_score::{Cost, Metric, Variant};

use crate::stdout;

/// Every given metric in every given variant that it has. An empty list of metrics selects those that are quick on
/// dSprites; an empty list of variants selects all except those of a single paper. Repeated names count once.
///
/// # Errors
/// A sentence if a named metric has none of the named variants.
pub fn pairs(metrics: &[Metric], variants: &[Variant]) -> Result<Vec<(Metric, Variant)>, String> {
    let is_wanted = |variant: &Variant| match variants.is_empty() {
        true => *variant != Variant::Lin2020,
        false => variants.contains(variant),
    };
    let mut pairs = Vec::new();
    for &metric in if metrics.is_empty() {
        Metric::ALL.as_slice()
    } else {
        metrics
    } {
        let is_quick = |variant: &Variant| is_quick(metric, *variant, &Extent::dsprites());
        let is_taken = |variant: &Variant| !metrics.is_empty() || is_quick(variant);
        let had = metric.variants().iter().copied();
        let had = had.filter(is_wanted).filter(is_taken);
        let before = pairs.len();
        pairs.extend(had.map(|variant| (metric, variant)));
        if pairs.len() == before && !metrics.is_empty() {
            return Err(format!(
                "--variants: {} has no variant {}; its variants are {}",
                metric.name(),
                names(variants),
                names(metric.variants())
            ));
        }
    }
    keep_distinct(&mut pairs);
    Ok(pairs)
}

/// Leaves out what stands in the list before.
pub fn keep_distinct(pairs: &mut Vec<(Metric, Variant)>) {
    let mut seen = BTreeSet::new();
    pairs.retain(|(metric, variant)| seen.insert((metric.name(), variant.name())));
}

fn is_quick(metric: Metric, variant: Variant, extent: &Extent) -> bool {
    metric.cost(variant, extent) == Cost::Moments
}

/// Removes the scores that take long on this table. Returns the others, and a sentence about the removed ones if there
/// are any.
pub fn quick(
    pairs: Vec<(Metric, Variant)>,
    extent: &Extent,
    n_seeds: u64,
) -> (Vec<(Metric, Variant)>, Option<String>) {
    let (quick, slow): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .partition(|&(metric, variant)| is_quick(metric, variant, extent));
    let mut metrics: Vec<&str> = slow.iter().map(|(metric, _)| metric.name()).collect();
    metrics.dedup();
    if metrics.is_empty() {
        return (quick, None);
    }
    let n_outcomes = |variant: Variant| if variant.is_sampled() { n_seeds } else { 1 };
    let secs: f64 = slow
        .iter()
        .map(|&(metric, variant)| n_outcomes(variant) as f64 * metric.core_secs(variant, extent))
        .sum();
    let variants = slow
        .iter()
        .map(|(metric, variant)| format!("{} ({})", metric.name(), variant.name()));
    let sentence = format!(
        "{} are skipped: they would take about {} on one core with {}; to compute them, pass --metrics {}",
        variants.collect::<Vec<_>>().join(", "),
        stdout::duration(secs),
        stdout::count(extent.n_codes, "code"),
        metrics.join(",")
    );
    (quick, Some(sentence))
}

/// Every given metric in the given variants that it has. An empty list of variants selects `study` and `exact`, or the
/// first variant of a metric that has neither.
pub fn had(metrics: &[Metric], variants: &[Variant]) -> Vec<(Metric, Variant)> {
    let mut pairs = Vec::new();
    for &metric in metrics {
        let is_usual = |variant: &Variant| matches!(variant, Variant::Study | Variant::Exact);
        let is_wanted = |variant: &Variant| match variants.is_empty() {
            true => is_usual(variant),
            false => variants.contains(variant),
        };
        let before = pairs.len();
        let had = metric.variants().iter().copied().filter(is_wanted);
        pairs.extend(had.map(|variant| (metric, variant)));
        if pairs.len() == before && variants.is_empty() {
            pairs.extend(metric.variants().first().map(|&first| (metric, first)));
        }
    }
    pairs
}

fn names(variants: &[Variant]) -> String {
    variants
        .iter()
        .map(|variant| variant.name())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Metric::{BetaVaeScore, Mig};
    use Variant::{Exact, Lin2020, Study};

    #[test]
    fn nothing_asked_is_everything_that_takes_moments() {
        let all = pairs(&[], &[]).unwrap();
        assert!(all.contains(&(Mig, Exact)) && all.contains(&(Mig, Study)));
        assert!(all.iter().all(|(metric, variant)| is_quick(
            *metric,
            *variant,
            &Extent::dsprites()
        )));
        assert!(
            pairs(&[], &[Exact])
                .unwrap()
                .iter()
                .all(|(_, variant)| *variant == Exact)
        );
    }

    #[test]
    fn ten_codes_leave_nothing_out_and_five_hundred_what_takes_minutes() {
        let all = pairs(&[], &[]).unwrap();
        let with = |n_codes, n_points, sizes: &[usize]| {
            let extent = Extent {
                n_codes,
                n_points,
                sizes: sizes.to_vec(),
            };
            quick(all.clone(), &extent, 5)
        };
        for n_codes in [1, 10, 20] {
            assert_eq!(
                with(n_codes, 737_280, &[3, 6, 40, 32, 32]),
                (all.clone(), None)
            );
        }
        let (taken, sentence) = with(500, 5_000, &[5, 10, 10, 10]);
        let sentence = sentence.unwrap();
        assert!(!taken.contains(&(BetaVaeScore, Study)) && taken.contains(&(Mig, Exact)));
        assert!(
            taken
                .iter()
                .all(|(metric, _)| *metric != Metric::Unsupervised)
        );
        assert!(sentence.contains("beta-vae-score (study), "), "{sentence}");
        assert!(
            sentence.contains("unsupervised (study), unsupervised (exact)"),
            "{sentence}"
        );
        assert!(
            sentence.contains(" with 500 codes; to compute them, pass --metrics beta-vae-score,"),
            "{sentence}"
        );
    }

    #[test]
    fn the_protocol_of_a_paper_is_taken_where_it_is_named() {
        let all = pairs(&[Mig], &[]).unwrap();
        assert_eq!(all, [(Mig, Study), (Mig, Exact)]);
        assert_eq!(pairs(&[Mig], &[Lin2020]), Ok(vec![(Mig, Lin2020)]));
        assert_eq!(had(&[Mig], &[Lin2020]), [(Mig, Lin2020)]);
    }

    #[test]
    fn what_is_named_is_had_or_refused() {
        assert_eq!(pairs(&[Mig, Mig], &[Exact, Exact]), Ok(vec![(Mig, Exact)]));
        let both = pairs(&[BetaVaeScore, Mig], &[Study]).unwrap();
        assert_eq!(both, [(BetaVaeScore, Study), (Mig, Study)]);
        let refused = pairs(&[Mig, BetaVaeScore], &[Exact]);
        assert_eq!(
            refused,
            Err(
                "--variants: beta-vae-score has no variant exact; its variants are study, lin-2020"
                    .to_owned()
            )
        );
    }
}
