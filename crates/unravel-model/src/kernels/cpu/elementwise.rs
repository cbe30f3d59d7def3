//! Elementwise passes, each one sweep over memory, compiled for the best instruction set that the machine has.

use rayon::prelude::*;

use super::vector_math::{exp_of_negative, ln_1p_of_unit};
use crate::kernels::{Activation, AdamStep, LEAKY_SLOPE};

/// Numbers of one task.
const TASK_LEN: usize = 32 * 1024;

/// Sums are taken in this many lanes, whatever the width of the machine's registers.
const LANES: usize = 16;

/// Adds the bias to every run of its length and applies the activation, in place.
pub fn activate(values: &mut [f32], bias: Option<&[f32]>, activation: Activation) {
    match activation {
        Activation::Identity if bias.is_none() => {}
        Activation::Identity => add_bias_and(values, bias, |x| x),
        Activation::Relu => add_bias_and(values, bias, |x| x.max(0.0)),
        Activation::LeakyRelu => {
            add_bias_and(values, bias, |x| {
                if x > 0.0 { x } else { x * LEAKY_SLOPE as f32 }
            });
        }
        Activation::Tanh => add_bias_and(values, bias, f32::tanh),
    }
}

fn add_bias_and(values: &mut [f32], bias: Option<&[f32]>, f: impl Fn(f32) -> f32) {
    pulp::Arch::new().dispatch(|| match bias {
        // One channel: the inner loop would have a single turn.
        Some(&[bias]) => values.iter_mut().for_each(|x| *x = f(*x + bias)),
        Some(bias) => values.chunks_exact_mut(bias.len()).for_each(|run| {
            run.iter_mut().zip(bias).for_each(|(x, b)| *x = f(*x + b));
        }),
        None => values.iter_mut().for_each(|x| *x = f(*x)),
    });
}

/// `target = activation(source + bias)`: as [`activate`], on the way from one place to another.
pub fn activate_from(
    source: &[f32],
    target: &mut [f32],
    bias: Option<&[f32]>,
    activation: Activation,
) {
    target.copy_from_slice(source);
    activate(target, bias, activation);
}

/// Turns the gradient by a layer's output into the one by its sum, in place, and adds it up by channel.
///
/// `len` is the number of values of one model; `by_bias` is `[models, channels]`.
pub fn activation_gradient(
    gradient: &mut [f32],
    output: &[f32],
    activation: Activation,
    len: usize,
    by_bias: &mut [f32],
) {
    let channels = by_bias.len() / (gradient.len() / len);
    let task_len = channels * (TASK_LEN / channels).max(1);
    let models = gradient.par_chunks_mut(len).zip(output.par_chunks(len));
    models
        .zip(by_bias.par_chunks_mut(channels))
        .for_each(|((gradient, output), by_bias)| {
            let tasks = gradient
                .par_chunks_mut(task_len)
                .zip(output.par_chunks(task_len));
            let partial: Vec<Vec<f32>> = tasks
                .map(|(gradient, output)| {
                    let mut sums = vec![0.0; channels];
                    gate(gradient, output, activation, &mut sums);
                    sums
                })
                .collect();
            for sums in partial {
                by_bias
                    .iter_mut()
                    .zip(sums)
                    .for_each(|(total, sum)| *total += sum);
            }
        });
}

/// Multiplies the gradient by the activation's slope at each output, in place, and adds it to the sums by channel.
pub fn gate(gradient: &mut [f32], output: &[f32], activation: Activation, sums: &mut [f32]) {
    match activation {
        Activation::Identity => gate_by(gradient, output, sums, |_| 1.0),
        Activation::Relu => gate_by(gradient, output, sums, |y| if y > 0.0 { 1.0 } else { 0.0 }),
        Activation::LeakyRelu => {
            gate_by(gradient, output, sums, |y| {
                if y > 0.0 { 1.0 } else { LEAKY_SLOPE as f32 }
            });
        }
        Activation::Tanh => gate_by(gradient, output, sums, |y| 1.0 - y * y),
    }
}

fn gate_by(gradient: &mut [f32], output: &[f32], sums: &mut [f32], slope: impl Fn(f32) -> f32) {
    pulp::Arch::new().dispatch(|| {
        if let [sum] = sums {
            let mut lanes = [0.0; LANES];
            let mut add = |run: &mut [f32], outputs: &[f32]| {
                for ((g, y), lane) in run.iter_mut().zip(outputs).zip(&mut lanes) {
                    *g *= slope(*y);
                    *lane += *g;
                }
            };
            let (runs, rest) = gradient.as_chunks_mut::<LANES>();
            let (outputs, rest_of_outputs) = output.as_chunks::<LANES>();
            runs.iter_mut()
                .zip(outputs)
                .for_each(|(run, outputs)| add(run, outputs));
            add(rest, rest_of_outputs);
            *sum += lanes.iter().sum::<f32>();
        } else {
            let runs = gradient
                .chunks_exact_mut(sums.len())
                .zip(output.chunks_exact(sums.len()));
            for (run, outputs) in runs {
                for ((g, y), sum) in run.iter_mut().zip(outputs).zip(sums.iter_mut()) {
                    *g *= slope(*y);
                    *sum += *g;
                }
            }
        }
    });
}

/// `log(1 + exp(l)) - l x` summed over pixels, mean over the batch: one number a model.
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
    pulp::Arch::new().dispatch(|| {
        let mut lanes = [0.0f32; LANES];
        let mut add = |logits: &[f32], targets: &[f32]| {
            for ((&l, &x), lane) in logits.iter().zip(targets).zip(&mut lanes) {
                let softplus = l.max(0.0) + ln_1p_of_unit(exp_of_negative(-l.abs()));
                *lane += softplus - l * x;
            }
        };
        let (logits, rest) = logits.as_chunks::<LANES>();
        let (targets, rest_of_targets) = targets.as_chunks::<LANES>();
        logits.iter().zip(targets).for_each(|(l, x)| add(l, x));
        add(rest, rest_of_targets);
        lanes.iter().map(|sum| f64::from(*sum)).sum()
    })
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
            pulp::Arch::new().dispatch(|| {
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
        pulp::Arch::new().dispatch(|| {
            let moments = first.iter_mut().zip(second);
            for ((p, &g), (m, v)) in value.iter_mut().zip(gradient).zip(moments) {
                *m = beta1 * *m + rest1 * g;
                *v = beta2 * *v + rest2 * g * g;
                *p -= rate * *m / (v.sqrt() * root_correction + epsilon);
            }
        });
    });
}
