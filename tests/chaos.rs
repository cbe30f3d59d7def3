//! Chaos: runs that are killed at random moments in every way that there is, and files that are damaged meanwhile. What
//! they come to is always the same bytes, and no trained trial is ever trained again.
//!
//! The moments come from a seed. `UNRAVEL_CHAOS_KILLS` and `UNRAVEL_CHAOS_SEED` make it longer and different:
//!
//! ```console
//! $ UNRAVEL_CHAOS_KILLS=300 cargo test --release --test chaos -- --nocapture
//! ```

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rustix::process::Signal;

use support::lab::{Lab, Running};
use support::process::{children, time_until_gone};
use support::store::{assert_same, files, models, results, states};

/// Six trials of both families and several cohorts, a fraction of a second each; scored on the way too.
const SWEEP: &str = r#"
format-version = 1
name = "chaos"

[data]
dataset = "dsprites"
keep = { scale = 2, orientation = 1, pos-x = 2, pos-y = 2 }

[model]
architecture = "conv-small"
latents = 3

[training]
steps = 120
batch-size = 4
learning-rate = 1e-3

[[arm]]
seeds = 2
objective.beta-vae = { beta = [1, 4] }

[[arm]]
seeds = 2
objective.factor-vae = { gamma = 10, discriminator = { layers = 2, units = 16 } }

[evaluation]
metrics = ["mig", "beta-vae-score"]
seeds = 1
at = [50]
"#;

/// Checkpoints come so often that most moments lie between two of them. A worker that was killed three times before its
/// next checkpoint costs its trial a failure, as it should; so each run tries failed ones again.
const RUN: [&str; 7] = [
    "run",
    "sweep.toml",
    "--jobs",
    "2",
    "--retry-failed",
    "--checkpoint-every",
    "0.03",
];

/// The longest time from the start of a run, or the last blow to it, to the next.
const MAX_DELAY_MILLIS: u64 = 700;

/// Ways in which a run is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    /// SIGKILL to the orchestrator.
    Orchestrator,
    /// SIGKILL to one worker; the run goes on.
    Worker,
    /// SIGKILL to the workers and the orchestrator.
    Everything,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-C twice.
    InterruptTwice,
    /// A second run on the same store, and then SIGKILL to one of the two; the other goes on.
    OneOfTwo,
}

/// Each as often as it stands here.
const BLOWS: [Blow; 10] = [
    Blow::Orchestrator,
    Blow::Orchestrator,
    Blow::Orchestrator,
    Blow::Worker,
    Blow::Worker,
    Blow::Everything,
    Blow::Everything,
    Blow::Interrupt,
    Blow::InterruptTwice,
    Blow::OneOfTwo,
];

fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| match text.parse() {
        Ok(value) => value,
        Err(_) => panic!("{name} is `{text}`"),
    })
}

struct Chaos {
    random: ChaCha8Rng,
    deck: Vec<Blow>,
    n_wanted: usize,
    n_blows: BTreeMap<Blow, usize>,
    n_damaged: usize,
    n_stores: usize,
    /// How long workers outlived their orchestrator.
    mournings: Vec<Duration>,
    interruptions: Vec<Duration>,
}

/// One store, from the first run to the last.
struct Life {
    lab: Lab,
    models: BTreeMap<String, SystemTime>,
    /// Models of which a score on the way may have been lost: they may be written again, once.
    excused: BTreeSet<String>,
}

impl Life {
    /// No trained model is written again.
    fn check_models(&mut self) {
        let models = models(&self.lab.path("runs"));
        for (name, modified) in &self.models {
            if models.get(name) != Some(modified) {
                assert!(self.excused.remove(name), "{name} was trained again");
            }
        }
        self.models = models;
    }
}

impl Chaos {
    fn n_blows(&self) -> usize {
        self.n_blows.values().sum()
    }

    fn below(&mut self, n: u64) -> u64 {
        u64::from(self.random.next_u32()) % n
    }

    /// Every kind comes in its share: drawn like cards, and shuffled when all were drawn.
    fn next_blow(&mut self) -> Blow {
        if self.deck.is_empty() {
            let mut left = BLOWS.to_vec();
            while !left.is_empty() {
                let at = self.below(left.len() as u64) as usize;
                self.deck.push(left.swap_remove(at));
            }
        }
        self.deck.pop().expect("the deck was filled")
    }

    fn go(&mut self, expected: &BTreeMap<String, Vec<u8>>) {
        while self.n_blows() < self.n_wanted {
            let mut life = Life {
                lab: Lab::with_sweep(SWEEP),
                models: BTreeMap::new(),
                excused: BTreeSet::new(),
            };
            self.n_stores += 1;
            while self.n_blows() < self.n_wanted {
                let running = life.lab.start(&RUN);
                if !self.disturb(&life, running) {
                    break;
                }
                life.check_models();
                self.damage(&mut life);
            }
            self.check_end(life, expected);
        }
    }

    /// Disturbs a run until it is no more; false where it came to its end.
    fn disturb(&mut self, life: &Life, mut running: Running) -> bool {
        loop {
            let delay = Duration::from_millis(self.below(MAX_DELAY_MILLIS));
            let began = Instant::now();
            if !running.watch(|| delay <= began.elapsed()) || self.n_wanted <= self.n_blows() {
                let ran = running.wait();
                assert_eq!(ran.code, Some(0), "{}", ran.stderr);
                return false;
            }
            let blow = self.next_blow();
            *self.n_blows.entry(blow).or_default() += 1;
            match self.strike(blow, life, running) {
                Some(survivor) => running = survivor,
                None => return true,
            }
        }
    }

    /// Returns the run that goes on, if one does.
    fn strike(&mut self, blow: Blow, life: &Life, running: Running) -> Option<Running> {
        let workers = children(running.pid());
        match blow {
            Blow::Worker => {
                if !workers.is_empty() {
                    workers[self.below(workers.len() as u64) as usize].kill();
                }
                return Some(running);
            }
            Blow::OneOfTwo => {
                let options = ["--report", "reports/second"];
                let second = life.lab.start(&[&RUN[..], &options].concat());
                std::thread::sleep(Duration::from_millis(self.below(MAX_DELAY_MILLIS)));
                let (dies, lives) = match self.below(2) {
                    0 => (running, second),
                    _ => (second, running),
                };
                self.strike(Blow::Orchestrator, life, dies);
                return Some(lives);
            }
            Blow::Orchestrator => running.signal(Signal::KILL),
            Blow::Everything => {
                workers.iter().for_each(|worker| worker.kill());
                running.signal(Signal::KILL);
            }
            Blow::Interrupt | Blow::InterruptTwice => {
                let began = Instant::now();
                running.signal(Signal::INT);
                if blow == Blow::InterruptTwice {
                    std::thread::sleep(Duration::from_millis(self.below(30)));
                    running.signal(Signal::INT);
                }
                let ran = running.wait();
                self.interruptions.push(began.elapsed());
                // It may have ended just before, or not have begun to listen.
                let is_expected = [Some(130), Some(0), None].contains(&ran.code);
                assert!(is_expected, "{:?}: {}", ran.code, ran.stderr);
                self.mourn(&workers);
                return None;
            }
        }
        self.mourn(&workers);
        running.wait();
        None
    }

    fn mourn(&mut self, workers: &[support::process::Process]) {
        if !workers.is_empty() {
            self.mournings.push(time_until_gone(workers));
        }
    }

    /// Now and then a bit of a checkpoint, a state or a score is another one.
    fn damage(&mut self, life: &mut Life) {
        if self.below(4) != 0 {
            return;
        }
        let store = life.lab.path("runs");
        let names: Vec<String> = files(&store)
            .into_keys()
            .filter(|n| n.contains('/'))
            .collect();
        let is_trained = |name: &str| {
            let (id, _) = name.split_once('/').unwrap();
            store.join(id).join("model.safetensors").exists()
        };
        let is_target = |name: &&String| match name.rsplit('/').next().unwrap() {
            "state.json" => true,
            // That of a trained trial is not read again.
            file if file.contains("checkpoint") && !file.starts_with('.') => !is_trained(name),
            _ => name.contains("/scores/") && name.ends_with(".json"),
        };
        let targets: Vec<&String> = names.iter().filter(is_target).collect();
        if targets.is_empty() {
            return;
        }
        let target = targets[self.below(targets.len() as u64) as usize];
        if let Some((id, _)) = target.split_once("/scores/") {
            // A lost score of a step on the way needs that step's weights again, and so the training; which may itself be
            // killed and come to its end several runs later.
            life.excused.insert(format!("{id}/model.safetensors"));
        }
        let path: PathBuf = store.join(target);
        let mut bytes = fs::read(&path).unwrap();
        let bit = self.below(bytes.len() as u64 * 8);
        bytes[bit as usize / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).unwrap();
        self.n_damaged += 1;
    }

    /// An undisturbed run, and then everything is as if none had been disturbed.
    fn check_end(&self, mut life: Life, expected: &BTreeMap<String, Vec<u8>>) {
        life.lab.run_well(&RUN);
        life.check_models();
        let store = life.lab.path("runs");
        assert_same("after all", &results(&store), expected);
        assert!(states(&store).len() <= expected.len());
        let left: Vec<String> = files(&store)
            .into_keys()
            .filter(|n| n.ends_with(".tmp"))
            .collect();
        // Of the store's own file, whoever opens it an hour later cleans up.
        let is_of_trial = |name: &&String| name.contains('/');
        assert_eq!(left.iter().filter(is_of_trial).count(), 0, "{left:?}");
    }

    fn tell(&self, seed: u64, elapsed: Duration) {
        let longest = |times: &[Duration]| times.iter().max().map_or(0.0, Duration::as_secs_f64);
        println!(
            "chaos of seed {seed}: {} blows {:?} and {} damaged files in {} stores, {:.0} s: every result the same \
             bytes, nothing trained twice; workers outlived their orchestrator by {:.3} s at the most, an interrupt \
             took {:.2} s at the most",
            self.n_blows(),
            self.n_blows,
            self.n_damaged,
            self.n_stores,
            elapsed.as_secs_f64(),
            longest(&self.mournings),
            longest(&self.interruptions),
        );
    }
}

#[test]
fn whatever_is_killed_whenever_the_results_are_the_same_bytes() {
    let began = Instant::now();
    let seed = from_environment("UNRAVEL_CHAOS_SEED", 1);
    let mut chaos = Chaos {
        random: ChaCha8Rng::seed_from_u64(seed),
        deck: Vec::new(),
        n_wanted: from_environment("UNRAVEL_CHAOS_KILLS", 30),
        n_blows: BTreeMap::new(),
        n_damaged: 0,
        n_stores: 0,
        mournings: Vec::new(),
        interruptions: Vec::new(),
    };
    let undisturbed = Lab::with_sweep(SWEEP);
    undisturbed.run_well(&["run", "sweep.toml"]);
    chaos.go(&results(&undisturbed.path("runs")));
    chaos.tell(seed, began.elapsed());
    // Now and then a busy disk holds up a process, which then cannot even die: the quickest time counts.
    let shortest = chaos.mournings.iter().min().expect("workers were seen");
    assert!(*shortest < Duration::from_secs(1), "{:?}", chaos.mournings);
    let shortest = chaos.interruptions.iter().min();
    assert!(
        shortest.is_none_or(|time| *time < Duration::from_secs(10)),
        "{:?}",
        chaos.interruptions
    );
}
