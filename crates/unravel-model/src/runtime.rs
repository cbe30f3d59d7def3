//! Burn's own configuration: its defaults, whatever lies around.
//!
//! Left alone, Burn reads `burn.toml` from the working folder and every folder above it at its first use, and panics where
//! such a file is malformed or the working folder was deleted. Such a file can name a log that is then overwritten. What
//! belongs to another program must not decide what becomes of a trial.

use std::sync::Arc;

use burn_std::config::{BurnConfig, RuntimeConfig};

/// Has Burn use its default configuration, and read neither a file nor a variable for it. Cheap, and later calls change
/// nothing; [`Placement::single`](crate::placement::Placement::single), and so everything that trains or encodes, calls it.
pub fn use_defaults() {
    // `BurnConfig::set` would panic at a second call.
    let mut config = BurnConfig::storage().lock();
    config.get_or_insert_with(|| Arc::new(BurnConfig::default()));
}
