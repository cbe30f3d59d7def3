//! What the report draws of a trial: traversals, reconstructions, samples from the prior.

use unravel_data::Dataset;
use unravel_model::kernels::Kernels;
use unravel_model::random::{Purpose, Stream};
use unravel_model::trained::TrainedVae;
use unravel_store::Pictures;

/// Values of a traversal, from the first to the last, evenly spaced: three standard deviations of the prior.
const TRAVERSAL: (f32, f32, usize) = (-3.0, 3.0, 11);

const N_RECONSTRUCTIONS: usize = 12;
const N_SAMPLES: usize = 24;

/// The streams of pictures: the same points and samples for every trial, so that pictures compare.
const SEED: u64 = 0;

/// Draws all pictures of a trained model.
pub fn draw<B: Kernels>(model: &TrainedVae<B>, dataset: &Dataset, kl_per_code: &[f64]) -> Pictures {
    let n_codes = model.n_codes();
    let points =
        Stream::new(SEED, Purpose::Evaluation, 0).points(N_RECONSTRUCTIONS, dataset.n_points());
    let mut originals = vec![0.0; points.len() * dataset.n_pixels()];
    dataset.write_batch(&points, &mut originals);
    let reconstructions = model.decode(&model.encode(dataset, &points, |_| ()).z_mean);

    let mut prior = vec![0.0; N_SAMPLES * n_codes];
    Stream::new(SEED, Purpose::Evaluation, 1).normal(&mut prior);

    let values = traversal_values();
    let base = model.encode(dataset, &[base_point(dataset)], |_| ()).z_mean;
    let mut codes = Vec::with_capacity(n_codes * values.len() * n_codes);
    for code in 0..n_codes {
        for value in &values {
            codes.extend_from_slice(&base);
            let row = codes.len() - n_codes;
            codes[row + code] = *value;
        }
    }
    Pictures {
        image_shape: dataset.shape(),
        traversals: bytes(&model.decode(&codes)),
        traversal_values: values,
        kl_per_code: kl_per_code.iter().map(|nats| *nats as f32).collect(),
        originals: bytes(&originals),
        reconstructions: bytes(&reconstructions),
        samples: bytes(&model.decode(&prior)),
    }
}

fn traversal_values() -> Vec<f32> {
    let (first, last, n) = TRAVERSAL;
    (0..n)
        .map(|i| first + (last - first) * i as f32 / (n - 1) as f32)
        .collect()
}

/// Where traversals start: the last value of the first factor (dSprites' heart has no symmetry), the others in the
/// middle.
fn base_point(dataset: &Dataset) -> usize {
    let space = dataset.grid().space();
    let middle = |(at, size): (usize, usize)| if at == 0 { size - 1 } else { size / 2 };
    let values: Vec<usize> = space.sizes().into_iter().enumerate().map(middle).collect();
    space.index_of(&values)
}

fn bytes(pixels: &[f32]) -> Vec<u8> {
    pixels
        .iter()
        .map(|p| (p.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}
