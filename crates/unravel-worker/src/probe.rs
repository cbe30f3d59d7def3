//! The probe: evenly spaced points of the grid. A trained model's losses are evaluated on them, and their posteriors
//! are stored for cross-trial scores.

use unravel_data::Dataset;
use unravel_model::kernels::Kernels;
use unravel_model::random::{Purpose, Stream};
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_score::{MetricName, ScoreContext, ScoreRecord};
use unravel_store::ScoreFile;

/// Maximum number of points of the probe.
const MAX_POINTS: usize = 10_000;

/// Number of images that are decoded together.
const BATCH: usize = 1024;

/// The points of the probe for a grid of `n_points` points.
pub fn points(n_points: usize) -> Vec<usize> {
    let n = n_points.min(MAX_POINTS);
    // The product may not fit into 64 bits.
    (0..n)
        .map(|i| (i as u128 * n_points as u128 / n as u128) as usize)
        .collect()
}

/// Samples codes from posteriors: `mean + exp(logvar / 2) * noise`. The noise of row `i` is from stream `i / 1024`.
pub fn sample(encoding: &Encoding, seed: u64) -> Vec<f32> {
    let run = 1024 * encoding.n_codes;
    let posteriors = encoding
        .z_mean
        .chunks(run)
        .zip(encoding.z_logvar.chunks(run));
    let mut codes = Vec::with_capacity(encoding.z_mean.len());
    for (at, (z_mean, z_logvar)) in posteriors.enumerate() {
        let mut noise = vec![0.0; z_mean.len()];
        Stream::new(seed, Purpose::Evaluation, at as u64).normal(&mut noise);
        let pairs = z_mean.iter().zip(z_logvar).zip(&noise);
        codes.extend(pairs.map(|((mean, logvar), noise)| mean + (0.5 * logvar).exp() * noise));
    }
    codes
}

/// KL divergence of each code's posterior from the prior, in nats, mean over the points: `[n_codes]`.
///
/// The file `elbo.json` has the bits of this formula. `active_units::kl_per_code` of the metrics rounds differently.
pub fn kl_per_code(encoding: &Encoding) -> Vec<f64> {
    let mut sums = vec![0.0; encoding.n_codes];
    let rows = encoding.z_mean.chunks(encoding.n_codes);
    for (z_mean, z_logvar) in rows.zip(encoding.z_logvar.chunks(encoding.n_codes)) {
        for ((sum, mean), logvar) in sums.iter_mut().zip(z_mean).zip(z_logvar) {
            let (mean, logvar) = (f64::from(*mean), f64::from(*logvar));
            *sum += 0.5 * (mean * mean + logvar.exp() - logvar - 1.0);
        }
    }
    let n = (encoding.z_mean.len() / encoding.n_codes).max(1) as f64;
    sums.into_iter().map(|sum| sum / n).collect()
}

/// Reconstruction loss, KL and ELBO in nats per image, means over the probe, with one sample from each posterior.
pub fn elbo<B: Kernels>(
    model: &TrainedVae<B>,
    dataset: &Dataset,
    points: &[usize],
    encoding: &Encoding,
    seed: u64,
    context: &ScoreContext,
    mut alive: impl FnMut(),
) -> ScoreFile {
    let codes = sample(encoding, seed);
    let mut sum = 0.0;
    for (points, codes) in points
        .chunks(BATCH)
        .zip(codes.chunks(BATCH * encoding.n_codes))
    {
        let mut images = vec![0.0; points.len() * dataset.n_pixels()];
        dataset.write_batch(points, &mut images);
        let nats = model.reconstruction_nats(codes, &images);
        sum += nats.into_iter().map(f64::from).sum::<f64>();
        alive();
    }
    let reconstruction = sum / points.len() as f64;
    let kl: f64 = kl_per_code(encoding).iter().sum();
    let record = |quantity, value| ScoreRecord::exact(MetricName::Elbo, quantity, context, value);
    let mut file = ScoreFile::new(MetricName::Elbo);
    file.scores = vec![
        record("reconstruction_nats", reconstruction),
        record("kl_nats", kl),
        record("elbo_nats", -(reconstruction + kl)),
    ];
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_is_even_and_within_the_grid() {
        assert_eq!(points(4), [0, 1, 2, 3]);
        let probe = points(737_280);
        assert_eq!(probe.len(), 10_000);
        assert!(
            probe
                .windows(2)
                .all(|pair| (73..=74).contains(&(pair[1] - pair[0])))
        );
        assert!(*probe.last().unwrap() < 737_280);
    }

    #[test]
    fn kl_is_that_of_gaussians() {
        // KL(N(m, s^2) || N(0, 1)) = (m^2 + s^2 - ln s^2 - 1) / 2, worked out for (1, 1) and (0, 4).
        let encoding = Encoding {
            n_codes: 2,
            z_mean: vec![1.0, 0.0],
            z_logvar: vec![0.0, 4f32.ln()],
        };
        let kl = kl_per_code(&encoding);
        assert!((kl[0] - 0.5).abs() < 1e-9);
        assert!((kl[1] - (3.0 - 4f64.ln()) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn samples_have_the_spread_of_their_posteriors() {
        let n = 50_000;
        let encoding = Encoding {
            n_codes: 1,
            z_mean: vec![3.0; n],
            z_logvar: vec![2.0 * 0.5f32.ln(); n],
        };
        let codes = sample(&encoding, 1);
        let mean = codes.iter().map(|z| f64::from(*z)).sum::<f64>() / n as f64;
        let var = codes
            .iter()
            .map(|z| (f64::from(*z) - mean).powi(2))
            .sum::<f64>()
            / n as f64;
        assert!((mean - 3.0).abs() < 0.01 && (var.sqrt() - 0.5).abs() < 0.01);
        assert_ne!(codes, sample(&encoding, 2));
    }
}
