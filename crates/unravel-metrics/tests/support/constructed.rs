//! Representations of known structure, by the recipe in `tests/golden/make_reps.py`.
//!
//! Everything is computed in double precision and rounded once, so the tables agree with the recipe's bit for bit.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use rayon::prelude::*;

use super::hash::hash;

/// Codes of every representation.
pub const N_CODES: usize = 10;

/// Sizes of the factors of dSprites.
pub const DSPRITES: [usize; 5] = [3, 6, 40, 32, 32];

/// Uniform in (0, 1), on a grid of 2^-53.
fn uniform(stream: u64, counter: u64) -> f64 {
    ((hash(stream, counter) >> 12) as f64 + 0.5) * f64::exp2(-52.0)
}

/// Standard normal (Box-Muller, cosine only).
fn normal(stream: usize, index: usize) -> f64 {
    let (stream, index) = (stream as u64, index as u64);
    let radius = (-2.0 * uniform(stream, 2 * index).ln()).sqrt();
    radius * (TAU * uniform(stream, 2 * index + 1)).cos()
}

/// One point of the grid.
struct Point {
    index: usize,
    values: [usize; 5],
    /// Factor values with mean 0 and standard deviation 1 over the grid.
    standardised: [f64; 5],
    sizes: [usize; 5],
}

impl Point {
    fn new(index: usize, sizes: [usize; 5]) -> Self {
        let mut values = [0; 5];
        let mut rest = index;
        for (value, size) in values.iter_mut().zip(sizes).rev() {
            *value = rest % size;
            rest /= size;
        }
        let standardised = std::array::from_fn(|factor| {
            let (value, size) = (values[factor] as i64, sizes[factor] as i64);
            let centred = (2 * value - (size - 1)) as f64;
            if size == 1 {
                0.0
            } else {
                centred / ((size * size - 1) as f64 / 3.0).sqrt()
            }
        });
        Self {
            index,
            values,
            standardised,
            sizes,
        }
    }

    fn noise(&self, stream: usize) -> f64 {
        normal(stream, self.index)
    }

    fn a_perfect(&self) -> [f64; N_CODES] {
        std::array::from_fn(|j| {
            if j < 5 {
                self.standardised[j]
            } else {
                self.noise(j)
            }
        })
    }

    fn b_rotated(&self) -> [f64; N_CODES] {
        let mut z = self.a_perfect();
        let [.., s3, s4] = self.standardised;
        z[3] = (s3 + s4) * FRAC_1_SQRT_2;
        z[4] = (s4 - s3) * FRAC_1_SQRT_2;
        z
    }

    fn c_entangled(&self, rotation: &[[f64; N_CODES]; N_CODES]) -> [f64; N_CODES] {
        let w = self.a_perfect();
        std::array::from_fn(|j| {
            rotation[j]
                .iter()
                .zip(w)
                .fold(0.0, |sum, (q, w)| sum + q * w)
        })
    }

    fn d_noisy(&self) -> [f64; N_CODES] {
        let z = self.a_perfect();
        std::array::from_fn(|j| z[j] + 0.5 * self.noise(10 + j))
    }

    fn e_collapsed(&self) -> [f64; N_CODES] {
        let s = self.standardised;
        let faint = |j| 1e-4 * self.noise(j);
        [
            1e-4 * s[0],
            s[3],
            faint(2),
            s[4],
            faint(4),
            faint(5),
            s[1],
            faint(7),
            s[2],
            faint(9),
        ]
    }

    fn f_nonlinear(&self) -> [f64; N_CODES] {
        let s = self.standardised;
        let angle = (TAU * self.values[2] as f64) / self.sizes[2] as f64;
        let mut z = [0.0; N_CODES];
        z[0] = s[0] * s[0] * s[0];
        z[1] = s[1].exp();
        (z[2], z[3]) = (angle.sin(), angle.cos());
        z[4] = (2.0 * s[3]).tanh();
        z[5] = s[4] * s[4].abs();
        for (j, z) in z.iter_mut().enumerate().skip(6) {
            *z = self.noise(j);
        }
        z
    }

    fn g_noise(&self) -> [f64; N_CODES] {
        std::array::from_fn(|j| self.noise(j))
    }
}

/// The orthogonal matrix of `c_entangled`: modified Gram-Schmidt on normal rows.
fn rotation() -> [[f64; N_CODES]; N_CODES] {
    let dot = |a: &[f64; N_CODES], b: &[f64; N_CODES]| {
        a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
    };
    let mut rows = [[0.0; N_CODES]; N_CODES];
    for j in 0..N_CODES {
        let mut row: [f64; N_CODES] = std::array::from_fn(|k| normal(100 + j, k));
        for earlier in &rows[..j] {
            let overlap = dot(earlier, &row);
            for (x, e) in row.iter_mut().zip(earlier) {
                *x -= overlap * e;
            }
        }
        let norm = dot(&row, &row).sqrt();
        rows[j] = row.map(|x| x / norm);
    }
    rows
}

/// The representation called `name` on a grid, `[n_points, N_CODES]`.
pub fn make(name: &str, sizes: [usize; 5]) -> Vec<f32> {
    let q = rotation();
    let codes = |point: &Point| match name {
        "a_perfect" | "i_nan_one" | "i_nan_many" => point.a_perfect(),
        "b_rotated" => point.b_rotated(),
        "c_entangled" => point.c_entangled(&q),
        "d_noisy" => point.d_noisy(),
        "e_collapsed" => point.e_collapsed(),
        "f_nonlinear" => point.f_nonlinear(),
        "g_noise" => point.g_noise(),
        "h_constant" => std::array::from_fn(|j| 0.1 * (j + 1) as f64),
        "h_exact" => std::array::from_fn(|j| 0.25 * (j + 1) as f64),
        _ => panic!("there is no representation {name}"),
    };
    let n_points: usize = sizes.iter().product();
    let mut table = vec![0.0; n_points * N_CODES];
    table
        .par_chunks_exact_mut(N_CODES)
        .enumerate()
        .for_each(|(index, row)| {
            row.copy_from_slice(&codes(&Point::new(index, sizes)).map(|z| z as f32));
        });
    let has_nan = |row: usize| match name {
        "i_nan_one" => row == 123_456 % n_points,
        "i_nan_many" => row % 100 == 37,
        _ => false,
    };
    for row in (0..n_points).filter(|&row| has_nan(row)) {
        table[row * N_CODES + 7] = f32::NAN;
    }
    table
}

/// Log variances of the posteriors of any representation, `[n_points, N_CODES]`.
pub fn logvars(sizes: [usize; 5]) -> Vec<f32> {
    let n_points: usize = sizes.iter().product();
    let logvar = |i: usize| {
        let (point, code) = ((i / N_CODES) as u64, (i % N_CODES) as u64);
        (-4.0 + 0.5 * (2.0 * uniform(200 + code, point) - 1.0)) as f32
    };
    (0..n_points * N_CODES).map(logvar).collect()
}

/// FNV-1a over the little-endian bytes of the values, with one bit pattern for NaN.
pub fn checksum(values: &[f32]) -> u64 {
    let bits = |x: &f32| if x.is_nan() { 0x7FC0_0000 } else { x.to_bits() };
    let bytes = values.iter().flat_map(|x| bits(x).to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
