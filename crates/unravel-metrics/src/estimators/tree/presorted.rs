//! Rows in the order of each of their features.

use crate::bytes::{Bytes, array_bytes};

/// A row and the value that it is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Entry {
    /// Value of the feature.
    pub(in super::super) value: f32,
    /// Number of the row.
    pub(in super::super) row: u32,
}

/// The rows in ascending order of each feature.
#[derive(Clone, Debug)]
pub(in super::super) struct Presorted {
    n_rows: usize,
    n_features: usize,
    /// `[n_features, n_rows]`.
    entries: Vec<Entry>,
}

impl Presorted {
    /// Bytes of so many rows.
    pub(in super::super) fn bytes(n_rows: usize, n_features: usize) -> Bytes {
        array_bytes::<Entry>(&[n_rows, n_features])
    }

    /// Sorts finite `features` (`[n_rows, n_features]`, row-major). Equal values keep the order of their rows.
    pub(in super::super) fn new(features: &[f32], n_features: usize) -> Self {
        let n_rows = features.len() / n_features;
        let mut entries = Vec::with_capacity(features.len());
        for feature in 0..n_features {
            let first = entries.len();
            let values = features.iter().skip(feature).step_by(n_features);
            entries.extend(values.enumerate().map(|(row, &value)| Entry {
                value,
                row: row as u32,
            }));
            entries[first..].sort_by(|a, b| a.value.total_cmp(&b.value));
        }
        Self {
            n_rows,
            n_features,
            entries,
        }
    }

    /// The same features of a sample of the rows: row r occurs `times[r]` times.
    pub(in super::super) fn sampled(&self, times: &[u32]) -> Self {
        let repeated =
            |entry: &Entry| std::iter::repeat_n(*entry, times[entry.row as usize] as usize);
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        entries.extend(self.entries.iter().flat_map(repeated));
        Self {
            n_rows: entries.len() / self.n_features,
            n_features: self.n_features,
            entries,
        }
    }

    /// Number of rows, repeated ones counted as often.
    pub(in super::super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of features.
    pub(in super::super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The rows in the order of a feature.
    pub(in super::super) fn by(&self, feature: usize) -> &[Entry] {
        &self.entries[feature * self.n_rows..][..self.n_rows]
    }

    /// `[n_features, n_rows]`.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
