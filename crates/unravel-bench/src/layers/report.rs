//! The rows of the table, and what they come to.

use serde::Serialize;

use super::Phase;
use crate::machine::Machine;
use crate::workload::Workload;

/// The head of the table that the rows print.
pub const HEADER: &str = "layer                                      phase                       ms/step   share  GFLOP/s  ceiling";

/// One phase of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `layers`.
    pub bench: &'static str,
    /// `phase`.
    pub row: &'static str,
    /// `cpu`.
    pub device: &'static str,
    /// Encoder and decoder.
    pub arch: &'static str,
    /// What is minimised.
    pub objective: &'static str,
    /// Models of the cohort.
    pub models: usize,
    /// Threads.
    pub threads: usize,
    /// The layer, or what else is done.
    pub layer: String,
    /// What of it.
    pub phase: &'static str,
    /// How often in a step.
    pub times: usize,
    /// Milliseconds in a step, all times together.
    pub ms: f64,
    /// Of the time of a whole step, 0..=1.
    pub share: f64,
    /// Operations of the direct computation in 10^9 per second; none where it is no matrix product.
    pub gflop_per_s: Option<f64>,
    /// What a bare matrix product of the same shape reaches.
    pub ceiling_gflop_per_s: Option<f64>,
    /// Whether it counts in the sum; else it is a part of another row, measured alone.
    pub is_in_sum: bool,
    #[serde(skip)]
    flop: f64,
    #[serde(skip)]
    ceiling_secs: f64,
}

impl Row {
    pub(super) fn new(workload: Workload, threads: usize, layer: String, phase: Phase) -> Self {
        let products = phase.products;
        let rate = |secs: f64| products.map(|products| products.flop / secs / 1e9);
        let times = phase.times as f64;
        Self {
            bench: "layers",
            row: "phase",
            device: "cpu",
            arch: workload.architecture.name(),
            objective: workload.target.name(),
            models: workload.models,
            threads,
            layer,
            phase: phase.name,
            times: phase.times,
            ms: phase.secs * times * 1e3,
            share: f64::NAN, // until the step is known
            gflop_per_s: rate(phase.secs),
            ceiling_gflop_per_s: products.and_then(|products| rate(products.secs)),
            is_in_sum: phase.is_in_sum,
            flop: products.map_or(0.0, |products| products.flop * times),
            ceiling_secs: products.map_or(0.0, |products| products.secs * times),
        }
    }

    fn is_convolution(&self) -> bool {
        self.is_in_sum && self.layer.contains(" conv")
    }
}

/// What the rows come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// `layers`.
    pub bench: &'static str,
    /// `summary`.
    pub row: &'static str,
    /// Where.
    #[serde(flatten)]
    pub machine: Machine,
    /// Encoder and decoder.
    pub arch: &'static str,
    /// What is minimised.
    pub objective: &'static str,
    /// Models of the cohort.
    pub models: usize,
    /// Threads.
    pub threads: usize,
    /// Milliseconds of a whole step, measured as one.
    pub step_ms: f64,
    /// Milliseconds of the rows together.
    pub sum_ms: f64,
    /// Images per second at that step.
    pub images_per_s: f64,
    /// Operations of a step in 10^6, an image.
    pub mflop_per_image: f64,
    /// Milliseconds of the convolutions, activations included.
    pub convolutions_ms: f64,
    /// Their operations in 10^9 per second.
    pub convolutions_gflop_per_s: f64,
    /// What bare matrix products of the same shapes reach.
    pub convolutions_ceiling_gflop_per_s: f64,
    /// Of the time of a whole step, what is not in the convolutions, 0..=1.
    pub other_share: f64,
}

/// A table and what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Layer by layer.
    pub rows: Vec<Row>,
    /// All of them together.
    pub summary: Summary,
}

impl Report {
    pub(super) fn new(
        workload: Workload,
        threads: usize,
        mut rows: Vec<Row>,
        step_secs: f64,
    ) -> Self {
        let step_ms = step_secs * 1e3;
        for row in &mut rows {
            row.share = row.ms / step_ms;
        }
        let sum = |which: fn(&Row) -> bool, of: fn(&Row) -> f64| -> f64 {
            rows.iter().filter(|row| which(row)).map(of).sum()
        };
        let images = (workload.models * workload.batch_size()) as f64;
        let convolutions_ms = sum(Row::is_convolution, |row| row.ms);
        let gflop = sum(Row::is_convolution, |row| row.flop) / 1e9;
        let ceiling_secs = sum(Row::is_convolution, |row| row.ceiling_secs);
        let summary = Summary {
            bench: "layers",
            row: "summary",
            machine: Machine::here(),
            arch: workload.architecture.name(),
            objective: workload.target.name(),
            models: workload.models,
            threads,
            step_ms,
            sum_ms: sum(|row| row.is_in_sum, |row| row.ms),
            images_per_s: images / step_secs,
            mflop_per_image: sum(|row| row.is_in_sum, |row| row.flop) / images / 1e6,
            convolutions_ms,
            convolutions_gflop_per_s: gflop / convolutions_ms * 1e3,
            convolutions_ceiling_gflop_per_s: gflop / ceiling_secs,
            other_share: 1.0 - convolutions_ms / step_ms,
        };
        Self { rows, summary }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rate = |rate: Option<f64>| rate.map_or(String::new(), |rate| format!("{rate:.1}"));
        let phase = match self.times {
            1 => self.phase.to_owned(),
            times => format!("{} ({times}x)", self.phase),
        };
        write!(
            f,
            "{:<42} {phase:<27} {:>7.3}  {:>5.1}%  {:>7}  {:>7}",
            self.layer,
            self.ms,
            100.0 * self.share,
            rate(self.gflop_per_s),
            rate(self.ceiling_gflop_per_s),
        )
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            step_ms,
            sum_ms,
            images_per_s,
            mflop_per_image,
            convolutions_ms,
            convolutions_gflop_per_s: reached,
            convolutions_ceiling_gflop_per_s: ceiling,
            ..
        } = self;
        writeln!(
            f,
            "whole step {step_ms:.2} ms ({images_per_s:.0} images/s, {mflop_per_image:.1} MFLOP an image); \
             the rows together {sum_ms:.2} ms"
        )?;
        write!(
            f,
            "convolutions {convolutions_ms:.2} ms at {reached:.1} GFLOP/s, {:.0}% of the ceiling of {ceiling:.1}; \
             everything else {:.1}% of the step",
            100.0 * reached / ceiling,
            100.0 * self.other_share
        )
    }
}
