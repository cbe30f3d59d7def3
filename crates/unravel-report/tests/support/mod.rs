//! A store of invented but plausible trials, for tests and for the demo. No number in it was measured.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::path::Path;
use unravel_score::{Metric, ScoreContext, ScoreRecord};
use unravel_store::{
    Codes, Pictures, ScoreFile, ScoreMatrix, Status, Store, StoreError, TrainLog, TrialState,
};
use unravel_sweep::{Objective, Sweep, Trial};

/// How far a trial of the fake store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not in the store.
    Absent,
    /// At half of its steps.
    Training,
    /// Given up.
    Failed,
    /// Trained, without scores.
    Unscored,
    /// Trained and scored, without pictures.
    Blind,
    /// Trained and scored, with pictures.
    Done,
    /// The same, with the numbers of a training that ran away.
    Diverged,
}

/// Parses `text` and makes its trials.
pub fn sweep(text: &str) -> (Sweep, Vec<Trial>) {
    let sweep = unravel_sweep::parse(text).expect("the test's sweep file is valid");
    let trials = sweep.trials("demo");
    (sweep, trials)
}

/// Fills a new store at `path` with these trials, each as far as `fate` says.
pub fn fill(
    path: &Path,
    sweep: &Sweep,
    trials: &[Trial],
    fate: impl Fn(usize) -> Fate,
) -> Result<Store, StoreError> {
    let store = Store::open(path)?;
    for (idx, trial) in trials.iter().enumerate() {
        let fate = fate(idx);
        if fate != Fate::Absent {
            write(&store, sweep, trial, fate)?;
        }
    }
    Store::open_read(path)
}

fn write(store: &Store, sweep: &Sweep, trial: &Trial, fate: Fate) -> Result<(), StoreError> {
    let steps = trial.training.steps;
    let is_scored = matches!(fate, Fate::Blind | Fate::Done | Fate::Diverged);
    let is_trained = is_scored || fate == Fate::Unscored;
    let step = if is_trained { steps } else { steps / 2 };
    let status = match fate {
        Fate::Absent => Status::Absent,
        Fate::Training => Status::Training,
        Fate::Failed => Status::Failed,
        Fate::Unscored | Fate::Blind | Fate::Done | Fate::Diverged => Status::Trained,
    };
    let reason = (fate == Fate::Failed).then(|| format!("kl_nats is not a number at step {step}"));
    let lock = store.create(trial)?;
    lock.set_state(&TrialState {
        status,
        step,
        steps,
        attempts: 1,
        elapsed_secs: 61.5 + trial.seed as f64,
        device: Some("cpu (avx512)".to_owned()),
        program: Some("unravel 1.2.3 with Burn 4.5.6".to_owned()),
        reason,
    })?;
    let mut truth = Truth::of(trial);
    if fate == Fate::Diverged {
        truth.reconstruction *= 1e30;
        truth.kl *= 1e200;
    }
    lock.set_train_log(&truth.log(trial, step))?;
    if is_scored {
        for file in truth.scores(sweep, trial) {
            lock.set_scores(&file)?;
        }
    }
    if matches!(fate, Fate::Done | Fate::Diverged) {
        lock.set_pictures(&truth.pictures(trial.model.latents))?;
        lock.set_probe(&truth.probe(trial.model.latents))?;
    }
    Ok(())
}

fn context(variant: &str, representation: &str, step: u64) -> ScoreContext {
    ScoreContext {
        variant: variant.into(),
        representation: representation.into(),
        grid: "3x6x10x16x16".to_owned(),
        step,
    }
}

/// Where a fake training ends up.
struct Truth {
    reconstruction: f64,
    kl: f64,
    /// 0..1: how disentangled it comes out.
    quality: f64,
    tc: Option<f64>,
    seed: u64,
}

impl Truth {
    fn of(trial: &Trial) -> Self {
        let seed = trial.seed;
        let strength = trial.objective.strength();
        match trial.objective {
            Objective::FactorVae { .. } => {
                let gamma = strength;
                Self {
                    reconstruction: 20.5 + 0.16 * gamma + 0.9 * noise(seed, gamma.to_bits() ^ 4),
                    kl: 22.0 / (1.0 + 0.004 * gamma) + 0.5 * noise(seed, 5),
                    quality: (0.22 + 0.085 * (1.0 + gamma).ln() - 0.0012 * gamma
                        + 0.07 * noise(seed, gamma.to_bits() ^ 6))
                    .clamp(0.02, 0.9),
                    tc: Some(4.0 / (1.0 + 0.1 * gamma)),
                    seed,
                }
            }
            _ => {
                let beta = strength;
                Self {
                    reconstruction: 19.0
                        + 2.6 * beta.powf(0.92)
                        + noise(seed, beta.to_bits() ^ 1) * (0.5 + 0.12 * beta),
                    kl: 26.0 / (1.0 + 0.16 * beta) + 0.6 * noise(seed, 2),
                    quality: (0.13 + 0.16 * (1.0 + beta).ln() - 0.012 * beta
                        + 0.07 * noise(seed, beta.to_bits() ^ 3))
                    .clamp(0.02, 0.9),
                    tc: None,
                    seed,
                }
            }
        }
    }

    fn log(&self, trial: &Trial, last: u64) -> TrainLog {
        let mut columns = vec![
            "loss_nats".to_owned(),
            "reconstruction_nats".to_owned(),
            "kl_nats".to_owned(),
        ];
        columns.extend(self.tc.map(|_| "tc_nats".to_owned()));
        columns.extend((0..trial.model.latents).map(|i| format!("kl_{i}")));
        let mut log = TrainLog::new(columns);
        let steps = trial.training.steps;
        for idx in 1..=120 {
            let step = idx * steps / 120;
            if last < step {
                break;
            }
            let share = step as f64 / steps as f64;
            let jitter = 1.0 + 0.02 * noise(self.seed, 100 + idx);
            let reconstruction =
                (self.reconstruction + 420.0 * (-13.0 * share).exp() + 9.0 * (-3.5 * share).exp())
                    * jitter;
            let kl = self.kl
                * (1.0 - (-7.0 * share).exp())
                * (1.0 + 0.015 * noise(self.seed, 900 + idx));
            let mut row = vec![reconstruction + self.weight(trial) * kl, reconstruction, kl];
            row.extend(
                self.tc
                    .map(|tc| tc * (1.0 + 2.0 * (-5.0 * share).exp()) * jitter),
            );
            // Which latent carries most is chance.
            let n_latents = trial.model.latents;
            let rank = |i: usize| (i + self.seed as usize) % n_latents;
            row.extend((0..n_latents).map(|i| kl / (rank(i) as f64 + 1.5)));
            log.rows.push((step, row));
        }
        log
    }

    fn weight(&self, trial: &Trial) -> f64 {
        match trial.objective {
            Objective::FactorVae { .. } => 1.0,
            _ => trial.objective.strength(),
        }
    }

    fn scores(&self, sweep: &Sweep, trial: &Trial) -> Vec<ScoreFile> {
        let steps = trial.training.steps;
        let probe = context("probe", "sampled", steps);
        let mut elbo = ScoreFile::new("elbo");
        for (quantity, value) in [
            ("reconstruction_nats", self.reconstruction),
            ("kl_nats", self.kl),
            ("elbo_nats", -self.reconstruction - self.kl),
        ] {
            elbo.scores
                .push(ScoreRecord::exact("elbo", quantity, &probe, value));
        }
        let mut files = vec![elbo];
        for &metric in &sweep.evaluation.metrics {
            let mut file = ScoreFile::new(metric);
            for representation in &sweep.evaluation.representations {
                for &step in sweep.evaluation.at.iter().chain([&steps]) {
                    if step <= steps {
                        self.add_scores(&mut file, sweep, representation.name(), (step, steps));
                    }
                }
            }
            files.push(file);
        }
        files
    }

    fn add_scores(
        &self,
        file: &mut ScoreFile,
        sweep: &Sweep,
        representation: &str,
        (step, steps): (u64, u64),
    ) {
        let metric = file.metric.clone();
        let learned = 1.0 - (-4.0 * step as f64 / steps as f64).exp();
        let quality = self.quality * learned * if representation == "mean" { 1.0 } else { 0.9 };
        let level = match metric.as_str() {
            "beta-vae-score" => 0.55 + 0.42 * quality.powf(0.6) + 0.02 * noise(self.seed, 71),
            "factor-vae-score" => 0.42 + 0.55 * quality.powf(0.8) + 0.02 * noise(self.seed, 72),
            "unsupervised" => self.dependence(representation),
            _ => 0.72 * quality,
        };
        if metric == Metric::Mig {
            let exact = context("exact", representation, step);
            let record = ScoreRecord::exact(metric.clone(), "mig", &exact, level);
            file.scores.push(record);
            file.matrices.push(self.matrix(exact, quality));
        }
        let sampled =
            (0..sweep.evaluation.seeds).map(|s| (s, level + 0.006 * noise(self.seed * 31 + s, 7)));
        let study = context("study", representation, step);
        file.scores
            .push(ScoreRecord::sampled(metric, "score", &study, sampled));
    }

    /// Gaussian total correlation in nats: that of samples falls with the cost of the code, that of means rises.
    fn dependence(&self, representation: &str) -> f64 {
        let strictness = (self.reconstruction - 19.0) / 15.0;
        if representation == "mean" {
            0.9 + 1.6 * strictness + 0.35 * noise(self.seed, 73)
        } else {
            2.6 * (-2.0 * strictness).exp() + 0.12 + 0.1 * noise(self.seed, 74)
        }
    }

    /// Each factor in a code of its own, as far as `quality` goes.
    fn matrix(&self, context: ScoreContext, quality: f64) -> ScoreMatrix {
        let names = ["shape", "scale", "orientation", "pos-x", "pos-y"];
        let value = |code: usize, factor: usize| {
            let own = if (code + self.seed as usize) % 6 == factor {
                2.2 * quality
            } else {
                0.0
            };
            own + 0.1 * noise(self.seed + 11 * code as u64, 80 + factor as u64).abs()
        };
        ScoreMatrix {
            name: "mutual_information_nats".to_owned(),
            variant: context.variant,
            representation: context.representation,
            grid: context.grid,
            step: context.step,
            seed: None,
            row_names: (0..6).map(|i| format!("code {i}")).collect(),
            col_names: names.map(str::to_owned).to_vec(),
            values: (0..30).map(|i| value(i / 5, i % 5)).collect(),
        }
    }

    /// Codes that carry something reach to ±1.7, the others hardly move.
    fn probe(&self, n_codes: usize) -> Codes {
        let n_points = 100;
        let value = |i: usize| {
            let (point, code) = (i / n_codes, i % n_codes);
            let reach = if code < 4 { 1.7 } else { 0.05 };
            (reach * noise(point as u64, 300 + code as u64)) as f32
        };
        Codes {
            points: (0..n_points).collect(),
            n_codes,
            z_mean: (0..n_points as usize * n_codes).map(value).collect(),
            z_logvar: vec![-2.0; n_points as usize * n_codes],
        }
    }

    fn pictures(&self, n_codes: usize) -> Pictures {
        let values: Vec<f32> = (0..9).map(|i| i as f32 * 0.5 - 2.0).collect();
        let resting = [0.1, -0.2, 0.3, 0.4];
        let mut pictures = Pictures {
            image_shape: [64, 64, 1],
            traversal_values: values.clone(),
            ..Pictures::default()
        };
        for code in 0..n_codes {
            for value in &values {
                let mut z = resting;
                if let Some(z) = z.get_mut(code) {
                    *z = f64::from(*value);
                }
                pictures.traversals.extend(sprite(z, 2.2));
            }
            let reach = if code < 4 { 1.6 } else { 0.05 };
            for step in -4..=4 {
                let value = reach * f64::from(step) / 4.0;
                let mut z = resting;
                if let Some(z) = z.get_mut(code) {
                    *z = value;
                }
                pictures.posterior_values.push(value as f32);
                pictures.posterior_traversals.extend(sprite(z, 2.2));
            }
            pictures.kl_per_code.push(if code < 4 {
                5.1 - code as f32
            } else {
                0.002 * code as f32
            });
        }
        for i in 0..9 {
            let z = [0, 1, 2, 3].map(|k| 1.6 * noise(i, k + 40));
            pictures.originals.extend(sprite(z, 0.2));
            pictures
                .reconstructions
                .extend(sprite(z, 1.2 + 4.0 * (1.0 - self.quality)));
        }
        for i in 0..20 {
            pictures.samples.extend(sprite(
                [0, 1, 2, 3].map(|k| 1.5 * noise(i + 77, k + 60)),
                2.5,
            ));
        }
        pictures
    }
}

/// A turned rectangle: x, y, size and angle from four codes, with an edge that is `blur` pixels soft.
fn sprite([x, y, size, turn]: [f64; 4], blur: f64) -> Vec<u8> {
    let (cx, cy, half) = (32.0 + 9.0 * x, 32.0 + 9.0 * y, 8.0 + 1.8 * size);
    let (sin, cos) = (turn * 0.7).sin_cos();
    let pixel = |i: usize| {
        let (dx, dy) = ((i % 64) as f64 - cx, (i / 64) as f64 - cy);
        let (u, v) = (
            (dx * cos + dy * sin).abs() - half,
            (dy * cos - dx * sin).abs() - half * 0.6,
        );
        let inside = 1.0 / (1.0 + (u.max(v) / blur * 2.0).exp());
        (255.0 * inside) as u8
    };
    (0..64 * 64).map(pixel).collect()
}

/// About −1..1, a fixed function of its arguments (splitmix64).
fn noise(seed: u64, purpose: u64) -> f64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(purpose.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64 * 2.0 - 1.0
}
