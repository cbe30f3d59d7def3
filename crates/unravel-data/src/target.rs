//! Whether a file may be written over.

use std::fs;
use std::io;
use std::path::Path;

/// Folders whose entries are the system's own, whatever they look like.
const OF_THE_SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];
/// Usual memory.
const NOT_OF_THE_SYSTEM: &str = "/dev/shm";

/// Checks that a new file may take the place of what is at `path`: nothing, a regular file, or a link to one or to
/// nothing. A file that is renamed into place would replace a device itself and not what it stands for.
///
/// # Errors
/// A clause that says what is there; nothing else of the system's answers is an error here.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    // Followed, so that a link to a device counts as one.
    let is_regular = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    if is_regular && !is_of_the_system(path) {
        return Ok(());
    }
    let what = if path.is_dir() {
        "it is a folder, not a regular file"
    } else if is_regular {
        "its folder belongs to the operating system and takes no regular files"
    } else {
        "it is not a regular file"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Such as `/dev/stdout`, which is a link to whatever that is just now.
fn is_of_the_system(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| {
        let is_below = |start: &&str| folder.starts_with(start);
        OF_THE_SYSTEM.iter().any(is_below) && !is_below(&NOT_OF_THE_SYSTEM)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_and_links_to_them_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        for (name, to) in [
            ("link", "file"),
            ("dangling", "nowhere"),
            ("null", "/dev/null"),
        ] {
            std::os::unix::fs::symlink(to, at(name)).unwrap();
        }
        for name in ["file", "link", "dangling", "new", "no/such/folder"] {
            assert!(check_replaceable(&at(name)).is_ok(), "{name}");
        }
        let refused = ["", "null"].map(at).into_iter();
        let of_the_system = ["/dev/null", "/dev/stdout", "/dev/new", "/proc/self/fd/1"];
        for path in refused.chain(of_the_system.map(Into::into)) {
            let error = check_replaceable(&path).unwrap_err().to_string();
            assert!(error.contains("regular file"), "{error}");
        }
    }
}
