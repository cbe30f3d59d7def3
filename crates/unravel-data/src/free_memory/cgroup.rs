//! Memory that Linux leaves to a group of processes, such as a container or a job of a cluster: a machine may have much
//! left of which its group gets nothing, and who takes more is ended.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where the groups are.
pub(super) const ROOT: &str = "/sys/fs/cgroup";

/// The names of one version's files.
struct Version {
    limit: &'static str,
    taken: &'static str,
    /// In `memory.stat`: copies of files that are given up where memory is asked for, so that they are not taken.
    given_up: &'static str,
}

const V2: Version = Version {
    limit: "memory.max",
    taken: "memory.current",
    given_up: "inactive_file ",
};

const V1: Version = Version {
    limit: "memory.limit_in_bytes",
    taken: "memory.usage_in_bytes",
    given_up: "total_inactive_file ",
};

/// Bytes that are left to a process in these groups (`/proc/self/cgroup`) and in those around them, which are folders in
/// `root`. None where none of them is limited.
pub(super) fn left(root: &Path, groups: &str) -> Option<u64> {
    let all = groups.lines().filter_map(group);
    all.flat_map(|(version, path)| {
        // With the first version beside it, the second has a folder of its own.
        let trees: [PathBuf; 2] = match version.limit == V2.limit {
            true => [root.to_path_buf(), root.join("unified")],
            false => [root.join("memory"), root.to_path_buf()],
        };
        // A group that is not there is one of another view: of a container, whose own group is the outermost that it sees.
        let within = move |tree: PathBuf| -> Vec<u64> {
            let folders = path.ancestors().map(|folder| tree.join(folder));
            folders
                .filter_map(|folder| left_in(&folder, version))
                .collect()
        };
        trees.into_iter().flat_map(within).collect::<Vec<u64>>()
    })
    .min()
}

/// The group that a line names, `hierarchy:controllers:path`, if it is one that memory is counted in; its path is relative.
fn group(line: &str) -> Option<(&'static Version, PathBuf)> {
    let mut parts = line.splitn(3, ':');
    let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let version = match (hierarchy, controllers) {
        ("0", "") => &V2,
        (_, controllers) if controllers.split(',').any(|name| name == "memory") => &V1,
        _ => return None,
    };
    // A group outside of the view is named by `..`, and nothing is seen of it.
    let is_seen = |part: &Component| !matches!(part, Component::ParentDir);
    let parts: Vec<Component> = Path::new(path).components().skip(1).collect();
    let path = match parts.iter().all(is_seen) {
        true => parts.iter().collect(),
        false => PathBuf::new(),
    };
    Some((version, path))
}

/// Bytes that one group is left; none where it has no limit or does not say.
fn left_in(folder: &Path, version: &Version) -> Option<u64> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    // Without a limit it reads `max`.
    let limit: u64 = read(version.limit)?.trim().parse().ok()?;
    let taken: u64 = read(version.taken)?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let given_up = number_of(&stat, version.given_up).unwrap_or(0);
    Some(limit.saturating_sub(taken.saturating_sub(given_up)))
}

/// The number of a line such as `inactive_file 4096`.
fn number_of(stat: &str, key: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of files with these paths and texts.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn lines_name_groups() {
        let found = |line| group(line).map(|(version, path)| (version.limit, path));
        let of = |limit, path: &str| Some((limit, PathBuf::from(path)));
        assert_eq!(found("0::/user.slice/job"), of(V2.limit, "user.slice/job"));
        assert_eq!(found("0::/"), of(V2.limit, ""));
        assert_eq!(found("0::/../../other"), of(V2.limit, ""));
        assert_eq!(found("4:memory:/job:1"), of(V1.limit, "job:1"));
        assert_eq!(found("4:cpu,memory:/a"), of(V1.limit, "a"));
        for other in ["1:cpu:/a", "9:name=systemd:/", "", "0:", "no line"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_understood() {
        let stat = "anon 7\ninactive_file 4096\ntotal_inactive_file 8\n";
        assert_eq!(number_of(stat, V2.given_up), Some(4096));
        assert_eq!(number_of(stat, V1.given_up), Some(8));
        assert_eq!(number_of("inactive_file much\n", V2.given_up), None);
        assert_eq!(number_of("", V2.given_up), None);
    }

    #[test]
    fn the_tightest_of_a_group_and_those_around_it_counts() {
        let root = tree(&[
            ("user/memory.max", "3000\n"),
            ("user/memory.current", "1000\n"),
            ("user/job/memory.max", "max\n"),
            ("user/job/memory.current", "900\n"),
            ("user/job/step/memory.max", "5000\n"),
            ("user/job/step/memory.current", "4500\n"),
            ("user/job/step/memory.stat", "anon 1\ninactive_file 700\n"),
            ("other/memory.max", "1\n"),
            ("other/memory.current", "1\n"),
        ]);
        let left_to = |path: &str| left(root.path(), &format!("1:name=systemd:/\n0::{path}\n"));
        assert_eq!(left_to("/user/job/step"), Some(1200));
        assert_eq!(left_to("/user/job"), Some(2000));
        assert_eq!(left_to("/"), None);
        // Seen from within a container, its own group is the root, whatever it is called outside.
        assert_eq!(left_to("/docker/abc"), None);
        let root = tree(&[("memory.max", "100"), ("memory.current", "400")]);
        assert_eq!(left(root.path(), "0::/docker/abc\n"), Some(0));
        assert_eq!(left(root.path(), ""), None);
    }

    #[test]
    fn the_first_version_counts_as_well() {
        let root = tree(&[
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/memory.usage_in_bytes", "5000\n"),
            ("memory/job/memory.limit_in_bytes", "4000\n"),
            ("memory/job/memory.usage_in_bytes", "3000\n"),
            (
                "memory/job/memory.stat",
                "inactive_file 9\ntotal_inactive_file 500\n",
            ),
            ("unified/job/memory.max", "max"),
        ]);
        let groups = "4:memory:/job\n3:cpuset:/\n0::/job\n";
        assert_eq!(left(root.path(), groups), Some(1500));
        assert_eq!(
            left(root.path(), "4:memory:/\n0::/\n"),
            Some(9_223_372_036_854_771_712 - 5000)
        );
        // Damaged files say nothing.
        let root = tree(&[
            ("memory/memory.limit_in_bytes", "many"),
            ("memory/memory.usage_in_bytes", "-1"),
        ]);
        assert_eq!(left(root.path(), groups), None);
    }
}
