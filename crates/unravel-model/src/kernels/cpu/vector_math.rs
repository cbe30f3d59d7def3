//! Exponential and logarithm without branches, so that the compiler vectorises them.

/// `exp(x)` for `x <= 0`, to two units in the last place; 0 below -87.
#[inline(always)]
pub fn exp_of_negative(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let clamped = if x < -87.0 { -87.0 } else { x }; // not `max`, which would drop a NaN
    let shifted = clamped * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN_2_HIGH - n * LN_2_LOW;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    // n lies in -126..=0; its bits are the low bits of the shifted sum.
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        << 23;
    let value = p * f32::from_bits(exponent);
    if x < -87.0 { 0.0 } else { value }
}

/// `ln(1 + u)` for `u` in `[0, 1]`, to two units in the last place, by the series of `2 artanh(u / (2 + u))`.
#[inline(always)]
pub fn ln_1p_of_unit(u: f32) -> f32 {
    let s = u / (2.0 + u);
    let s2 = s * s;
    let p = 2.0 / 15.0;
    let p = p * s2 + 2.0 / 13.0;
    let p = p * s2 + 2.0 / 11.0;
    let p = p * s2 + 2.0 / 9.0;
    let p = p * s2 + 2.0 / 7.0;
    let p = p * s2 + 2.0 / 5.0;
    let p = p * s2 + 2.0 / 3.0;
    let p = p * s2 + 2.0;
    p * s
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(value: f32, expected: f64) -> f64 {
        (f64::from(value) - expected).abs() / expected.abs().max(1e-30)
    }

    #[test]
    fn exp_agrees_with_the_library() {
        for i in 0..=86_000 {
            let x = -(i as f32) * 1e-3;
            assert!(
                relative(exp_of_negative(x), f64::from(x).exp()) < 2.5e-7,
                "exp({x})"
            );
        }
        assert_eq!(exp_of_negative(-1000.0), 0.0);
        assert!(exp_of_negative(f32::NAN).is_nan());
    }

    #[test]
    fn ln_1p_agrees_with_the_library() {
        assert_eq!(ln_1p_of_unit(0.0), 0.0);
        for i in 1..=100_000 {
            let u = i as f32 * 1e-5;
            assert!(
                relative(ln_1p_of_unit(u), f64::from(u).ln_1p()) < 2.5e-7,
                "ln_1p({u})"
            );
        }
    }
}
