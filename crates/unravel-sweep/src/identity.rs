//! What makes a trial the one that it is: its canonical text, its id and its cohort.

use std::fmt::Write as _;

use crate::field::Field;
use crate::trial::Trial;
use crate::trial_id::TrialId;

/// Raised when the same configuration would give another result, so that old results are not taken for new ones.
pub const SEMANTICS_VERSION: u32 = 1;

impl Trial {
    /// The trial's name: the hash of its [canonical text](Self::canonical_text).
    pub fn id(&self) -> TrialId {
        TrialId::of(&self.canonical_text())
    }

    /// Equal for trials that differ only in their seed and in scalars of the loss (weights, their schedules, targets),
    /// and so train as one tensor program.
    pub fn cohort_key(&self) -> String {
        let mut key = self.describe(|field| !field.is_scalar);
        // A scalar's value does not matter, but whether its term is there does.
        for field in Field::all().filter(|field| field.is_scalar && field.get(self).is_some()) {
            line(&mut key, field.path, "any");
        }
        key
    }

    /// What the id is the hash of: UTF-8, one `key = value` line each, every line ended by `\n`.
    ///
    /// In this order: `semantics-version`; `data.content` (quoted); one `data.keep.<factor>` for each factor that is
    /// cut down, by name; every key of `[model]` and `[training]` in the order of the reference; `objective`, the
    /// family's name; every key of the objective; `seed`. Numbers have the shortest form that reads back the same and
    /// no exponent (`4`, never `4.0`; `0.0001`), names stand unquoted. Not in it: a file's path, evaluation, report,
    /// device, the place in the sweep file.
    ///
    /// A key that a later version adds is left out of the text while it has the value that earlier versions implied,
    /// so that old ids stay.
    pub fn canonical_text(&self) -> String {
        let mut text = self.describe(|_| true);
        line(&mut text, "seed", self.seed);
        text
    }

    /// The canonical text without the seed and with only the chosen keys.
    pub(crate) fn describe(&self, chosen: impl Fn(&Field) -> bool) -> String {
        let mut text = String::with_capacity(1024);
        line(&mut text, "semantics-version", SEMANTICS_VERSION);
        line(
            &mut text,
            "data.content",
            format_args!("{:?}", self.data.content),
        );
        for (factor, kept) in &self.data.keep {
            line(&mut text, &format!("data.keep.{factor:?}"), kept);
        }
        let mut has_family = false;
        for field in Field::all().filter(|field| chosen(field)) {
            if !has_family && field.path.starts_with("objective.") {
                line(&mut text, "objective", self.objective.family().name);
                has_family = true;
            }
            if let Some(value) = field.get(self) {
                line(&mut text, field.path, value);
            }
        }
        text
    }
}

fn line(text: &mut String, key: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{key} = {value}"); // writing to a String cannot fail
}
