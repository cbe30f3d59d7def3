//! One layer of a network: its geometry and its initial parameters.

use unravel_sweep::Initialisation;

use crate::kernels::{Activation, ConvShape, LayerKind};
use crate::random::Stream;

/// One layer of a network, for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// Its sum.
    pub kind: LayerKind,
    /// What follows the sum.
    pub activation: Activation,
    /// Numbers in its input.
    pub inputs: usize,
    /// Numbers in its output.
    pub outputs: usize,
    /// Numbers in its bias.
    pub channels: usize,
    /// Fully connected layers that share the input and are computed as one (an encoder's means and log variances);
    /// each is initialised as a layer of its own.
    pub heads: usize,
}

impl LayerSpec {
    /// A fully connected layer.
    #[must_use]
    pub fn linear(inputs: usize, outputs: usize, activation: Activation) -> Self {
        Self {
            kind: LayerKind::Linear,
            activation,
            inputs,
            outputs,
            channels: outputs,
            heads: 1,
        }
    }

    /// A strided convolution with ReLU.
    #[must_use]
    pub fn conv(shape: ConvShape) -> Self {
        Self {
            kind: LayerKind::Conv(shape),
            activation: Activation::Relu,
            inputs: shape.large_len(),
            outputs: shape.small_len(),
            channels: shape.small_channels,
            heads: 1,
        }
    }

    /// A transposed strided convolution.
    #[must_use]
    pub fn conv_transpose(shape: ConvShape, activation: Activation) -> Self {
        Self {
            kind: LayerKind::ConvTranspose(shape),
            activation,
            inputs: shape.small_len(),
            outputs: shape.large_len(),
            channels: shape.large_channels,
            heads: 1,
        }
    }

    /// Axes of the weight: `[inputs, outputs]` or `[kernel, kernel, large_channels, small_channels]`.
    #[must_use]
    pub fn weight_shape(&self) -> Vec<usize> {
        match self.kind {
            LayerKind::Linear => vec![self.inputs, self.outputs],
            LayerKind::Conv(s) | LayerKind::ConvTranspose(s) => {
                vec![s.kernel, s.kernel, s.large_channels, s.small_channels]
            }
        }
    }

    /// The axis of the bias.
    #[must_use]
    pub fn bias_shape(&self) -> Vec<usize> {
        vec![self.channels]
    }

    /// Numbers in the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.weight_shape().iter().product()
    }

    /// Initial weight. Glorot & Bengio 2010: uniform within `sqrt(6 / (fan_in + fan_out))`; PyTorch: uniform within
    /// `1 / sqrt(fan_in)`.
    pub(crate) fn init_weight(&self, rule: Initialisation, stream: Stream) -> Vec<f32> {
        let (fan_in, fan_out) = self.fans();
        let limit = match rule {
            Initialisation::Glorot => (6.0 / (fan_in + fan_out)).sqrt(),
            Initialisation::Pytorch => self.pytorch_limit(),
        };
        uniform(self.weight_len(), limit, stream)
    }

    /// Initial bias: zero, or PyTorch's uniform within `1 / sqrt(fan_in)`.
    pub(crate) fn init_bias(&self, rule: Initialisation, stream: Stream) -> Vec<f32> {
        match rule {
            Initialisation::Glorot => vec![0.0; self.channels],
            Initialisation::Pytorch => uniform(self.channels, self.pytorch_limit(), stream),
        }
    }

    /// Inputs that a number of the output sees, and outputs that a number of the input reaches, times the kernel's
    /// area, as TensorFlow counts them.
    fn fans(&self) -> (f64, f64) {
        match self.kind {
            LayerKind::Linear => (self.inputs as f64, (self.outputs / self.heads) as f64),
            LayerKind::Conv(s) | LayerKind::ConvTranspose(s) => {
                let area = (s.kernel * s.kernel) as f64;
                (
                    area * s.large_channels as f64,
                    area * s.small_channels as f64,
                )
            }
        }
    }

    /// PyTorch takes the second axis of its weight for the inputs: the large side in both directions.
    fn pytorch_limit(&self) -> f64 {
        self.fans().0.sqrt().recip()
    }
}

fn uniform(len: usize, limit: f64, mut stream: Stream) -> Vec<f32> {
    (0..len)
        .map(|_| ((2.0 * stream.unit() - 1.0) * limit) as f32)
        .collect()
}
