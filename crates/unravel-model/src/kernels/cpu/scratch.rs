//! Buffers that a thread keeps from one task to the next.

use std::cell::RefCell;

/// Work space of one thread; what it holds between tasks has no meaning.
#[derive(Default)]
pub struct Scratch {
    /// The large images in the form that a product reads.
    pub large: Vec<f32>,
    /// The small images in the form that a product reads.
    pub small: Vec<f32>,
    /// What a product wrote.
    pub product: Vec<f32>,
    /// Gradients by a layer's sum.
    pub by_sum: Vec<f32>,
}

/// Lends this thread's work space.
pub fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    thread_local!(static SCRATCH: RefCell<Scratch> = RefCell::default());
    SCRATCH.with_borrow_mut(work)
}

/// The first `len` numbers of a buffer, made longer where it is too short; their values are unspecified.
pub fn unspecified(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}
