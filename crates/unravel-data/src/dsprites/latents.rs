//! The six latents of dSprites: classes and real values, as its npz lists them.

use std::f64::consts::TAU;

/// Number of classes of colour, shape, scale, orientation, posX and posY: the npz's columns.
pub(crate) const SIZES: [usize; 6] = [1, 3, 6, 40, 32, 32];

/// The classes of image `index`, in the order of [`SIZES`].
pub(crate) fn classes(index: usize) -> [usize; 6] {
    let mut rest = index;
    let mut out = [0; 6];
    for (class, size) in out.iter_mut().zip(SIZES).rev() {
        *class = rest % size;
        rest /= size;
    }
    out
}

/// The real values of image `index`: colour 1; shape 1 square, 2 ellipse, 3 heart; scale
/// 0.5 to 1; orientation 0 to 2 pi, in radians; posX and posY 0 to 1.
pub(crate) fn values(index: usize) -> [f64; 6] {
    let [_, shape, scale, orientation, pos_x, pos_y] = classes(index);
    [
        1.0,
        1.0 + shape as f64,
        linspace(0.5, 1.0, 6, scale),
        linspace(0.0, TAU, 40, orientation),
        linspace(0.0, 1.0, 32, pos_x),
        linspace(0.0, 1.0, 32, pos_y),
    ]
}

/// Value `i` of `n` evenly spaced from `start` to `stop`, both included, to the last bit as
/// NumPy's `linspace` has it.
pub(crate) fn linspace(start: f64, stop: f64, n: usize, i: usize) -> f64 {
    if i + 1 == n {
        return stop;
    }
    let step = (stop - start) / (n - 1) as f64;
    i as f64 * step + start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::FactorSpace;

    #[test]
    fn classes_are_the_factors_after_a_constant_colour() {
        let (space, mut factors) = (FactorSpace::dsprites(), [0; 5]);
        for index in [0, 1, 41_512, 143_881, 564_130, 737_279] {
            space.factors_of(index, &mut factors);
            let [colour, rest @ ..] = classes(index);
            assert_eq!((colour, rest), (0, factors));
        }
    }

    #[test]
    fn values_span_their_ranges() {
        assert_eq!(values(0), [1.0, 1.0, 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(values(737_279), [1.0, 3.0, 1.0, TAU, 1.0, 1.0]);
        // numpy.linspace(0, 1, 32)[9], (0.5, 1, 6)[3] and (0, 2 pi, 40)[23]
        assert_eq!(linspace(0.0, 1.0, 32, 9), 0.290_322_580_645_161_25);
        assert_eq!(linspace(0.5, 1.0, 6, 3), 0.8);
        assert_eq!(linspace(0.0, TAU, 40, 23), 3.705_468_258_080_268_5);
    }
}
