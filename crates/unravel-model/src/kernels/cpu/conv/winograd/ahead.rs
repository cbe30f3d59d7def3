//! Fetching what comes next into the cache.

use super::POINTS;

/// What the next group of images will read. It is fetched while this one is multiplied, a part with every point: products
/// keep the arithmetic busy and memory idle, transforms the other way round.
pub struct Ahead<'a, const N: usize>(pub [&'a [f32]; N]);

impl<const N: usize> Ahead<'_, N> {
    /// Asks for the part that belongs to this point.
    pub fn fetch(&self, point: usize) {
        for values in self.0 {
            let len = values.len().div_ceil(POINTS).max(1);
            values.chunks(len).nth(point).into_iter().for_each(fetch);
        }
    }
}

/// Run `at` of so many numbers; shorter or empty at the end.
pub fn run(values: &[f32], at: usize, len: usize) -> &[f32] {
    let start = values.len().min(at * len);
    &values[start..values.len().min(start + len)]
}

#[cfg(target_arch = "x86_64")]
fn fetch(values: &[f32]) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    const LINE_LEN: usize = 16;
    for line in values.chunks(LINE_LEN) {
        // SAFETY: a hint, for an address within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn fetch(_values: &[f32]) {}
