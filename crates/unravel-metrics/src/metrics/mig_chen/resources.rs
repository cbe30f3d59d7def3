//! Time and memory of a score.

use unravel_score::Variant;

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::Work;
use crate::mixture::Densities;
use crate::sampling::N_STUDY_POINTS;

/// The approximate time of a score on one core, in nanoseconds: mixtures on lattices of 32,768 nodes at most, and the
/// points in one of all and one of each factor.
pub(super) fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    const LATTICE_NODES: f64 = 32_768.0;
    let lattices = (1.0 + work.values) * LATTICE_NODES;
    let draws = match variant {
        Variant::Study => 250.0 * N_STUDY_POINTS as f64 * (1.0 + work.values),
        _ => 0.0,
    };
    work.codes * (10.0 * work.all * (1.0 + work.factors) + 15.0 * lattices + draws)
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
pub(super) fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let grid = scoring.table.grid();
    let n_points = grid.n_points();
    let n_memberships = 1 + scoring.n_varying();
    let of_factor = |&factor: &usize| grid.sizes()[factor];
    let n_mixtures = 1 + grid.varying().iter().map(of_factor).sum::<usize>();
    // Such a number is rejected.
    if usize::from(u16::MAX) < n_mixtures {
        return 0;
    }
    let held = array_bytes::<u16>(&[n_points, n_memberships])
        + array_bytes::<f64>(&[n_mixtures, 2])
        + array_bytes::<f64>(&[scoring.n_codes()]);
    let drawn = match variant {
        // The members of each mixture, in vectors with up to twice the needed capacity.
        Variant::Study => {
            array_bytes::<f32>(&[n_points, scoring.n_codes()])
                + 2 * array_bytes::<u32>(&[n_points, n_memberships])
                + array_bytes::<Vec<u32>>(&[n_mixtures, 2])
        }
        _ => 0,
    };
    let n_codes = scoring.n_codes();
    held + drawn
        + array_bytes::<f64>(&[n_codes, n_mixtures])
        + scoring.by_code(Densities::bytes(n_points, n_mixtures))
}
