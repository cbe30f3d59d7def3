//! Densities of many mixtures of the same one-dimensional Gaussians, computed together.
//!
//! A code has one Gaussian posterior per point of a grid. The mixture of all of them is the aggregate posterior; the
//! mixture over the points with one value of a factor is a conditional. Evaluating each Gaussian at each abscissa would
//! take N² exponentials. Here every Gaussian is replaced by ten equally wide ones on a lattice, with weights that give
//! the same moments up to the ninth ([`Stencil`]); then all Gaussians of one width are a single convolution.
//!
//! - Gaussians are sorted into *classes* of equal width, [`CLASSES_PER_OCTAVE`] for each doubling of the standard deviation. The
//!   lattice of an octave has four nodes to its smallest standard deviation, so that wide Gaussians live on a coarse lattice.
//! - Octaves are added up from the coarsest to the finest, the sum so far interpolated to twice as many nodes.
//! - Weights may be negative, and so may a density be where it is nearly zero, by some 1e-9 of its peak.
//!
//! Replacing a Gaussian changes its density by less than 1e-5 of its peak in the worst case (a Gaussian at the edge of its
//! class). Errors of different Gaussians alternate in sign, and entropies are off by 1e-8 nats or so.

use crate::bytes::{Bytes, array_bytes};
use crate::stencil::{MIDPOINT, Stencil, WIDTH};

/// Classes of widths for each doubling of the standard deviation.
const CLASSES_PER_OCTAVE: usize = 6;

/// Nodes to the smallest standard deviation of an octave.
const NODES_PER_SD: f64 = 4.0;

/// Gaussians are truncated at this number of standard deviations, where they are 1e-17 of their peak.
const REACH_SDS: f64 = 9.0;

/// The approximate maximum number of nodes of the finest lattice. Gaussians that are too narrow for it are widened.
const MAX_NODES: f64 = 32_768.0;

/// Lanes of the inner loops: the number of mixtures is rounded up to a multiple of it.
const LANES: usize = 8;

/// One-dimensional Gaussians, with the mixtures that each belongs to.
pub(crate) struct Gaussians<'a> {
    pub(crate) means: &'a [f64],
    /// Natural logarithms of the variances.
    pub(crate) logvars: &'a [f64],
    /// Mixtures that each Gaussian belongs to, `[n, n_memberships]`.
    pub(crate) memberships: &'a [u16],
    pub(crate) n_memberships: usize,
    pub(crate) n_mixtures: usize,
}

/// Unnormalised densities of mixtures on an even lattice: each Gaussian has mass 1, so a mixture has the mass of its members.
pub(crate) struct Densities {
    /// Abscissa of the first node.
    pub(crate) origin: f64,
    /// Distance of two nodes.
    pub(crate) step: f64,
    /// Mixtures, rounded up; the last ones are empty.
    pub(crate) n_lanes: usize,
    /// `[n_nodes, n_lanes]`.
    pub(crate) values: Vec<f64>,
}

/// The log variance of the narrowest Gaussian that the lattice can hold; narrower ones are widened to it.
///
/// `gaussians` are their means and log variances, at least one. Where none is widened, it is below all log variances.
pub(crate) fn narrowest_logvar(gaussians: impl Iterator<Item = (f64, f64)>) -> f64 {
    2.0 * Span::of(gaussians).narrowest().ln()
}

/// What the lattices of some Gaussians have to hold.
struct Span {
    /// Ends of the Gaussians, [`REACH_SDS`] from their means.
    lo: f64,
    hi: f64,
    /// Smallest and largest standard deviation.
    least_sd: f64,
    most_sd: f64,
}

impl Span {
    fn of(gaussians: impl Iterator<Item = (f64, f64)>) -> Self {
        let sd = |logvar: f64| (0.5 * logvar).exp();
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for (mean, logvar) in gaussians {
            let reach = REACH_SDS * sd(logvar);
            (lo, hi) = (lo.min(mean - reach), hi.max(mean + reach));
            (least, most) = (least.min(logvar), most.max(logvar));
        }
        Self {
            lo,
            hi,
            least_sd: sd(least),
            most_sd: sd(most),
        }
    }

    /// The standard deviation that the first class begins at: all Gaussians are at least as wide.
    fn narrowest(&self) -> f64 {
        // The narrowest Gaussians lie in the middle of the first class, where they fit best.
        let half_class = f64::exp2(-0.5 / CLASSES_PER_OCTAVE as f64);
        (half_class * self.least_sd).max((self.hi - self.lo) * NODES_PER_SD / MAX_NODES)
    }
}

/// The lattices of the octaves. They share their origin; each has twice the step of the one before.
struct Lattices {
    origin: f64,
    /// Standard deviation that the first class of the first octave begins at.
    narrowest: f64,
    /// Nodes of each octave.
    n_nodes: Vec<usize>,
}

impl Lattices {
    fn new(gaussians: &Gaussians) -> Self {
        let means = gaussians.means.iter().copied();
        let span = Span::of(means.zip(gaussians.logvars.iter().copied()));
        let narrowest = span.narrowest();
        // Those that are widened reach further.
        let (lo, hi) = (
            span.lo - REACH_SDS * narrowest,
            span.hi + REACH_SDS * narrowest,
        );
        let n_octaves = ((span.most_sd / narrowest).log2().max(0.0) as usize) + 1;
        let n_nodes = (0..n_octaves)
            .map(|octave| {
                let step = f64::exp2(octave as f64) * narrowest / NODES_PER_SD;
                ((hi - lo) / step).ceil() as usize + WIDTH
            })
            .collect();
        Self {
            origin: lo,
            narrowest,
            n_nodes,
        }
    }

    fn step(&self, octave: usize) -> f64 {
        f64::exp2(octave as f64) * self.narrowest / NODES_PER_SD
    }

    /// The class of a Gaussian, counted through all octaves.
    fn class(&self, logvar: f64) -> usize {
        let octaves = 0.5 * logvar / std::f64::consts::LN_2 - self.narrowest.log2();
        let last = self.n_nodes.len() * CLASSES_PER_OCTAVE - 1;
        ((octaves * CLASSES_PER_OCTAVE as f64).max(0.0) as usize).min(last)
    }

    /// The standard deviation that all Gaussians of a class are given.
    fn class_sd(&self, class: usize) -> f64 {
        f64::exp2((class as f64 + 0.5) / CLASSES_PER_OCTAVE as f64) * self.narrowest
    }
}

impl Densities {
    /// The maximum number of bytes for the densities of this number of mixtures while they are computed: the current
    /// lattice, and one with twice as many nodes.
    pub(crate) fn bytes(n_gaussians: usize, n_mixtures: usize) -> Bytes {
        // Gaussians as wide as the narrowest reach out of the lattice at both ends.
        let n_nodes = (MAX_NODES + 2.0 * REACH_SDS * NODES_PER_SD) as usize + 2 * WIDTH;
        array_bytes::<f64>(&[3, n_nodes, n_mixtures.next_multiple_of(LANES)])
            + array_bytes::<f64>(&[n_gaussians, 2])
            + 2 * array_bytes::<u32>(&[n_gaussians])
    }

    /// The densities of all mixtures; there is at least one Gaussian.
    pub(crate) fn of(gaussians: &Gaussians) -> Self {
        let lattices = Lattices::new(gaussians);
        let n_lanes = gaussians.n_mixtures.next_multiple_of(LANES);
        let classes = by_class(gaussians, &lattices);
        let mut sum = Vec::new();
        for octave in (0..lattices.n_nodes.len()).rev() {
            let n_nodes = lattices.n_nodes[octave];
            sum = if sum.is_empty() {
                vec![0.0; n_nodes * n_lanes]
            } else {
                refined(&sum, n_nodes, n_lanes)
            };
            let first = octave * CLASSES_PER_OCTAVE;
            let members = &classes[first..][..CLASSES_PER_OCTAVE];
            for (class, members) in (first..)
                .zip(members)
                .filter(|(_, members)| !members.is_empty())
            {
                let weights = deposited(gaussians, &lattices, class, members, n_lanes);
                let kernel = kernel(lattices.class_sd(class), lattices.step(octave));
                add_convolved(&mut sum, &weights, &kernel, n_lanes);
            }
        }
        Self {
            origin: lattices.origin,
            step: lattices.step(0),
            n_lanes,
            values: sum,
        }
    }

    /// The same on a lattice of half the step.
    pub(crate) fn refined(&self) -> Self {
        let n_nodes = 2 * (self.values.len() / self.n_lanes) - 1;
        Self {
            step: 0.5 * self.step,
            values: refined(&self.values, n_nodes, self.n_lanes),
            ..*self
        }
    }

    /// Entropy of each mixture, in nats, given its number of members: the trapezoidal rule on every `stride`-th node.
    pub(crate) fn entropies(&self, masses: &[f64], stride: usize) -> Vec<f64> {
        let mut sums = vec![0.0; masses.len()];
        for node in self.values.chunks_exact(self.n_lanes).step_by(stride) {
            for ((sum, &density), mass) in sums.iter_mut().zip(node).zip(masses) {
                if 0.0 < density {
                    let density = density / mass;
                    *sum -= density * density.ln();
                }
            }
        }
        sums.iter()
            .map(|sum| sum * self.step * stride as f64)
            .collect()
    }

    /// The unnormalised density of a mixture anywhere between the nodes.
    pub(crate) fn at(&self, mixture: usize, abscissa: f64) -> f64 {
        let position = (abscissa - self.origin) / self.step;
        let (first, weights) = Stencil::new(position, 0.0).nodes();
        let n_nodes = self.values.len() / self.n_lanes;
        let values = weights.iter().enumerate().map(|(k, weight)| {
            let node = first + k as i64;
            match usize::try_from(node) {
                Ok(node) if node < n_nodes => weight * self.values[node * self.n_lanes + mixture],
                _ => 0.0,
            }
        });
        values.sum()
    }
}

/// The Gaussians of each class, in order.
fn by_class(gaussians: &Gaussians, lattices: &Lattices) -> Vec<Vec<u32>> {
    let mut classes = vec![Vec::new(); lattices.n_nodes.len() * CLASSES_PER_OCTAVE];
    for (at, &logvar) in gaussians.logvars.iter().enumerate() {
        classes[lattices.class(logvar)].push(at as u32);
    }
    classes
}

/// The weights of a class's Gaussians on the nodes of its lattice, `[n_nodes, n_lanes]`.
fn deposited(
    gaussians: &Gaussians,
    lattices: &Lattices,
    class: usize,
    members: &[u32],
    n_lanes: usize,
) -> Vec<f64> {
    let octave = class / CLASSES_PER_OCTAVE;
    let step = lattices.step(octave);
    let class_variance = lattices.class_sd(class).powi(2);
    let narrowest = 2.0 * lattices.narrowest.ln();
    let mut weights = vec![0.0; lattices.n_nodes[octave] * n_lanes];
    for &member in members {
        let member = member as usize;
        let variance = gaussians.logvars[member].max(narrowest).exp();
        let position = (gaussians.means[member] - lattices.origin) / step;
        let stencil = Stencil::new(position, (variance - class_variance) / (step * step));
        let (first, shares) = stencil.nodes();
        let mixtures =
            &gaussians.memberships[member * gaussians.n_memberships..][..gaussians.n_memberships];
        // The lattice reaches nine standard deviations beyond every mean, so the stencil lies within.
        for (node, share) in (first as usize..).zip(shares) {
            let node = &mut weights[node * n_lanes..][..n_lanes];
            for &mixture in mixtures {
                node[usize::from(mixture)] += share;
            }
        }
    }
    weights
}

/// The density of a Gaussian at 0, 1, 2, … steps from its mean.
fn kernel(sd: f64, step: f64) -> Vec<f64> {
    let peak = 1.0 / (sd * std::f64::consts::TAU.sqrt());
    let n = (REACH_SDS * sd / step).ceil() as usize;
    (0..=n)
        .map(|k| peak * (-0.5 * (k as f64 * step / sd).powi(2)).exp())
        .collect()
}

/// Adds the convolution of every lane with a symmetric kernel.
fn add_convolved(sum: &mut [f64], weights: &[f64], kernel: &[f64], n_lanes: usize) {
    let n_nodes = sum.len() / n_lanes;
    let occupied: Vec<bool> = weights
        .chunks_exact(n_lanes)
        .map(|node| node.iter().any(|&weight| weight != 0.0))
        .collect();
    for node in 0..n_nodes {
        let first = node.saturating_sub(kernel.len() - 1);
        let last = (node + kernel.len()).min(n_nodes);
        for lane in (0..n_lanes).step_by(LANES) {
            let mut total = [0.0; LANES];
            for other in (first..last).filter(|&other| occupied[other]) {
                let share = kernel[node.abs_diff(other)];
                let values = &weights[other * n_lanes + lane..][..LANES];
                for (total, value) in total.iter_mut().zip(values) {
                    *total += share * value;
                }
            }
            for (sum, total) in sum[node * n_lanes + lane..][..LANES].iter_mut().zip(total) {
                *sum += total;
            }
        }
    }
}

/// Every node of a lattice, and the values between them by interpolation; `n_nodes` of them.
fn refined(values: &[f64], n_nodes: usize, n_lanes: usize) -> Vec<f64> {
    let n_coarse = values.len() / n_lanes;
    let mut fine = vec![0.0; n_nodes * n_lanes];
    for (node, fine) in fine.chunks_exact_mut(n_lanes).enumerate() {
        let coarse = node / 2;
        if node % 2 == 0 {
            if coarse < n_coarse {
                fine.copy_from_slice(&values[coarse * n_lanes..][..n_lanes]);
            }
            continue;
        }
        for (k, share) in MIDPOINT.iter().enumerate() {
            let Some(other) = (coarse + k + 1).checked_sub(WIDTH / 2) else {
                continue;
            };
            if other < n_coarse {
                let other = &values[other * n_lanes..][..n_lanes];
                for (fine, value) in fine.iter_mut().zip(other) {
                    *fine += share * value;
                }
            }
        }
    }
    fine
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic numbers in (-1, 1).
    fn noise(i: usize) -> f64 {
        ((i * 2_654_435_761) % 10_007) as f64 / 5003.5 - 1.0
    }

    fn gaussian(x: f64, mean: f64, sd: f64) -> f64 {
        (-0.5 * ((x - mean) / sd).powi(2)).exp() / (sd * std::f64::consts::TAU.sqrt())
    }

    /// Gaussians with means in ±3 and log variances around `centre`, in two mixtures and in both together.
    fn examples(n: usize, centre: f64, spread: f64) -> (Vec<f64>, Vec<f64>, Vec<u16>) {
        let means = (0..n).map(|i| 3.0 * noise(2 * i + 1)).collect();
        let logvars = (0..n).map(|i| centre + spread * noise(2 * i + 2)).collect();
        let memberships = (0..n).flat_map(|i| [(i % 2) as u16, 2]).collect();
        (means, logvars, memberships)
    }

    #[test]
    fn densities_are_sums_of_gaussians() {
        for (n, centre, spread) in [
            (1, -3.0, 0.0),
            (3, -4.0, 2.5),
            (40, -2.0, 3.0),
            (200, 0.0, 4.0),
        ] {
            let (means, logvars, memberships) = examples(n, centre, spread);
            let densities = Densities::of(&Gaussians {
                means: &means,
                logvars: &logvars,
                memberships: &memberships,
                n_memberships: 2,
                n_mixtures: 3,
            });
            let exact = |x: f64, mixture: usize| -> f64 {
                let members = (0..n).filter(|i| mixture == 2 || i % 2 == mixture);
                members
                    .map(|i| gaussian(x, means[i], (0.5 * logvars[i]).exp()))
                    .sum()
            };
            let peak = (0..n)
                .map(|i| gaussian(0.0, 0.0, (0.5 * logvars[i]).exp()))
                .fold(0.0, f64::max);
            for fine in [&densities, &densities.refined()] {
                for (node, found) in fine.values.chunks(fine.n_lanes).enumerate() {
                    let x = fine.origin + node as f64 * fine.step;
                    for (mixture, found) in found[..3].iter().enumerate() {
                        let off = (found - exact(x, mixture)).abs() / peak;
                        assert!(off < 2e-5, "{n} at {x}: {off:.1e}");
                    }
                }
            }
            for k in 0..200 {
                let x = 3.5 * noise(k);
                let off = (densities.at(2, x) - exact(x, 2)).abs() / peak;
                assert!(off < 2e-5, "{n} at {x}: {off:.1e}");
            }
        }
    }

    #[test]
    fn entropies_are_those_of_fine_quadrature() {
        for (n, centre, spread) in [
            (1, -3.0, 0.0),
            (5, -6.0, 2.0),
            (60, -5.0, 1.0),
            (300, -4.0, 4.0),
        ] {
            let (means, logvars, memberships) = examples(n, centre, spread);
            let densities = Densities::of(&Gaussians {
                means: &means,
                logvars: &logvars,
                memberships: &memberships,
                n_memberships: 2,
                n_mixtures: 3,
            })
            .refined();
            let found = densities.entropies(&[1.0, 1.0, n as f64], 1)[2];
            let step = (0.5 * (centre - spread)).exp() / 40.0;
            let n_steps = (60.0 / step) as usize;
            let expected: f64 = (0..n_steps)
                .map(|k| {
                    let x = -30.0 + k as f64 * step;
                    let density = (0..n)
                        .map(|i| gaussian(x, means[i], (0.5 * logvars[i]).exp()))
                        .sum::<f64>()
                        / n as f64;
                    if density == 0.0 {
                        0.0
                    } else {
                        -density * density.ln() * step
                    }
                })
                .sum();
            println!("{n}: {found} off by {:.1e}", found - expected);
            assert!(
                (found - expected).abs() < 1e-7,
                "{n}: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn gaussians_too_narrow_for_the_lattice_are_widened() {
        let densities = Densities::of(&Gaussians {
            means: &[0.0, 1000.0],
            logvars: &[-80.0, 0.0],
            memberships: &[0, 1],
            n_memberships: 1,
            n_mixtures: 2,
        });
        let mass: f64 = densities
            .values
            .chunks(densities.n_lanes)
            .map(|node| node[0])
            .sum();
        assert!((mass * densities.step - 1.0).abs() < 1e-9);
    }
}
