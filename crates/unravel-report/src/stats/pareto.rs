//! The Pareto front of costs and merits, and its knee.

/// Positions of the Pareto-optimal points, ordered by cost. A point is Pareto-optimal if no other point is at least as
/// good in both cost and merit and better in one of them.
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let beats = |a: (f64, f64), b: (f64, f64)| a.0 <= b.0 && b.1 <= a.1 && a != b;
    let mut front: Vec<usize> = (0..points.len())
        .filter(|&i| !points.iter().any(|&other| beats(other, points[i])))
        .collect();
    front.sort_by(|&a, &b| points[a].0.total_cmp(&points[b].0));
    front
}

/// The position in `points` of the knee of the front: the point farthest above the straight line between the ends of
/// the front, with both axes scaled to the front's extent. `None` if the front has fewer than three points or no point
/// is above this line.
pub fn knee(points: &[(f64, f64)]) -> Option<usize> {
    let front = front(points);
    let (first, last) = (points[*front.first()?], points[*front.last()?]);
    if front.len() < 3 || last.0 <= first.0 || last.1 <= first.1 {
        return None;
    }
    let above = |i: usize| {
        let (cost, merit) = points[i];
        (merit - first.1) / (last.1 - first.1) - (cost - first.0) / (last.0 - first.0)
    };
    let best = front
        .into_iter()
        .max_by(|&a, &b| above(a).total_cmp(&above(b)))?;
    (1e-9 < above(best)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_nothing_beats() {
        let points = [(3.0, 0.5), (1.0, 0.1), (2.0, 0.4), (2.5, 0.3), (2.0, 0.2)];
        assert_eq!(front(&points), [1, 2, 0]);
        assert_eq!(front(&[]), [0_usize; 0]);
        // Of equal points, all are Pareto-optimal.
        assert_eq!(front(&[(1.0, 1.0), (1.0, 1.0)]), [0, 1]);
    }

    #[test]
    fn the_knee_is_where_more_cost_buys_little() {
        assert_eq!(knee(&[(0.0, 0.0), (1.0, 0.8), (10.0, 1.0)]), Some(1));
        assert_eq!(knee(&[(0.0, 0.0), (5.0, 0.1), (10.0, 1.0)]), None, "convex");
        assert_eq!(knee(&[(0.0, 0.0), (1.0, 1.0)]), None);
    }
}
