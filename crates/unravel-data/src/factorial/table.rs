//! A table of factor values, by the distinct values of its columns.
//!
//! It is read twice, once for the distinct values and once for the place of each value among them, and never held: a
//! table of zeros takes no memory, however many it unpacks to.

use super::FactorialKeys;
use super::key::{Accepted, Keys};
use super::names::names;
use crate::arrays::{Archive, ArrayFault, ArrayPlace, ArrayReader, NpzError};
use crate::free_memory;

/// The most columns that are read: several times the factors of any dataset of the field.
const MAX_COLUMNS: usize = 64;

/// Values of a column that are collected before the repeated ones among them are looked for.
const COLLECTED: usize = 1024;

/// The table of factor values of an archive.
pub(super) struct Table<'a> {
    archive: &'a mut Archive,
    key: &'static str,
    accepted: Accepted,
    keys: Keys,
    place: ArrayPlace,
    n_rows: usize,
    /// Keys of the distinct values of each column, ascending.
    pub(super) levels: Vec<Vec<i64>>,
    /// A name for each column, if the file has them.
    pub(super) names: Option<Vec<String>>,
}

impl<'a> Table<'a> {
    /// Finds the distinct values of each column of the table, and their names if they are there.
    pub(super) fn read(
        archive: &'a mut Archive,
        keys: FactorialKeys,
        accepted: Accepted,
    ) -> Result<Self, NpzError> {
        let classes = archive.array(keys.classes)?;
        let [n_rows, n_columns] = axes(&classes)?;
        let place = classes.place();
        if MAX_COLUMNS < n_columns {
            return Err(place.fault(ArrayFault::TooManyFactors {
                found: n_columns,
                limit: MAX_COLUMNS,
            }));
        }
        let values = Keys::of(&classes, accepted)?;
        let mut columns: Vec<Distinct> = (0..n_columns).map(|_| Distinct::default()).collect();
        let mut room = Room::new(free_memory::check);
        values.each(classes, n_columns, |at, key| {
            columns[at % n_columns].add(key, &mut room)
        })?;
        let levels = columns.into_iter().map(Distinct::sorted).collect();
        let names = names(archive, keys, n_columns)?;
        Ok(Self {
            archive,
            key: keys.classes,
            accepted,
            keys: values,
            place,
            n_rows,
            levels,
            names,
        })
    }

    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// `fault`, in this table.
    pub(super) fn fault(&self, fault: ArrayFault) -> NpzError {
        self.place.fault(fault)
    }

    /// The distinct values of a column as numbers, in the order of their keys.
    pub(super) fn numbers(&self, column: usize) -> Vec<f64> {
        let keys = self.levels[column].iter();
        keys.map(|&key| self.keys.number(key)).collect()
    }

    /// Calls `each` with row, column, and the value's place among the column's distinct ones, for every value.
    pub(super) fn each_rank(
        &mut self,
        mut each: impl FnMut(usize, usize, usize),
    ) -> Result<(), NpzError> {
        let classes = self.archive.array(self.key)?;
        let (n_columns, levels) = (self.levels.len(), &self.levels);
        let is_same = axes(&classes)? == [self.n_rows, n_columns]
            && Keys::of(&classes, self.accepted)? == self.keys;
        if !is_same {
            return Err(classes.fault(ArrayFault::changed()));
        }
        self.keys.each(classes, n_columns, |at, key| {
            let column = at % n_columns;
            let rank = levels[column].binary_search(&key);
            each(
                at / n_columns,
                column,
                rank.map_err(|_| ArrayFault::changed())?,
            );
            Ok(())
        })
    }
}

fn axes(classes: &ArrayReader<'_>) -> Result<[usize; 2], NpzError> {
    classes.axes("[rows, factors]")
}

/// The room of all columns together: each may grow by less than what is looked at, and all of them by gigabytes.
struct Room {
    bytes: u64,
    check: fn(u64) -> Result<(), ArrayFault>,
}

impl Room {
    fn new(check: fn(u64) -> Result<(), ArrayFault>) -> Self {
        Self { bytes: 0, check }
    }

    /// Makes room for `n` more values than there are.
    fn grow(&mut self, values: &mut Vec<i64>, n: usize) -> Result<(), ArrayFault> {
        let before = values.capacity();
        let more = (values.len() + n).saturating_sub(before) * size_of::<i64>();
        (self.check)(self.bytes.saturating_add(more as u64))?;
        free_memory::reserve(values, n)?;
        self.bytes += ((values.capacity() - before) * size_of::<i64>()) as u64;
        Ok(())
    }
}

/// The distinct ones of many values, held in at most twice the room that they need.
#[derive(Default)]
struct Distinct {
    values: Vec<i64>,
}

impl Distinct {
    fn add(&mut self, value: i64, room: &mut Room) -> Result<(), ArrayFault> {
        if self.values.last() == Some(&value) {
            return Ok(());
        }
        if self.values.len() == self.values.capacity() {
            self.sort();
            // As many again, so that sorting takes a share of the time that does not grow with their number.
            if self.values.capacity() < 2 * self.values.len() + COLLECTED {
                let n_more = self.values.len() + COLLECTED;
                room.grow(&mut self.values, n_more)?;
            }
        }
        self.values.push(value);
        Ok(())
    }

    fn sort(&mut self) {
        self.values.sort_unstable();
        self.values.dedup();
    }

    /// The distinct values, ascending.
    fn sorted(mut self) -> Vec<i64> {
        self.sort();
        self.values.shrink_to_fit();
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(values: impl IntoIterator<Item = i64>) -> (Vec<i64>, usize) {
        let (mut distinct, mut most) = (Distinct::default(), 0);
        let mut room = Room::new(free_memory::check);
        for value in values {
            distinct.add(value, &mut room).unwrap();
            most = most.max(distinct.values.capacity());
        }
        (distinct.sorted(), most)
    }

    #[test]
    fn repeated_values_take_no_room() {
        let (found, most) = distinct((0..1_000_000).map(|i| i * 7 % 40 - 20));
        assert_eq!(found, (-20..20).collect::<Vec<_>>());
        assert!(most <= 2 * COLLECTED, "{most}");
        let (found, most) = distinct(std::iter::repeat_n(3, 1_000_000));
        assert!(found == [3] && most <= COLLECTED, "{most}");
    }

    #[test]
    fn values_that_all_differ_take_twice_their_room_at_most() {
        let n = 100_000;
        let (found, most) = distinct((0..n).map(|i| i * 70_001 % n));
        assert!(found.iter().copied().eq(0..n));
        assert!(most as i64 <= 2 * n + 2 * COLLECTED as i64, "{most}");
        assert_eq!(distinct([]).0, [0; 0]);
        assert_eq!(
            distinct([i64::MAX, i64::MIN, i64::MAX]).0,
            [i64::MIN, i64::MAX]
        );
    }

    #[test]
    fn many_columns_that_grow_a_little_are_counted_together() {
        const LIMIT: u64 = 1 << 20;
        let check = |bytes| match bytes <= LIMIT {
            true => Ok(()),
            false => Err(ArrayFault::Memory {
                bytes,
                available: Some(LIMIT),
            }),
        };
        // All distinct: 80,000 bytes a column at least.
        let fill = |n_columns: usize| -> Result<u64, ArrayFault> {
            let mut room = Room::new(check);
            let mut columns: Vec<Distinct> = (0..n_columns).map(|_| Distinct::default()).collect();
            for value in 0..10_000 {
                for column in &mut columns {
                    column.add(value, &mut room)?;
                }
            }
            Ok(room.bytes)
        };
        let held = fill(2).unwrap();
        assert!((160_000..=LIMIT).contains(&held), "{held}");
        let fault = fill(MAX_COLUMNS).unwrap_err();
        assert!(fault.to_string().contains("bytes of memory"), "{fault}");
    }
}
