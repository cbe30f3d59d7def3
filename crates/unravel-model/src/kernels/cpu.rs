//! The fast implementation of [`Kernels`] on Burn's CPU backend.
//!
//! Work is divided into tasks of one model and a fixed number of images, and every sum has a fixed order. Results
//! therefore do not depend on the number of threads or on the number of models in a tensor. `f64` tensors use the
//! reference.

mod arch;
mod buffer;
mod conv;
mod elementwise;
mod lanes;
mod linear;
mod matmul;
mod product;
mod scratch;
mod vector_math;

#[cfg(test)]
mod tests;

use burn::backend::Flex;
use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{DType, Shape, Tensor, TensorData, TensorPrimitive};

use super::{
    Activation, AdamMoments, AdamStep, ConvShape, ForwardPass, Kernels, LayerGradients, LayerKind,
    RequestedGradients, compose_backward, reference,
};
use buffer::Buffer;
use conv::ConvLayer;

impl Kernels for Flex {
    const STEPS_PER_READ: u64 = 1;
    const IMAGES_PER_PASS: usize = 32;
    const TAKES_BITS: bool = false;

    fn down(
        large: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        if large.dtype() != DType::F32 {
            return reference::down(large, weight, bias, activation, shape);
        }
        let [models, batch, _] = large.dims();
        let layer = ConvLayer {
            shape,
            activation,
            batch,
        };
        let (large, weight, bias) = (Floats::of(large), Floats::of(weight), bias.map(Floats::of));
        let mut small = Buffer::unspecified(models * batch * shape.small_len());
        let bias = bias.as_ref().map(Floats::values);
        conv::down(
            large.values(),
            weight.values(),
            bias,
            layer,
            small.values_mut(),
        );
        tensor(small, [models, batch, shape.small_len()])
    }

    fn up(
        small: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 2>>,
        activation: Activation,
        shape: ConvShape,
    ) -> Tensor<Self, 3> {
        if small.dtype() != DType::F32 {
            return reference::up(small, weight, bias, activation, shape);
        }
        let [models, batch, _] = small.dims();
        let layer = ConvLayer {
            shape,
            activation,
            batch,
        };
        let (small, weight, bias) = (Floats::of(small), Floats::of(weight), bias.map(Floats::of));
        let mut large = Buffer::unspecified(models * batch * shape.large_len());
        let bias = bias.as_ref().map(Floats::values);
        conv::up(
            small.values(),
            weight.values(),
            bias,
            layer,
            large.values_mut(),
        );
        tensor(large, [models, batch, shape.large_len()])
    }

    fn weight_gradient(
        large: Tensor<Self, 3>,
        small: Tensor<Self, 3>,
        shape: ConvShape,
    ) -> Tensor<Self, 2> {
        if large.dtype() != DType::F32 {
            return reference::weight_gradient(large, small, shape);
        }
        let [models, batch, _] = large.dims();
        let layer = ConvLayer {
            shape,
            activation: Activation::Identity,
            batch,
        };
        let (large, small) = (Floats::of(large), Floats::of(small));
        let mut gradient = Buffer::unspecified(models * shape.weight_len());
        conv::weight_gradient(large.values(), small.values(), layer, gradient.values_mut());
        tensor(gradient, [models, shape.weight_len()])
    }

    fn layer_backward(
        kind: LayerKind,
        activation: Activation,
        pass: ForwardPass<Self>,
        gradient: Tensor<Self, 3>,
        wanted: RequestedGradients,
    ) -> LayerGradients<Self> {
        let shape = match kind {
            LayerKind::Conv(shape) | LayerKind::ConvTranspose(shape) => shape,
            LayerKind::Linear => {
                return compose_backward(kind, activation, pass, gradient, wanted);
            }
        };
        if gradient.dtype() != DType::F32 || !wanted.parameters {
            return compose_backward(kind, activation, pass, gradient, wanted);
        }
        let [models, batch, input_len] = pass.input.dims();
        let layer = ConvLayer {
            shape,
            activation,
            batch,
        };
        let channels = kind.channels(gradient.dims()[2]);
        let (input, weight) = (Floats::of(pass.input), Floats::of(pass.weight));
        let (output, gradient) = (Floats::of(pass.output), Floats::of(gradient));
        let mut grad_weight = Buffer::unspecified(models * shape.weight_len());
        let mut grad_bias = Buffer::unspecified(models * channels);
        let mut grad_input = wanted
            .input
            .then(|| Buffer::unspecified(models * batch * input_len));
        let out = conv::Backward {
            grad_weight: grad_weight.values_mut(),
            grad_bias: grad_bias.values_mut(),
            grad_input: grad_input.as_mut().map(Buffer::values_mut),
        };
        let result = (output.values(), gradient.values());
        match kind {
            LayerKind::ConvTranspose(_) => {
                conv::up_backward(input.values(), weight.values(), result, layer, out);
            }
            _ => conv::down_backward(input.values(), weight.values(), result, layer, out),
        }
        LayerGradients {
            grad_weight: Some(tensor(grad_weight, [models, shape.weight_len()])),
            grad_bias: Some(tensor(grad_bias, [models, channels])),
            grad_input: grad_input.map(|grad_input| tensor(grad_input, [models, batch, input_len])),
        }
    }

    fn dense(
        input: Tensor<Self, 3>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 2>,
        activation: Activation,
    ) -> Tensor<Self, 3> {
        if input.dtype() != DType::F32 {
            return reference::dense(input, weight, bias, activation);
        }
        let [models, batch, inputs] = input.dims();
        let outputs = bias.dims()[1];
        let dims = linear::Dims {
            batch,
            inputs,
            outputs,
        };
        let (input, weight, bias) = (Floats::of(input), Floats::of(weight), Floats::of(bias));
        let mut output = Buffer::unspecified(models * batch * outputs);
        let bias = bias.values();
        linear::forward(
            input.values(),
            weight.values(),
            bias,
            activation,
            dims,
            output.values_mut(),
        );
        tensor(output, [models, batch, outputs])
    }

    fn dense_input_gradient(gradient: Tensor<Self, 3>, weight: Tensor<Self, 2>) -> Tensor<Self, 3> {
        if gradient.dtype() != DType::F32 {
            return reference::dense_input_gradient(gradient, weight);
        }
        let [models, batch, outputs] = gradient.dims();
        let inputs = weight.dims()[1] / outputs;
        let dims = linear::Dims {
            batch,
            inputs,
            outputs,
        };
        let (gradient, weight) = (Floats::of(gradient), Floats::of(weight));
        let mut grad_input = Buffer::unspecified(models * batch * inputs);
        linear::input_gradient(
            gradient.values(),
            weight.values(),
            dims,
            grad_input.values_mut(),
        );
        tensor(grad_input, [models, batch, inputs])
    }

    fn dense_weight_gradient(input: Tensor<Self, 3>, gradient: Tensor<Self, 3>) -> Tensor<Self, 2> {
        if input.dtype() != DType::F32 {
            return reference::dense_weight_gradient(input, gradient);
        }
        let [models, batch, inputs] = input.dims();
        let outputs = gradient.dims()[2];
        let dims = linear::Dims {
            batch,
            inputs,
            outputs,
        };
        let (input, gradient) = (Floats::of(input), Floats::of(gradient));
        let mut grad_weight = Buffer::unspecified(models * inputs * outputs);
        linear::weight_gradient(
            input.values(),
            gradient.values(),
            dims,
            grad_weight.values_mut(),
        );
        tensor(grad_weight, [models, inputs * outputs])
    }

    fn activation_gradient(
        gradient: Tensor<Self, 3>,
        output: Tensor<Self, 3>,
        activation: Activation,
        channels: usize,
    ) -> (Tensor<Self, 3>, Tensor<Self, 2>) {
        if gradient.dtype() != DType::F32 {
            return reference::activation_gradient(gradient, output, activation, channels);
        }
        let [models, batch, features] = gradient.dims();
        let (gradient, output) = (Floats::of(gradient), Floats::of(output));
        let mut grad_sum = Buffer::unspecified(models * batch * features);
        let mut grad_bias = Buffer::zeros(models * channels);
        elementwise::activation_gradient(
            gradient.values(),
            output.values(),
            activation,
            batch * features,
            grad_sum.values_mut(),
            grad_bias.values_mut(),
        );
        (
            tensor(grad_sum, [models, batch, features]),
            tensor(grad_bias, [models, channels]),
        )
    }

    fn bernoulli_nats(logits: Tensor<Self, 3>, targets: Tensor<Self, 3>) -> Tensor<Self, 1> {
        if logits.dtype() != DType::F32 {
            return reference::bernoulli_nats(logits, targets);
        }
        let [models, batch, _] = logits.dims();
        let (logits, targets) = (Floats::of(logits), Floats::of(targets));
        let nats = elementwise::bernoulli_nats(logits.values(), targets.values(), models, batch);
        Tensor::from_data(TensorData::new(nats, [models]), &Default::default())
    }

    fn bernoulli_gradient(
        logits: Tensor<Self, 3>,
        targets: Tensor<Self, 3>,
        gradient: Tensor<Self, 1>,
    ) -> Tensor<Self, 3> {
        if logits.dtype() != DType::F32 {
            return reference::bernoulli_gradient(logits, targets, gradient);
        }
        let [_, batch, _] = logits.dims();
        let (mut logits, targets) = (Floats::of(logits), Floats::of(targets));
        let scale = Floats::of(gradient);
        elementwise::bernoulli_gradient(
            logits.values_mut(),
            targets.values(),
            scale.values(),
            batch,
        );
        logits.into_tensor()
    }

    fn adam(
        moments: AdamMoments<Self>,
        gradient: Tensor<Self, 2>,
        step: AdamStep,
    ) -> AdamMoments<Self> {
        if gradient.dtype() != DType::F32 {
            return reference::adam(moments, gradient, step);
        }
        let mut value = Floats::of(moments.value);
        let (mut first, mut second) = (Floats::of(moments.first), Floats::of(moments.second));
        let gradient = Floats::of(gradient);
        elementwise::adam(
            value.values_mut(),
            first.values_mut(),
            second.values_mut(),
            gradient.values(),
            step,
        );
        AdamMoments {
            value: value.into_tensor(),
            first: first.into_tensor(),
            second: second.into_tensor(),
        }
    }
}

/// A contiguous `f32` tensor without its shape.
struct Floats(FlexTensor);

impl Floats {
    fn of<const D: usize>(tensor: Tensor<Flex, D>) -> Self {
        Self(tensor.into_primitive().tensor().to_contiguous())
    }

    fn values(&self) -> &[f32] {
        self.0.storage()
    }

    /// The values, copied first if the memory is shared.
    fn values_mut(&mut self) -> &mut [f32] {
        self.0.storage_mut()
    }

    fn into_tensor<const D: usize>(self) -> Tensor<Flex, D> {
        Tensor::from_primitive(TensorPrimitive::Float(self.0))
    }
}

fn tensor<const D: usize>(values: Buffer, dims: [usize; D]) -> Tensor<Flex, D> {
    let layout = Layout::contiguous(Shape::from(dims));
    let primitive = FlexTensor::new(values.into_bytes(), layout, DType::F32);
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}
