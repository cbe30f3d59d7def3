//! The tensor operations that training is made of, as one trait over Burn's backends.
//!
//! Every activation is `[models, batch, features]`, features being `height * width * channels` with the channels last
//! where there is an image; every weight has the models in front too. Models never read each other's numbers.
//!
//! The default methods are the reference: plain Burn operations, right on every backend and in `f32` and `f64`, and
//! what the fast implementations ([`cpu`]) are tested against. [`differentiable`] makes autodiff nodes of them.

pub mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
pub mod differentiable;
#[cfg(any(feature = "cuda", test))]
mod gathered;
mod reference;

use burn::tensor::{Int, Tensor, backend::Backend};

/// The geometry of a strided convolution between a large image and one of half its height and width.
///
/// The convolution proper goes from large to small, the transposed one from small to large; they share the weight
/// layout `[kernel, kernel, large_channels, small_channels]`, so that each is the other's gradient by its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Height of the large image, in pixels; even.
    pub height: usize,
    /// Width of the large image, in pixels; even.
    pub width: usize,
    /// Channels of the large image.
    pub large_channels: usize,
    /// Channels of the small image.
    pub small_channels: usize,
    /// Kernel side: 4 (padding 1) or 2 (no padding). The stride is 2.
    pub kernel: usize,
}

impl ConvShape {
    /// Zero rows and columns on each side of the large image.
    #[must_use]
    pub fn padding(&self) -> usize {
        (self.kernel - 2) / 2
    }

    /// Height of the small image.
    #[must_use]
    pub fn small_height(&self) -> usize {
        self.height / 2
    }

    /// Width of the small image.
    #[must_use]
    pub fn small_width(&self) -> usize {
        self.width / 2
    }

    /// Pixels of the small image.
    #[must_use]
    pub fn small_pixels(&self) -> usize {
        self.small_height() * self.small_width()
    }

    /// Numbers in the large image.
    #[must_use]
    pub fn large_len(&self) -> usize {
        self.height * self.width * self.large_channels
    }

    /// Numbers in the small image.
    #[must_use]
    pub fn small_len(&self) -> usize {
        self.small_pixels() * self.small_channels
    }

    /// Numbers that one small pixel is computed from: a row of the unfolded image.
    #[must_use]
    pub fn patch_len(&self) -> usize {
        self.kernel * self.kernel * self.large_channels
    }

    /// Numbers in the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.patch_len() * self.small_channels
    }
}

/// What follows the sum in a layer, computed in the same pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `0.2 x`.
    LeakyRelu,
    /// `tanh x`.
    Tanh,
}

/// The negative slope of [`Activation::LeakyRelu`]: TensorFlow's default, which the FactorVAE discriminator uses.
pub const LEAKY_SLOPE: f64 = 0.2;

/// A layer's sum, before bias and activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Fully connected.
    Linear,
    /// Strided convolution, large to small.
    Conv(ConvShape),
    /// Transposed strided convolution, small to large.
    ConvTranspose(ConvShape),
}

impl LayerKind {
    /// Numbers in the bias, given the numbers in the output.
    #[must_use]
    pub fn channels(&self, outputs: usize) -> usize {
        match self {
            Self::Linear => outputs,
            Self::Conv(shape) => shape.small_channels,
            Self::ConvTranspose(shape) => shape.large_channels,
        }
    }
}

/// What a layer read and made in the forward pass.
#[derive(Clone, Debug)]
pub struct ForwardPass<B: Backend> {
    /// `[M, N, inputs]`.
    pub input: Tensor<B, 3>,
    /// `[M, weight_len]`.
    pub weight: Tensor<B, 2>,
    /// `[M, N, outputs]`, after the activation.
    pub output: Tensor<B, 3>,
}

/// Which gradients are asked for; the others are not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedGradients {
    /// By weight and bias.
    pub by_parameters: bool,
    /// By the input.
    pub by_input: bool,
}

/// The gradients of one layer, those that were asked for.
#[derive(Clone, Debug)]
pub struct LayerGradients<B: Backend> {
    /// `[M, weight_len]`.
    pub by_weight: Option<Tensor<B, 2>>,
    /// `[M, channels]`.
    pub by_bias: Option<Tensor<B, 2>>,
    /// `[M, N, inputs]`.
    pub by_input: Option<Tensor<B, 3>>,
}

/// The scalars of one Adam update (Kingma & Ba 2015, Algorithm 1; epsilon outside the bias-corrected root).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Which update this is, from 1.
    pub t: u64,
}

impl AdamStep {
    /// `1 - beta1^t`, by which the first moment is divided.
    #[must_use]
    pub fn correction1(&self) -> f64 {
        1.0 - self.beta1.powf(self.t as f64)
    }

    /// `1 - beta2^t`, by which the second moment is divided.
    #[must_use]
    pub fn correction2(&self) -> f64 {
        1.0 - self.beta2.powf(self.t as f64)
    }
}

/// Parameters with Adam's two moments, all `[models, length]`.
#[derive(Clone, Debug)]
pub struct Moments<B: Backend> {
    /// The parameters themselves.
    pub value: Tensor<B, 2>,
    /// Running mean of the gradient.
    pub first: Tensor<B, 2>,
    /// Running mean of the squared gradient.
    pub second: Tensor<B, 2>,
}

/// Operations on stacked models. `M` is the number of models, `N` the batch size of each.
///
/// The defaults are the reference implementation in plain Burn operations.
pub trait Kernels: Backend {
    /// Updates between two looks at their losses. A device that works on its own should not wait for the host at
    /// every step; on a CPU a look costs nothing, and a divergence is seen at once.
    const STEPS_PER_READ: u64 = 50;

    /// Images that are encoded in one pass. A device is filled by many; on a CPU every thread makes passes of its own, so
    /// small that what is between two layers stays in the cache.
    const IMAGES_PER_PASS: usize = 256;

    /// Whether binary images come as bits and are unpacked on the device, a thirty-second of the transfer.
    const TAKES_BITS: bool = true;

    /// Strided convolution: large `[M, N, large_len]`, weight `[M, weight_len]`, bias `[M, small_channels]` to small
    /// `[M, N, small_len]`.
    fn down(
        large: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        reference::down(large, weight, bias, activation, shape)
    }

    /// Transposed strided convolution: small `[M, N, small_len]`, weight `[M, weight_len]`, bias
    /// `[M, large_channels]` to large `[M, N, large_len]`. Without bias and activation, the gradient of [`Self::down`]
    /// by its input.
    fn up(
        small: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        reference::up(small, weight, bias, activation, shape)
    }

    /// Gradient by the weight of either direction: `[M, weight_len]`, summed over the batch.
    fn weight_gradient(
        large: Tensor<Self, 3>,
        small: Tensor<Self, 3>,
        shape: ConvShape,
    ) -> Tensor<Self, 2> {
        reference::weight_gradient(large, small, shape)
    }

    /// Fully connected layer: `[M, N, inputs]`, weight `[M, inputs * outputs]` (outputs fastest), bias `[M, outputs]`
    /// to `[M, N, outputs]`.
    fn dense(
        input: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 2>,
        activation: Activation,
    ) -> Tensor<Self, 3> {
        reference::dense(input, weight, bias, activation)
    }

    /// Gradient of [`Self::dense`] by its input, from the gradient by its sum: `[M, N, outputs]` to `[M, N, inputs]`.
    fn dense_input_gradient(gradient: Tensor<Self, 3>, weight: Tensor<Self, 2>) -> Tensor<Self, 3> {
        reference::dense_input_gradient(gradient, weight)
    }

    /// Gradient of [`Self::dense`] by its weight: `[M, inputs * outputs]`, summed over the batch.
    fn dense_weight_gradient(input: Tensor<Self, 3>, gradient: Tensor<Self, 3>) -> Tensor<Self, 2> {
        reference::dense_weight_gradient(input, gradient)
    }

    /// From the gradient by a layer's output and that output, the gradient by its sum, before the activation, and by
    /// its bias `[M, channels]` (the features are cut into runs of `channels`).
    fn activation_gradient(
        gradient: Tensor<Self, 3>,
        output: Tensor<Self, 3>,
        activation: Activation,
        channels: usize,
    ) -> (Tensor<Self, 3>, Tensor<Self, 2>) {
        reference::activation_gradient(gradient, output, activation, channels)
    }

    /// The backward pass of a whole layer, from the gradient by its output.
    fn layer_backward(
        kind: LayerKind,
        activation: Activation,
        pass: ForwardPass<Self>,
        gradient: Tensor<Self, 3>,
        wanted: WantedGradients,
    ) -> LayerGradients<Self> {
        compose_backward(kind, activation, pass, gradient, wanted)
    }

    /// Negative Bernoulli log likelihood of targets in `[0, 1]` given logits, both `[M, N, pixels]`, in nats: summed
    /// over pixels, mean over the batch, `[M]`.
    fn bernoulli_nats(logits: Tensor<Self, 3>, targets: Tensor<Self, 3>) -> Tensor<Self, 1> {
        reference::bernoulli_nats(logits, targets)
    }

    /// Gradient of [`Self::bernoulli_nats`] by the logits, given the gradient by its result `[M]`.
    fn bernoulli_gradient(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        gradient: Tensor<Self, 1>,
    ) -> Tensor<Self, 3> {
        reference::bernoulli_gradient(logits, targets, gradient)
    }

    /// Negative log likelihood of targets under Gaussians of this variance around the sigmoid of the logits, both
    /// `[M, N, pixels]`, in nats, its constant included: summed over pixels, mean over the batch, `[M]`.
    fn gaussian_nats(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        variance: f64,
    ) -> Tensor<Self, 1> {
        reference::gaussian_nats(logits, targets, variance)
    }

    /// Gradient of [`Self::gaussian_nats`] by the logits, given the gradient by its result `[M]`.
    fn gaussian_gradient(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        variance: f64,
        gradient: Tensor<Self, 1>,
    ) -> Tensor<Self, 3> {
        reference::gaussian_gradient(logits, targets, variance, gradient)
    }

    /// Pixels 0 and 1, `[M, N, pixels]`, from bits `[M, N, pixels / 32]`: pixel `p` is bit `p % 32`, from the lowest, of
    /// word `p / 32`.
    fn unpack_bits(words: Tensor<Self, 3, Int>) -> Tensor<Self, 3> {
        reference::unpack_bits(words)
    }

    /// One Adam update from the gradient `[models, length]`.
    fn adam(moments: Moments<Self>, gradient: Tensor<Self, 2>, step: AdamStep) -> Moments<Self> {
        reference::adam(moments, gradient, step)
    }
}

/// [`Kernels::layer_backward`] from the other operations.
fn compose_backward<B: Kernels>(
    kind: LayerKind,
    activation: Activation,
    pass: ForwardPass<B>,
    gradient: Tensor<B, 3>,
    wanted: WantedGradients,
) -> LayerGradients<B> {
    let ForwardPass {
        input,
        weight,
        output,
    } = pass;
    let channels = kind.channels(gradient.dims()[2]);
    let (by_sum, by_bias) = B::activation_gradient(gradient, output, activation, channels);
    let by_weight = wanted.by_parameters.then(|| match kind {
        LayerKind::Linear => B::dense_weight_gradient(input, by_sum.clone()),
        LayerKind::Conv(shape) => B::weight_gradient(input, by_sum.clone(), shape),
        LayerKind::ConvTranspose(shape) => B::weight_gradient(by_sum.clone(), input, shape),
    });
    let identity = Activation::Identity;
    let by_input = wanted.by_input.then(|| match kind {
        LayerKind::Linear => B::dense_input_gradient(by_sum, weight),
        LayerKind::Conv(shape) => B::up(by_sum, weight, None, identity, shape),
        LayerKind::ConvTranspose(shape) => B::down(by_sum, weight, None, identity, shape),
    });
    LayerGradients {
        by_weight,
        by_bias: wanted.by_parameters.then_some(by_bias),
        by_input,
    }
}
