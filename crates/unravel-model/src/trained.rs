//! A trained model: encoding and decoding without gradients.

use burn::tensor::{Tensor, backend::Backend};
use rayon::prelude::*;
use unravel_data::Dataset;
use unravel_sweep::ModelConfig;

use crate::arrays::Arrays;
use crate::error::ModelError;
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::network::{Leaves, Vae, host};
use crate::placement::Placement;

/// Number of images that are encoded together.
pub(crate) const BATCH: usize = 256;

/// One trial's encoder and decoder.
#[derive(Debug)]
pub struct TrainedVae<B: Backend> {
    vae: Vae<B>,
    encoder: Leaves<B>,
    decoder: Leaves<B>,
    placement: Placement<B>,
}

/// Posterior means and log variances, `[n_points, n_codes]` each, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// Number of codes.
    pub n_codes: usize,
    /// Means.
    pub z_mean: Vec<f32>,
    /// Log variances.
    pub z_logvar: Vec<f32>,
}

impl<B: Kernels> TrainedVae<B> {
    /// Loads a model from saved weights, for images `[height, width, channels]`.
    ///
    /// # Errors
    /// Fails if an array is missing or does not fit the architecture.
    pub fn load(
        config: &ModelConfig,
        image: [usize; 3],
        weights: &Arrays,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let placement = Placement::single(device);
        let vae = Vae::restore(config, image, &[weights], &placement)?;
        let (encoder, decoder) = (vae.encoder.leaves(false), vae.decoder.leaves(false));
        Ok(Self {
            vae,
            encoder,
            decoder,
            placement,
        })
    }

    /// Number of codes.
    pub fn n_codes(&self) -> usize {
        self.vae.latents()
    }

    /// Encodes these points of a dataset. `progress` receives the number of points so far.
    pub fn encode(
        &self,
        dataset: &Dataset,
        points: &[usize],
        mut progress: impl FnMut(usize),
    ) -> Encoding {
        let n_codes = self.n_codes();
        let mut encoding = Encoding {
            n_codes,
            ..Encoding::default()
        };
        for points in points.chunks(BATCH) {
            let passes = points.par_chunks(B::IMAGES_PER_PASS.min(BATCH));
            let passes: Vec<_> = passes.map(|points| self.pass(dataset, points)).collect();
            for (z_mean, z_logvar) in passes {
                encoding.z_mean.extend(z_mean);
                encoding.z_logvar.extend(z_logvar);
            }
            progress(encoding.z_mean.len() / n_codes);
        }
        encoding
    }

    /// Encodes a few points in one pass.
    fn pass(&self, dataset: &Dataset, points: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let pixels = dataset.n_pixels();
        let mut images = vec![0.0; points.len() * pixels];
        dataset.write_batch(points, &mut images);
        let images = self.placement.tensor(images, [1, points.len(), pixels]);
        let images = Tracked::<B, 3>::from_inner(images);
        let posterior = self.vae.encode(&self.encoder, images);
        (
            host(posterior.z_mean.inner()),
            host(posterior.z_logvar.inner()),
        )
    }

    /// Decodes codes `[n, n_codes]` to the means of the pixels, `[n, pixels]`, in 0 to 1, row-major.
    pub fn decode(&self, codes: &[f32]) -> Vec<f32> {
        let logits = self.logits(codes);
        logits
            .into_iter()
            .map(|l| (1.0 / (1.0 + f64::from(-l).exp())) as f32)
            .collect()
    }

    /// Negative log likelihood of each image given its codes, in nats, `[n]`.
    ///
    /// `codes` is `[n, n_codes]`, and `images` is `[n, pixels]`.
    pub fn reconstruction_nats(&self, codes: &[f32], images: &[f32]) -> Vec<f32> {
        let n = codes.len() / self.n_codes();
        let pixels = images.len() / n.max(1);
        let batches = codes
            .chunks(BATCH * self.n_codes())
            .zip(images.chunks(BATCH * pixels));
        let mut nats = Vec::with_capacity(n);
        for (codes, images) in batches {
            let n = codes.len() / self.n_codes();
            let logits = self.logits_of_batch(codes);
            // Each image is treated as a model, because the loss has one value per model.
            let logits = logits.reshape([n, 1, pixels]);
            let images = self.placement.tensor(images.to_vec(), [n, 1, pixels]);
            let logits = Tracked::<B, 3>::from_inner(logits);
            nats.extend(host(self.vae.reconstruction_nats(logits, images).inner()));
        }
        nats
    }

    fn logits(&self, codes: &[f32]) -> Vec<f32> {
        codes
            .chunks(BATCH * self.n_codes())
            .flat_map(|codes| host(self.logits_of_batch(codes)))
            .collect()
    }

    fn logits_of_batch(&self, codes: &[f32]) -> Tensor<B, 3> {
        let dims = [1, codes.len() / self.n_codes(), self.n_codes()];
        let codes = self.placement.tensor::<3>(codes.to_vec(), dims);
        self.vae
            .decode(&self.decoder, Tracked::<B, 3>::from_inner(codes))
            .inner()
    }
}
