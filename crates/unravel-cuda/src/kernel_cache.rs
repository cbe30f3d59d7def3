//! Compiled GPU kernels, kept on the disk.
//!
//! Burn writes its kernels at run time and has the driver's compiler translate them, which takes ten seconds for a model and
//! which every worker process would do again.

use std::path::Path;
use std::sync::Once;

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

static KEEP: Once = Once::new();

/// Has this process keep its compiled kernels in a folder, and use those that are there. To be called before the first use
/// of a device; later calls change nothing, nor does one where CubeCL's own configuration names a place.
pub fn keep_kernels(folder: &Path) {
    KEEP.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        if config.compilation.cache.is_none() {
            config.compilation.cache = Some(CacheConfig::File(folder.to_owned()));
        }
        CubeClRuntimeConfig::set(config);
    });
}
