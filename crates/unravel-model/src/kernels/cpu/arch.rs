//! The instruction set that the kernels use.

/// The widest instruction set of this CPU; in tests, the one that [`tests::with`] selects.
#[cfg(not(test))]
pub fn arch() -> pulp::Arch {
    pulp::Arch::new()
}

#[cfg(test)]
pub use tests::arch;

#[cfg(test)]
pub mod tests {
    use std::cell::Cell;

    use pulp::Arch;

    thread_local!(static FORCED: Cell<Option<Arch>> = const { Cell::new(None) });

    /// The widest instruction set of this CPU, or the one that [`with`] selects.
    pub fn arch() -> Arch {
        FORCED.get().unwrap_or_default()
    }

    /// Runs `work` on one thread with this instruction set.
    pub fn with<R: Send>(arch: Arch, work: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.unwrap().install(|| {
            FORCED.set(Some(arch));
            work()
        })
    }
}
