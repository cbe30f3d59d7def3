//! Renders the report repeatedly during a run, on one thread of low priority.
//!
//! Every file of a report is replaced atomically, so the page can be opened at any time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// Minimum time between two renderings.
const EVERY: Duration = Duration::from_secs(20);
/// Rendering takes at most 1/`SHARE` of the time of one core.
const SHARE: u32 = 50;

/// A handle of the rendering thread, which ends when this is dropped.
pub struct Live {
    sentences: Sender<String>,
}

impl Live {
    /// Starts the thread. `render` gets a sentence on the progress of the run. Its errors are ignored, since the run
    /// renders again at its end and reports errors then.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        render: impl FnMut(&str) + Send + 'scope,
    ) -> Self {
        let (sentences, told) = channel();
        // If the thread or its pool cannot be started, the run still ends with a report.
        let _ = std::thread::Builder::new()
            .name("live-report".to_owned())
            .spawn_scoped(scope, move || in_the_background(&told, EVERY, render));
        Self { sentences }
    }

    /// Sets the progress of the run. Does not block; a rendering uses the last value.
    pub fn tell(&self, sentence: String) {
        // Fails only if the thread could not be started.
        let _ = self.sentences.send(sentence);
    }
}

/// Renders on one thread of low priority, so that the training keeps the cores.
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

/// Lowers the priority of the thread, only on Linux: on other systems this may affect the whole process.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // If this is not allowed, the thread keeps its priority.
        let _ = rustix::process::setpriority_process(None, 10);
    }
}

/// Renders with the newest sentence, then pauses; repeats until all senders are dropped.
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
