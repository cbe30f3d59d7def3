//! Recycled memory for activations and gradients.
//!
//! A training step allocates the same tensors of several megabytes each time. The operating system would zero and map
//! every page again in every step. Here, a dropped tensor returns its buffer to a pool.

use std::mem::MaybeUninit;
use std::sync::Mutex;

use burn_std::{AllocationController, AllocationProperty, Bytes};

/// Smaller buffers come from the allocator.
const MIN_POOLED_LEN: usize = 16 * 1024;

/// Maximum number of bytes in the pool.
const MAX_POOLED_BYTES: usize = 4 << 30;

/// One cache line, which is also the size of the widest registers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct CacheLine([f32; Self::LEN]);

impl CacheLine {
    /// Number of values in a line.
    pub const LEN: usize = 16;

    /// A line of zeros.
    pub const ZERO: Self = Self([0.0; Self::LEN]);

    /// The values of some lines.
    pub fn as_numbers(lines: &[Self]) -> &[f32] {
        // SAFETY: a line is `LEN` floats without padding.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * Self::LEN) }
    }

    /// The values of some lines.
    pub fn as_numbers_mut(lines: &mut [Self]) -> &mut [f32] {
        // SAFETY: as in `as_numbers`.
        unsafe {
            std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * Self::LEN)
        }
    }
}

/// Free buffers in the order in which they were freed, and their total bytes.
static POOL: Mutex<(Vec<Vec<CacheLine>>, usize)> = Mutex::new((Vec::new(), 0));

/// Values that will become a tensor.
pub struct Buffer {
    lines: Vec<CacheLine>,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` unspecified values, for results that overwrite all of it.
    pub fn unspecified(len: usize) -> Self {
        let n_lines = len.div_ceil(CacheLine::LEN);
        let recycled = if MIN_POOLED_LEN <= len {
            take(n_lines)
        } else {
            None
        };
        let lines = recycled.unwrap_or_else(|| vec![CacheLine::ZERO; n_lines]);
        Self { lines, len }
    }

    /// A buffer of zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::unspecified(len);
        buffer.values_mut().fill(0.0);
        buffer
    }

    /// The values.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut CacheLine::as_numbers_mut(&mut self.lines)[..self.len]
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &CacheLine::as_numbers(&self.lines)[..self.len]
    }

    /// Turns the memory into a tensor's. The tensor returns it to the pool when it is dropped.
    pub fn into_bytes(self) -> Bytes {
        let n_bytes = self.len * size_of::<f32>();
        // SAFETY: every value is initialised, at the latest when the lines were allocated.
        unsafe { Bytes::from_controller(Box::new(self), n_bytes) }
    }
}

/// Takes the most recently freed buffer of exactly `n_lines` lines, which is most likely in the cache.
fn take(n_lines: usize) -> Option<Vec<CacheLine>> {
    let mut pool = POOL.lock().ok()?;
    let at = pool.0.iter().rposition(|lines| lines.len() == n_lines)?;
    pool.1 -= n_lines * size_of::<CacheLine>();
    Some(pool.0.remove(at))
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let n_bytes = self.lines.len() * size_of::<CacheLine>();
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
        align_of::<CacheLine>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let n_bytes = self.lines.len() * size_of::<CacheLine>();
        // SAFETY: these are the lines' bytes, which this value owns; the caller writes initialised bytes only.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), n_bytes) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let n_bytes = self.lines.len() * size_of::<CacheLine>();
        // SAFETY: these are the lines' bytes.
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
