//! Which scores a sweep asks for of a trial: the one answer that the planner, the worker and the report go by.

use unravel_score::{
    Metric, MetricName, Representation, Requests, ScoreContext, ScoreRequest, Variant, VariantName,
};

use crate::evaluation::EvaluationConfig;
use crate::trial::Trial;

impl EvaluationConfig {
    /// Everything that makes `trial` done: its scores on `grid`, such as `3x6x40x32x32`, and its codes if they are to be kept.
    #[must_use]
    pub fn requests(&self, trial: &Trial, grid: &str, keep_codes: bool) -> Requests {
        Requests {
            scores: self.score_requests(trial.training.steps, grid),
            codes: keep_codes,
        }
    }

    /// The scores of a trial of `steps` steps on `grid`: at each step of `at` before the last, and after the last, the losses
    /// over the probe and every metric in every variant that it has and the sweep names, of each representation.
    ///
    /// A metric of the posteriors is taken of the means, with their log variances, and of no samples. Metrics that compare
    /// several trials are left out: their scores are of no single trial.
    #[must_use]
    pub fn score_requests(&self, steps: u64, grid: &str) -> Vec<ScoreRequest> {
        let earlier = self.at.iter().copied().filter(|step| *step < steps);
        let all = earlier.chain([steps]);
        all.flat_map(|step| self.requests_at(step, grid)).collect()
    }

    fn requests_at(&self, step: u64, grid: &str) -> Vec<ScoreRequest> {
        let context = |variant: VariantName, representation: Representation| ScoreContext {
            variant,
            representation: representation.into(),
            grid: grid.to_owned(),
            step,
        };
        let mut requests = vec![ScoreRequest {
            metric: MetricName::Elbo,
            context: context(VariantName::Probe, Representation::Sampled),
            seeds: Vec::new(),
            revision: 0,
        }];
        let of_one_trial = |metric: &&Metric| !metric.needs().several_trials;
        for metric in self.metrics.iter().filter(of_one_trial) {
            for variant in metric.requested_variants(&self.variants) {
                for representation in self.representations_of(*metric) {
                    requests.push(ScoreRequest {
                        metric: (*metric).into(),
                        context: context(variant.into(), representation),
                        seeds: self.seeds_of(variant),
                        revision: metric.revision(variant),
                    });
                }
            }
        }
        requests
    }

    /// The evaluation seeds of a variant; none if it does not sample.
    fn seeds_of(&self, variant: Variant) -> Vec<u64> {
        let n_seeds = if variant.is_sampled() { self.seeds } else { 0 };
        (0..n_seeds).collect()
    }

    /// The representations that a metric is taken of.
    fn representations_of(&self, metric: Metric) -> Vec<Representation> {
        if metric.needs_posteriors() {
            vec![Representation::Mean]
        } else {
            self.representations.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    #[test]
    fn every_metric_is_requested_in_the_variants_that_it_has() {
        let mut trial = Trial::new(Objective::beta_vae(4.0), 0);
        trial.training.steps = 100;
        let evaluation = EvaluationConfig {
            metrics: vec![Metric::Mig, Metric::Dci, Metric::Udr, Metric::ActiveUnits],
            variants: vec![Variant::Exact],
            representations: vec![Representation::Mean, Representation::Sampled],
            seeds: 2,
            at: vec![50, 100],
        };
        let requests = evaluation.requests(&trial, "3x4", false);
        let names: Vec<String> = requests
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
        assert!(
            requests
                .scores
                .iter()
                .all(|request| request.context.grid == "3x4")
        );
    }

    #[test]
    fn a_changed_definition_is_requested_in_its_revision() {
        let evaluation = EvaluationConfig {
            metrics: vec![Metric::Infomec, Metric::Mig],
            variants: vec![Variant::Study, Variant::Exact],
            ..EvaluationConfig::default()
        };
        let requests = evaluation.score_requests(100, "3x4");
        let revisions: Vec<(&str, &str, u32)> = requests
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
}
