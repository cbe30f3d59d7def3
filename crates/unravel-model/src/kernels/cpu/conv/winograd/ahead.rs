//! Prefetches the next images into the cache.

use super::POINTS;

/// The values that the next group of images reads. They are prefetched while the current group is multiplied, one part
/// at each point: products use arithmetic and little memory bandwidth, transforms the reverse.
pub struct Ahead<'a, const N: usize>(pub [&'a [f32]; N]);

impl<const N: usize> Ahead<'_, N> {
    /// Prefetches the part that belongs to this point.
    pub fn fetch(&self, point: usize) {
        for values in self.0 {
            let len = values.len().div_ceil(POINTS).max(1);
            values.chunks(len).nth(point).into_iter().for_each(fetch);
        }
    }
}

/// Run `at` of `len` values; shorter or empty at the end.
pub fn run(values: &[f32], at: usize, len: usize) -> &[f32] {
    let start = values.len().min(at * len);
    &values[start..values.len().min(start + len)]
}

#[cfg(target_arch = "x86_64")]
fn fetch(values: &[f32]) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    const LINE_LEN: usize = 16;
    for line in values.chunks(LINE_LEN) {
        // SAFETY: a hint, with an address within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn fetch(_values: &[f32]) {}
