//! NumPy archives, as far as the store's own files need them: little-endian, C order, of u8, u64 and f32.
//!
//! NumPy reads what is written here; what is read may come from a stranger, so every length is checked against what
//! the file can hold before anything is allocated, and all arrays of a file together have a limit.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use unravel_data::NpzError;
use unravel_data::arrays::{Archive, Element, Header};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::atomic;
use crate::error::StoreError;

/// Above a table of codes of a million points and a hundred codes; of a file, and of its arrays unpacked.
const MAX_BYTES: u64 = 1 << 30;

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
    pub(crate) fn array<T: Element>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> io::Result<()> {
        let method = match size_of::<T>() {
            1 => CompressionMethod::Deflated,
            _ => CompressionMethod::Stored,
        };
        // A fixed date: the same arrays give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::DEFAULT);
        self.zip.start_file(format!("{name}.npy"), options)?;
        let header = Header {
            descr: T::DESCR.to_owned(),
            fortran_order: false,
            shape: shape.iter().map(|&length| length as u64).collect(),
        };
        self.zip.write_all(&header.to_bytes())?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for chunk in values.chunks((1 << 16) / size_of::<T>()) {
            bytes.clear();
            chunk.iter().for_each(|value| value.encode(&mut bytes));
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// An archive opened for reading.
pub(crate) struct NpzReader {
    path: PathBuf,
    archive: Archive,
    n_bytes_left: usize,
}

impl NpzReader {
    /// Opens an archive; `None` when there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some((file, n_bytes)) = atomic::open(path, MAX_BYTES)? else {
            return Ok(None);
        };
        let archive =
            Archive::over(path, file, n_bytes).map_err(|error| damaged(path, "", &error))?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            archive,
            n_bytes_left: MAX_BYTES as usize,
        }))
    }

    /// The shape and the values of an array with this many axes. Its checksum is verified.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is missing, of another type or shape, cut short, changed, or too large.
    pub(crate) fn array<T: Element, const N: usize>(
        &mut self,
        name: &str,
    ) -> Result<([usize; N], Vec<T>), StoreError> {
        let failed = |error: NpzError| damaged(&self.path, name, &error);
        let refused =
            |what: &str| StoreError::damaged(&self.path, format!("array `{name}` {what}"));
        let array = self.archive.array(name).map_err(failed)?;
        let lengths: Result<[u64; N], _> = array.shape().try_into();
        let Ok(lengths) = lengths else {
            return Err(refused(&format!(
                "has {} axes, not {N}",
                array.shape().len()
            )));
        };
        let n_bytes = array.n_elements().saturating_mul(size_of::<T>());
        let Some(n_bytes_left) = self.n_bytes_left.checked_sub(n_bytes) else {
            return Err(refused("is larger than any of this kind"));
        };
        let values = array.values().map_err(failed)?;
        self.n_bytes_left = n_bytes_left;
        // What was compared with the file's length fits.
        Ok((lengths.map(|length| length as usize), values))
    }

    /// A [`StoreError::Damaged`] for arrays whose shapes do not fit each other.
    pub(crate) fn misfit(&self) -> StoreError {
        StoreError::damaged(&self.path, "the shapes of its arrays do not fit each other")
    }
}

/// The error as one of the store, which names the file itself and knows another way out: to make it again.
fn damaged(path: &Path, name: &str, error: &NpzError) -> StoreError {
    let what = match error {
        NpzError::NotAnArchive { reason, .. } => reason.clone(),
        NpzError::Missing { .. } => format!("it has no array `{name}`"),
        NpzError::Array { fault, .. } => format!("array `{name}`: {fault}"),
        other => other.to_string(),
    };
    StoreError::damaged(path, what)
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
