//! Encoder and decoder of `M` models.

use burn::tensor::{Tensor, backend::Backend};
use unravel_sweep::ModelConfig;

use super::{Leaves, Network, decoder_layers, encoder_layers};
use crate::arrays::Arrays;
use crate::error::ModelError;
use crate::kernels::Kernels;
use crate::kernels::differentiable::{Tracked, bernoulli_nats, gaussian_nats};
use crate::placement::Placement;
use crate::random::Purpose;

/// The encoder and decoder of `M` models with one architecture.
#[derive(Debug)]
pub struct Vae<B: Backend> {
    /// From images to means and log variances.
    pub encoder: Network<B>,
    /// From codes to logits.
    pub decoder: Network<B>,
    latents: usize,
    likelihood: PixelDistribution,
}

/// The distribution of a pixel, given the decoder's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PixelDistribution {
    /// Bernoulli with this logit.
    Bernoulli,
    /// Gaussian with this variance. Its mean is the sigmoid of the output.
    Gaussian {
        /// Positive.
        variance: f64,
    },
}

/// The Gaussian posterior of each image, independent in each code.
#[derive(Clone, Debug)]
pub struct Posterior<B: Backend> {
    /// Means `[M, N, latents]`.
    pub z_mean: Tracked<B, 3>,
    /// Log variances `[M, N, latents]`.
    pub z_logvar: Tracked<B, 3>,
}

impl<B: Kernels> Vae<B> {
    /// New models for images `[height, width, channels]`, one per seed.
    ///
    /// # Errors
    /// Fails if the architecture does not accept images of that size.
    pub fn init(
        config: &ModelConfig,
        image: [usize; 3],
        seeds: &[u64],
        placement: &Placement<B>,
    ) -> Result<Self, ModelError> {
        let (encoder, decoder) = layers(config, image)?;
        let init = |name, layers, purpose| {
            Network::init(
                name,
                layers,
                config.initialisation,
                purpose,
                seeds,
                placement,
            )
        };
        Ok(Self {
            encoder: init("encoder", encoder, Purpose::EncoderInit),
            decoder: init("decoder", decoder, Purpose::DecoderInit),
            latents: config.latents,
            likelihood: PixelDistribution::of(config),
        })
    }

    /// Models from saved arrays, one per element of `saved`.
    ///
    /// # Errors
    /// As [`Network::restore`].
    pub fn restore(
        config: &ModelConfig,
        image: [usize; 3],
        saved: &[&Arrays],
        placement: &Placement<B>,
    ) -> Result<Self, ModelError> {
        let (encoder, decoder) = layers(config, image)?;
        Ok(Self {
            encoder: Network::restore("encoder", encoder, saved, placement)?,
            decoder: Network::restore("decoder", decoder, saved, placement)?,
            latents: config.latents,
            likelihood: PixelDistribution::of(config),
        })
    }

    /// Models from given networks, for tests.
    #[cfg(test)]
    pub(crate) fn from_networks(
        encoder: Network<B>,
        decoder: Network<B>,
        latents: usize,
        likelihood: PixelDistribution,
    ) -> Self {
        Self {
            encoder,
            decoder,
            latents,
            likelihood,
        }
    }

    /// Number of codes.
    pub fn latents(&self) -> usize {
        self.latents
    }

    /// Posteriors of images `[M, N, pixels]`.
    pub fn encode(&self, encoder: &Leaves<B>, images: Tracked<B, 3>) -> Posterior<B> {
        let [models, batch, _] = images.dims();
        let out = self.encoder.forward(encoder, images);
        let latents = self.latents;
        Posterior {
            z_mean: out.clone().slice([0..models, 0..batch, 0..latents]),
            z_logvar: out.slice([0..models, 0..batch, latents..2 * latents]),
        }
    }

    /// Logits `[M, N, pixels]` of codes `[M, N, latents]`.
    pub fn decode(&self, decoder: &Leaves<B>, codes: Tracked<B, 3>) -> Tracked<B, 3> {
        self.decoder.forward(decoder, codes)
    }

    /// Negative log likelihood of images, given the decoder's output, both `[M, N, pixels]`, in nats: sum over pixels,
    /// mean over the batch, `[M]`.
    pub fn reconstruction_nats(
        &self,
        logits: Tracked<B, 3>,
        images: Tensor<B, 3>,
    ) -> Tracked<B, 1> {
        match self.likelihood {
            PixelDistribution::Bernoulli => bernoulli_nats(logits, images),
            PixelDistribution::Gaussian { variance } => gaussian_nats(logits, images, variance),
        }
    }

    /// Adds the weights of one model to `out` and, with `with_moments`, its optimiser state.
    pub fn save(&self, model: usize, with_moments: bool, out: &mut Arrays) {
        self.encoder.save(model, with_moments, out);
        self.decoder.save(model, with_moments, out);
    }

    /// Keeps the models at these indices.
    pub fn keep(&mut self, models: &[usize]) {
        self.encoder.keep(models);
        self.decoder.keep(models);
    }
}

impl<B: Kernels> Posterior<B> {
    /// Sampled codes `z_mean + exp(z_logvar / 2) * noise`, each `[M, N, latents]`.
    pub fn sample(&self, noise: Tensor<B, 3>) -> Tracked<B, 3> {
        let scale = self.z_logvar.clone().mul_scalar(0.5).exp();
        self.z_mean.clone() + scale * Tracked::<B, 3>::from_inner(noise)
    }

    /// `KL(q(z_j | x) || N(0, 1))` in nats, mean over the batch: `[M, latents]`. Kingma & Welling 2014, appendix B.
    pub fn kl_per_code(&self) -> Tracked<B, 2> {
        let (z_mean, z_logvar) = (self.z_mean.clone(), self.z_logvar.clone());
        let [models, batch, latents] = z_mean.dims();
        let square = z_mean.clone() * z_mean;
        let nats = square + z_logvar.clone().exp() - z_logvar.add_scalar(1.0);
        nats.sum_dim(1)
            .mul_scalar(0.5 / batch as f64)
            .reshape([models, latents])
    }
}

impl PixelDistribution {
    /// The distribution of a model's configured likelihood.
    #[must_use]
    pub fn of(config: &ModelConfig) -> Self {
        match config.gaussian_variance() {
            Some(variance) => Self::Gaussian { variance },
            None => Self::Bernoulli,
        }
    }
}

fn layers(
    config: &ModelConfig,
    image: [usize; 3],
) -> Result<(Vec<super::LayerSpec>, Vec<super::LayerSpec>), ModelError> {
    Ok((
        encoder_layers(config.architecture, image, config.latents)?,
        decoder_layers(config.architecture, image, config.latents)?,
    ))
}
