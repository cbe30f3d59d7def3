//! One layer of a network: its geometry and its initial parameters.

use unravel_sweep::Initialisation;

use crate::kernels::{Activation, ConvShape, LayerKind};
use crate::random::Stream;

/// One layer of a network, for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// The linear part.
    pub kind: LayerKind,
    /// The activation.
    pub activation: Activation,
    /// Number of input values.
    pub inputs: usize,
    /// Number of output values.
    pub outputs: usize,
    /// Number of values of the bias.
    pub channels: usize,
    /// Number of fully connected layers that share the input and are computed as one (an encoder's means and log
    /// variances). Each is initialised as a separate layer.
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

    /// Shape of the weight: `[inputs, outputs]` or `[kernel, kernel, large_channels, small_channels]`.
    #[must_use]
    pub fn weight_shape(&self) -> Vec<usize> {
        match self.kind {
            LayerKind::Linear => vec![self.inputs, self.outputs],
            LayerKind::Conv(s) | LayerKind::ConvTranspose(s) => {
                vec![s.kernel, s.kernel, s.large_channels, s.small_channels]
            }
        }
    }

    /// Shape of the bias.
    #[must_use]
    pub fn bias_shape(&self) -> Vec<usize> {
        vec![self.channels]
    }

    /// Number of values of the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.weight_shape().iter().product()
    }

    /// The initial weight. Glorot & Bengio 2010: uniform within `sqrt(6 / (fan_in + fan_out))`. PyTorch: uniform within
    /// `1 / sqrt(fan_in)`.
    pub(crate) fn init_weight(&self, rule: Initialisation, stream: Stream) -> Vec<f32> {
        let (fan_in, fan_out) = self.fans();
        let limit = match rule {
            Initialisation::Glorot => (6.0 / (fan_in + fan_out)).sqrt(),
            Initialisation::Pytorch => self.pytorch_limit(),
        };
        uniform(self.weight_len(), limit, stream)
    }

    /// The initial bias: zero, or PyTorch's uniform within `1 / sqrt(fan_in)`.
    pub(crate) fn init_bias(&self, rule: Initialisation, stream: Stream) -> Vec<f32> {
        match rule {
            Initialisation::Glorot => vec![0.0; self.channels],
            Initialisation::Pytorch => uniform(self.channels, self.pytorch_limit(), stream),
        }
    }

    /// Fan-in and fan-out as TensorFlow counts them: input and output channels, times the kernel's area.
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

    /// The fan-in of PyTorch. It counts the second axis of its weight as inputs, which is the large side in both
    /// directions.
    fn pytorch_limit(&self) -> f64 {
        self.fans().0.sqrt().recip()
    }
}

fn uniform(len: usize, limit: f64, mut stream: Stream) -> Vec<f32> {
    (0..len)
        .map(|_| ((2.0 * stream.unit() - 1.0) * limit) as f32)
        .collect()
}
