//! Measures rendered images per second, by shape, and batches.

use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;
use unravel_data::{Dataset, Dsprites};
use unravel_model::random::{Purpose, Stream};

use crate::error::BenchError;
use crate::machine::{Machine, on_threads};
use crate::timing::{Clock, median_secs, tenths};
use crate::workload::dsprites;

/// The values of dSprites' first factor.
const SHAPES: [&str; 3] = ["square", "ellipse", "heart"];

/// Number of images in a timed run, evenly spread over a shape.
const N_IMAGES: usize = 1024;

/// Batch size.
const BATCH: usize = 64;

/// A measured rate of rendering.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rendered {
    /// `data`.
    pub bench: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// `bits` (64 rows of 64 bits), `floats` (`[64, 64, 1]`), or `batch` (64 random images as floats, as in training).
    pub what: &'static str,
    /// The shape, or `all`.
    pub shape: &'static str,
    /// Number of threads.
    pub threads: usize,
    /// Images per second.
    pub images_per_s: f64,
    /// Nanoseconds per image.
    pub ns_per_image: f64,
}

/// Measures each shape on one thread, and batches on one thread and on `threads`.
///
/// # Errors
/// Fails if threads cannot be started.
pub fn measure(
    threads: usize,
    duration: Duration,
    emit: &mut dyn FnMut(&Rendered),
) -> Result<(), BenchError> {
    let (renderer, dataset) = (Dsprites::new(), dsprites());
    let machine = Machine::here();
    let mut record = |what, shape, threads, secs_per_image: f64| {
        emit(&Rendered {
            bench: "data",
            machine: machine.clone(),
            what,
            shape,
            threads,
            images_per_s: tenths(secs_per_image.recip()),
            ns_per_image: tenths(secs_per_image * 1e9),
        });
    };
    let budget = duration / 8;
    let images_of_shape = dataset.n_points() / SHAPES.len();
    for (at, shape) in SHAPES.into_iter().enumerate() {
        let step = images_of_shape / N_IMAGES;
        let points = || (0..N_IMAGES).map(|i| at * images_of_shape + i * step);
        let bits = |()| points().fold(0, |sum, point| sum ^ renderer.rows(point)[32]);
        record(
            "bits",
            shape,
            1,
            median_secs(Clock::ThisThread, budget, || (), bits) / N_IMAGES as f64,
        );
        let mut image = vec![0.0; dataset.n_pixels()];
        let floats = |()| points().for_each(|point| dataset.write_image(point, &mut image));
        record(
            "floats",
            shape,
            1,
            median_secs(Clock::ThisThread, budget, || (), floats) / N_IMAGES as f64,
        );
    }
    for threads in if threads > 1 {
        vec![1, threads]
    } else {
        vec![1]
    } {
        let secs = on_threads(threads, || batch_secs(&dataset, Clock::of(threads), budget))?;
        record("batch", "all", threads, secs / BATCH as f64);
    }
    Ok(())
}

/// Seconds to draw the points and render the images of a training step of one model.
pub(crate) fn batch_secs(dataset: &Arc<Dataset>, clock: Clock, budget: Duration) -> f64 {
    let pixels = dataset.n_pixels();
    let mut step = 0;
    median_secs(
        clock,
        budget,
        || (),
        |()| {
            let points = Stream::new(0, Purpose::Batch, step).points(BATCH, dataset.n_points());
            step += 1;
            let mut images = vec![0.0; BATCH * pixels];
            let tasks = images.par_chunks_mut(pixels).zip(points);
            tasks.for_each(|(image, point)| dataset.write_image(point, image));
            images
        },
    )
}

impl std::fmt::Display for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            shape,
            threads,
            images_per_s,
            ns_per_image,
            ..
        } = self;
        write!(
            f,
            "{what:<7} {shape:<8} {threads} threads  {images_per_s:>12.1} images/s  {ns_per_image:>8.1} ns/image"
        )
    }
}
