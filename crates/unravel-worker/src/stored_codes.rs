//! The codes of every point of a trial's grid, as the store keeps them.

use unravel_model::trained::Encoding;
use unravel_store::{Codes, StoreError, TrialFolder, none_if_damaged};
use unravel_sweep::Trial;

/// Reads the stored codes of a trained trial.
///
/// Returns `None` if the store has none, if they are damaged, or if they do not cover all `n_points` points.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn read(
    folder: &TrialFolder,
    trial: &Trial,
    n_points: usize,
) -> Result<Option<Encoding>, StoreError> {
    // The check for missing files has already reported damage.
    let stored = none_if_damaged(folder.codes(), &mut Vec::new())?;
    let is_complete = |codes: &Codes| {
        codes.n_codes == trial.model.latents && codes.points.iter().copied().eq(0..n_points as u64)
    };
    Ok(stored.filter(is_complete).map(|codes| Encoding {
        n_codes: codes.n_codes,
        z_mean: codes.z_mean,
        z_logvar: codes.z_logvar,
    }))
}
