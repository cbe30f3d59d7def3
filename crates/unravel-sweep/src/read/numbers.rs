//! Whole and real numbers within their bounds.

use toml::de::DeValue;

use super::collector::Collector;
use super::node::{Node, describe};
use crate::field::RealRange;
use crate::number::{fits_float32, whole_numbers};

/// A whole number in `min..=max`.
pub(super) fn count(
    node: &Node,
    key: &str,
    min: u64,
    max: u64,
    faults: &mut Collector,
) -> Option<u64> {
    let value = match node.get_ref() {
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    };
    if let Some(value) = value.and_then(|value| u64::try_from(value).ok())
        && (min..=max).contains(&value)
    {
        return Some(value);
    }
    let range = whole_numbers(min, max);
    let message = format!("`{key}` must be {range}, but is {}", describe(node));
    match whole_float(node) {
        Some(whole) => faults.push_with_help(
            node.span(),
            message,
            "a number with a fraction or exponent",
            format!("write {whole}"),
        ),
        None => faults.push(node.span(), message, format!("must be {range}")),
    }
    None
}

/// The integer that somebody meant who wrote `3e5` or `10.0`.
fn whole_float(node: &Node) -> Option<u64> {
    let DeValue::Float(float) = node.get_ref() else {
        return None;
    };
    let value: f64 = float.as_str().parse().ok()?;
    // Beyond 2^53 a float no longer says which integer it is.
    (value.fract() == 0.0 && (0.0..9e15).contains(&value)).then_some(value as u64)
}

/// A number in a range that float32, in which trials train, has: a smaller one would be 0 there, a greater one infinite.
pub(super) fn trained_with(
    range: RealRange,
    key: &str,
    node: &Node,
    faults: &mut Collector,
) -> Option<f64> {
    let value = real(range, key, node, faults)?;
    if fits_float32(value) {
        return Some(value);
    }
    let must = range.describe_in_float32();
    let message = format!("`{key}` must be {must}, not {}", describe(node));
    faults.push(node.span(), message, format!("must be {must}"));
    None
}

/// A finite number in a range.
pub(super) fn real(
    range: RealRange,
    key: &str,
    node: &Node,
    faults: &mut Collector,
) -> Option<f64> {
    let value = match node.get_ref() {
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(|value| value as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    };
    // -0 is 0, so that they are one trial.
    let value = value.map(|value| value + 0.0);
    if let Some(value) = value.filter(|&value| range.contains(value)) {
        return Some(value);
    }
    let must = range.describe();
    let message = format!("`{key}` must be {must}, but is {}", describe(node));
    faults.push(node.span(), message, format!("must be {must}"));
    None
}
