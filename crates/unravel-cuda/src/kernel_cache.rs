//! CubeCL's configuration: its defaults, with compiled GPU kernels kept on the disk.
//!
//! Burn writes its kernels at run time and has the driver's compiler translate them, which takes ten seconds for a model and
//! which every worker process would do again. Left alone, CubeCL reads `cubecl.toml` and `burn.toml` from the working folder
//! and every folder above it, and variables that make it write logs; what belongs to another program must not decide what
//! becomes of a trial.

use std::path::Path;
use std::sync::Arc;

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

/// Has this process keep its compiled kernels in a folder, and use those that are there. CubeCL's own configuration files
/// and variables are not read. To be called before the first use of a device; later calls change nothing.
pub fn keep_kernels(folder: &Path) {
    // `CubeClRuntimeConfig::set` would panic at a second call.
    let mut config = CubeClRuntimeConfig::storage().lock();
    config.get_or_insert_with(|| {
        let mut config = CubeClRuntimeConfig::default();
        config.compilation.cache = Some(CacheConfig::File(folder.to_owned()));
        config.autotune.cache = CacheConfig::File(folder.to_owned());
        Arc::new(config)
    });
}
