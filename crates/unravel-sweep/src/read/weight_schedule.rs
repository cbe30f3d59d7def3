//! `{ linear = { from = 0, to = 4, until = 10_000 } }` and its like: a weight that moves.

use toml::de::DeTable;

use super::Span;
use super::collector::Collector;
use super::node::{Entry, entries};
use super::numbers::{count, real, trained_with};
use crate::field::{Field, Kind, RealRange};
use crate::loss_weight::{Cycle, Ramp, Schedule, Weight};

/// The shapes of schedules.
pub(super) const SHAPES: &[&str] = &["linear", "cosine", "cyclic"];

/// The most steps that a schedule may speak of; as many as a trial may have.
const MAX_STEPS: u64 = 1_000_000_000;

/// Whether a table in the place of this key's value is meant as a schedule.
pub(super) fn is_meant(field: &Field, table: &DeTable) -> bool {
    matches!(field.kind, Kind::Weight { .. })
        && entries(table)
            .first()
            .is_some_and(|entry| SHAPES.contains(&entry.key))
}

/// A schedule whose values are in the range.
pub(super) fn read(
    field: &Field,
    range: RealRange,
    table: &DeTable,
    span: Span,
    faults: &mut Collector,
) -> Option<Weight> {
    let found = entries(table);
    let [shape] = found.as_slice() else {
        let message = format!(
            "the schedule of `{}` must have exactly one shape",
            field.name()
        );
        let help = "write { linear = { from = 0, to = 4, until = 10_000 } }";
        faults.push_with_help(span, message, "several shapes", help);
        return None;
    };
    let schedule = match shape.key {
        "linear" => ramp(shape, range, faults).map(Schedule::Linear),
        "cosine" => ramp(shape, range, faults).map(Schedule::Cosine),
        "cyclic" => cycle(shape, range, faults).map(Schedule::Cyclic),
        _ => {
            faults.unknown_key(
                shape,
                &format!("the schedule of `{}`", field.name()),
                SHAPES,
            );
            None
        }
    };
    schedule.map(Weight::Schedule)
}

fn ramp(shape: &Entry, range: RealRange, faults: &mut Collector) -> Option<Ramp> {
    let example = format!(
        "{} = {{ from = 0, to = 4, begin = 0, until = 10_000 }}",
        shape.key
    );
    let keys = Keys::read(shape, ["from", "to", "begin", "until"], &example, faults)?;
    let [from, to, begin, until] = &keys.entries;
    let [from, to] = keys.levels([from, to], range, faults);
    let first = match begin {
        Some(begin) => count(begin.value, "begin", 0, MAX_STEPS, faults),
        None => Some(0),
    };
    let until = keys.needed(until, "until", faults)?;
    let last = count(until.value, "until", 1, MAX_STEPS, faults);
    let (begin, end) = (first?, last?);
    if end <= begin {
        let message = format!("this schedule begins at step {begin}, but ends at step {end}");
        let help = "set `until` to more than `begin`";
        faults.push_with_help(until.value.span(), message, "not after its beginning", help);
        return None;
    }
    Some(Ramp {
        from: from?,
        to: to?,
        begin,
        until: end,
    })
}

fn cycle(shape: &Entry, range: RealRange, faults: &mut Collector) -> Option<Cycle> {
    let example = "cyclic = { from = 0, to = 4, period = 10_000, rise = 0.5 }";
    let keys = Keys::read(shape, ["from", "to", "period", "rise"], example, faults)?;
    let [from, to, period, rise] = &keys.entries;
    let [from, to] = keys.levels([from, to], range, faults);
    let period = keys
        .needed(period, "period", faults)
        .and_then(|e| count(e.value, "period", 1, MAX_STEPS, faults));
    let rise = match rise {
        Some(entry) => real(RealRange::Fraction, "rise", entry.value, faults),
        None => Some(Cycle::DEFAULT_RISE),
    };
    Some(Cycle {
        from: from?,
        to: to?,
        period: period?,
        rise: rise?,
    })
}

/// The keys of one schedule.
struct Keys<'a> {
    shape: Entry<'a>,
    entries: [Option<Entry<'a>>; 4],
    example: String,
}

impl<'a> Keys<'a> {
    fn read(
        shape: &Entry<'a>,
        known: [&'static str; 4],
        example: &str,
        faults: &mut Collector,
    ) -> Option<Self> {
        let n_faults = faults.len();
        let mut found = [const { None }; 4];
        for entry in entries(shape.table(example, faults)?) {
            match known.iter().position(|key| *key == entry.key) {
                Some(at) => found[at] = Some(entry),
                None => faults.unknown_key(&entry, &format!("`{}`", shape.key), &known),
            }
        }
        // Where a key is misspelt, that the right one is missing need not be said as well.
        (n_faults == faults.len()).then_some(Self {
            shape: shape.clone(),
            entries: found,
            example: example.to_owned(),
        })
    }

    /// The weights at the keys `from` and `to`.
    fn levels(
        &self,
        ends: [&Option<Entry<'a>>; 2],
        range: RealRange,
        faults: &mut Collector,
    ) -> [Option<f64>; 2] {
        let [from, to] = ends;
        [(from, "from"), (to, "to")].map(|(entry, key)| {
            let entry = self.needed(entry, key, faults)?;
            trained_with(range, entry.key, entry.value, faults)
        })
    }

    fn needed<'b>(
        &self,
        entry: &'b Option<Entry<'a>>,
        key: &str,
        faults: &mut Collector,
    ) -> Option<&'b Entry<'a>> {
        if entry.is_none() {
            let message = format!("the schedule `{}` requires `{key}`", self.shape.key);
            let help = format!("write {}", self.example);
            faults.push_with_help(
                self.shape.key_span.clone(),
                message,
                format!("no `{key}`"),
                help,
            );
        }
        entry.as_ref()
    }
}
