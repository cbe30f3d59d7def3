//! Decodes the images that the report shows of a trial: latent traversals, reconstructions, samples from the prior.

use unravel_data::Dataset;
use unravel_model::kernels::Kernels;
use unravel_model::random::{Purpose, Stream};
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_store::Pictures;

use crate::probe::kl_per_code;

/// First value, last value and number of values of a traversal over the prior: three standard deviations to each side.
const PRIOR_RANGE: (f32, f32, usize) = (-3.0, 3.0, 11);

/// First quantile, last quantile and number of values of a traversal over a code's own range, the range of its
/// posterior means over the probe.
const POSTERIOR_RANGE: (f64, f64, usize) = (0.01, 0.99, 11);

const N_RECONSTRUCTIONS: usize = 12;
const N_SAMPLES: usize = 24;

/// The seed for points and samples. It is the same for all trials, so that their pictures are comparable.
const SEED: u64 = 0;

/// Decodes all pictures of a trained model. `probe` has the posteriors of the probe's points.
pub fn draw<B: Kernels>(model: &TrainedVae<B>, dataset: &Dataset, probe: &Encoding) -> Pictures {
    let n_codes = model.n_codes();
    let points =
        Stream::new(SEED, Purpose::Evaluation, 0).points(N_RECONSTRUCTIONS, dataset.n_points());
    let mut originals = vec![0.0; points.len() * dataset.n_pixels()];
    dataset.write_batch(&points, &mut originals);
    let reconstructions = model.decode(&model.encode(dataset, &points, |_| ()).z_mean);

    let mut prior = vec![0.0; N_SAMPLES * n_codes];
    Stream::new(SEED, Purpose::Evaluation, 1).normal(&mut prior);

    let (first, last, n) = PRIOR_RANGE;
    let values = linspace(first, last, n);
    let posterior_values = posterior_values(probe);
    let base = model.encode(dataset, &[base_point(dataset)], |_| ()).z_mean;
    let traversal = |values: &[f32]| bytes(&model.decode(&vary_each_code(&base, values)));
    Pictures {
        image_shape: dataset.shape(),
        traversals: traversal(&values.repeat(n_codes)),
        traversal_values: values,
        posterior_traversals: traversal(&posterior_values),
        posterior_values,
        kl_per_code: kl_per_code(probe)
            .into_iter()
            .map(|nats| nats as f32)
            .collect(),
        originals: bytes(&originals),
        reconstructions: bytes(&reconstructions),
        samples: bytes(&model.decode(&prior)),
    }
}

/// Replaces one code of `base` at a time by each of its `values`, `[n_codes, n_values]`. Returns one row for each
/// value,
/// `[n_codes * n_values, n_codes]`.
fn vary_each_code(base: &[f32], values: &[f32]) -> Vec<f32> {
    let n_values = values.len() / base.len();
    let mut codes = Vec::with_capacity(values.len() * base.len());
    for (code, values) in values.chunks(n_values).enumerate() {
        for value in values {
            let row = codes.len();
            codes.extend_from_slice(base);
            codes[row + code] = *value;
        }
    }
    codes
}

/// `n` values from `first` to `last`, evenly spaced.
fn linspace(first: f32, last: f32, n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| first + (last - first) * i as f32 / (n - 1) as f32)
        .collect()
}

/// Evenly spaced values over each code's own range, `[n_codes, n_values]`.
fn posterior_values(probe: &Encoding) -> Vec<f32> {
    let (low, high, n) = POSTERIOR_RANGE;
    let values = |code: usize| {
        let means = probe.z_mean.iter().skip(code).step_by(probe.n_codes);
        let mut means: Vec<f32> = means.copied().collect();
        means.sort_by(f32::total_cmp);
        let at = |share: f64| means[(share * (means.len() - 1) as f64).round() as usize];
        linspace(at(low), at(high), n)
    };
    (0..probe.n_codes).flat_map(values).collect()
}

/// The point whose codes traversals start from: the last value of the first factor (the heart of dSprites, which has no
/// symmetry) and the middle value of the others.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_moves_at_a_time() {
        let codes = vary_each_code(&[7.0, 8.0], &[0.0, 1.0, 2.0, 3.0]);
        assert_eq!(codes, [0.0, 8.0, 1.0, 8.0, 7.0, 2.0, 7.0, 3.0]);
    }

    #[test]
    fn a_codes_own_range_leaves_its_ends_out() {
        // Means −1, −0.99, …, 1 of one code and ten times that of the other.
        let mean = |i: i16| f32::from(i) / 100.0;
        let probe = Encoding {
            n_codes: 2,
            z_mean: (-100..=100)
                .flat_map(|i| [mean(i), 10.0 * mean(i)])
                .collect(),
            z_logvar: vec![0.0; 402],
        };
        let values = posterior_values(&probe);
        assert_eq!(values.len(), 2 * 11);
        for (value, expected) in [(0, -0.98), (5, 0.0), (10, 0.98), (11, -9.8), (21, 9.8)] {
            assert!((values[value] - expected).abs() < 1e-5, "{values:?}");
        }
    }
}
