//! `{ range = [..] }`, `{ linspace = [..] }`, `{ logspace = [..] }`: lists written short.

use toml::de::{DeTable, DeValue};

use super::collector::Collector;
use super::node::{Entry, Node, entries};
use super::{MAX_TRIALS, Span, weight_schedule};
use crate::field::{Field, Kind, Value};
use crate::loss_weight::Weight;
use crate::number::short;

const GENERATORS: &[&str] = &["range", "linspace", "logspace"];

/// A list that is written short: its length, and its numbers unless there are too many to be worth making.
struct Generated {
    len: u128,
    numbers: Vec<f64>,
}

/// The length of the list, and its values; they are left out where there are more than [`MAX_TRIALS`].
pub(super) fn read(
    field: &Field,
    table: &DeTable,
    span: Span,
    faults: &mut Collector,
) -> Option<(u128, Vec<Value>)> {
    let entry = match entries(table).as_slice() {
        [entry] if GENERATORS.contains(&entry.key) => entry.clone(),
        [entry] => {
            let (what, known) = match field.kind {
                Kind::Weight { .. } => (
                    "list or schedule",
                    [GENERATORS, weight_schedule::SHAPES].concat(),
                ),
                _ => ("list", GENERATORS.to_vec()),
            };
            faults.unknown_key(entry, &format!("the {what} of `{}`", field.name()), &known);
            return None;
        }
        _ => {
            let message = format!("`{}` must be a value or a list, not a table", field.name());
            let help = "write a list as [a, b, c], { range = [start, end] }, { linspace = [first, last, n] } \
                        or { logspace = [first, last, n] }";
            faults.push_with_help(span, message, "not a value or a list", help);
            return None;
        }
    };
    let generated = match entry.key {
        "range" => range(&entry, faults),
        "linspace" => spaced(&entry, false, faults),
        _ => spaced(&entry, true, faults),
    }?;
    let values = to_values(field, &entry, &generated.numbers, faults)?;
    Some((generated.len, values))
}

/// `[start, end]` or `[start, end, step]`: start, start + step, … below end.
fn range(entry: &Entry, faults: &mut Collector) -> Option<Generated> {
    let parts: Option<Vec<i64>> =
        elements(entry).and_then(|nodes| nodes.into_iter().map(integer).collect());
    let (start, end, step) = match parts.as_deref() {
        Some(&[start, end]) => (start, end, 1),
        Some(&[start, end, step]) => (start, end, step),
        _ => {
            let message = "`range` must be a list of two or three whole numbers";
            let help = "write { range = [0, 10] } for 0, 1, …, 9, or { range = [0, 10, 2] } for 0, 2, 4, 6, 8; \
                        use `linspace` for other numbers";
            faults.push_with_help(
                entry.value.span(),
                message,
                "not [start, end] or [start, end, step]",
                help,
            );
            return None;
        }
    };
    if step < 1 || end <= start {
        let message = "`range` is empty: end must be above start, and step must be at least 1";
        faults.push(entry.value.span(), message, "no values");
        return None;
    }
    let len = (i128::from(end) - i128::from(start))
        .unsigned_abs()
        .div_ceil(step.unsigned_abs().into());
    let numbers = if len <= MAX_TRIALS.into() {
        (start..end)
            .step_by(step as usize)
            .map(|number| number as f64)
            .collect()
    } else {
        Vec::new()
    };
    Some(Generated { len, numbers })
}

/// `[first, last, n]`: n numbers, both ends among them, evenly spaced, in their logarithms where `log`.
fn spaced(entry: &Entry, log: bool, faults: &mut Collector) -> Option<Generated> {
    let key = entry.key;
    let parts = elements(entry).and_then(|nodes| match nodes.as_slice() {
        &[first, last, n] => Some((number(first)?, number(last)?, integer(n)?)),
        _ => None,
    });
    let Some((first, last, n)) = parts else {
        let message = format!("`{key}` must be [first, last, n]: two numbers and a whole number");
        let help = format!("write {{ {key} = [1, 16, 5] }} for 5 values from 1 to 16");
        faults.push_with_help(entry.value.span(), message, "not [first, last, n]", help);
        return None;
    };
    if n < 2 {
        let message = format!("`{key}` requires n of at least 2, but n is {n}");
        faults.push(entry.value.span(), message, "first and last are two values");
        return None;
    }
    if log && !(0.0 < first && 0.0 < last) {
        let message = "the ends of `logspace` must be above 0";
        let help = "they are the first and the last value, not exponents; write { logspace = [1e-4, 1e-2, 3] }";
        faults.push_with_help(entry.value.span(), message, "must be above 0", help);
        return None;
    }
    let len = n.unsigned_abs();
    let at = |idx: u64| {
        let part = idx as f64 / (len - 1) as f64;
        let number = if log {
            (first.ln() * (1.0 - part) + last.ln() * part).exp()
        } else {
            first * (1.0 - part) + last * part
        };
        if idx == 0 {
            first
        } else if idx == len - 1 {
            last
        } else {
            rounded(number)
        }
    };
    let numbers = if len <= MAX_TRIALS {
        (0..len).map(at).collect()
    } else {
        Vec::new()
    };
    Some(Generated {
        len: len.into(),
        numbers,
    })
}

/// To 12 significant digits, so that the 0.3 of a `linspace` is the 0.3 that people write, on every machine.
fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

fn elements<'a>(entry: &Entry<'a>) -> Option<Vec<&'a Node<'a>>> {
    match entry.value.get_ref() {
        DeValue::Array(nodes) => Some(nodes.iter().collect()),
        _ => None,
    }
}

/// An integer that a float holds exactly, which is all that lists need.
fn integer(node: &Node) -> Option<i64> {
    const EXACT: u64 = 1 << 53;
    let DeValue::Integer(integer) = node.get_ref() else {
        return None;
    };
    let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
    (value.unsigned_abs() <= EXACT).then_some(value)
}

fn number(node: &Node) -> Option<f64> {
    match node.get_ref() {
        DeValue::Integer(_) => integer(node).map(|integer| integer as f64),
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// The numbers as values of the field; the first that it does not take is a fault.
fn to_values(
    field: &Field,
    entry: &Entry,
    numbers: &[f64],
    faults: &mut Collector,
) -> Option<Vec<Value>> {
    let to_value = |&number: &f64| match field.kind {
        Kind::Real { .. } => Some(Value::Real(number + 0.0)),
        Kind::Weight { .. } => Some(Value::Weight(Weight::Constant(number + 0.0))),
        Kind::Count { .. } => {
            (0.0 <= number && number.fract() == 0.0).then_some(Value::Count(number as u64))
        }
        Kind::Name { .. } => None,
    };
    let mut values = Vec::with_capacity(numbers.len());
    for number in numbers {
        let value = to_value(number);
        match value.filter(|&value| field.accepts(value)) {
            Some(value) => values.push(value),
            None => {
                let must = value.map_or_else(|| field.describe(), |v| field.describe_for(v));
                let number = short(*number);
                let message = format!(
                    "`{}` must be {must}, but this list contains {number}",
                    field.name()
                );
                faults.push(entry.value.span(), message, format!("contains {number}"));
                return None;
            }
        }
    }
    Some(values)
}
