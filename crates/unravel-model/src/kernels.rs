//! The tensor operations of training, as one trait over Burn's backends.
//!
//! Activations have the shape `[models, batch, features]`. For images, the features are `height * width * channels`,
//! with the channels last. Weights have the models as their first axis too. No model reads another model's values.
//!
//! The default methods are the reference: plain Burn operations that are correct on every backend in `f32` and `f64`.
//! The fast implementations ([`cpu`]) are tested against them. [`differentiable`] makes autodiff nodes of the
//! operations.

pub mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
pub mod differentiable;
mod gathered;
mod reference;

use burn::tensor::{Int, Tensor, backend::Backend};

/// The geometry of a strided convolution between a large image and one of half its height and width.
///
/// The convolution maps the large image to the small one, the transposed convolution the small one to the large one.
/// Both use the weight layout `[kernel, kernel, large_channels, small_channels]`, so each is the input gradient of the
/// other.
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

    /// Number of pixels of the small image.
    #[must_use]
    pub fn small_pixels(&self) -> usize {
        self.small_height() * self.small_width()
    }

    /// Number of values of the large image.
    #[must_use]
    pub fn large_len(&self) -> usize {
        self.height * self.width * self.large_channels
    }

    /// Number of values of the small image.
    #[must_use]
    pub fn small_len(&self) -> usize {
        self.small_pixels() * self.small_channels
    }

    /// Number of values that one small pixel is computed from: the length of a row of the unfolded image.
    #[must_use]
    pub fn patch_len(&self) -> usize {
        self.kernel * self.kernel * self.large_channels
    }

    /// Number of values of the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.patch_len() * self.small_channels
    }
}

/// The activation function of a layer, computed in the same pass as its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The identity.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` if positive, else `0.2 x`.
    LeakyRelu,
    /// `tanh x`.
    Tanh,
}

/// The negative slope of [`Activation::LeakyRelu`]: the default of TensorFlow, which FactorVAE's discriminator uses.
pub const LEAKY_SLOPE: f64 = 0.2;

/// The linear part of a layer, before bias and activation.
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
    /// Number of values of the bias, for a layer of `outputs` output values.
    #[must_use]
    pub fn channels(&self, outputs: usize) -> usize {
        match self {
            Self::Linear => outputs,
            Self::Conv(shape) => shape.small_channels,
            Self::ConvTranspose(shape) => shape.large_channels,
        }
    }
}

/// Input, weight and output of a layer in the forward pass.
#[derive(Clone, Debug)]
pub struct ForwardPass<B: Backend> {
    /// `[M, N, inputs]`.
    pub input: Tensor<B, 3>,
    /// `[M, weight_len]`.
    pub weight: Tensor<B, 2>,
    /// `[M, N, outputs]`, after the activation.
    pub output: Tensor<B, 3>,
}

/// The gradients to compute. Others are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestedGradients {
    /// The gradients of weight and bias.
    pub parameters: bool,
    /// The gradient of the input.
    pub input: bool,
}

/// The gradients of one layer. Those that were not requested are `None`.
#[derive(Clone, Debug)]
pub struct LayerGradients<B: Backend> {
    /// `[M, weight_len]`.
    pub grad_weight: Option<Tensor<B, 2>>,
    /// `[M, channels]`.
    pub grad_bias: Option<Tensor<B, 2>>,
    /// `[M, N, inputs]`.
    pub grad_input: Option<Tensor<B, 3>>,
}

/// The scalars of one Adam update (Kingma & Ba 2015, Algorithm 1, with epsilon added after the bias correction).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay rate of the first moment.
    pub beta1: f64,
    /// Decay rate of the second moment.
    pub beta2: f64,
    /// Added to the square root of the second moment.
    pub epsilon: f64,
    /// Number of this update, from 1.
    pub t: u64,
}

impl AdamStep {
    /// `1 - beta1^t`, the bias correction of the first moment.
    #[must_use]
    pub fn correction1(&self) -> f64 {
        1.0 - self.beta1.powf(self.t as f64)
    }

    /// `1 - beta2^t`, the bias correction of the second moment.
    #[must_use]
    pub fn correction2(&self) -> f64 {
        1.0 - self.beta2.powf(self.t as f64)
    }
}

/// Parameters with Adam's two moments, each `[models, length]`.
#[derive(Clone, Debug)]
pub struct AdamMoments<B: Backend> {
    /// The parameters.
    pub value: Tensor<B, 2>,
    /// Moving average of the gradient.
    pub first: Tensor<B, 2>,
    /// Moving average of the squared gradient.
    pub second: Tensor<B, 2>,
}

/// Operations on stacked models. `M` is the number of models and `N` the batch size of each.
///
/// The defaults are the reference implementation in plain Burn operations, and the convolutions of [`Self::GATHERS`].
pub trait Kernels: Backend {
    /// Number of updates between two reads of the losses. A GPU would otherwise wait for the host in every step. On a
    /// CPU, reading costs nothing, and a divergence is detected at once.
    const STEPS_PER_READ: u64 = 50;

    /// Number of images encoded in one pass. A GPU requires many images. On a CPU, each thread has its own passes, and
    /// small ones keep the activations in the cache.
    const IMAGES_PER_PASS: usize = 256;

    /// Whether binary images are sent as bits and unpacked on the device, which takes a thirty-second of the transfer.
    const TAKES_BITS: bool = true;

    /// Whether the default convolutions are one gather and one matrix product each, which takes few launches on a GPU.
    const GATHERS: bool = false;

    /// Strided convolution of large `[M, N, large_len]` with weight `[M, weight_len]` and bias `[M, small_channels]`.
    /// Returns small `[M, N, small_len]`.
    fn down(
        large: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        if Self::GATHERS {
            gathered::down(large, weight, bias, activation, shape)
        } else {
            reference::down(large, weight, bias, activation, shape)
        }
    }

    /// Transposed strided convolution of small `[M, N, small_len]` with weight `[M, weight_len]` and bias `[M,
    /// large_channels]`. Returns large `[M, N, large_len]`. Without bias and activation, it is the input gradient of
    /// [`Self::down`].
    fn up(
        small: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        if Self::GATHERS {
            gathered::up(small, weight, bias, activation, shape)
        } else {
            reference::up(small, weight, bias, activation, shape)
        }
    }

    /// Weight gradient of [`Self::down`] and [`Self::up`], summed over the batch: `[M, weight_len]`.
    fn weight_gradient(
        large: Tensor<Self, 3>,
        small: Tensor<Self, 3>,
        shape: ConvShape,
    ) -> Tensor<Self, 2> {
        if Self::GATHERS {
            gathered::weight_gradient(large, small, shape)
        } else {
            reference::weight_gradient(large, small, shape)
        }
    }

    /// Fully connected layer: input `[M, N, inputs]`, weight `[M, inputs * outputs]` (outputs fastest), bias `[M,
    /// outputs]`. Returns `[M, N, outputs]`.
    fn dense(
        input: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 2>,
        activation: Activation,
    ) -> Tensor<Self, 3> {
        reference::dense(input, weight, bias, activation)
    }

    /// Input gradient of [`Self::dense`] from the gradient of its sum: `[M, N, outputs]` to `[M, N, inputs]`.
    fn dense_input_gradient(gradient: Tensor<Self, 3>, weight: Tensor<Self, 2>) -> Tensor<Self, 3> {
        reference::dense_input_gradient(gradient, weight)
    }

    /// Weight gradient of [`Self::dense`], summed over the batch: `[M, inputs * outputs]`.
    fn dense_weight_gradient(input: Tensor<Self, 3>, gradient: Tensor<Self, 3>) -> Tensor<Self, 2> {
        reference::dense_weight_gradient(input, gradient)
    }

    /// Returns the gradient of a layer's sum before the activation, and of its bias `[M, channels]`, from the output
    /// and its gradient. The features consist of runs of `channels` values.
    fn activation_gradient(
        gradient: Tensor<Self, 3>,
        output: Tensor<Self, 3>,
        activation: Activation,
        channels: usize,
    ) -> (Tensor<Self, 3>, Tensor<Self, 2>) {
        reference::activation_gradient(gradient, output, activation, channels)
    }

    /// The backward pass of a layer, from the gradient of its output.
    fn layer_backward(
        kind: LayerKind,
        activation: Activation,
        pass: ForwardPass<Self>,
        gradient: Tensor<Self, 3>,
        wanted: RequestedGradients,
    ) -> LayerGradients<Self> {
        compose_backward(kind, activation, pass, gradient, wanted)
    }

    /// Negative Bernoulli log likelihood of targets in `[0, 1]` given logits, both `[M, N, pixels]`, in nats: sum over
    /// pixels, mean over the batch, `[M]`.
    fn bernoulli_nats(logits: Tensor<Self, 3>, targets: Tensor<Self, 3>) -> Tensor<Self, 1> {
        reference::bernoulli_nats(logits, targets)
    }

    /// Gradient of [`Self::bernoulli_nats`] with respect to the logits, given the gradient of its result `[M]`.
    fn bernoulli_gradient(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        gradient: Tensor<Self, 1>,
    ) -> Tensor<Self, 3> {
        reference::bernoulli_gradient(logits, targets, gradient)
    }

    /// Negative log likelihood of targets under Gaussians with this variance and the sigmoid of the logits as their
    /// mean, both `[M, N, pixels]`, in nats with the constant: sum over pixels, mean over the batch, `[M]`.
    fn gaussian_nats(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        variance: f64,
    ) -> Tensor<Self, 1> {
        reference::gaussian_nats(logits, targets, variance)
    }

    /// Gradient of [`Self::gaussian_nats`] with respect to the logits, given the gradient of its result `[M]`.
    fn gaussian_gradient(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        variance: f64,
        gradient: Tensor<Self, 1>,
    ) -> Tensor<Self, 3> {
        reference::gaussian_gradient(logits, targets, variance, gradient)
    }

    /// Unpacks bits `[M, N, pixels / 32]` to pixels 0 and 1, `[M, N, pixels]`: pixel `p` is bit `p % 32`, counted from
    /// the lowest, of word `p / 32`.
    fn unpack_bits(words: Tensor<Self, 3, Int>) -> Tensor<Self, 3> {
        reference::unpack_bits(words)
    }

    /// One Adam update from the gradient `[models, length]`.
    fn adam(
        moments: AdamMoments<Self>,
        gradient: Tensor<Self, 2>,
        step: AdamStep,
    ) -> AdamMoments<Self> {
        reference::adam(moments, gradient, step)
    }
}

/// [`Kernels::layer_backward`], composed of the other operations.
fn compose_backward<B: Kernels>(
    kind: LayerKind,
    activation: Activation,
    pass: ForwardPass<B>,
    gradient: Tensor<B, 3>,
    wanted: RequestedGradients,
) -> LayerGradients<B> {
    let ForwardPass {
        input,
        weight,
        output,
    } = pass;
    let channels = kind.channels(gradient.dims()[2]);
    let (grad_sum, grad_bias) = B::activation_gradient(gradient, output, activation, channels);
    let grad_weight = wanted.parameters.then(|| match kind {
        LayerKind::Linear => B::dense_weight_gradient(input, grad_sum.clone()),
        LayerKind::Conv(shape) => B::weight_gradient(input, grad_sum.clone(), shape),
        LayerKind::ConvTranspose(shape) => B::weight_gradient(grad_sum.clone(), input, shape),
    });
    let identity = Activation::Identity;
    let grad_input = wanted.input.then(|| match kind {
        LayerKind::Linear => B::dense_input_gradient(grad_sum, weight),
        LayerKind::Conv(shape) => B::up(grad_sum, weight, None, identity, shape),
        LayerKind::ConvTranspose(shape) => B::down(grad_sum, weight, None, identity, shape),
    });
    LayerGradients {
        grad_weight,
        grad_bias: wanted.parameters.then_some(grad_bias),
        grad_input,
    }
}
