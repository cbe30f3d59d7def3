//! Recycled memory for activations and gradients.
//!
//! A training step makes the same tensors every time, megabytes each. Asked of the system anew, each page would be
//! zeroed and mapped again at every step; here a buffer goes back to a pool when its tensor is dropped.

use std::mem::MaybeUninit;
use std::sync::Mutex;

use burn_std::{AllocationController, AllocationProperty, Bytes};

/// Buffers below this many numbers are left to the allocator.
const MIN_POOLED_LEN: usize = 16 * 1024;

/// Bytes that the pool keeps at the most.
const MAX_POOLED_BYTES: usize = 4 << 30;

/// One cache line, which is also the width of the widest registers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Line([f32; Self::LEN]);

impl Line {
    /// Numbers in a line.
    pub const LEN: usize = 16;

    /// A line of zeros.
    pub const ZERO: Self = Self([0.0; Self::LEN]);

    /// The numbers of some lines.
    pub fn as_numbers(lines: &[Self]) -> &[f32] {
        // SAFETY: a line is `LEN` floats without padding.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * Self::LEN) }
    }

    /// The numbers of some lines.
    pub fn as_numbers_mut(lines: &mut [Self]) -> &mut [f32] {
        // SAFETY: as in `as_numbers`.
        unsafe {
            std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * Self::LEN)
        }
    }
}

/// Free buffers, the last one freed at the end, and their bytes.
static POOL: Mutex<(Vec<Vec<Line>>, usize)> = Mutex::new((Vec::new(), 0));

/// Numbers that will become a tensor.
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` numbers of unspecified value, for results that overwrite all of it.
    pub fn unspecified(len: usize) -> Self {
        let n_lines = len.div_ceil(Line::LEN);
        let recycled = if MIN_POOLED_LEN <= len {
            take(n_lines)
        } else {
            None
        };
        let lines = recycled.unwrap_or_else(|| vec![Line::ZERO; n_lines]);
        Self { lines, len }
    }

    /// A buffer of zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::unspecified(len);
        buffer.values_mut().fill(0.0);
        buffer
    }

    /// The numbers.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut Line::as_numbers_mut(&mut self.lines)[..self.len]
    }

    /// The numbers.
    pub fn values(&self) -> &[f32] {
        &Line::as_numbers(&self.lines)[..self.len]
    }

    /// Hands the memory over to a tensor, which gives it back to the pool.
    pub fn into_bytes(self) -> Bytes {
        let n_bytes = self.len * size_of::<f32>();
        // SAFETY: every number was initialised, at the latest when the lines were made.
        unsafe { Bytes::from_controller(Box::new(self), n_bytes) }
    }
}

/// The latest free buffer of exactly so many lines: it is the likeliest to be in cache.
fn take(n_lines: usize) -> Option<Vec<Line>> {
    let mut pool = POOL.lock().ok()?;
    let at = pool.0.iter().rposition(|lines| lines.len() == n_lines)?;
    pool.1 -= n_lines * size_of::<Line>();
    Some(pool.0.remove(at))
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let n_bytes = self.lines.len() * size_of::<Line>();
        if self.len < MIN_POOLED_LEN {
            return;
        }
        if let Ok(mut pool) = POOL.lock()
            && pool.1 + n_bytes <= MAX_POOLED_BYTES
        {
            pool.1 += n_bytes;
            pool.0.push(std::mem::take(&mut self.lines));
        }
    }
}

impl AllocationController for Buffer {
    fn alloc_align(&self) -> usize {
        align_of::<Line>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let n_bytes = self.lines.len() * size_of::<Line>();
        // SAFETY: the bytes of the lines, which are exclusively ours; the caller writes initialised bytes only.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), n_bytes) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let n_bytes = self.lines.len() * size_of::<Line>();
        // SAFETY: the bytes of the lines.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), n_bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_tensor_gives_its_memory_to_the_next_of_its_size() {
        let len = MIN_POOLED_LEN + 12_345; // no other test has this size
        let mut buffer = Buffer::unspecified(len);
        buffer.values_mut().fill(7.0);
        let bytes = buffer.into_bytes();
        assert_eq!(bytes.len(), 4 * len);
        let at = bytes.as_ptr();
        let copy = bytes.clone();
        drop(bytes);
        let mut again = Buffer::unspecified(len);
        assert_eq!(again.values_mut().as_ptr().cast(), at);
        again.values_mut().fill(8.0);
        assert!(copy.chunks_exact(4).all(|b| b == 7f32.to_le_bytes()));
        assert!(Buffer::zeros(len).values_mut().iter().all(|x| *x == 0.0));
    }
}
