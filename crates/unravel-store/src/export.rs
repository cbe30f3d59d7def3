//! Files outside of a store: a trial's weights and codes for other programs, and what a report consists of.
//!
//! Each replaces a plain file at its path in one step, and nothing else: a device, a pipe or a folder is refused. What
//! killed writers left in its folder is removed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use unravel_data::Arrays;
use unravel_data::arrays::{Element, Header};
use unravel_data::check_replaceable;
use unravel_sweep::TrialId;

use crate::disk::atomic;
use crate::disk::npz;
use crate::disk::temporaries;
use crate::disk::tensor_file::{self, Tensor, Values};
use crate::error::StoreError;

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

/// Writes a file that can be made again at any time; nothing is synced.
///
/// # Errors
/// Where there is something at `path` that is no plain file, and what any write may meet.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    check_replaceable(path)?;
    path.parent().into_iter().for_each(temporaries::remove);
    atomic::write_unsynced(path, bytes)
}

/// Makes ready for writing `path` in a folder that is not ours alone.
fn prepare(path: &Path) -> Result<(), StoreError> {
    path.parent().into_iter().for_each(temporaries::remove);
    check_replaceable(path).map_err(|source| StoreError::io("write", path, source))
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
    prepare(path)?;
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
        prepare(path)?;
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
        prepare(path)?;
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
    fn a_file_has_the_rights_of_any_new_one_and_replaces_plain_files_only() {
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [path, usual, taken, left] = ["page.html", "usual", "folder", ".page.html.7-0.tmp"]
            .map(|name| folder.path().join(name));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        fs::write(&usual, "").unwrap();
        fs::write(&left, "half").unwrap();
        fs::create_dir(&taken).unwrap();
        write_file(&path, b"page").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"page");
        assert_eq!(mode(&path), mode(&usual));
        assert!(!left.exists(), "its writer was killed");

        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for path in [&taken, &link, Path::new("/dev/null")] {
            let error = write_file(path, b"page").unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
            let table = CodeTable::default();
            assert!(table.write_npy(path).is_err(), "{}", path.display());
            assert!(write_weights(path, BTreeMap::new(), &Arrays::new()).is_err());
        }
        assert!(link.is_symlink() && taken.is_dir());
    }

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
