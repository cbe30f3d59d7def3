//! Which scores make a trial done.

use unravel_metrics::Metric;
use unravel_store::{ScoreContext, Wanted, WantedScore};
use unravel_sweep::{EvaluationConfig, Representation, Trial};

/// The name of the reconstruction and KL losses among the scores.
pub const ELBO: &str = "elbo";

/// The variant of [`ELBO`]: over the probe.
pub const PROBE: &str = "probe";

/// Everything that is wanted of a trial: the losses over the probe, and every metric in every variant that it has and
/// the sweep asks for, on each representation, after the last step and at the steps asked for. A metric of the posteriors
/// is taken of the means, with their log variances, and of no samples. Scores over several trials are of no single one.
///
/// `grid` is the name of the trial's grid, such as `3x6x40x32x32`.
#[must_use]
pub fn wanted(
    trial: &Trial,
    evaluation: &EvaluationConfig,
    grid: &str,
    keep_codes: bool,
) -> Wanted {
    let steps = trial.training.steps;
    let earlier = evaluation.at.iter().copied().filter(|step| *step < steps);
    let scores = earlier
        .chain([steps])
        .flat_map(|step| wanted_at(evaluation, grid, step))
        .collect();
    Wanted {
        scores,
        codes: keep_codes,
    }
}

fn wanted_at(evaluation: &EvaluationConfig, grid: &str, step: u64) -> Vec<WantedScore> {
    let context = |variant: &str, representation: &str| ScoreContext {
        variant: variant.to_owned(),
        representation: representation.to_owned(),
        grid: grid.to_owned(),
        step,
    };
    let mut wanted = vec![WantedScore {
        metric: ELBO.to_owned(),
        context: context(PROBE, "sampled"),
        seeds: Vec::new(),
        revision: 0,
    }];
    let metrics = evaluation.metrics.iter();
    let metrics = metrics.filter_map(|name| Metric::from_name(name));
    for metric in metrics.filter(|metric| !metric.needs().several_trials) {
        for variant in metric.variants_asked(&evaluation.variants) {
            let seeds = if variant.is_sampled() {
                evaluation.seeds
            } else {
                0
            };
            for representation in representations(metric, evaluation) {
                wanted.push(WantedScore {
                    metric: metric.name().to_owned(),
                    context: context(variant.name(), representation.name()),
                    seeds: (0..seeds).collect(),
                    revision: metric.revision(variant),
                });
            }
        }
    }
    wanted
}

/// The representations that a metric is taken of.
fn representations(metric: Metric, evaluation: &EvaluationConfig) -> Vec<Representation> {
    match metric.needs_posteriors() {
        true => vec![Representation::Mean],
        false => evaluation.representations.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_metrics::Variant;
    use unravel_sweep::Objective;

    #[test]
    fn every_metric_is_wanted_in_the_variants_that_it_has() {
        let mut trial = Trial::new(Objective::beta_vae(4.0), 0);
        trial.training.steps = 100;
        let evaluation = EvaluationConfig {
            metrics: ["mig", "dci", "udr", "active-units"]
                .map(String::from)
                .into(),
            variants: vec!["exact".into()],
            representations: vec![Representation::Mean, Representation::Sampled],
            seeds: 2,
            at: vec![50, 100],
        };
        let wanted = wanted(&trial, &evaluation, "3x4", false);
        let names: Vec<String> = wanted
            .scores
            .iter()
            .map(|s| {
                format!(
                    "{} {} {} {} {:?}",
                    s.metric, s.context.variant, s.context.representation, s.context.step, s.seeds
                )
            })
            .collect();
        let at = |step| {
            [
                format!("elbo probe sampled {step} []"),
                format!("mig exact mean {step} []"),
                format!("mig exact sampled {step} []"),
                format!("dci study mean {step} [0, 1]"),
                format!("dci study sampled {step} [0, 1]"),
                format!("active-units exact mean {step} []"),
            ]
        };
        assert_eq!(names, [at(50), at(100)].concat());
    }

    #[test]
    fn a_changed_definition_is_wanted_in_its_revision() {
        let evaluation = EvaluationConfig {
            metrics: ["infomec", "mig"].map(String::from).into(),
            variants: vec!["study".into(), "exact".into()],
            ..EvaluationConfig::default()
        };
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let wanted = wanted(&trial, &evaluation, "3x4", false).scores;
        let revisions: Vec<(&str, &str, u32)> = wanted
            .iter()
            .map(|s| (s.metric.as_str(), s.context.variant.as_str(), s.revision))
            .collect();
        let expected = [
            ("elbo", "probe", 0),
            ("infomec", "study", 1),
            ("infomec", "exact", 0),
            ("mig", "study", 0),
            ("mig", "exact", 0),
        ];
        assert_eq!(revisions, expected);
    }

    #[test]
    fn sweep_files_know_the_names_of_what_is_computed() {
        assert_eq!(Metric::ALL.map(Metric::name), unravel_sweep::METRICS);
        assert_eq!(Variant::ALL.map(Variant::name), unravel_sweep::VARIANTS);
    }
}
