//! `unravel status --watch`: redraws the table on a terminal; otherwise prints a line for every change.

use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use unravel_orchestrator::records::PlannedTrial;
use unravel_store::Store;
use unravel_store::TrialProgress;

use super::{HEADER, all_json, by_setting, failures, look};
use crate::cli::StatusArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{interrupt, printable, stderr, stdout};

/// Reading the store takes at most 1/`SHARE` of the time.
const SHARE: u32 = 10;
/// Time between two checks for Ctrl-C.
const NAP: Duration = Duration::from_millis(50);

/// Shows the state of the trials until all are done or failed, or until Ctrl-C.
pub fn watch(args: &StatusArgs, study: &Study, store: &Store) -> Result<Exit, Failure> {
    let interrupt = interrupt::watch()?.interrupt;
    let mut view = View {
        study,
        store,
        form: Form::new(args.common.json),
    };
    loop {
        let began = Instant::now();
        let (trials, notices) = look(study, store);
        view.show(&trials);
        stdout::finish()?;
        let tally = Tally::of(&trials);
        if tally.is_settled() {
            view.close(&trials, &notices);
            return Ok(match tally.n_failed {
                0 => Exit::Success,
                _ => Exit::TrialsFailed,
            });
        }
        let pause = Duration::from_secs_f64(args.every).max(began.elapsed() * SHARE);
        let paused = Instant::now();
        while paused.elapsed() < pause {
            if 0 < interrupt.n_raised() {
                view.close(&trials, &notices);
                return Ok(Exit::Interrupted);
            }
            std::thread::sleep(NAP.min(pause));
        }
    }
}

/// The number of trials in each state.
struct Tally {
    n: usize,
    n_done: usize,
    n_training: usize,
    n_failed: usize,
    percent_of_steps: f64,
}

impl Tally {
    fn of(trials: &[(PlannedTrial, TrialProgress)]) -> Self {
        let n = |wanted: &str| trials.iter().filter(|(_, h)| h.word() == wanted).count();
        let sum =
            |of: &dyn Fn(&(PlannedTrial, TrialProgress)) -> u64| trials.iter().map(of).sum::<u64>();
        let steps = sum(&|(trial, progress)| progress.step(trial.trial.training.steps));
        let all_steps = sum(&|(trial, _)| trial.trial.training.steps);
        Self {
            n: trials.len(),
            n_done: n("done"),
            n_training: n("training"),
            n_failed: n("failed"),
            percent_of_steps: 100.0 * steps as f64 / all_steps.max(1) as f64,
        }
    }

    /// Whether every trial is done or failed.
    fn is_settled(&self) -> bool {
        self.n_done + self.n_failed == self.n
    }

    fn sentence(&self, name: &str) -> String {
        let failed = match self.n_failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        format!(
            "{name}: {} of {} done{failed}, {} training, {:.0}% of all steps",
            self.n_done,
            stdout::count(self.n, "trial"),
            self.n_training,
            self.percent_of_steps.floor()
        )
    }
}

/// The last output.
struct View<'a> {
    study: &'a Study,
    store: &'a Store,
    form: Form,
}

enum Form {
    /// A terminal, and the number of lines drawn on it.
    Redrawn { term: Term, n_lines: usize },
    /// The last line.
    Lines { last: String },
    /// The last value.
    Json { last: String },
}

impl Form {
    fn new(json: bool) -> Self {
        let term = Term::stdout();
        match (json, term.is_term()) {
            (true, _) => Self::Json {
                last: String::new(),
            },
            (false, true) => Self::Redrawn { term, n_lines: 0 },
            (false, false) => Self::Lines {
                last: String::new(),
            },
        }
    }
}

impl View<'_> {
    fn show(&mut self, trials: &[(PlannedTrial, TrialProgress)]) {
        let (study, store) = (self.study, self.store);
        let sentence = Tally::of(trials).sentence(&study.sweep.name);
        match &mut self.form {
            Form::Redrawn { term, n_lines } => {
                let mut lines = vec![sentence];
                let table = stdout::table(&HEADER, &by_setting(study, trials));
                lines.extend(table.lines().map(str::to_owned));
                lines.extend(failures(trials, store));
                lines.push("Ctrl-C ends `status`, not the run.".to_owned());
                let lines = lines.iter().flat_map(|text| text.lines());
                let lines = lines
                    .map(|line| printable::line(line).into_owned())
                    .collect();
                let (height, width) = term.size();
                let lines = fitting(lines, height.into(), width.into());
                // The terminal may be closed.
                let _ = term.clear_last_lines(*n_lines);
                let _ = term.write_line(&lines.join("\n"));
                *n_lines = lines.len();
            }
            Form::Lines { last } if *last != sentence => {
                stdout::line(&sentence);
                *last = sentence;
            }
            Form::Json { last } => {
                let value = all_json(study, trials, store).to_string();
                if *last != value {
                    stdout::json_line(&value);
                    *last = value;
                }
            }
            Form::Lines { .. } => {}
        }
    }

    /// Prints the complete table, also if the terminal was too small for it.
    fn close(&mut self, trials: &[(PlannedTrial, TrialProgress)], notices: &[String]) {
        let study = self.study;
        if let Form::Redrawn { term, n_lines } = &mut self.form {
            let _ = term.clear_last_lines(*n_lines);
            stdout::line(&Tally::of(trials).sentence(&study.sweep.name));
            stdout::line(stdout::table(&HEADER, &by_setting(study, trials)).trim_end());
        }
        if !matches!(self.form, Form::Json { .. }) {
            let failures = failures(trials, self.store);
            failures.iter().for_each(|line| stdout::line(line));
        }
        notices.iter().for_each(stderr::note);
    }
}

/// Cuts the lines to the size of the terminal: lines that wrap or scroll away could not be redrawn.
fn fitting(mut lines: Vec<String>, height: usize, width: usize) -> Vec<String> {
    let room = height.saturating_sub(1).max(2);
    if room < lines.len() {
        let n_left_out = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(format!(
            "… {n_left_out} more lines; enlarge the window to see them"
        ));
    }
    let cut = |line: String| truncate_str(&line, width.max(2), "…").into_owned();
    lines.into_iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_to_the_window() {
        let lines = || (0..9).map(|n| format!("β-VAE β={n}, seed {n}")).collect();
        assert_eq!(fitting(lines(), 10, 80).len(), 9);
        let cut = fitting(lines(), 5, 9);
        assert_eq!(cut, ["β-VAE β=…", "β-VAE β=…", "β-VAE β=…", "… 6 more…"]);
        assert!(2 <= fitting(lines(), 0, 0).len());
    }

    #[test]
    fn a_sweep_is_settled_when_nothing_more_will_come() {
        let tally = |n_done, n_failed| Tally {
            n: 5,
            n_done,
            n_training: 1,
            n_failed,
            percent_of_steps: 99.9,
        };
        assert!(!tally(3, 1).is_settled());
        assert!(tally(3, 2).is_settled());
        let said = "s: 3 of 5 trials done, 1 failed, 1 training, 99% of all steps";
        assert_eq!(tally(3, 1).sentence("s"), said);
    }
}
