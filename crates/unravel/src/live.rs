//! The report of a run that is still at work: rendered again and again, beside the work and at a small part of its cost.
//!
//! Every file of a report is replaced as a whole, so the page can be opened at any time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// The least time between two renderings.
const EVERY: Duration = Duration::from_secs(20);
/// Of the time of one core, rendering takes one part in this many.
const SHARE: u32 = 50;

/// The end of the thread that renders: it is told how far the run is, and ends when this is dropped.
pub struct Live {
    sentences: Sender<String>,
}

impl Live {
    /// Starts the thread. `render` is given a sentence that says how far the run is; what comes of it is not asked for,
    /// since the run renders once more at its end and says what is wrong.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        render: impl FnMut(&str) + Send + 'scope,
    ) -> Self {
        let (sentences, told) = channel();
        // Without the thread, or a pool for its work, the run still ends with a report.
        let _ = std::thread::Builder::new()
            .name("live-report".to_owned())
            .spawn_scoped(scope, move || in_the_background(&told, EVERY, render));
        Self { sentences }
    }

    /// Says how far the run is. Returns at once; the last word before a rendering counts.
    pub fn tell(&self, sentence: String) {
        // The thread is gone only where it could not be started.
        let _ = self.sentences.send(sentence);
    }
}

/// Renders on one thread of low priority, whatever the number of cores: the models are what the machine is for.
fn in_the_background(told: &Receiver<String>, every: Duration, render: impl FnMut(&str) + Send) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .start_handler(|_| yield_to_others())
        .build();
    if let Ok(pool) = pool {
        let mut render = render;
        render_as_told(told, every, |sentence| pool.install(|| render(sentence)));
    }
}

/// On Linux priorities are those of threads; elsewhere they may be those of whole processes, which are left alone.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // Where it is not allowed, the thread goes on as it is.
        let _ = rustix::process::setpriority_process(None, 10);
    }
}

/// Renders with the newest sentence, then rests, until nobody is left to tell more.
fn render_as_told(told: &Receiver<String>, every: Duration, mut render: impl FnMut(&str)) {
    let mut newest = told.recv().ok();
    while let Some(sentence) = newest.take() {
        let began = Instant::now();
        render(&sentence);
        let rest_until = Instant::now() + every.max(began.elapsed() * SHARE);
        loop {
            match told.recv_timeout(rest_until.saturating_duration_since(Instant::now())) {
                Ok(sentence) => newest = Some(sentence),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if newest.is_none() {
            newest = told.recv().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_word_is_rendered_and_the_end_is_noticed() {
        let (sender, told) = channel();
        let (rendered, seen) = channel();
        let thread = std::thread::spawn(move || {
            in_the_background(&told, Duration::ZERO, |sentence| {
                rendered.send(sentence.to_owned()).unwrap();
            });
        });
        sender.send("one".to_owned()).unwrap();
        assert_eq!(seen.recv().unwrap(), "one");
        sender.send("two".to_owned()).unwrap();
        sender.send("three".to_owned()).unwrap();
        let last = seen.iter().find(|sentence| sentence == "three");
        assert!(last.is_some());
        drop(sender);
        thread.join().unwrap();
    }

    #[test]
    fn the_end_cuts_a_rest_short() {
        let (sender, told) = channel();
        let mut n_rendered = 0;
        let mut sender = Some(sender);
        sender.as_ref().unwrap().send("one".to_owned()).unwrap();
        render_as_told(&told, Duration::from_secs(3600), |_| {
            n_rendered += 1;
            // More to say, and then nobody is left to say it.
            sender.take().unwrap().send("two".to_owned()).unwrap();
        });
        assert_eq!(n_rendered, 1);
    }
}
