//! The weight of a term: one number, or a schedule over the steps.

use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::{plain, short};

/// The weight of a term of the loss at every step.
///
/// In files a constant is a number; a schedule is a table named after its shape, such as
/// `{ linear = { from = 0, to = 4, begin = 0, until = 10_000 } }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Weight {
    /// The same at every step.
    Constant(f64),
    /// Another one at every step.
    Schedule(Schedule),
}

/// How a weight moves. Steps are counted as updates made before: the first update of a trial is at step 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// In a straight line.
    Linear(Ramp),
    /// Along half a wave of a cosine: slow, fast, slow.
    Cosine(Ramp),
    /// Again and again from the beginning (Fu et al. 2019, "Cyclical Annealing Schedule").
    Cyclic(Cycle),
}

/// From one value to another, once; constant before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ramp {
    /// The value until `begin`.
    pub from: f64,
    /// The value from `until` on.
    pub to: f64,
    /// The last step with the first value.
    #[serde(default)]
    pub begin: u64,
    /// The first step with the last value; after `begin`.
    pub until: u64,
}

/// From one value to another in a straight line, then constant, then again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cycle {
    /// The value at the beginning of a cycle.
    pub from: f64,
    /// The value when the rise is over.
    pub to: f64,
    /// Steps of a cycle, at least 1.
    pub period: u64,
    /// The part of a cycle that the rise takes, above 0 and up to 1.
    #[serde(default = "Cycle::default_rise")]
    pub rise: f64,
}

impl Weight {
    /// The weight of the update that has `step` updates before it.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Schedule(Schedule::Linear(ramp)) => ramp.blend(ramp.progress(step)),
            Self::Schedule(Schedule::Cosine(ramp)) => {
                ramp.blend(0.5 - 0.5 * (PI * ramp.progress(step)).cos())
            }
            Self::Schedule(Schedule::Cyclic(cycle)) => cycle.at(step),
        }
    }

    /// Where it ends: the constant, or the value that the schedule goes to.
    #[must_use]
    pub fn goal(&self) -> f64 {
        self.levels()[1]
    }

    /// The text for people: numbers far from 1 have exponents.
    pub(crate) fn label(&self) -> String {
        self.text(short)
    }

    /// The constant, or the schedule in words; `number` writes its values.
    fn text(&self, number: fn(f64) -> String) -> String {
        let ramp = |shape, r: &Ramp| {
            let (from, to) = (number(r.from), number(r.to));
            let (begin, until) = (r.begin, r.until);
            format!("{shape} {from} to {to} from step {begin} to {until}")
        };
        match self {
            Self::Constant(value) => number(*value),
            Self::Schedule(Schedule::Linear(r)) => ramp("linear", r),
            Self::Schedule(Schedule::Cosine(r)) => ramp("cosine", r),
            Self::Schedule(Schedule::Cyclic(c)) => {
                let (from, to, rise) = (number(c.from), number(c.to), number(c.rise));
                let period = c.period;
                format!("cyclic {from} to {to} every {period} steps with rise {rise}")
            }
        }
    }

    /// The two values between which it stays.
    pub(crate) fn levels(&self) -> [f64; 2] {
        match self {
            Self::Constant(value) => [*value; 2],
            Self::Schedule(Schedule::Linear(r) | Schedule::Cosine(r)) => [r.from, r.to],
            Self::Schedule(Schedule::Cyclic(cycle)) => [cycle.from, cycle.to],
        }
    }

    /// Whether its steps make sense, apart from the values that it takes.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Schedule(Schedule::Linear(r) | Schedule::Cosine(r)) => r.begin < r.until,
            Self::Schedule(Schedule::Cyclic(c)) => 0 < c.period && 0.0 < c.rise && c.rise <= 1.0,
        }
    }

    /// The steps that it takes to reach its goal, 0 for a constant.
    pub(crate) fn steps_needed(&self) -> u64 {
        match self {
            Self::Constant(_) => 0,
            Self::Schedule(Schedule::Linear(r) | Schedule::Cosine(r)) => r.until,
            Self::Schedule(Schedule::Cyclic(cycle)) => cycle.period,
        }
    }
}

impl Ramp {
    /// How much of the way is made: 0 to 1.
    fn progress(&self, step: u64) -> f64 {
        let len = self.until.saturating_sub(self.begin).max(1);
        let made = step.saturating_sub(self.begin).min(len);
        made as f64 / len as f64
    }

    fn blend(&self, progress: f64) -> f64 {
        blend(self.from, self.to, progress)
    }
}

impl Cycle {
    /// The part of a cycle that the rise takes where none is given, as in Fu et al. 2019.
    pub const DEFAULT_RISE: f64 = 0.5;

    fn default_rise() -> f64 {
        Self::DEFAULT_RISE
    }

    fn at(&self, step: u64) -> f64 {
        let period = self.period.max(1);
        let place = (step % period) as f64 / period as f64;
        blend(self.from, self.to, (place / self.rise).min(1.0))
    }
}

/// Exactly `from` at 0 and `to` at 1.
fn blend(from: f64, to: f64, progress: f64) -> f64 {
    from * (1.0 - progress) + to * progress
}

impl From<f64> for Weight {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl fmt::Display for Weight {
    /// One text for one weight, part of a trial's canonical text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAMP: Ramp = Ramp {
        from: 1.0,
        to: 5.0,
        begin: 10,
        until: 30,
    };

    #[track_caller]
    fn check(schedule: Schedule, values: &[(u64, f64)]) {
        for (step, value) in values {
            let found = Weight::Schedule(schedule).at(*step);
            assert!(
                (found - value).abs() < 1e-12,
                "step {step}: {found} {value}"
            );
        }
    }

    #[test]
    fn schedules_take_the_values_of_their_definition() {
        let ends = [(0, 1.0), (10, 1.0), (20, 3.0), (30, 5.0), (1_000, 5.0)];
        check(Schedule::Linear(RAMP), &ends);
        check(Schedule::Linear(RAMP), &[(15, 2.0)]);
        check(Schedule::Cosine(RAMP), &ends);
        let quarter = 1.0 + 4.0 * (0.5 - 0.5 * (PI / 4.0).cos());
        check(Schedule::Cosine(RAMP), &[(15, quarter)]);
        let cycle = Cycle {
            from: 0.0,
            to: 4.0,
            period: 100,
            rise: 0.5,
        };
        let once = [(0, 0.0), (25, 2.0), (50, 4.0), (99, 4.0)];
        check(Schedule::Cyclic(cycle), &once);
        check(
            Schedule::Cyclic(cycle),
            &once.map(|(step, w)| (step + 300, w)),
        );
    }

    #[test]
    fn the_ends_of_a_ramp_are_exact() {
        let ramp = Ramp {
            from: 0.1,
            to: 0.3,
            ..RAMP
        };
        for schedule in [Schedule::Linear(ramp), Schedule::Cosine(ramp)] {
            let weight = Weight::Schedule(schedule);
            assert_eq!((weight.at(10), weight.at(30)), (0.1, 0.3));
        }
    }

    #[test]
    fn a_weight_is_one_text_and_one_table() {
        let weight: Weight =
            serde_json::from_str(r#"{ "linear": { "from": 0, "to": 4.0, "until": 10000 } }"#)
                .unwrap();
        assert_eq!(weight.to_string(), "linear 0 to 4 from step 0 to 10000");
        let constant: Weight = serde_json::from_str("4").unwrap();
        assert_eq!(constant, Weight::Constant(4.0));
        assert_eq!(constant.to_string(), "4");
        assert!(serde_json::from_str::<Weight>(r#"{ "linear": { "from": 0 } }"#).is_err());
    }
}
