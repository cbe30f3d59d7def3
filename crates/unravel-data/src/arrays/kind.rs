//! What a file that is no array of NumPy's is, by its first bytes, and how to convert it.
//!
//! One table for all readers of strangers' files. A remedy loses nothing of what the file holds; in its code `path` is
//! the file. Names of files may mislead, so they are not looked at.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::header;

/// The start of every zip archive.
pub(super) const ZIP_MAGIC: &[u8] = b"PK";

/// Bytes at the start of a file that are looked at; the signature of HDF5 may stand behind a block of 4096.
const START_BYTES: usize = 4096 + 8;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// What it is: `an HDF5 file`.
    pub name: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// How a kind is recognised by the start of a file.
enum Mark {
    /// These bytes, at this place.
    Bytes(usize, &'static [u8]),
    /// What a function says of the start.
    Test(fn(&[u8]) -> bool),
}

use Mark::{Bytes, Test};

const UNPACK: &str = "unpack it and use the file in it";
const IMAGE: &str = "an npz holds all images: np.savez_compressed(\"data.npz\", imgs=np.stack([np.asarray(PIL.Image.open(p)) \
                     for p in paths]), latents_classes=classes)";
const TORCH: FileKind = FileKind {
    name: "a PyTorch file",
    remedy: "read it with torch.load(path, map_location=\"cpu\", weights_only=True) and write each tensor t of it as t.numpy() \
             with np.savez_compressed",
};
const HTML: &str = "the server sent a page in place of the file, so download the file itself";

/// A zip archive that has members and none that is an array.
const OTHER_ZIP: FileKind = FileKind {
    name: "a zip archive with no array (.npy) in it",
    remedy: "unpack it and write what it holds with np.savez_compressed",
};

/// A file that begins neither as a zip archive nor as anything in [`KINDS`].
const UNKNOWN: FileKind = FileKind {
    name: "a file of unknown format",
    remedy: "write its arrays with np.savez_compressed",
};

/// Every kind that is recognised; the first that fits is meant.
const KINDS: &[(Mark, FileKind)] = &[
    kind(
        Test(<[u8]>::is_empty),
        "empty",
        "check the program that writes it, or download it again",
    ),
    kind(
        Bytes(0, b"MATLAB 7.3 MAT-file"),
        "a MATLAB 7.3 file, that is HDF5",
        "convert it with h5py, which has the axes in reverse: np.savez_compressed(\"data.npz\", **{k: v[()].T for k, v in \
         h5py.File(path).items() if k != \"#refs#\"})",
    ),
    kind(
        Bytes(0, b"MATLAB 5.0 MAT-file"),
        "a MATLAB file",
        "convert it with SciPy: np.savez_compressed(\"data.npz\", **{k: v for k, v in scipy.io.loadmat(path).items() if \
         k[:2] != \"__\"})",
    ),
    kind(
        Test(is_hdf5),
        "an HDF5 file",
        "convert it with h5py: np.savez_compressed(\"data.npz\", **{k: v[()] for k, v in h5py.File(path).items()})",
    ),
    (
        Bytes(
            0,
            b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
        ),
        TORCH,
    ),
    kind(
        Test(is_pickle),
        "a Python pickle, which may run any program and is never opened here",
        "if you trust its source, read it with pickle.load(open(path, \"rb\")) and write its arrays with \
         np.savez_compressed",
    ),
    kind(
        Bytes(0, header::MAGIC),
        "a .npy, that is one array alone",
        "write all arrays into one file, each with its name: np.savez_compressed(\"data.npz\", name=np.load(path), …)",
    ),
    kind(
        Test(is_safetensors),
        "a safetensors file",
        "convert it with safetensors: np.savez_compressed(\"data.npz\", **safetensors.numpy.load_file(path))",
    ),
    kind(
        Test(is_norb),
        "a matrix file of the NORB datasets",
        "read it with np.fromfile(path, np.uint8, offset=8 + 4 * max(3, n_axes)), shape it, and write it with \
         np.savez_compressed",
    ),
    kind(
        Test(is_idx),
        "an IDX file, as MNIST has them",
        "read it with np.fromfile(path, np.uint8, offset=4 + 4 * n_axes), shape it, and write it with np.savez_compressed",
    ),
    kind(Bytes(0, b"\x1f\x8b"), "a gzip file", UNPACK),
    kind(Bytes(0, b"BZh"), "a bzip2 file", UNPACK),
    kind(Bytes(0, b"\xfd7zXZ\0"), "an xz file", UNPACK),
    kind(Bytes(0, b"\x28\xb5\x2f\xfd"), "a zstd file", UNPACK),
    kind(Bytes(0, b"7z\xbc\xaf\x27\x1c"), "a 7z archive", UNPACK),
    kind(Bytes(0, b"Rar!\x1a\x07"), "a RAR archive", UNPACK),
    kind(Bytes(257, b"ustar"), "a tar archive", UNPACK),
    kind(Bytes(0, b"\x89PNG\r\n\x1a\n"), "a PNG image", IMAGE),
    kind(Bytes(0, b"\xff\xd8\xff"), "a JPEG image", IMAGE),
    kind(Bytes(0, b"GIF8"), "a GIF image", IMAGE),
    kind(Bytes(0, b"II*\0"), "a TIFF image", IMAGE),
    kind(Bytes(0, b"MM\0*"), "a TIFF image", IMAGE),
    kind(Bytes(8, b"WEBP"), "a WebP image", IMAGE),
    kind(
        Bytes(0, b"PAR1"),
        "a Parquet file",
        "read it with pandas.read_parquet(path) and write its columns with np.savez_compressed",
    ),
    kind(
        Bytes(0, b"ARROW1"),
        "an Arrow file",
        "read it with pandas.read_feather(path) and write its columns with np.savez_compressed",
    ),
    kind(
        Bytes(0, b"version https://git-lfs.github.com/spec/"),
        "a pointer of Git LFS, not the file itself",
        "`git lfs pull` fetches the file",
    ),
    kind(Test(is_html), "a web page", HTML),
    kind(Test(is_xml), "an XML document", HTML),
    kind(
        Test(is_json),
        "a JSON text",
        "read it with json.load(open(path)) and write its arrays with np.savez_compressed",
    ),
    kind(
        Test(is_text),
        "a text file",
        "if it is a table of numbers, read it with np.loadtxt(path, delimiter=\",\"), and write it with np.save, or with \
         np.savez_compressed",
    ),
    kind(
        Test(is_zeros),
        "a file that begins with zeros",
        "it was not downloaded or written to its end, so do that again",
    ),
];

const fn kind(mark: Mark, name: &'static str, remedy: &'static str) -> (Mark, FileKind) {
    (mark, FileKind { name, remedy })
}

impl FileKind {
    /// Of a file that begins like this; none if it begins as a zip archive, or as nothing that is known.
    #[must_use]
    pub fn of_start(start: &[u8]) -> Option<Self> {
        let fits = |mark: &Mark| match mark {
            Bytes(at, bytes) => start.get(*at..).is_some_and(|rest| rest.starts_with(bytes)),
            Test(test) => test(start),
        };
        let found = KINDS.iter().find(|(mark, _)| fits(mark));
        found.map(|(_, kind)| *kind)
    }

    /// Of a zip archive with these members; none if it has an array, or nothing.
    pub(super) fn of_zip<'a>(members: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut found = None;
        for member in members {
            if member.ends_with(".npy") {
                return None;
            }
            let is_torch = member == "data.pkl" || member.ends_with("/data.pkl");
            found = match is_torch {
                true => Some(TORCH),
                false => found.or(Some(OTHER_ZIP)),
            };
        }
        found
    }

    /// Of a file that does not open as a zip archive; none if it begins as one, or cannot be read.
    pub(super) fn of_no_zip(path: &Path) -> Option<Self> {
        let start = extended(Vec::new(), &mut File::open(path).ok()?).ok()?;
        match start.starts_with(ZIP_MAGIC) {
            true => None,
            false => Self::of_start(&start).or(Some(UNKNOWN)),
        }
    }
}

/// The start of a file, as far as [`FileKind::of_start`] looks at it, of which `start` was read already.
pub(super) fn extended(mut start: Vec<u8>, rest: &mut impl Read) -> io::Result<Vec<u8>> {
    let n_more = START_BYTES.saturating_sub(start.len());
    rest.take(n_more as u64).read_to_end(&mut start)?;
    Ok(start)
}

fn is_hdf5(start: &[u8]) -> bool {
    // At 0, or behind a block of the user's.
    let places = [0, 512, 1024, 2048, 4096];
    let is_at = |at: usize| {
        start
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"\x89HDF\r\n\x1a\n"))
    };
    places.into_iter().any(is_at)
}

/// Protocols 2 to 5, of which the later two begin with a frame, and what NumPy and lists begin with in protocol 0.
fn is_pickle(start: &[u8]) -> bool {
    match start {
        [0x80, 2 | 3, ..] | [0x80, 4 | 5, 0x95, ..] => true,
        _ => [b"(dp0".as_slice(), b"(lp0", b"cnumpy", b"ccopy_reg"]
            .iter()
            .any(|mark| start.starts_with(mark)),
    }
}

/// The length of a header, and a header in JSON.
fn is_safetensors(start: &[u8]) -> bool {
    let length = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    length.is_some_and(|length| length < 100_000_000) && start[8..].starts_with(b"{\"")
}

fn is_norb(start: &[u8]) -> bool {
    matches!(start, [0x51..=0x56, 0x4c, 0x3d, 0x1e, ..])
}

/// Two zeros, a type, and a number of axes.
fn is_idx(start: &[u8]) -> bool {
    matches!(start, [0, 0, 8 | 9 | 0xb..=0xe, 1..=4, ..])
}

/// The start without a mark of its encoding and blanks.
fn trimmed(start: &[u8]) -> &[u8] {
    start
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(start)
        .trim_ascii_start()
}

fn is_html(start: &[u8]) -> bool {
    let start = trimmed(start);
    let begins =
        |mark: &&[u8]| start.len() >= mark.len() && start[..mark.len()].eq_ignore_ascii_case(mark);
    [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body"]
        .iter()
        .any(begins)
}

fn is_xml(start: &[u8]) -> bool {
    trimmed(start).starts_with(b"<?xml")
}

fn is_json(start: &[u8]) -> bool {
    is_text(start) && matches!(trimmed(start), [b'{' | b'[', ..])
}

/// UTF-8, cut off in a character perhaps, without control characters.
fn is_text(start: &[u8]) -> bool {
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&start[..error.valid_up_to()]).unwrap_or("")
        }
        Err(_) => return false,
    };
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    !text.is_empty() && text.chars().all(is_plain)
}

fn is_zeros(start: &[u8]) -> bool {
    16 <= start.len() && start.iter().all(|byte| *byte == 0)
}
