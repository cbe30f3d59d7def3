//! NumPy archives, as far as the store's own files need them: little-endian, C order, of u8, u64 and f32.
//!
//! NumPy reads what is written here; what is read may come from a stranger, so every length is checked against what
//! the file can hold before anything is allocated, and all arrays of a file together have a limit.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::atomic;
use crate::error::StoreError;

/// Above a table of codes of a million points and a hundred codes; of a file, and of its arrays unpacked.
const MAX_BYTES: u64 = 1 << 30;
const MAX_HEADER_BYTES: u16 = 4096;
const MAGIC: [u8; 8] = *b"\x93NUMPY\x01\x00";
/// NumPy aligns the data so.
const ALIGNMENT: usize = 64;

/// A number type of the archives.
pub(crate) trait Number: Copy {
    /// NumPy's name of the type.
    const DESCR: &'static str;
    const N_BYTES: usize;
    fn push(self, bytes: &mut Vec<u8>);
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($type:ty, $descr:literal) => {
        impl Number for $type {
            const DESCR: &'static str = $descr;
            const N_BYTES: usize = size_of::<$type>();
            fn push(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$type>()];
                array.copy_from_slice(bytes);
                Self::from_le_bytes(array)
            }
        }
    };
}

number!(u8, "|u1");
number!(u64, "<u8");
number!(f32, "<f4");

/// Writes an archive atomically; `fill` adds the arrays.
pub(crate) fn write(
    path: &Path,
    fill: impl FnOnce(&mut NpzWriter<&mut BufWriter<File>>) -> io::Result<()>,
) -> Result<(), StoreError> {
    atomic::write_with(path, |file| {
        let mut writer = NpzWriter {
            zip: ZipWriter::new(file),
        };
        fill(&mut writer)?;
        writer.zip.finish()?;
        Ok(())
    })
}

/// Adds arrays to an archive.
pub(crate) struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// Adds an array; bytes are deflated, since pictures are mostly black, and numbers are stored as they are.
    pub(crate) fn array<T: Number>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> io::Result<()> {
        let method = match T::N_BYTES {
            1 => CompressionMethod::Deflated,
            _ => CompressionMethod::Stored,
        };
        // A fixed date: the same arrays give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::DEFAULT);
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(&header(T::DESCR, shape))?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for chunk in values.chunks((1 << 16) / T::N_BYTES) {
            bytes.clear();
            chunk.iter().for_each(|value| value.push(&mut bytes));
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// The head of a `.npy` file of format 1.0.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let mut lengths = shape
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if shape.len() == 1 {
        lengths.push(',');
    }
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
    let n_before = MAGIC.len() + size_of::<u16>();
    let n_bytes = (n_before + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(
        ' ',
        n_bytes - n_before - text.len() - 1,
    ));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.into_bytes());
    bytes
}

/// An archive opened for reading.
pub(crate) struct NpzReader {
    path: PathBuf,
    zip: ZipArchive<File>,
    n_bytes_left: u64,
}

impl NpzReader {
    /// Opens an archive; `None` when there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some((file, _)) = atomic::open(path, MAX_BYTES)? else {
            return Ok(None);
        };
        let zip =
            ZipArchive::new(file).map_err(|error| StoreError::damaged(path, error.to_string()))?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            zip,
            n_bytes_left: MAX_BYTES,
        }))
    }

    /// The shape and the values of an array with this many axes. Its checksum is verified.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is missing, of another type or shape, cut short, changed, or too large.
    pub(crate) fn array<T: Number, const N: usize>(
        &mut self,
        name: &str,
    ) -> Result<([usize; N], Vec<T>), StoreError> {
        let path = self.path.clone();
        let damaged = |what: &str| StoreError::damaged(&path, format!("array `{name}` {what}"));
        let unreadable = |error: io::Error| damaged(&format!("cannot be read: {error}"));
        let mut file = self
            .zip
            .by_name(&format!("{name}.npy"))
            .map_err(|error| damaged(&format!("cannot be read: {error}")))?;
        let text = read_header(&mut file).map_err(unreadable)?;
        let shape = parse_header::<N>(&text, T::DESCR)
            .ok_or_else(|| damaged(&format!("is not {N}-dimensional of type {}", T::DESCR)))?;
        let n_values = shape
            .iter()
            .try_fold(1_usize, |n, length| n.checked_mul(*length));
        let n_bytes = n_values
            .and_then(|n| n.checked_mul(T::N_BYTES))
            .map(|n| n as u64);
        let Some(n_bytes) = n_bytes.filter(|n| *n <= self.n_bytes_left) else {
            return Err(damaged("is larger than any of this kind"));
        };
        self.n_bytes_left -= n_bytes;
        let mut bytes = Vec::new();
        // One byte more, since only at its end does the archive compare the checksum.
        file.take(n_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 != n_bytes {
            return Err(damaged("is not as long as its shape says"));
        }
        Ok((
            shape,
            bytes.chunks_exact(T::N_BYTES).map(T::from_bytes).collect(),
        ))
    }

    /// A [`StoreError::Damaged`] for arrays whose shapes do not fit each other.
    pub(crate) fn misfit(&self) -> StoreError {
        StoreError::damaged(&self.path, "the shapes of its arrays do not fit each other")
    }
}

fn read_header(file: &mut impl Read) -> io::Result<String> {
    let mut before = [0; MAGIC.len() + size_of::<u16>()];
    file.read_exact(&mut before)?;
    let (magic, length) = before.split_at(MAGIC.len());
    let length = u16::from_le_bytes([length[0], length[1]]);
    if magic != MAGIC || MAX_HEADER_BYTES < length {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a .npy of format 1.0",
        ));
    }
    let mut text = vec![0; usize::from(length)];
    file.read_exact(&mut text)?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The shape, if this is the header of an array of this type and number of axes in C order.
fn parse_header<const N: usize>(text: &str, descr: &str) -> Option<[usize; N]> {
    let before = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (");
    let lengths = text
        .strip_prefix(&before)?
        .trim_end()
        .strip_suffix("), }")?;
    let lengths = lengths.trim_end().trim_end_matches(',');
    let parsed = match lengths {
        "" => Vec::new(),
        _ => lengths
            .split(',')
            .map(|length| length.trim().parse().ok())
            .collect::<Option<Vec<usize>>>()?,
    };
    parsed.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(shape: &[usize], values: &[f32]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        write(&path, |file| {
            file.array("values", shape, values)?;
            file.array("bytes", &[300], &[7_u8; 300])
        })
        .unwrap();
        (folder, path)
    }

    fn read(path: &Path) -> Result<([usize; 2], Vec<f32>), StoreError> {
        let mut file = NpzReader::open(path)?.expect("the file is there");
        let ([_], _) = file.array::<u8, 1>("bytes")?;
        file.array("values")
    }

    #[test]
    fn the_header_is_the_one_that_numpy_writes() {
        // numpy.lib.format.write_array_header_1_0 for a float32 array of shape (2, 3)
        let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        expected.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
        expected.resize(127, b' ');
        expected.push(b'\n');
        assert_eq!(header("<f4", &[2, 3]), expected);
        assert!(
            header("|u1", &[5])
                .windows(4)
                .any(|window| window == b"(5,)")
        );
        assert!(header("|u1", &[]).windows(2).any(|window| window == b"()"));
    }

    #[test]
    fn arrays_come_back_and_give_the_same_bytes_again() {
        let values = [0.1, -0.0, f32::MAX, 1e-40, 5.0, 6.0];
        let (_folder, path) = written(&[2, 3], &values);
        assert_eq!(read(&path).unwrap(), ([2, 3], values.to_vec()));
        let (_other_folder, other) = written(&[2, 3], &values);
        assert_eq!(fs::read(path).unwrap(), fs::read(other).unwrap());
    }

    #[test]
    fn every_cut_is_noticed_and_no_flipped_bit_changes_a_value() {
        let values = [0.1, 0.2, 0.3, 0.4];
        let (_folder, path) = written(&[2, 2], &values);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path).unwrap_err().is_damaged(), "cut to {length}");
        }
        for index in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[index] ^= 1 << (index % 8);
            fs::write(&path, bytes).unwrap();
            // Some bits mean nothing to a reader, such as a date; the others are noticed.
            match read(&path) {
                Ok(found) => assert_eq!(found, ([2, 2], values.to_vec()), "byte {index}"),
                Err(error) => assert!(error.is_damaged(), "byte {index}: {error}"),
            }
        }
    }

    #[test]
    fn shapes_that_lie_are_refused_before_anything_is_allocated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        for shape in [
            vec![2, 3],
            vec![1 << 40, 1],
            vec![usize::MAX, usize::MAX],
            vec![4],
        ] {
            write(&path, |file| {
                file.array("bytes", &[1], &[0_u8])?;
                file.array("values", &shape, &[0.0_f32; 4])
            })
            .unwrap();
            assert!(read(&path).unwrap_err().is_damaged(), "{shape:?}");
        }
        write(&path, |file| file.array("bytes", &[1], &[0_u8])).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("`values`"));
    }

    #[test]
    fn a_bomb_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let zeros = vec![0_u8; 1 << 20];
        write(&path, |file| {
            file.array("bytes", &[2 << 30], &zeros)?;
            (1..4).try_for_each(|_| file.zip.write_all(&zeros))
        })
        .unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 100_000);
        assert!(read(&path).unwrap_err().is_damaged());
    }
}
