//! Buffers that a thread keeps from one task to the next.

use std::cell::RefCell;

use super::buffer::Line;

/// Work space of one thread; what it holds between tasks has no meaning.
#[derive(Default)]
pub struct Scratch {
    /// The large images in the form that a product reads.
    pub large: Space,
    /// The small images in the form that a product reads.
    pub small: Space,
    /// What a product wrote.
    pub product: Space,
    /// Gradients by a layer's sum.
    pub by_sum: Space,
    /// Gradients by a weight in the form that products add to.
    pub by_points: Space,
}

/// Numbers from the start of a cache line on.
#[derive(Default)]
pub struct Space(Vec<Line>);

impl Space {
    /// So many numbers of unspecified value; the space is made larger where it is too small.
    pub fn unspecified(&mut self, len: usize) -> &mut [f32] {
        let n_lines = len.div_ceil(Line::LEN);
        if self.0.len() < n_lines {
            self.0.resize(n_lines, Line::ZERO);
        }
        &mut Line::as_numbers_mut(&mut self.0)[..len]
    }
}

/// Lends this thread's work space.
pub fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    thread_local!(static SCRATCH: RefCell<Scratch> = RefCell::default());
    SCRATCH.with_borrow_mut(work)
}
