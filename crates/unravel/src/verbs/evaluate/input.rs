//! Opens files of arrays, including pipes and standard input.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::Path;

use unravel_data::NpzError;
use unravel_data::arrays::ArrayFile;

use crate::exit::Failure;

/// Standard input on the command line.
const STDIN: &str = "-";

/// The name of the path in messages.
pub fn name(path: &Path) -> Cow<'_, Path> {
    match is_stdin(path) {
        true => Cow::Borrowed(Path::new("standard input")),
        false => Cow::Borrowed(path),
    }
}

/// Whether the path is standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Opens a file of arrays. Reads a pipe, a device or standard input to its end.
///
/// # Errors
/// A sentence with the file, the error and a remedy.
pub fn open(path: &Path) -> Result<ArrayFile, Failure> {
    if is_stdin(path) {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(Failure::usage(
                "standard input is a terminal; pipe a .npy or an .npz into it, or pass the path of a file",
            ));
        }
        return ArrayFile::of_stream(&name(path), stdin.lock()).map_err(Failure::usage);
    }
    let opened = match is_stream(path) {
        true => match File::open(path) {
            Ok(stream) => ArrayFile::of_stream(path, stream),
            Err(source) => Err(NpzError::Open {
                path: path.to_owned(),
                source,
            }),
        },
        false => ArrayFile::open(path),
    };
    opened.map_err(Failure::usage)
}

/// Whether the path is a pipe or device: something that exists and is neither a file nor a folder.
fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}
