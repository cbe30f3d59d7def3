//! Compiled GPU kernels, kept on the disk.
//!
//! Burn writes its kernels at run time and has the driver's compiler translate them, which takes half a minute for a model and
//! which every worker process would do again.

use std::env;
use std::path::PathBuf;
use std::sync::Once;

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

static KEEP: Once = Once::new();

/// Has this process keep its compiled kernels, and use those of earlier ones. To be called before the first use of a device.
///
/// They lie in `unravel` in the user's cache folder; without one, nothing is kept.
pub fn keep() {
    KEEP.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        if config.compilation.cache.is_none() {
            config.compilation.cache = folder().map(CacheConfig::File);
        }
        CubeClRuntimeConfig::set(config);
    });
}

/// `$XDG_CACHE_HOME/unravel` or `~/.cache/unravel`.
fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(caches.join("unravel"))
}
