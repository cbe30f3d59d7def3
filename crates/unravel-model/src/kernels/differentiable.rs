//! Layers and losses as nodes of Burn's autodiff graph, on top of [`Kernels`].
//!
//! Gradients that are not requested are not computed: for example, the gradient of the input image, and the weight
//! gradients of a network that only passes gradients on.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::{Tensor, TensorPrimitive, backend::Backend};

use super::{Activation, ForwardPass, Kernels, LayerKind, RequestedGradients};

/// A tensor of the autodiff graph over backend `B`.
pub type Tracked<B, const D: usize> = Tensor<Autodiff<B>, D>;

/// One layer: `activation(sum(input, weight) + bias)`.
///
/// # Shapes
/// input `[M, N, inputs]`, weight `[M, weight_len]`, bias `[M, channels]`, result `[M, N, outputs]`.
pub fn layer<B: Kernels>(
    kind: LayerKind,
    activation: Activation,
    input: Tracked<B, 3>,
    weight: Tracked<B, 2>,
    bias: Tracked<B, 2>,
) -> Tracked<B, 3> {
    let input = input.into_primitive().tensor();
    let weight = weight.into_primitive().tensor();
    let bias = bias.into_primitive().tensor();
    let output = layer_forward::<B>(
        kind,
        activation,
        wrap(input.primitive.clone()),
        wrap(weight.primitive.clone()),
        wrap(bias.primitive),
    );
    let nodes = [input.node, weight.node, bias.node];
    let result = match (LayerBackward { kind, activation })
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prep) => {
            let state = LayerState::<B> {
                input: input.primitive,
                weight: weight.primitive,
                output: unwrap(output.clone()),
            };
            prep.finish(state, unwrap(output))
        }
        OpsKind::UnTracked(prep) => prep.finish(unwrap(output)),
    };
    Tensor::from_primitive(TensorPrimitive::Float(result))
}

/// Negative Bernoulli log likelihood, as [`Kernels::bernoulli_nats`]; differentiable with respect to the logits.
pub fn bernoulli_nats<B: Kernels>(logits: Tracked<B, 3>, targets: Tensor<B, 3>) -> Tracked<B, 1> {
    Likelihood::Bernoulli.nats(logits, targets)
}

/// Negative Gaussian log likelihood, as [`Kernels::gaussian_nats`]; differentiable with respect to the logits.
pub fn gaussian_nats<B: Kernels>(
    logits: Tracked<B, 3>,
    targets: Tensor<B, 3>,
    variance: f64,
) -> Tracked<B, 1> {
    Likelihood::Gaussian { variance }.nats(logits, targets)
}

fn layer_forward<B: Kernels>(
    kind: LayerKind,
    activation: Activation,
    input: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Tensor<B, 2>,
) -> Tensor<B, 3> {
    match kind {
        LayerKind::Linear => B::dense(input, weight, bias, activation),
        LayerKind::Conv(shape) => B::down(input, weight, Some(bias), activation, shape),
        LayerKind::ConvTranspose(shape) => B::up(input, weight, Some(bias), activation, shape),
    }
}

#[derive(Clone, Copy, Debug)]
struct LayerBackward {
    kind: LayerKind,
    activation: Activation,
}

#[derive(Clone, Debug)]
struct LayerState<B: Backend> {
    input: B::FloatTensorPrimitive,
    weight: B::FloatTensorPrimitive,
    output: B::FloatTensorPrimitive,
}

impl<B: Kernels> Backward<B, 3> for LayerBackward {
    type State = LayerState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad_output: Tensor<B, 3> = wrap(grads.consume::<B>(&ops.node));
        let LayerState {
            input,
            weight,
            output,
        } = ops.state;
        let pass = ForwardPass {
            input: wrap(input),
            weight: wrap(weight),
            output: wrap(output),
        };
        let [input, weight, bias] = ops.parents.map(|node| node.map(|node| node.id));
        let wanted = RequestedGradients {
            parameters: weight.is_some() || bias.is_some(),
            input: input.is_some(),
        };
        let gradients = B::layer_backward(self.kind, self.activation, pass, grad_output, wanted);
        register(grads, bias, gradients.grad_bias);
        register(grads, weight, gradients.grad_weight);
        register(grads, input, gradients.grad_input);
    }
}

/// The distribution of a pixel given its logit.
#[derive(Clone, Copy, Debug)]
enum Likelihood {
    Bernoulli,
    Gaussian { variance: f64 },
}

impl Likelihood {
    /// The negative log likelihood as a node of the graph.
    fn nats<B: Kernels>(self, logits: Tracked<B, 3>, targets: Tensor<B, 3>) -> Tracked<B, 1> {
        let logits = logits.into_primitive().tensor();
        let (values, pixels) = (wrap(logits.primitive.clone()), targets.clone());
        let nats = match self {
            Self::Bernoulli => B::bernoulli_nats(values, pixels),
            Self::Gaussian { variance } => B::gaussian_nats(values, pixels, variance),
        };
        let result = match self
            .prepare::<NoCheckpointing>([logits.node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                prep.finish((logits.primitive, unwrap(targets)), unwrap(nats))
            }
            OpsKind::UnTracked(prep) => prep.finish(unwrap(nats)),
        };
        Tensor::from_primitive(TensorPrimitive::Float(result))
    }
}

impl<B: Kernels> Backward<B, 1> for Likelihood {
    type State = (B::FloatTensorPrimitive, B::FloatTensorPrimitive);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient: Tensor<B, 1> = wrap(grads.consume::<B>(&ops.node));
        let [node] = ops.parents.map(|node| node.map(|node| node.id));
        let (logits, targets) = (wrap::<B, 3>(ops.state.0), wrap(ops.state.1));
        let by_logits = match self {
            Self::Bernoulli => B::bernoulli_gradient(logits, targets, gradient),
            Self::Gaussian { variance } => {
                B::gaussian_gradient(logits, targets, variance, gradient)
            }
        };
        register(grads, node, Some(by_logits));
    }
}

/// Registers a gradient if its tensor is tracked.
fn register<B: Backend, const D: usize>(
    grads: &mut Gradients,
    node: Option<NodeId>,
    gradient: Option<Tensor<B, D>>,
) {
    if let (Some(id), Some(gradient)) = (node, gradient) {
        grads.register::<B>(id, unwrap(gradient));
    }
}

fn wrap<B: Backend, const D: usize>(primitive: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}

#[cfg(test)]
mod tests;
