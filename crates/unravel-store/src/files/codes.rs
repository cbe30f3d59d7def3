//! `probe.npz` and `codes.npz`: the posteriors of some or all points of a trial's grid.

use std::path::Path;

use unravel_sweep::TrialId;

use crate::disk::npz::{self, NpzReader};
use crate::error::StoreError;

/// Means and log variances of the posterior at points of the grid.
///
/// The probe holds a fixed, evenly spaced set of at most 10,000 points, which scores over several trials read; the
/// whole table of codes holds every point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Codes {
    /// Indices of the points in the trial's grid, `[n_points]`.
    pub points: Vec<u64>,
    /// Codes per point.
    pub n_codes: usize,
    /// `[n_points, n_codes]`, row-major.
    pub z_mean: Vec<f32>,
    /// `[n_points, n_codes]`, row-major; natural logarithms.
    pub z_logvar: Vec<f32>,
}

impl Codes {
    pub(crate) fn write(&self, path: &Path, trial: &TrialId) -> Result<(), StoreError> {
        let n_values = self.points.len().checked_mul(self.n_codes);
        if n_values != Some(self.z_mean.len()) || n_values != Some(self.z_logvar.len()) {
            return Err(StoreError::unwritable(
                path,
                "there is not one code of each kind for every point",
            ));
        }
        let shape = [self.points.len(), self.n_codes];
        npz::write(path, trial, |file| {
            file.array("points", &shape[..1], &self.points)?;
            file.array("z_mean", &shape, &self.z_mean)?;
            file.array("z_logvar", &shape, &self.z_logvar)
        })
    }

    pub(crate) fn read(path: &Path, trial: &TrialId) -> Result<Option<Self>, StoreError> {
        let Some(mut file) = NpzReader::open(path, trial)? else {
            return Ok(None);
        };
        let ([n_points], points) = file.array("points")?;
        let (shape, z_mean) = file.array("z_mean")?;
        let (logvar_shape, z_logvar) = file.array("z_logvar")?;
        let [n_rows, n_codes] = shape;
        if n_rows != n_points || shape != logvar_shape {
            return Err(file.misfit());
        }
        Ok(Some(Self {
            points,
            n_codes,
            z_mean,
            z_logvar,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> TrialId {
        "0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn codes_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("probe.npz");
        let mut codes = Codes {
            points: vec![0, 73, 146],
            n_codes: 2,
            z_mean: vec![0.5; 6],
            z_logvar: vec![-1.0; 6],
        };
        codes.write(&path, &trial()).unwrap();
        assert_eq!(Codes::read(&path, &trial()).unwrap().unwrap(), codes);
        codes.z_logvar.pop();
        assert!(codes.write(&path, &trial()).is_err());
    }

    #[test]
    fn codes_that_do_not_fit_their_points_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("probe.npz");
        npz::write(&path, &trial(), |file| {
            file.array("points", &[3], &[0_u64, 1, 2])?;
            file.array("z_mean", &[2, 1], &[0.0_f32; 2])?;
            file.array("z_logvar", &[2, 1], &[0.0_f32; 2])
        })
        .unwrap();
        assert!(Codes::read(&path, &trial()).unwrap_err().is_damaged());
    }
}
