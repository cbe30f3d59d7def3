//! Shows the progress of a run: bars on a terminal, otherwise a plain line at intervals, nothing with `--quiet`.

mod lines;
mod state;
pub mod task;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use unravel_orchestrator::launcher::JobId;
use unravel_orchestrator::observe::{Observed, Observer};
use unravel_orchestrator::plan::Plan;
use unravel_orchestrator::policy::Interrupt;
use unravel_orchestrator::store_records::RECREATES;
use unravel_sweep::TrialId;

use crate::printable;
use crate::stderr;
use crate::study::Study;
use lines::Lines;
use state::RunState;

/// Time between two redraws of the bar of the run.
const BETWEEN_TICKS: Duration = Duration::from_millis(500);

/// Shows what a run does.
pub struct Progress {
    state: RunState,
    view: View,
}

enum View {
    Bars(Bars),
    Lines(Lines),
    Nothing,
}

impl Progress {
    /// For the trials of a plan. `quiet` hides everything except problems. `leaves_jobs` means that the workers
    /// continue after `interrupt` is raised.
    pub fn new(
        study: &Study,
        plan: &Plan,
        quiet: bool,
        leaves_jobs: bool,
        interrupt: Interrupt,
    ) -> Self {
        let state = RunState::new(study, plan, leaves_jobs, interrupt);
        let view = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => View::Nothing,
            (false, true) => View::Bars(Bars::new(&state)),
            (false, false) => View::Lines(Lines::new(&state)),
        };
        Self { state, view }
    }

    /// Whether this problem was not printed before, with its remedy or without.
    pub fn is_new(&mut self, sentence: &str) -> bool {
        let problem = sentence.strip_suffix(RECREATES).unwrap_or(sentence);
        self.state.is_new(problem)
    }

    /// Prints a problem unless it was printed before.
    pub fn note_once(&mut self, sentence: &str) {
        if self.is_new(sentence) {
            self.note(sentence);
        }
    }

    /// Prints a sentence, above the bars.
    pub fn note(&self, sentence: &str) {
        match &self.view {
            View::Bars(bars) => bars.println(&format!("note: {sentence}")),
            View::Lines(_) | View::Nothing => stderr::note(sentence),
        }
    }

    /// The progress of the run in one sentence.
    pub fn so_far(&self) -> String {
        self.state.so_far()
    }

    /// The sentence on a failed trial.
    pub fn failure(&self, id: &TrialId, reason: &str) -> String {
        self.state.failure(id, reason)
    }

    /// Removes the bars.
    pub fn finish(&mut self) {
        if let View::Bars(bars) = &self.view {
            bars.clear();
        }
    }
}

impl Observer for Progress {
    fn on(&mut self, observed: &Observed<'_>) {
        self.state.take(observed);
        if let Some(sentence) = self.state.sentence(observed) {
            match observed {
                Observed::Worker { .. } | Observed::TrialSettled { .. } => {
                    self.note_once(&sentence);
                }
                _ => self.note(&sentence),
            }
        }
        match &mut self.view {
            View::Bars(bars) => bars.draw(&self.state),
            View::Lines(lines) => lines.draw(&self.state),
            View::Nothing => {}
        }
    }
}

/// One bar for the run and one for each running cohort.
struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    jobs: BTreeMap<JobId, ProgressBar>,
}

impl Bars {
    fn new(state: &RunState) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let style = style("{msg:48!} {bar:24} {pos}/{len} trials  {elapsed}{prefix}");
        let total = ProgressBar::new(state.n_trials as u64).with_style(style);
        let total = all.add(total.with_message(printable::line(&state.name).into_owned()));
        tick(&total);
        let bars = Self {
            all,
            total,
            jobs: BTreeMap::new(),
        };
        bars.total.set_position(state.n_settled as u64);
        bars
    }

    fn draw(&mut self, state: &RunState) {
        self.total.set_position(state.n_settled as u64);
        let parts = [
            state.time_left().map(|left| format!("about {left} left")),
            state.not_shown(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let prefix = match parts.is_empty() {
            true => String::new(),
            false => format!("  {}", parts.join(", ")),
        };
        self.total.set_prefix(printable::line(&prefix).into_owned());
        let shown = state.shown();
        let ended = |job: &JobId| !shown.iter().any(|(id, _)| *id == job);
        for job in self.jobs.keys().copied().filter(ended).collect::<Vec<_>>() {
            if let Some(bar) = self.jobs.remove(&job) {
                bar.finish_and_clear();
            }
        }
        for (id, job) in shown {
            let bar = self.jobs.entry(*id).or_insert_with(|| {
                let style = style("{msg:48!} {bar:24} {pos}/{len} steps  {prefix}");
                self.all
                    .add(ProgressBar::new(job.steps.max(1)).with_style(style))
            });
            bar.set_length(job.steps.max(1));
            bar.set_position(job.step);
            bar.set_message(printable::line(&job.title).into_owned());
            bar.set_prefix(printable::line(&job.doing()).into_owned());
        }
    }

    fn println(&self, text: &str) {
        // The terminal may be closed.
        let _ = self.all.println(printable::text(text));
    }

    fn clear(&self) {
        // Stops the thread of `tick`.
        self.total.finish_and_clear();
        let _ = self.all.clear();
    }
}

/// Redraws the bar every half second, so that its clock runs while no worker reports progress. If the thread cannot be
/// started, the bar is redrawn only with each event; `indicatif`'s own thread would panic instead.
fn tick(bar: &ProgressBar) {
    let bar = bar.downgrade();
    let work = move || {
        while let Some(bar) = bar.upgrade()
            && !bar.is_finished()
        {
            bar.tick();
            drop(bar);
            std::thread::sleep(BETWEEN_TICKS);
        }
    };
    let _ = std::thread::Builder::new()
        .name("progress bar".to_owned())
        .spawn(work);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants of this file")
        .progress_chars("━╸ ")
}
