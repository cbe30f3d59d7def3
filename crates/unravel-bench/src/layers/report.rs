//! The rows of the table and their summary.

use serde::Serialize;

use super::Phase;
use crate::machine::Machine;
use crate::workload::Workload;

/// The header line of the printed rows.
pub const HEADER: &str = concat!(
    "layer                                      phase                            ",
    "ms/step   share  GFLOP/s  ceiling"
);

/// One phase of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `layers`.
    pub bench: &'static str,
    /// `phase`.
    pub row: &'static str,
    /// `cpu`.
    pub device: &'static str,
    /// The architecture.
    pub arch: &'static str,
    /// The objective's family.
    pub objective: &'static str,
    /// Number of models of the cohort.
    pub models: usize,
    /// Number of threads.
    pub threads: usize,
    /// The layer, or another part of the step.
    pub layer: String,
    /// The phase of the layer.
    pub phase: &'static str,
    /// Number of times per step.
    pub times: usize,
    /// Milliseconds per step, over all times.
    pub ms: f64,
    /// Share of a whole step's time, 0 to 1.
    pub share: f64,
    /// Operations of the direct computation in 10^9 per second; `None` if the phase is not a matrix product.
    pub gflop_per_s: Option<f64>,
    /// The rate of a plain matrix product of the same shape.
    pub ceiling_gflop_per_s: Option<f64>,
    /// Whether the row is part of the sum. Otherwise it is a part of another row, measured separately.
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
            share: f64::NAN, // set by `Report::new`
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

/// The summary of the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// `layers`.
    pub bench: &'static str,
    /// `summary`.
    pub row: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// The architecture.
    pub arch: &'static str,
    /// The objective's family.
    pub objective: &'static str,
    /// Number of models of the cohort.
    pub models: usize,
    /// Number of threads.
    pub threads: usize,
    /// Milliseconds of a whole step, measured without division.
    pub step_ms: f64,
    /// Sum of the rows in milliseconds.
    pub sum_ms: f64,
    /// Images per second of whole steps.
    pub images_per_s: f64,
    /// Operations per image in 10^6.
    pub mflop_per_image: f64,
    /// Milliseconds of the convolutions with their activations.
    pub convolutions_ms: f64,
    /// Operations of the convolutions in 10^9 per second.
    pub convolutions_gflop_per_s: f64,
    /// The rate of plain matrix products of the same shapes.
    pub convolutions_ceiling_gflop_per_s: f64,
    /// Share of a whole step's time outside the convolutions, 0 to 1.
    pub other_share: f64,
}

/// The rows with their summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row per layer and phase.
    pub rows: Vec<Row>,
    /// The summary.
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
            "{:<42} {phase:<32} {:>7.3}  {:>5.1}%  {:>7}  {:>7}",
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
            "whole step {step_ms:.2} ms ({images_per_s:.0} images/s, {mflop_per_image:.1} MFLOP per image); \
             sum of the rows {sum_ms:.2} ms"
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
