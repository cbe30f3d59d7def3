//! Puts codes into equal-width bins, as `numpy.histogram` and `numpy.digitize` do in double precision.

use crate::table::CodeRange;

/// Number of bins of a code, in every metric that uses bins.
pub const N_BINS: usize = 20;

const _: () = assert!(
    N_BINS == unravel_score::MIN_POINTS,
    "as many points as bins are needed"
);

/// [`N_BINS`] bins of equal width between the smallest and the largest value of a code.
///
/// Edge j is `lo + j * ((hi - lo) / 20)` in double precision, the last one `hi` itself. Bins are closed on the left,
/// and the largest value falls into the last bin. All values of a constant code fall into one bin.
///
/// For single-precision codes, NumPy computes the edges in single precision, with differences between its versions 1
/// and 2. A few points per million that lie on an edge then fall into another bin.
#[derive(Clone, Debug, PartialEq)]
pub struct EqualWidthBins {
    lo: f64,
    bins_per_unit: f64,
    /// Edge j closes bin j - 1 and opens bin j; the outermost are infinite, so that every value has a bin.
    edges: [f64; N_BINS + 1],
}

impl EqualWidthBins {
    /// The bins of a code with this range.
    pub fn new(range: CodeRange) -> Self {
        let (lo, hi) = (f64::from(range.lo), f64::from(range.hi));
        let mut edges = [f64::INFINITY; N_BINS + 1];
        edges[0] = f64::NEG_INFINITY;
        if hi <= lo {
            return Self {
                lo,
                bins_per_unit: 0.0,
                edges,
            };
        }
        let width = (hi - lo) / N_BINS as f64;
        for (step, edge) in edges[1..N_BINS].iter_mut().enumerate() {
            *edge = (step + 1) as f64 * width + lo;
        }
        Self {
            lo,
            bins_per_unit: width.recip(),
            edges,
        }
    }

    /// The bin of a finite value, in `0..N_BINS`.
    #[inline]
    pub fn bin(&self, value: f32) -> usize {
        let value = f64::from(value);
        // Because of rounding, the guess can be off by one near an edge.
        let guess = (((value - self.lo) * self.bins_per_unit) as usize).min(N_BINS - 1);
        guess + usize::from(self.edges[guess + 1] <= value) - usize::from(value < self.edges[guess])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, edge by edge.
    fn bin_by_search(range: CodeRange, value: f32) -> usize {
        let (lo, hi) = (f64::from(range.lo), f64::from(range.hi));
        let inner = (1..N_BINS).map(|j| lo + j as f64 * ((hi - lo) / N_BINS as f64));
        inner.filter(|&edge| edge <= f64::from(value)).count()
    }

    #[test]
    fn edges_belong_to_the_bin_on_their_right() {
        let bins = EqualWidthBins::new(CodeRange { lo: 0.0, hi: 20.0 });
        assert_eq!(
            [0.0, 0.99, 1.0, 18.5, 19.0, 20.0].map(|value| bins.bin(value)),
            [0, 0, 1, 18, 19, 19]
        );
    }

    #[test]
    fn a_constant_code_falls_into_one_bin() {
        assert_eq!(
            EqualWidthBins::new(CodeRange { lo: 0.3, hi: 0.3 }).bin(0.3),
            0
        );
    }

    #[test]
    fn the_widest_and_the_narrowest_range_have_bins() {
        let widest = EqualWidthBins::new(CodeRange {
            lo: f32::MIN,
            hi: f32::MAX,
        });
        assert_eq!(
            [f32::MIN, 0.0, f32::MAX].map(|value| widest.bin(value)),
            [0, 10, 19]
        );
        let narrowest = CodeRange {
            lo: 0.0,
            hi: f32::from_bits(1),
        };
        assert_eq!(EqualWidthBins::new(narrowest).bin(0.0), 0);
        assert_eq!(EqualWidthBins::new(narrowest).bin(f32::from_bits(1)), 19);
    }

    proptest! {
        #[test]
        fn bins_are_those_of_the_definition(
            lo in -1e3_f32..1e3,
            width in prop_oneof![1e-4_f32..1e-3, 0.1_f32..10.0, 1e3_f32..1e6],
            steps in prop::collection::vec(0_u32..=2000, 40),
        ) {
            let range = CodeRange { lo, hi: lo + width };
            prop_assume!(range.lo < range.hi);
            let bins = EqualWidthBins::new(range);
            for step in steps {
                let value = (lo + width * (step as f32 / 2000.0)).clamp(range.lo, range.hi);
                prop_assert_eq!(bins.bin(value), bin_by_search(range, value));
            }
        }
    }
}
