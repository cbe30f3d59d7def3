//! A trial's weights and codes as files for other programs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use unravel_data::Arrays;
use unravel_data::arrays::{Element, Header};
use unravel_sweep::TrialId;

use crate::atomic;
use crate::error::StoreError;
use crate::npz;
use crate::tensor_file::{self, Tensor, Values};

/// The codes of every point of a grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodeTable {
    /// Codes of a point.
    pub n_codes: usize,
    /// Means of the posteriors, `[n_points, n_codes]`, in the order of the grid.
    pub z_mean: Vec<f32>,
    /// Their log variances, `[n_points, n_codes]`.
    pub z_logvar: Vec<f32>,
    /// Names of the grid's factors.
    pub factor_names: Vec<String>,
    /// Values of the factors, `[n_points, n_factors]`.
    pub factors: Vec<i64>,
    /// Index of each point in the whole dataset, the last factor fastest, `[n_points]`.
    pub points: Vec<u64>,
}

/// Writes weights as safetensors, with these metadata.
///
/// # Errors
/// What any write may meet.
pub fn write_weights(
    path: &Path,
    metadata: BTreeMap<&str, String>,
    weights: &Arrays,
) -> Result<(), StoreError> {
    let tensors: Vec<Tensor<'_>> = weights
        .iter()
        .map(|(name, array)| Tensor {
            name: name.clone(),
            shape: array.shape.clone(),
            values: Values::F32(&array.values),
        })
        .collect();
    tensor_file::write(path, metadata, &tensors)
}

impl CodeTable {
    /// Writes the means as a `.npy`.
    ///
    /// # Errors
    /// What any write may meet.
    pub fn write_npy(&self, path: &Path) -> Result<(), StoreError> {
        let header = Header {
            descr: f32::DESCR.to_owned(),
            fortran_order: false,
            shape: vec![self.points.len() as u64, self.n_codes as u64],
        };
        atomic::write_with(path, |file| {
            file.write_all(&header.to_bytes())?;
            let mut bytes = Vec::new();
            for values in self.z_mean.chunks(1 << 14) {
                bytes.clear();
                values.iter().for_each(|value| value.encode(&mut bytes));
                file.write_all(&bytes)?;
            }
            Ok(())
        })
    }

    /// Writes everything as an `.npz`: `codes`, `logvars`, `factors`, `factor_names` and `points`.
    ///
    /// # Errors
    /// What any write may meet.
    pub fn write_npz(&self, path: &Path, trial: &TrialId) -> Result<(), StoreError> {
        let n_points = self.points.len();
        let of_codes = [n_points, self.n_codes];
        npz::write(path, trial, |file| {
            file.array("codes", &of_codes, &self.z_mean)?;
            file.array("logvars", &of_codes, &self.z_logvar)?;
            file.array(
                "factors",
                &[n_points, self.factor_names.len()],
                &self.factors,
            )?;
            file.names("factor_names", &self.factor_names)?;
            file.array("points", &[n_points], &self.points)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_data::Array;

    #[test]
    fn weights_are_read_by_the_library_whatever_the_metadata_are_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let weights = Arrays::from([("a.weight".to_owned(), Array::new([2], vec![0.5, -1.0]))]);
        let metadata = BTreeMap::from([("a", "first".to_owned()), ("z", "β=4".to_owned())]);
        write_weights(&path, metadata, &weights).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        assert_eq!((&metadata["a"][..], &metadata["z"][..]), ("first", "β=4"));
        assert_eq!(metadata["blake3"].len(), 64);
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(
            tensor_file::f32s(&tensors.tensor("a.weight").unwrap()),
            [0.5, -1.0]
        );
        assert!(
            tensor_file::read(&path).unwrap().is_some(),
            "the hash is where it belongs"
        );
    }
}
