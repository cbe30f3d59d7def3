//! The end of a run: what it printed last, and its exit code.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use unravel_orchestrator::summary::{Summary, Tally};

use crate::cli::RunArgs;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::study::Study;
use crate::{stderr, stdout};

/// A run that has ended.
pub struct End<'a> {
    args: &'a RunArgs,
    study: &'a Study,
    summary: &'a Summary,
    progress: &'a mut Progress,
}

impl<'a> End<'a> {
    /// The end of the run with this summary.
    pub fn of(
        args: &'a RunArgs,
        study: &'a Study,
        summary: &'a Summary,
        progress: &'a mut Progress,
    ) -> Self {
        Self {
            args,
            study,
            summary,
            progress,
        }
    }

    /// Prints the result and returns the exit code.
    pub fn conclude(&mut self, index: &Path, elapsed: Duration) -> Exit {
        let exit = exit(self.summary);
        if self.args.common.json {
            stdout::json(&self.json(index, elapsed));
            return exit;
        }
        for (id, reason) in self.summary.failures() {
            let sentence = self.progress.failure(id, reason);
            if self.progress.is_new(&sentence) {
                stderr::note(sentence);
            }
        }
        if let Some(reason) = &self.summary.gave_up {
            stderr::error(format_args!("the run ended early: {reason}"));
        }
        let tally = self.summary.tally();
        let name = &self.study.sweep.name;
        stderr::line(format_args!("{name}: {}", counts(&tally, elapsed)));
        if self.summary.was_interrupted {
            stderr::line(
                "interrupted; run the same command again to continue; `unravel status` shows the progress",
            );
        } else if 0 < tally.failed {
            let has_diverged = |(_, reason): (_, &str)| reason.starts_with("diverged");
            stderr::line(how_to_retry(self.summary.failures().any(has_diverged)));
        }
        if self.summary.is_out_of_time && 0 < tally.left {
            stderr::line("time budget used up; run the same command again to continue");
        }
        stdout::line(&index.display().to_string());
        exit
    }

    fn json(&self, index: &Path, elapsed: Duration) -> serde_json::Value {
        let summary = self.summary;
        let failures: Vec<_> = summary
            .failures()
            .map(|(id, reason)| json!({ "trial": id.to_string(), "reason": reason }))
            .collect();
        json!({
            "sweep": self.study.sweep.name, "trials": self.study.trials.len(), "tally": summary.tally(),
            "interrupted": summary.was_interrupted, "out_of_time": summary.is_out_of_time, "gave_up": summary.gave_up,
            "failures": failures, "report": stdout::path(index), "elapsed_secs": elapsed.as_secs_f64(),
        })
    }
}

fn exit(summary: &Summary) -> Exit {
    let n_failed = summary.tally().failed;
    match summary {
        summary if summary.was_interrupted => Exit::Interrupted,
        summary if summary.gave_up.is_some() && n_failed == 0 => Exit::BadStore,
        summary if summary.is_complete() => Exit::Success,
        summary if summary.is_out_of_time && n_failed == 0 => Exit::Success,
        _ => Exit::TrialsFailed,
    }
}

/// `1 trained, 2 scored in 4 s, 5 already done, 1 failed, 3 unfinished`.
fn counts(tally: &Tally, elapsed: Duration) -> String {
    let named = |parts: &[(usize, &str)]| -> String {
        let parts = parts.iter().filter(|(n, _)| 0 < *n);
        parts.map(|(n, what)| format!(", {n} {what}")).collect()
    };
    let before = named(&[(tally.scored, "scored")]);
    let after = named(&[
        (tally.cached, "already done"),
        (tally.failed, "failed"),
        (tally.left, "unfinished"),
    ]);
    let time = stdout::duration(elapsed.as_secs_f64());
    format!("{} trained{before} in {time}{after}", tally.trained)
}

/// What to do about failed trials.
fn how_to_retry(has_diverged: bool) -> &'static str {
    match has_diverged {
        true => {
            "to retry the failed trials, run again with --retry-failed; trials that diverged may need a lower `learning-rate`"
        }
        false => "to retry the failed trials, run again with --retry-failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_of_earlier_runs_are_counted_after_the_time() {
        let said = |tally: Tally| counts(&tally, Duration::from_secs(4));
        let tally = Tally::default();
        assert_eq!(said(tally), "0 trained in 4 s");
        let resumed = Tally {
            trained: 1,
            cached: 5,
            ..tally
        };
        assert_eq!(said(resumed), "1 trained in 4 s, 5 already done");
        let mixed = Tally {
            scored: 2,
            failed: 1,
            left: 3,
            ..tally
        };
        assert_eq!(
            said(mixed),
            "0 trained, 2 scored in 4 s, 1 failed, 3 unfinished"
        );
    }
}
