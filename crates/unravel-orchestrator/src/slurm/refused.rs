//! What an answer of `sbatch` comes to.

use std::io;

use super::commands::Answer;
use super::text::{self, Limit};

/// Why a batch was not submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// By a limit on the number of tasks: fewer may be taken.
    Limit(Limit, String),
    /// For a reason that passes.
    ForNow(String),
    /// Nobody says whether it was, so Slurm is asked for it before the next try.
    Unclear(String),
    /// For good.
    ForGood(String),
}

impl Refused {
    /// From an answer without the number of a job.
    fn read(answer: &Answer) -> Self {
        let stderr = answer.stderr.as_str();
        let why = text::complaint(stderr);
        match text::read_limit(stderr) {
            _ if answer.is_success => Self::Unclear(text::not_submitted(&answer.stdout)),
            Some(limit) => Self::Limit(limit, why),
            None if text::is_passing(stderr) => Self::ForNow(why),
            None if answer.is_killed => Self::Unclear(why),
            None => Self::ForGood(why),
        }
    }
}

/// The array's id, or why there is none.
pub(super) fn read_answer(answer: io::Result<Answer>) -> Result<u64, Refused> {
    let answer = answer.map_err(|error| Refused::ForGood(error.to_string()))?;
    match text::read_submitted(&answer.stdout).filter(|_| answer.is_success) {
        Some(array) => Ok(array),
        None => Err(Refused::read(&answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let answer = |stderr: String| Answer {
            is_success: false,
            is_killed: false,
            stdout: String::new(),
            stderr,
        };
        let of = |said: &str| Refused::read(&answer(format!("sbatch: error: {said}\n")));
        let killed = Answer {
            is_killed: true,
            ..answer("it was ended by signal 9".to_owned())
        };
        let unclear = Refused::Unclear("it was ended by signal 9".to_owned());
        assert_eq!(Refused::read(&killed), unclear);
        let odd = Answer {
            is_success: true,
            stdout: "\u{1b}[31m5".to_owned(),
            ..answer(String::new())
        };
        let Err(Refused::Unclear(why)) = read_answer(Ok(odd)) else {
            panic!("no job has this number");
        };
        assert!(
            why.contains("`\u{1b}[31m5` is not the number of a job"),
            "{why}"
        );
        assert!(matches!(of("AssocMaxSubmitJobLimit"), Refused::Limit(..)));
        assert!(matches!(
            of("Unable to contact slurm controller"),
            Refused::ForNow(_)
        ));
        assert!(matches!(
            of("Invalid qos specification"),
            Refused::ForGood(_)
        ));
    }
}
