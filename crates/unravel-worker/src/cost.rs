//! Estimates a trial's time and memory on this machine, for plans. Time is measured in about a second; memory is
//! computed.

use std::collections::BTreeSet;
use std::time::Instant;

use unravel_data::{Dataset, Grid};
use unravel_metrics::{Extent, MetricExt};
use unravel_model::Cpu;
use unravel_model::cohort::{Cohort, resident_bytes};
use unravel_model::memory::{CohortMemory, Convolutions};
use unravel_model::trained::TrainedVae;
use unravel_score::{Requests, ScoreRequest};
use unravel_sweep::Trial;

use crate::data;
use crate::error::WorkerError;

/// Measured times of one worker for one trial, while the other workers run too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialTiming {
    /// Seconds per update.
    pub step_secs: f64,
    /// Seconds per encoded image.
    pub encode_secs_per_image: f64,
}

/// Number of timed updates, after one that is not timed.
const N_STEPS: u64 = 3;

/// Number of images whose encoding is timed.
const N_IMAGES: usize = 512;

/// Trains and encodes for about a second in `n_workers` threads at the same time, and returns their mean times.
///
/// # Errors
/// Fails if the data cannot be opened or the architecture does not accept its images.
pub fn measure(trial: &Trial, grid: &Grid, n_workers: usize) -> Result<TrialTiming, WorkerError> {
    let observations = data::open_source(&trial.data.dataset)?;
    let dataset = std::sync::Arc::new(Dataset::new(observations, grid.clone()));
    let time = || time_one(trial, &dataset);
    let timings: Vec<Result<TrialTiming, WorkerError>> = std::thread::scope(|scope| {
        let start = || std::thread::Builder::new().spawn_scoped(scope, move || single(time));
        let workers: Vec<_> = (0..n_workers.max(1)).map_while(|_| start().ok()).collect();
        if workers.is_empty() {
            // No thread could be started: measure on this one.
            return vec![time()];
        }
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    let timings = timings
        .into_iter()
        .collect::<Result<Vec<TrialTiming>, _>>()?;
    let n = timings.len().max(1) as f64;
    let mean = |secs: fn(&TrialTiming) -> f64| timings.iter().map(secs).sum::<f64>() / n;
    Ok(TrialTiming {
        step_secs: mean(|timing| timing.step_secs),
        encode_secs_per_image: mean(|timing| timing.encode_secs_per_image),
    })
}

/// Seconds that a worker on one core requires for all requests of one trial with `n_codes` codes.
///
/// The estimate is the sum of one encoding of the grid for each scored step, at the measured time per image, and of the
/// scores' times from the table of metrics.
#[must_use]
pub fn scoring_secs(
    requests: &Requests,
    grid: &Grid,
    n_codes: usize,
    encode_secs_per_image: f64,
) -> f64 {
    let extent = Extent {
        n_points: grid.n_points(),
        n_codes,
        sizes: grid
            .space()
            .factors()
            .iter()
            .map(|factor| factor.size)
            .collect(),
    };
    let steps: BTreeSet<u64> = requests.scores.iter().map(|r| r.context.step).collect();
    let encoding = steps.len() as f64 * grid.n_points() as f64 * encode_secs_per_image;
    let of_score = |request: &ScoreRequest| {
        let score = request.metric.known().zip(request.context.variant.known());
        let secs = score.map_or(0.0, |(metric, variant)| metric.core_secs(variant, &extent));
        request.seeds.len().max(1) as f64 * secs
    };
    encoding + requests.scores.iter().map(of_score).sum::<f64>()
}

/// Runs `work` on a thread pool of one thread, so that workers do not share a pool.
fn single<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

fn time_one(trial: &Trial, dataset: &std::sync::Arc<Dataset>) -> Result<TrialTiming, WorkerError> {
    let device = Default::default();
    let dataset = std::sync::Arc::clone(dataset);
    let mut cohort = Cohort::<Cpu>::new(vec![trial.clone()], dataset.clone(), &device)?;
    cohort.train(1);
    let began = Instant::now();
    cohort.train(N_STEPS);
    let step_secs = began.elapsed().as_secs_f64() / N_STEPS as f64;
    let weights = cohort.weights(0);
    let model = TrainedVae::<Cpu>::load(&trial.model, dataset.shape(), &weights, &device)?;
    let points: Vec<usize> = (0..N_IMAGES.min(dataset.n_points())).collect();
    let began = Instant::now();
    model.encode(&dataset, &points, |_| ());
    let encode_secs_per_image = began.elapsed().as_secs_f64() / points.len().max(1) as f64;
    Ok(TrialTiming {
        step_secs,
        encode_secs_per_image,
    })
}

/// Memory that a sweep's data requires, for any trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSize {
    /// `[height, width, channels]` of an image.
    pub image: [usize; 3],
    /// Bytes of images in the host memory of each worker.
    pub held: u64,
    /// Additional bytes while a worker reads the images.
    pub reading: u64,
    /// Bytes of images in a GPU's memory; 0 if the images are not kept there.
    pub resident: u64,
    /// Number of points in the grid, and of rows in the table of codes.
    pub n_points: usize,
}

impl DataSize {
    /// The memory that `dataset` requires.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Self {
        /// For each row of a file: the index of its point, and whether the point was seen before.
        const BYTES_PER_ROW: u64 = 8 + 1;
        let observations = dataset.observations();
        let held = observations.held_bytes();
        let n_rows = match held {
            0 => 0,
            _ => observations.space().n_points() as u64,
        };
        Self {
            image: dataset.shape(),
            held,
            reading: BYTES_PER_ROW * n_rows,
            resident: resident_bytes(dataset).unwrap_or(0),
            n_points: dataset.n_points(),
        }
    }
}

/// Estimated peak of one CPU worker's memory in bytes: the program and its images, plus the largest of the buffers for
/// reading, the cohort and the table of codes.
///
/// # Errors
/// Fails if the architecture does not accept the images.
pub fn memory_bytes(trial: &Trial, data: &DataSize, models: usize) -> Result<u64, WorkerError> {
    let cohort = CohortMemory::of(trial, data.image, Convolutions::ImageByImage)?;
    Ok(host_bytes(trial, data, cohort.total(models)))
}

/// Estimated peak of the host memory of a worker that trains on a CUDA device. The cohort is in the device's memory.
#[must_use]
pub fn host_memory_beside_cuda(trial: &Trial, data: &DataSize) -> u64 {
    /// The driver and the kernel compiler: a generous guess, not measured.
    const DRIVER: u64 = 1 << 30;
    host_bytes(trial, data, 0) + DRIVER
}

fn host_bytes(trial: &Trial, data: &DataSize, cohort: u64) -> u64 {
    /// The program, its threads' buffers, and memory that the allocator retains.
    const BASE: u64 = 64 << 20;
    let table = (size_of::<f32>() * 4 * data.n_points * trial.model.latents) as u64;
    BASE + data.held + data.reading.max(cohort).max(table)
}

/// Memory of a cohort on a CUDA device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CudaMemory {
    cohort: CohortMemory,
    /// Bytes of the context with its compiled kernels, and of the data.
    fixed: u64,
}

impl CudaMemory {
    /// The driver's context, the kernels, and the workspaces of matrix products, measured on an H200.
    const CONTEXT: u64 = 2 << 30;

    /// Size of the backend's memory pools in percent of the computed size. It covers the measurements on an H200. If it
    /// is too small, the supervisor halves the cohort.
    const POOLED_PERCENT: u64 = 250;

    /// The memory of cohorts of trials like `trial`.
    ///
    /// # Errors
    /// Fails if the architecture does not accept the images.
    pub fn of(trial: &Trial, data: &DataSize) -> Result<Self, WorkerError> {
        Ok(Self {
            cohort: CohortMemory::of(trial, data.image, Convolutions::Unfolded)?,
            fixed: Self::CONTEXT + data.resident,
        })
    }

    /// Bytes for a cohort of `models` models.
    #[must_use]
    pub fn total(&self, models: usize) -> u64 {
        self.fixed + self.cohort.total(models) * Self::POOLED_PERCENT / 100
    }

    /// The largest number of models that fit into `free_bytes`; 0 if none fits.
    #[must_use]
    pub fn models_within(&self, free_bytes: u64) -> usize {
        let left = free_bytes.saturating_sub(self.fixed);
        self.cohort.models_within(left / Self::POOLED_PERCENT * 100)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use unravel_data::{Dsprites, Factor, FactorSpace, Observations};
    use unravel_score::ScoreContext;
    use unravel_sweep::{Architecture, Objective};

    use super::*;

    fn size(observations: impl Observations + 'static) -> DataSize {
        let grid = Grid::full(observations.space().clone());
        DataSize::of(&Dataset::new(Arc::new(observations), grid))
    }

    /// Observations that hold this number of bytes.
    struct HeldImages(FactorSpace, u64);

    impl Observations for HeldImages {
        fn space(&self) -> &FactorSpace {
            &self.0
        }

        fn shape(&self) -> [usize; 3] {
            [64, 64, 1]
        }

        fn write(&self, _: usize, out: &mut [f32]) {
            out.fill(0.0);
        }

        fn content(&self) -> &'static str {
            "nothing"
        }

        fn held_bytes(&self) -> u64 {
            self.1
        }
    }

    #[test]
    fn a_worker_holds_its_images_beside_what_it_trains_and_scores() {
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let of = |space: FactorSpace, held| {
            memory_bytes(&trial, &size(HeldImages(space, held)), 1).unwrap()
        };
        let dsprites = FactorSpace::dsprites;
        assert_eq!(
            of(dsprites(), 0),
            memory_bytes(&trial, &size(Dsprites::new()), 1).unwrap()
        );
        assert_eq!(of(dsprites(), 3 << 30) - of(dsprites(), 0), 3 << 30);
        let on_cuda = |held| host_memory_beside_cuda(&trial, &size(HeldImages(dsprites(), held)));
        assert_eq!(on_cuda(3 << 30) - on_cuda(0), 3 << 30);
    }

    /// Measured peaks of resident memory on Linux, in MiB: 60 steps and a MIG on 73,728 images, rendered or from a
    /// file.
    #[test]
    fn the_estimate_covers_the_measured_memory_of_workers() {
        let mut trial = Trial::new(Objective::beta_vae(4.0), 0);
        trial.model.architecture = Architecture::ConvSmall;
        let sizes = [3, 6, 4, 32, 32];
        let factors = (0..)
            .zip(sizes)
            .map(|(at, size)| Factor::new(format!("f{at}"), size));
        let space = FactorSpace::new(factors.collect()).unwrap();
        let n_bytes = (space.n_points() * 64 * 64) as u64;
        for (held, measured) in [(0, 97), (n_bytes, 384)] {
            let data = size(HeldImages(space.clone(), held));
            let said = memory_bytes(&trial, &data, 1).unwrap() >> 20;
            assert!(
                measured <= said && said <= measured * 5 / 4,
                "{said} MiB estimated, {measured} MiB measured"
            );
        }
    }

    #[test]
    fn scores_of_many_codes_take_longer() {
        let grid = Grid::full(FactorSpace::dsprites());
        let context = ScoreContext {
            variant: "exact".into(),
            representation: "mean".into(),
            grid: grid.name(),
            step: 10,
        };
        let requests = Requests {
            scores: vec![ScoreRequest {
                metric: "unsupervised".into(),
                context,
                seeds: Vec::new(),
                revision: 0,
            }],
            codes: false,
        };
        let secs = |n_codes| scoring_secs(&requests, &grid, n_codes, 0.0);
        // Both times are of the pairs of codes alone.
        assert!(1000.0 * secs(10) < secs(500), "{} {}", secs(10), secs(500));
        let encoding = scoring_secs(&requests, &grid, 10, 1.0) - secs(10);
        assert!((encoding - 737_280.0).abs() < 1e-6, "{encoding}");
    }

    #[test]
    fn the_number_of_models_on_a_gpu_is_limited_by_its_memory() {
        const GIB: u64 = 1 << 30;
        let data = size(Dsprites::new());
        let plain = CudaMemory::of(&Trial::new(Objective::beta_vae(4.0), 0), &data).unwrap();
        let factor = CudaMemory::of(&Trial::new(Objective::factor_vae(10.0), 0), &data).unwrap();
        for free in [4 * GIB, 8 * GIB, 24 * GIB, 79 * GIB] {
            let [n_plain, n_factor] = [plain, factor].map(|memory| {
                let n = memory.models_within(free);
                assert!(
                    memory.total(n) <= free && free < memory.total(n + 2),
                    "{n} in {free}"
                );
                n
            });
            assert!(n_factor < n_plain, "a discriminator takes room");
        }
        assert_eq!(
            plain.models_within(2 * GIB),
            0,
            "no room beside the context"
        );
        assert!(
            128 <= plain.models_within(79 * GIB),
            "{}",
            plain.models_within(79 * GIB)
        );
    }

    /// Measured by `unravel-bench cuda` on an H200, the whole of dSprites, in GiB.
    #[test]
    fn the_estimate_covers_the_measured_memory_of_cohorts_on_a_gpu() {
        let beta_vae = [(1, 2.5), (16, 4.7), (64, 10.7), (128, 23.5)];
        let factor_vae = [(1, 2.5), (16, 6.9), (32, 17.0)];
        let measured = [
            (Objective::beta_vae(4.0), beta_vae.as_slice()),
            (Objective::factor_vae(10.0), factor_vae.as_slice()),
        ];
        let data = size(Dsprites::new());
        for (objective, measured) in measured {
            let mut trial = Trial::new(objective, 0);
            trial.model.architecture = Architecture::Conv4x4;
            let memory = CudaMemory::of(&trial, &data).unwrap();
            for &(models, gib) in measured {
                let said = memory.total(models) as f64 / f64::from(1 << 30);
                let name = trial.objective.family().name;
                assert!(
                    gib <= said && said <= 2.5 * gib,
                    "{models} of {name}: {said:.1} GiB estimated, {gib} GiB measured"
                );
            }
        }
    }
}
