//! Arithmetic on vectors of the CPU's register width.

use pulp::Simd;

/// The operations of one instruction set, under short names.
#[derive(Clone, Copy)]
pub struct Lanes<S: Simd>(pub S);

impl<S: Simd> Lanes<S> {
    /// Number of values in a vector.
    pub const N: usize = S::F32_LANES;

    #[inline(always)]
    pub fn splat(self, value: f32) -> S::f32s {
        self.0.splat_f32s(value)
    }

    #[inline(always)]
    pub fn add(self, a: S::f32s, b: S::f32s) -> S::f32s {
        self.0.add_f32s(a, b)
    }

    #[inline(always)]
    pub fn sub(self, a: S::f32s, b: S::f32s) -> S::f32s {
        self.0.sub_f32s(a, b)
    }

    #[inline(always)]
    pub fn mul(self, a: S::f32s, b: S::f32s) -> S::f32s {
        self.0.mul_f32s(a, b)
    }

    #[inline(always)]
    pub fn neg(self, a: S::f32s) -> S::f32s {
        self.0.neg_f32s(a)
    }

    /// `a b + c`, rounded once if the CPU has such an instruction.
    #[inline(always)]
    pub fn mul_add(self, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
        self.0.mul_add_e_f32s(a, b, c)
    }

    /// # Safety
    /// [`Self::N`] values can be read from `at`.
    #[inline(always)]
    pub unsafe fn load(self, at: *const f32) -> S::f32s {
        // SAFETY: guaranteed by the caller; a vector consists of plain values.
        unsafe { at.cast::<S::f32s>().read_unaligned() }
    }

    /// # Safety
    /// [`Self::N`] values can be written at `at`.
    #[inline(always)]
    pub unsafe fn store(self, at: *mut f32, values: S::f32s) {
        // SAFETY: guaranteed by the caller.
        unsafe { at.cast::<S::f32s>().write_unaligned(values) }
    }
}
