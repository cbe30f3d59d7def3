//! Ten neighbouring nodes of a lattice that represent a value between them, or a narrow distribution around it.
//!
//! With the Lagrange polynomials `ℓ_k` of the nodes, the weights `E[ℓ_k(y)]` of a distribution of y give the same
//! expectation as it for every polynomial up to the ninth degree. For a point distribution, they interpolate.

/// Nodes of a stencil.
pub(crate) const WIDTH: usize = 10;

/// Position of the first node relative to the lattice cell that holds the value.
const FIRST: i64 = 1 - (WIDTH as i64) / 2;

/// The weights of the value in the middle of a cell.
pub(crate) const MIDPOINT: [f64; WIDTH] = {
    let mut weights = [0.0; WIDTH];
    let mut k = 0;
    while k < WIDTH {
        weights[k] = COEFFICIENTS[0][k];
        k += 1;
    }
    weights
};

/// `COEFFICIENTS[p][k]` is the coefficient of `u^p` in `ℓ_k`, with u counted from the middle of the cell.
const COEFFICIENTS: [[f64; WIDTH]; WIDTH] = coefficients();

const fn coefficients() -> [[f64; WIDTH]; WIDTH] {
    let mut all = [[0.0; WIDTH]; WIDTH];
    let mut k = 0;
    while k < WIDTH {
        let mut polynomial = [0.0; WIDTH];
        polynomial[0] = 1.0;
        let mut other = 0;
        while other < WIDTH {
            if other != k {
                // Times (u - node) / (own node - node).
                let node = FIRST as f64 + other as f64 - 0.5;
                let distance = k as f64 - other as f64;
                let mut p = WIDTH - 1;
                while 0 < p {
                    polynomial[p] = (polynomial[p - 1] - node * polynomial[p]) / distance;
                    p -= 1;
                }
                polynomial[0] = -node * polynomial[0] / distance;
            }
            other += 1;
        }
        let mut p = 0;
        while p < WIDTH {
            all[p][k] = polynomial[p];
            p += 1;
        }
        k += 1;
    }
    all
}

/// The position of a stencil, and the moments of the distribution that it represents.
pub(crate) struct Stencil {
    cell: i64,
    /// Moments about the middle of the cell.
    moments: [f64; WIDTH],
}

impl Stencil {
    /// Represents a Gaussian at `position`, in steps from the first node, with `variance` in squared steps. A negative
    /// variance narrows the kernel that is spread over the nodes later. With a variance of 0, it represents only the
    /// position.
    pub(crate) fn new(position: f64, variance: f64) -> Self {
        let cell = position.floor();
        let mean = position - cell - 0.5;
        let mut moments = [1.0; WIDTH];
        moments[1] = mean;
        for p in 2..WIDTH {
            moments[p] = mean * moments[p - 1] + (p - 1) as f64 * variance * moments[p - 2];
        }
        Self {
            cell: cell as i64,
            moments,
        }
    }

    /// The first node and the weights of it and the nine after it. They add up to one.
    pub(crate) fn nodes(&self) -> (i64, [f64; WIDTH]) {
        let mut weights = [0.0; WIDTH];
        for (coefficients, moment) in COEFFICIENTS.iter().zip(self.moments) {
            for (weight, coefficient) in weights.iter_mut().zip(coefficients) {
                *weight += coefficient * moment;
            }
        }
        (self.cell + FIRST, weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_the_ninth_degree_are_interpolated() {
        for position in [3.0, 7.25, 11.999, -4.5] {
            let (first, weights) = Stencil::new(position, 0.0).nodes();
            for degree in 0..10 {
                let centre = 5.0;
                let found: f64 = (first..)
                    .zip(weights)
                    .map(|(x, weight)| weight * (x as f64 - centre).powi(degree))
                    .sum();
                let expected = (position - centre).powi(degree);
                assert!(
                    (found - expected).abs() < 1e-7 * expected.abs().max(1.0),
                    "{position} {degree}"
                );
            }
        }
        assert!((MIDPOINT.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        assert!((MIDPOINT[4] - 19_845.0 / 32_768.0).abs() < 1e-14);
    }

    #[test]
    fn moments_of_a_gaussian_are_kept_and_a_negative_variance_takes_away() {
        let (first, weights) = Stencil::new(2.3, 1.5).nodes();
        let moment = |degree: i32| -> f64 {
            (first..)
                .zip(weights)
                .map(|(x, weight)| weight * (x as f64 - 2.3).powi(degree))
                .sum()
        };
        let expected = [
            1.0,
            0.0,
            1.5,
            0.0,
            3.0 * 1.5 * 1.5,
            0.0,
            15.0 * 1.5_f64.powi(3),
        ];
        for (degree, expected) in (0..).zip(expected) {
            assert!((moment(degree) - expected).abs() < 1e-9, "{degree}");
        }
        let (first, weights) = Stencil::new(0.0, -0.8).nodes();
        let second: f64 = (first..)
            .zip(weights)
            .map(|(x, weight)| weight * (x * x) as f64)
            .sum();
        assert!((second + 0.8).abs() < 1e-12);
    }
}
