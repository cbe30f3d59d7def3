//! What Slurm says where it takes fewer tasks than were submitted.

use std::fmt;

/// Why Slurm does not take as many tasks as were submitted, though it may take fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::slurm) struct Limit {
    /// As Slurm calls it, where it does, such as `QOSMaxSubmitJobPerUserLimit`.
    pub(in crate::slurm) name: Option<String>,
    /// There may be room when jobs end; else it is the size of an array that has a limit.
    pub(in crate::slurm) passes: bool,
    /// Nothing was submitted; else `sbatch` may have got through in the end.
    pub(in crate::slurm) is_sure: bool,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "its limit {name}"),
            None if self.passes => f.write_str("a limit on submitted jobs"),
            None => f.write_str("a limit on the size of an array"),
        }
    }
}

/// The limit on the number of jobs that a refusal of `sbatch` is about, if it is about one. Other limits of accounting,
/// such as on the time or the nodes of a job, are for a person to heed.
pub(in crate::slurm) fn read_limit(stderr: &str) -> Option<Limit> {
    if stderr.contains("Invalid job array specification") {
        return Some(Limit {
            name: None,
            passes: false,
            is_sure: true,
        });
    }
    // The cluster has no room for so many jobs, and `sbatch` tries again by itself for a while.
    if stderr.contains("temporarily unable to accept job") {
        return Some(Limit {
            name: Some("MaxJobCount".to_owned()),
            passes: true,
            is_sure: false,
        });
    }
    let found = name(stderr);
    let is_of_submission = match found {
        Some(name) => name.contains("Submit"),
        None => stderr.contains(POLICY),
    };
    is_of_submission.then(|| Limit {
        name: found.map(str::to_owned),
        passes: true,
        is_sure: true,
    })
}

/// What Slurm says where a limit of accounting is reached, mostly after the limit's name.
const POLICY: &str = "Job violates accounting/QOS policy";

/// The name of a limit of accounting, such as `AssocMaxSubmitJobLimit`.
pub(super) fn name(stderr: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = stderr.split(|c| !is_of_name(c));
    words.find(|word| {
        let is_of_accounting = ["Assoc", "QOS"].iter().any(|start| word.starts_with(start));
        (is_of_accounting && word.contains("Limit")) || word.starts_with("MaxSubmit")
    })
}

#[cfg(test)]
mod tests {
    use super::super::{complaint, is_passing};
    use super::*;

    #[test]
    fn limits_on_the_number_of_jobs_are_told_by_their_names() {
        let refused = |name: &str| {
            format!(
                "{name}sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, \
                 user's size and/or time limits)\n"
            )
        };
        let limit = |name: &str| {
            let said = match name {
                "" => refused(""),
                name => refused(&format!("sbatch: error: {name}\n")),
            };
            assert!(!is_passing(&said), "{said}");
            (
                read_limit(&said).map(|limit| limit.to_string()),
                complaint(&said),
            )
        };
        for name in [
            "AssocMaxSubmitJobLimit",
            "QOSMaxSubmitJobPerUserLimit",
            "AssocGrpSubmitJobsLimit",
        ] {
            let (limit, complaint) = limit(name);
            assert_eq!(limit, Some(format!("its limit {name}")));
            assert!(
                complaint.ends_with(&format!("limits) ({name})")),
                "{complaint}"
            );
        }
        let (unnamed, complaint) = limit("");
        assert_eq!(unnamed.as_deref(), Some("a limit on submitted jobs"));
        assert!(complaint.ends_with("time limits)"), "{complaint}");
        // No number of tasks helps here.
        assert_eq!(limit("QOSMaxWallDurationPerJobLimit").0, None);

        let too_large =
            "sbatch: error: Batch job submission failed: Invalid job array specification\n";
        let limit = read_limit(too_large).unwrap();
        assert_eq!(limit.to_string(), "a limit on the size of an array");
        assert!(!limit.passes);
        let full = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n\
                    sbatch: error: Batch job submission failed: Resource temporarily unavailable\n";
        let limit = read_limit(full).unwrap();
        assert_eq!(limit.to_string(), "its limit MaxJobCount");
        assert!(limit.passes && !limit.is_sure);
        assert_eq!(
            read_limit("sbatch: error: Invalid partition name specified"),
            None
        );
        assert_eq!(read_limit(""), None);
    }
}
