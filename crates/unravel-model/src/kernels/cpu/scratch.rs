//! Buffers that a thread reuses for all its tasks.

use std::cell::RefCell;

use super::buffer::CacheLine;

/// Work space of one thread. Its content between tasks has no meaning.
#[derive(Default)]
pub struct Scratch {
    /// The large images in the layout that a product reads.
    pub large: Space,
    /// The small images in the layout that a product reads.
    pub small: Space,
    /// The result of a product.
    pub product: Space,
    /// Gradients of a layer's sum.
    pub grad_sum: Space,
    /// Weight gradients in the layout that products add to.
    pub by_points: Space,
}

/// Values aligned to a cache line.
#[derive(Default)]
pub struct Space(Vec<CacheLine>);

impl Space {
    /// A slice of `len` unspecified values. The space grows if it is too small.
    pub fn unspecified(&mut self, len: usize) -> &mut [f32] {
        let n_lines = len.div_ceil(CacheLine::LEN);
        if self.0.len() < n_lines {
            self.0.resize(n_lines, CacheLine::ZERO);
        }
        &mut CacheLine::as_numbers_mut(&mut self.0)[..len]
    }
}

/// Runs `work` with this thread's work space.
pub fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    thread_local!(static SCRATCH: RefCell<Scratch> = RefCell::default());
    SCRATCH.with_borrow_mut(work)
}
