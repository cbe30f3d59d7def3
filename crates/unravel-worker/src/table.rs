//! The table of codes: means and log variances of every point of a trial's grid.

use unravel_model::trained::Encoding;
use unravel_store::{Codes, StoreError, TrialFolder, none_if_damaged};
use unravel_sweep::Trial;

/// Means and log variances of every point, in the order of the grid.
pub type Table = Encoding;

/// The table that the store kept of a trained trial; none where there is none, or it is damaged or of other points.
///
/// # Errors
/// What any reading may meet.
pub fn kept(
    folder: &TrialFolder,
    trial: &Trial,
    n_points: usize,
) -> Result<Option<Table>, StoreError> {
    // A damaged one has been told of by whoever looked for what is missing.
    let kept = none_if_damaged(folder.codes(), &mut Vec::new())?;
    let is_whole = |codes: &Codes| {
        codes.n_codes == trial.model.latents && codes.points.iter().copied().eq(0..n_points as u64)
    };
    Ok(kept.filter(is_whole).map(|codes| Table {
        n_codes: codes.n_codes,
        z_mean: codes.z_mean,
        z_logvar: codes.z_logvar,
    }))
}
