//! The known name that a mistyped one was probably meant to be.

/// The known name nearest to this one, if it is near enough to be meant: a slip of the hand, or a name
/// with an end too much or too few. Case and `_` for `-` do not count.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // A name far longer than any known one is no slip of the hand, and long texts are slow to compare.
    if 64 < name.len() {
        return None;
    }
    let name = name.to_lowercase().replace('_', "-");
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    let slip = known
        .iter()
        .map(|&candidate| (strsim::osa_distance(&name, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate);
    slip.or_else(|| {
        let is_part = |candidate: &str| name.starts_with(candidate) || candidate.starts_with(&name);
        let candidates = known
            .iter()
            .copied()
            .filter(|candidate| 3 <= name.len() && is_part(candidate));
        candidates.min_by_key(|candidate| candidate.len().abs_diff(name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["steps", "batch-size", "learning-rate"];
        assert_eq!(nearest("stepz", &known), Some("steps"));
        assert_eq!(nearest("Batch_Size", &known), Some("batch-size"));
        assert_eq!(nearest("learing-rate", &known), Some("learning-rate"));
        assert_eq!(nearest("batch", &known), Some("batch-size"));
        assert_eq!(nearest("steps-total", &known), Some("steps"));
        assert_eq!(nearest("epochs", &known), None);
        assert_eq!(nearest(&"s".repeat(100_000), &known), None);
    }
}
