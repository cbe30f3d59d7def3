//! The exponential function, in a form that compilers turn into vector instructions.

/// Adding this rounds a number to an integer, which is then in the lowest bits.
const ROUND: f64 = 1.5 * (1_u64 << 52) as f64;

/// The logarithm of two in two parts, so that small multiples of the first are exact.
const LN_2: [f64; 2] = [
    f64::from_bits(0x3FE6_2E42_FEE0_0000),
    f64::from_bits(0x3DEA_39EF_3579_3C76),
];

/// Below this the result is as good as zero and would leave the range of normal numbers.
const SMALLEST: f64 = -708.0;

/// `1 / 2!` to `1 / 13!`, from the last to the first.
const INVERSE_FACTORIALS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// `eˣ` for x ≤ 0, to three units in the last place; x below -708 counts as -708.
#[inline(always)]
pub(super) fn exp_of_negative(x: f64) -> f64 {
    let x = if x < SMALLEST { SMALLEST } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = (x - power * LN_2[0]) - power * LN_2[1];
    let mut sum = INVERSE_FACTORIALS[0];
    for &factor in &INVERSE_FACTORIALS[1..] {
        sum = sum * rest + factor;
    }
    let mantissa = (sum * rest * rest + rest) + 1.0;
    let exponent = shifted.to_bits().wrapping_add(1023) << 52;
    mantissa * f64::from_bits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential_function() {
        for step in 0..=700_000 {
            let x = -f64::from(step) / 1000.0;
            let ratio = exp_of_negative(x) / x.exp();
            assert!((ratio - 1.0).abs() < 1e-15, "{x}: {ratio}");
        }
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert_eq!(exp_of_negative(f64::NEG_INFINITY), exp_of_negative(-708.0));
        assert!(exp_of_negative(-708.0) < 1e-307);
    }
}
