//! Sets Burn's configuration to its defaults.
//!
//! By default, Burn reads `burn.toml` from the working folder or a folder above it at its first use. It panics if the
//! file is malformed or the working folder was deleted, and the file can name a log that Burn overwrites. A file of
//! another program must not affect a trial.

use std::sync::Arc;

use burn_std::config::{BurnConfig, RuntimeConfig};

/// Makes Burn use its default configuration without reading files or environment variables. It is cheap, and later
/// calls have no effect. [`Placement::single`](crate::placement::Placement::single) calls it, so training and encoding
/// do too.
pub fn use_defaults() {
    // `BurnConfig::set` would panic at a second call.
    let mut config = BurnConfig::storage().lock();
    config.get_or_insert_with(|| Arc::new(BurnConfig::default()));
}
