//! All randomness of training: ChaCha8 streams on the host, keyed by (trial seed, purpose, step).
//!
//! The numbers of step `t` do not depend on previous steps, so resuming is exact. A trial draws the same numbers in
//! every cohort.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The purpose of a stream. The numbers are part of a trial's semantics: never renumber them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights. The step is the index of the parameter in the network.
    EncoderInit = 1,
    /// As [`Purpose::EncoderInit`].
    DecoderInit = 2,
    /// As [`Purpose::EncoderInit`].
    DiscriminatorInit = 3,
    /// The points of the batch.
    Batch = 4,
    /// The noise that samples the batch's codes.
    Noise = 5,
    /// The points of the second batch (`permuted-batch = "second"`).
    SecondBatch = 6,
    /// The noise of the second batch.
    SecondNoise = 7,
    /// The permutations of each code over the batch.
    Permutation = 8,
    /// The noise of scores and pictures after training.
    Evaluation = 9,
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream for a trial's seed, a purpose and a step.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, step: u64) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&step.to_le_bytes());
        key[24..].copy_from_slice(b"unravel1");
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A uniform integer in `0..n`, for `n` of at least 1. The bias is below `n / 2^64`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A uniform number in `[0, 1)`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// `n` points drawn uniformly with replacement from `0..n_points`.
    pub fn points(&mut self, n: usize, n_points: usize) -> Vec<usize> {
        (0..n).map(|_| self.below(n_points)).collect()
    }

    /// Fills `out` with standard normal numbers (Box & Muller 1958, with both numbers of each pair).
    pub fn normal(&mut self, out: &mut [f32]) {
        for pair in out.chunks_mut(2) {
            let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
            let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
            pair[0] = (radius * cos) as f32;
            if let Some(second) = pair.get_mut(1) {
                *second = (radius * sin) as f32;
            }
        }
    }

    /// A random permutation of `0..n` (Fisher & Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_repeatable() {
        let draw = |seed, purpose, step| Stream::new(seed, purpose, step).points(8, 1000);
        assert_eq!(draw(1, Purpose::Batch, 5), draw(1, Purpose::Batch, 5));
        assert_ne!(draw(1, Purpose::Batch, 5), draw(2, Purpose::Batch, 5));
        assert_ne!(draw(1, Purpose::Batch, 5), draw(1, Purpose::Noise, 5));
        assert_ne!(draw(1, Purpose::Batch, 5), draw(1, Purpose::Batch, 6));
    }

    #[test]
    fn normal_numbers_have_the_right_moments() {
        let mut values = vec![0.0; 200_001];
        Stream::new(3, Purpose::Noise, 0).normal(&mut values);
        let n = values.len() as f64;
        let moment = |k| values.iter().map(|v| f64::from(*v).powi(k)).sum::<f64>() / n;
        // The standard errors are 1, sqrt 2, sqrt 15 and sqrt 96, over sqrt n. The test allows four of them.
        for (k, expected, error) in [(1, 0.0, 1.0), (2, 1.0, 1.42), (3, 0.0, 3.9), (4, 3.0, 9.8)] {
            assert!(
                (moment(k) - expected).abs() < 4.0 * error / n.sqrt(),
                "moment {k}"
            );
        }
    }

    #[test]
    fn a_permutation_holds_everything_once() {
        let mut order = Stream::new(0, Purpose::Permutation, 9).permutation(64);
        assert_ne!(order, (0..64).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..64).collect::<Vec<_>>());
    }
}
