//! Which instruction set the kernels use.

/// The widest that the machine has; within tests, what [`tests::with`] says.
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

    /// The widest that the machine has, unless [`with`] says otherwise.
    pub fn arch() -> Arch {
        FORCED.get().unwrap_or_default()
    }

    /// Does some work, all of it on one thread, with this instruction set.
    pub fn with<R: Send>(arch: Arch, work: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.unwrap().install(|| {
            FORCED.set(Some(arch));
            work()
        })
    }
}
