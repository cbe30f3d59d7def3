//! Elementwise operations. Each passes over memory once and is compiled for the best instruction set of the CPU.

use rayon::prelude::*;

use super::arch::arch;
use super::vector_math::{exp_of_negative, ln_1p_of_unit};
use crate::kernels::{Activation, AdamStep, LEAKY_SLOPE};

/// Number of values in a task.
const TASK_LEN: usize = 32 * 1024;

/// Sums are split into this number of lanes, for every register width.
const LANES: usize = 16;

/// Adds the bias to each run of its length and applies the activation, in place.
pub fn activate(values: &mut [f32], bias: Option<&[f32]>, activation: Activation) {
    match activation {
        Activation::Identity if bias.is_none() => {}
        Activation::Identity => add_bias_and(values, bias, |x| x),
        Activation::Relu => add_bias_and(values, bias, |x| x.max(0.0)),
        Activation::LeakyRelu => add_bias_and(values, bias, leaky),
        Activation::Tanh => add_bias_and(values, bias, f32::tanh),
    }
}

/// `target = activation(source + bias)`: as [`activate`], but not in place.
pub fn activate_from(
    source: &[f32],
    target: &mut [f32],
    bias: Option<&[f32]>,
    activation: Activation,
) {
    match activation {
        Activation::Identity if bias.is_none() => target.copy_from_slice(source),
        Activation::Identity => move_with_bias(source, target, bias, |x| x),
        Activation::Relu => move_with_bias(source, target, bias, |x| x.max(0.0)),
        Activation::LeakyRelu => move_with_bias(source, target, bias, leaky),
        Activation::Tanh => move_with_bias(source, target, bias, f32::tanh),
    }
}

#[inline(always)]
fn leaky(x: f32) -> f32 {
    if x > 0.0 { x } else { x * LEAKY_SLOPE as f32 }
}

fn add_bias_and(values: &mut [f32], bias: Option<&[f32]>, f: impl Fn(f32) -> f32) {
    arch().dispatch(|| match bias {
        // With one channel, the inner loop would have a single iteration.
        Some(&[bias]) => values.iter_mut().for_each(|x| *x = f(*x + bias)),
        Some(bias) => values.chunks_exact_mut(bias.len()).for_each(|run| {
            run.iter_mut().zip(bias).for_each(|(x, b)| *x = f(*x + b));
        }),
        None => values.iter_mut().for_each(|x| *x = f(*x)),
    });
}

fn move_with_bias(
    source: &[f32],
    target: &mut [f32],
    bias: Option<&[f32]>,
    f: impl Fn(f32) -> f32,
) {
    arch().dispatch(|| match bias {
        Some(bias) => {
            let n = bias.len();
            let runs = target.chunks_exact_mut(n).zip(source.chunks_exact(n));
            for (target, source) in runs {
                for ((t, s), b) in target.iter_mut().zip(source).zip(bias) {
                    *t = f(*s + b);
                }
            }
        }
        None => target.iter_mut().zip(source).for_each(|(t, s)| *t = f(*s)),
    });
}

/// Computes the gradient of a layer's sum from the gradient of its output, and the bias gradient, its sum by channel.
///
/// `len` is the number of values of one model. `grad_bias` is `[models, channels]`.
pub fn activation_gradient(
    gradient: &[f32],
    output: &[f32],
    activation: Activation,
    len: usize,
    grad_sum: &mut [f32],
    grad_bias: &mut [f32],
) {
    let channels = grad_bias.len() / (gradient.len() / len);
    let task_len = channels * (TASK_LEN / channels).max(1);
    let inputs = gradient.par_chunks(len).zip(output.par_chunks(len));
    let models = inputs
        .zip(grad_sum.par_chunks_mut(len))
        .zip(grad_bias.par_chunks_mut(channels));
    models.for_each(|(((gradient, output), grad_sum), grad_bias)| {
        let inputs = gradient
            .par_chunks(task_len)
            .zip(output.par_chunks(task_len));
        let partial: Vec<Vec<f32>> = inputs
            .zip(grad_sum.par_chunks_mut(task_len))
            .map(|((gradient, output), grad_sum)| {
                let mut sums = vec![0.0; channels];
                gate(gradient, output, activation, grad_sum, &mut sums);
                sums
            })
            .collect();
        for sums in partial {
            grad_bias
                .iter_mut()
                .zip(sums)
                .for_each(|(total, sum)| *total += sum);
        }
    });
}

/// Writes the gradient times the activation's slope at each output to `grad_sum`, and adds it to the sums by channel.
pub fn gate(
    gradient: &[f32],
    output: &[f32],
    activation: Activation,
    grad_sum: &mut [f32],
    sums: &mut [f32],
) {
    match activation {
        Activation::Identity => gate_by(gradient, output, grad_sum, sums, |_| 1.0),
        Activation::Relu => {
            gate_by(gradient, output, grad_sum, sums, |y| {
                if y > 0.0 { 1.0 } else { 0.0 }
            });
        }
        Activation::LeakyRelu => {
            let slope = |y| if y > 0.0 { 1.0 } else { LEAKY_SLOPE as f32 };
            gate_by(gradient, output, grad_sum, sums, slope);
        }
        Activation::Tanh => gate_by(gradient, output, grad_sum, sums, |y| 1.0 - y * y),
    }
}

fn gate_by(
    gradient: &[f32],
    output: &[f32],
    grad_sum: &mut [f32],
    sums: &mut [f32],
    slope: impl Fn(f32) -> f32,
) {
    let n = if sums.len() == 1 { LANES } else { sums.len() };
    arch().dispatch(|| {
        // One channel is summed in lanes, as if it were many.
        let mut lanes = [0.0; LANES];
        let totals = if sums.len() == 1 {
            lanes.as_mut_slice()
        } else {
            &mut *sums
        };
        let runs = grad_sum
            .chunks_mut(n)
            .zip(gradient.chunks(n))
            .zip(output.chunks(n));
        for ((grad_sum, gradient), output) in runs {
            let inputs = gradient.iter().zip(output);
            for ((d, (g, y)), total) in grad_sum.iter_mut().zip(inputs).zip(totals.iter_mut()) {
                *d = g * slope(*y);
                *total += *d;
            }
        }
        if let [sum] = sums {
            *sum += lanes.iter().sum::<f32>();
        }
    });
}

/// `log(1 + exp(l)) - l x`, sum over pixels, mean over the batch: one value per model.
pub fn bernoulli_nats(logits: &[f32], targets: &[f32], models: usize, batch: usize) -> Vec<f32> {
    let pixels = logits.len() / (models * batch);
    let mut images = vec![0.0f64; models * batch];
    let inputs = logits.par_chunks(pixels).zip(targets.par_chunks(pixels));
    images
        .par_iter_mut()
        .zip(inputs)
        .for_each(|(nats, (logits, targets))| {
            *nats = image_nats(logits, targets);
        });
    images
        .chunks(batch)
        .map(|nats| (nats.iter().sum::<f64>() / batch as f64) as f32)
        .collect()
}

fn image_nats(logits: &[f32], targets: &[f32]) -> f64 {
    /// Number of pixels whose losses stay in the first-level cache until they are summed.
    const RUN: usize = 1024;
    let mut nats = [0.0f32; RUN];
    let mut lanes = [0.0f32; LANES];
    for (logits, targets) in logits.chunks(RUN).zip(targets.chunks(RUN)) {
        let nats = &mut nats[..logits.len()];
        pixel_nats(logits, targets, nats);
        for run in nats.chunks(LANES) {
            lanes
                .iter_mut()
                .zip(run)
                .for_each(|(sum, nats)| *sum += nats);
        }
    }
    lanes.iter().map(|sum| f64::from(*sum)).sum()
}

fn pixel_nats(logits: &[f32], targets: &[f32], nats: &mut [f32]) {
    arch().dispatch(|| {
        for ((nats, l), x) in nats.iter_mut().zip(logits).zip(targets) {
            let positive = if *l > 0.0 { *l } else { 0.0 };
            *nats = positive + ln_1p_of_unit(exp_of_negative(-l.abs())) - l * x;
        }
    });
}

/// `(sigmoid(l) - x) * scale / batch`, in place of the logits; `scale` is `[models]`.
pub fn bernoulli_gradient(logits: &mut [f32], targets: &[f32], scale: &[f32], batch: usize) {
    let len = logits.len() / scale.len();
    let models = logits
        .par_chunks_mut(len)
        .zip(targets.par_chunks(len))
        .zip(scale);
    models.for_each(|((logits, targets), scale)| {
        let scale = scale / batch as f32;
        let tasks = logits
            .par_chunks_mut(TASK_LEN)
            .zip(targets.par_chunks(TASK_LEN));
        tasks.for_each(|(logits, targets)| {
            arch().dispatch(|| {
                for (l, x) in logits.iter_mut().zip(targets) {
                    let e = exp_of_negative(-l.abs());
                    let sigmoid = if *l < 0.0 { e } else { 1.0 } / (1.0 + e);
                    *l = (sigmoid - x) * scale;
                }
            });
        });
    });
}

/// One Adam update, in place.
pub fn adam(
    value: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    step: AdamStep,
) {
    let (beta1, beta2) = (step.beta1 as f32, step.beta2 as f32);
    let (rest1, rest2) = ((1.0 - step.beta1) as f32, (1.0 - step.beta2) as f32);
    let rate = (step.learning_rate / step.correction1()) as f32;
    let root_correction = step.correction2().sqrt().recip() as f32;
    let epsilon = step.epsilon as f32;
    let moments = first
        .par_chunks_mut(TASK_LEN)
        .zip(second.par_chunks_mut(TASK_LEN));
    let tasks = value
        .par_chunks_mut(TASK_LEN)
        .zip(gradient.par_chunks(TASK_LEN))
        .zip(moments);
    tasks.for_each(|((value, gradient), (first, second))| {
        arch().dispatch(|| {
            let moments = first.iter_mut().zip(second);
            for ((p, &g), (m, v)) in value.iter_mut().zip(gradient).zip(moments) {
                *m = beta1 * *m + rest1 * g;
                *v = beta2 * *v + rest2 * g * g;
                *p -= rate * *m / (v.sqrt() * root_correction + epsilon);
            }
        });
    });
}
