//! Progress of one task with a known total: a bar on a terminal, otherwise a plain line at intervals.

use std::fmt;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState};

use crate::{stderr, stdout};

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(5);

/// Shows the progress of a task. Dropping it removes the bar.
pub struct Task {
    title: String,
    unit: &'static str,
    view: View,
}

enum View {
    Bar(ProgressBar),
    Lines { started: Instant, last: Instant },
    Nothing,
}

impl Task {
    /// A task `title` with a total in `unit`s.
    pub fn new(title: impl Into<String>, unit: &'static str, quiet: bool) -> Self {
        let title = title.into();
        let view = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => View::Nothing,
            (false, true) => View::Bar(bar(&title, unit)),
            (false, false) => {
                let now = Instant::now();
                View::Lines {
                    started: now,
                    last: now,
                }
            }
        };
        Self { title, unit, view }
    }

    /// Sets the progress to `done` of `total` units.
    pub fn set(&mut self, done: usize, total: usize) {
        match &mut self.view {
            View::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
            }
            View::Lines { started, last } if EVERY <= last.elapsed() && done < total => {
                *last = Instant::now();
                stderr::line(line(&self.title, self.unit, done, total, started.elapsed()));
            }
            View::Lines { .. } | View::Nothing => {}
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn bar(title: &str, unit: &str) -> ProgressBar {
    let template = format!("{{msg}} {{bar:32}} {{human_pos}}/{{human_len}} {unit}{{rate}}");
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be written is not worth an error.
        let _ = out.write_str(&rate_and_left(state.per_sec(), state.eta().as_secs_f64()));
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = super::style(&template).with_key("rate", rate);
    bar.with_style(style)
        .with_message(crate::printable::line(title).into_owned())
}

/// `exporting: 4,096/737,280 images, 1,000 a second, about 12 min left`
fn line(title: &str, unit: &str, done: usize, total: usize, elapsed: Duration) -> String {
    let [done_text, total_text] = [done, total].map(|n| stdout::thousands(n as u64));
    let mut line = format!("{title}: {done_text}/{total_text} {unit}");
    let rate = done as f64 / elapsed.as_secs_f64();
    line.push_str(&rate_and_left(rate, (total - done) as f64 / rate));
    line
}

/// `, 5,120 a second, about 2 min left`; nothing while there is no rate.
fn rate_and_left(per_sec: f64, secs_left: f64) -> String {
    if !per_sec.is_normal() || !secs_left.is_finite() {
        return String::new();
    }
    let rate = match per_sec {
        slow if slow < 10.0 => format!("{slow:.1}"),
        fast => stdout::thousands(fast.round() as u64),
    };
    let left = stdout::duration(secs_left);
    format!(", {rate} a second, about {left} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_rate_and_time_left() {
        let line = |done, secs| {
            line(
                "exporting",
                "images",
                done,
                737_280,
                Duration::from_secs(secs),
            )
        };
        let expected = "exporting: 20,480/737,280 images, 5,120 a second, about 2 min left";
        assert_eq!(line(20_480, 4), expected);
        assert_eq!(line(0, 4), "exporting: 0/737,280 images");
    }
}
