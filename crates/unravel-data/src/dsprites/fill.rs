//! Filling a polygon in exact integer arithmetic.

use super::outline::STEPS;

/// The rows of a 64x64 image: bit `c`, from the lowest, of word `r` is the pixel in column `c` of
/// row `r`, row 0 on top.
pub(super) type Rows = [u64; 64];

/// Fills the closed polygon with vertices `(x[k], y[k])`, in 1/256 pixel, by the even-odd rule.
///
/// A pixel is on when its centre is inside. Centres exactly on the outline count as inside on a
/// left and on a bottom edge, as outside on a right and on a top edge. Vertices must lie in the
/// image, so that all the arithmetic fits 32 bits.
pub(super) fn fill(x: &[i32], y: &[i32]) -> Rows {
    let mut rows = [0; 64];
    let Some(last) = x.len().checked_sub(1) else {
        return rows;
    };
    let (mut from, mut from_row) = ((x[last], y[last]), row_above(y[last]));
    for (&x, &y) in x.iter().zip(y) {
        let (to, to_row) = ((x, y), row_above(y));
        // Most edges are so short that they cross no row of centres.
        if from_row < to_row {
            toggle_right_of(from, to, from_row + 1..=to_row, &mut rows);
        } else if to_row < from_row {
            toggle_right_of(to, from, to_row + 1..=from_row, &mut rows);
        }
        (from, from_row) = (to, to_row);
    }
    rows
}

/// The last row whose pixel centres are at or above `y`.
fn row_above(y: i32) -> i32 {
    (y - STEPS / 2) >> STEPS.trailing_zeros()
}

/// Toggles, in each of `crossed`, every pixel whose centre is on or right of the edge from
/// `(lx, ly)` down to `(hx, hy)`.
fn toggle_right_of(
    (lx, ly): (i32, i32),
    (hx, hy): (i32, i32),
    crossed: std::ops::RangeInclusive<i32>,
    rows: &mut Rows,
) {
    let (dx, dy) = (hx - lx, hy - ly);
    let centre = |row: i32| STEPS * row + STEPS / 2;
    // The edge meets a row of centres at column `numerator / denominator`.
    let mut numerator = (centre(*crossed.start()) - ly) * dx + (lx - STEPS / 2) * dy;
    let denominator = STEPS * dy;
    for row in crossed {
        let column = (numerator + denominator - 1).div_euclid(denominator).max(0);
        rows[row as usize] ^= u64::MAX.checked_shl(column as u32).unwrap_or(0);
        numerator += STEPS * dx;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(vertices: &[(i32, i32)]) -> Rows {
        let (x, y): (Vec<i32>, Vec<i32>) = vertices.iter().copied().unzip();
        fill(&x, &y)
    }

    #[test]
    fn centres_on_the_outline_count_left_and_below_only() {
        // The square through the centres (2, 3), (5, 3), (5, 7), (2, 7) of column and row.
        let [left, right, top, bottom] = [2, 5, 3, 7].map(|p| 256 * p + 128);
        let rows = filled(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
        for (r, &row) in rows.iter().enumerate() {
            let expected = if (4..=7).contains(&r) { 0b1_1100 } else { 0 };
            assert_eq!(row, expected, "row {r}");
        }
    }

    #[test]
    fn direction_and_first_vertex_do_not_matter() {
        let mut vertices = vec![(700, 900), (9000, 1300), (12_000, 8000), (3000, 15_000)];
        let rows = filled(&vertices);
        vertices.rotate_left(1);
        assert_eq!(filled(&vertices), rows);
        vertices.reverse();
        assert_eq!(filled(&vertices), rows);
    }

    #[test]
    fn a_polygon_without_area_is_empty() {
        assert_eq!(filled(&[]), [0; 64]);
        assert_eq!(filled(&[(400, 400)]), [0; 64]);
        assert_eq!(filled(&[(400, 400), (9000, 7000)]), [0; 64]);
    }
}
