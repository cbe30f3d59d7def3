//! The area under the receiver operating characteristic.

/// The probability that a member scores higher than another row, ties counting half (Fawcett 2006, "An introduction to ROC
/// analysis"). None if there are no members, or nothing but members. Scores are finite.
pub fn area_under_curve(scores: &[f64], is_member: &[bool]) -> Option<f64> {
    let mut rows: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(is_member.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let n_members = is_member.iter().filter(|is_member| **is_member).count();
    let n_others = rows.len() - n_members;
    // Twice the number of pairs in which the member is higher.
    let (mut pairs, mut others_below) = (0_u64, 0_u64);
    for ties in rows.chunk_by(|a, b| a.0 == b.0) {
        let members = ties.iter().filter(|row| row.1).count() as u64;
        let others = ties.len() as u64 - members;
        pairs += members * (2 * others_below + others);
        others_below += others;
    }
    let possible = 2.0 * n_members as f64 * n_others as f64;
    (0.0 < possible).then(|| pairs as f64 / possible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_and_ties_halved() {
        let is_member = [false, true, false, true];
        assert_eq!(
            area_under_curve(&[0.1, 0.9, 0.2, 0.8], &is_member),
            Some(1.0)
        );
        assert_eq!(
            area_under_curve(&[0.9, 0.1, 0.8, 0.2], &is_member),
            Some(0.0)
        );
        assert_eq!(area_under_curve(&[0.5; 4], &is_member), Some(0.5));
        assert_eq!(
            area_under_curve(&[0.1, 0.2, 0.2, 0.3], &is_member),
            Some(0.875)
        );
        assert_eq!(area_under_curve(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(area_under_curve(&[], &[]), None);
    }
}
