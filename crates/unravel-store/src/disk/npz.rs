//! NumPy archives, as far as the store's own files need them: little-endian, C order, of u8, u64 and f32.
//!
//! NumPy reads what is written here. An archive ends in a comment, which NumPy passes over: `unravel npz 1 trial <id>
//! blake3 <hash>`, the hash being that of all bytes before it. So a file of another trial and a file of which a bit
//! changed are both noticed. What is read may come from a stranger, so every length is checked against what the file
//! can hold before anything is allocated, and all arrays of a file together have a limit.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use unravel_data::arrays::{Archive, Element, Header};
use unravel_data::{ArrayFault, FailsOnce, NpzError};
use unravel_sweep::TrialId;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::disk::atomic;
use crate::disk::format::{FILE_FORMAT, refuse_newer};
use crate::error::StoreError;

/// Above a table of codes of a million points and a hundred codes; of a file, and of its arrays unpacked.
const MAX_BYTES: u64 = 1 << 30;

const SEAL: &str = "unravel npz ";
const TRIAL: &str = " trial ";
const HASH: &str = " blake3 ";
const N_HASH_DIGITS: usize = 64;

/// Longer than any seal of this format and of the ones to come.
const MAX_SEAL_BYTES: u64 = 256;

/// Writes an archive of one trial atomically; `fill` adds the arrays.
pub(crate) fn write(
    path: &Path,
    trial: &TrialId,
    fill: impl FnOnce(&mut NpzWriter<FailsOnce<&mut BufWriter<File>>>) -> io::Result<()>,
) -> Result<(), StoreError> {
    let before_hash = format!("{SEAL}{FILE_FORMAT}{TRIAL}{trial}{HASH}");
    atomic::write_with(path, |file| {
        let mut writer = NpzWriter {
            zip: ZipWriter::new(FailsOnce::new(file)),
        };
        fill(&mut writer)?;
        let comment = format!("{before_hash}{}", "0".repeat(N_HASH_DIGITS));
        writer.zip.set_comment(comment);
        let mut finished = writer.zip.finish()?;
        let buffered = finished.get_mut();
        buffered.flush()?;
        let file = buffered.get_mut();
        let n_hashed = file.seek(SeekFrom::End(-(N_HASH_DIGITS as i64)))?;
        let hash = hash(file, n_hashed)?;
        file.seek(SeekFrom::Start(n_hashed))?;
        file.write_all(hash.as_bytes())
    })
}

/// The hash of the first bytes of a file, as digits.
fn hash(file: &mut File, n_bytes: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.take(n_bytes))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Whether there is an archive of this trial: its end is looked at and no more, some microseconds.
///
/// # Errors
/// [`StoreError::Damaged`] when it was cut short or is of another trial, [`StoreError::NewerFormat`], [`StoreError::Io`].
pub(crate) fn glance(path: &Path, trial: &TrialId) -> Result<Option<()>, StoreError> {
    match atomic::open(path, MAX_BYTES)? {
        Some((mut file, n_bytes)) => sealed_hash(path, &mut file, n_bytes, trial).map(|_| Some(())),
        None => Ok(None),
    }
}

/// The hash that the seal gives, when the file is of this trial and of a format that this program reads.
fn sealed_hash(
    path: &Path,
    file: &mut File,
    n_bytes: u64,
    trial: &TrialId,
) -> Result<String, StoreError> {
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(n_bytes.saturating_sub(MAX_SEAL_BYTES)))
        .and_then(|_| file.take(MAX_SEAL_BYTES).read_to_end(&mut end))
        .map_err(|source| StoreError::io("read", path, source))?;
    let no_seal = || StoreError::damaged(path, "it does not end as an archive of this program");
    let begins_at = end
        .windows(SEAL.len())
        .rposition(|bytes| bytes == SEAL.as_bytes());
    let seal = begins_at.and_then(|at| str::from_utf8(&end[at + SEAL.len()..]).ok());
    let (format, rest) = seal
        .and_then(|seal| seal.split_once(TRIAL))
        .and_then(|(format, rest)| Some((format.parse::<u32>().ok()?, rest)))
        .ok_or_else(no_seal)?;
    refuse_newer(path, format, FILE_FORMAT)?;
    let (of, hash) = rest.split_once(HASH).ok_or_else(no_seal)?;
    if hash.len() != N_HASH_DIGITS {
        return Err(no_seal());
    }
    if of != trial.as_str() {
        return Err(StoreError::of_another_trial(path, of));
    }
    Ok(hash.to_owned())
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
        self.start(name, T::DESCR.to_owned(), shape, method)?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for chunk in values.chunks((1 << 16) / size_of::<T>()) {
            bytes.clear();
            chunk.iter().for_each(|value| value.encode(&mut bytes));
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Adds an array of texts, as NumPy's fixed width of UTF-32.
    pub(crate) fn names(&mut self, name: &str, names: &[String]) -> io::Result<()> {
        let length = |text: &String| text.chars().count();
        let width = names.iter().map(length).max().unwrap_or(0).max(1);
        let method = CompressionMethod::Stored;
        self.start(name, format!("<U{width}"), &[names.len()], method)?;
        for text in names {
            let padded = text.chars().chain(std::iter::repeat('\0')).take(width);
            let bytes: Vec<u8> = padded.flat_map(|c| u32::from(c).to_le_bytes()).collect();
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }

    fn start(
        &mut self,
        name: &str,
        descr: String,
        shape: &[usize],
        method: CompressionMethod,
    ) -> io::Result<()> {
        // A fixed date: the same arrays give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::DEFAULT);
        self.zip.start_file(format!("{name}.npy"), options)?;
        let header = Header {
            descr,
            fortran_order: false,
            shape: shape.iter().map(|&length| length as u64).collect(),
        };
        self.zip.write_all(&header.to_bytes())
    }
}

/// An archive opened for reading.
pub(crate) struct NpzReader {
    path: PathBuf,
    archive: Archive,
    n_bytes_left: usize,
}

impl NpzReader {
    /// Opens an archive of this trial whose checksum fits; `None` when there is none.
    pub(crate) fn open(path: &Path, trial: &TrialId) -> Result<Option<Self>, StoreError> {
        let Some((mut file, n_bytes)) = atomic::open(path, MAX_BYTES)? else {
            return Ok(None);
        };
        let sealed = sealed_hash(path, &mut file, n_bytes, trial)?;
        let found = hash(&mut file, n_bytes - N_HASH_DIGITS as u64)
            .map_err(|source| StoreError::io("read", path, source))?;
        if found != sealed {
            return Err(StoreError::damaged(
                path,
                "the checksum does not match the contents",
            ));
        }
        let archive =
            Archive::over(path, file, n_bytes).map_err(|error| damaged(path, "", error))?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            archive,
            n_bytes_left: MAX_BYTES as usize,
        }))
    }

    /// Whether it has an array of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.archive.has(name)
    }

    /// The shape and the values of an array with this many axes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is missing, of another type or shape, cut short, changed, or too large.
    pub(crate) fn array<T: Element, const N: usize>(
        &mut self,
        name: &str,
    ) -> Result<([usize; N], Vec<T>), StoreError> {
        let failed = |error: NpzError| damaged(&self.path, name, error);
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

/// The error as one of the store, which names the file itself and knows another way out: to make it again. A disk that
/// fails says nothing against the file.
fn damaged(path: &Path, name: &str, error: NpzError) -> StoreError {
    let what = match error {
        NpzError::Open { source, .. } | NpzError::Read { source, .. } => {
            return StoreError::io("read", path, source);
        }
        NpzError::NotAnArchive { reason, .. } => reason,
        NpzError::NotAnNpz { kind, .. } => format!("it is {}", kind.name),
        NpzError::Missing { .. } => format!("it has no array `{name}`"),
        NpzError::Array { fault, .. } if matches!(*fault, ArrayFault::Memory { .. }) => {
            return atomic::out_of_memory(path, &fault);
        }
        NpzError::Array { fault, .. } => format!("array `{name}`: {fault}"),
        other => other.to_string(),
    };
    StoreError::damaged(path, what)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn trial() -> TrialId {
        "0123456789abcdef".parse().unwrap()
    }

    fn written(shape: &[usize], values: &[f32]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        write(&path, &trial(), |file| {
            file.array("values", shape, values)?;
            file.array("bytes", &[300], &[7_u8; 300])
        })
        .unwrap();
        (folder, path)
    }

    fn read(path: &Path) -> Result<([usize; 2], Vec<f32>), StoreError> {
        let mut file = NpzReader::open(path, &trial())?.expect("the file is there");
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
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let (_folder, path) = written(&[2, 2], &[0.1, 0.2, 0.3, 0.4]);
        let whole = fs::read(&path).unwrap();
        assert!(glance(&path, &trial()).unwrap().is_some());
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path).unwrap_err().is_damaged(), "cut to {length}");
            assert!(
                glance(&path, &trial()).unwrap_err().is_damaged(),
                "{length}"
            );
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bytes).unwrap();
            // A bit of the format's number makes it a newer one.
            let error = read(&path).unwrap_err();
            let is_newer = matches!(error, StoreError::NewerFormat { .. });
            assert!(error.is_damaged() || is_newer, "bit {bit}: {error}");
        }
    }

    #[test]
    fn the_file_of_another_trial_is_refused_with_its_name() {
        let (_folder, path) = written(&[2, 2], &[0.1, 0.2, 0.3, 0.4]);
        let other = "fedcba9876543210".parse().unwrap();
        let opened = NpzReader::open(&path, &other).map(|_| ());
        for refused in [opened, glance(&path, &other).map(|_| ())] {
            let error = refused.unwrap_err();
            assert!(error.is_damaged());
            let sentence = error.to_string();
            assert!(sentence.contains("trial 0123456789abcdef"), "{sentence}");
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
            write(&path, &trial(), |file| {
                file.array("bytes", &[1], &[0_u8])?;
                file.array("values", &shape, &[0.0_f32; 4])
            })
            .unwrap();
            assert!(read(&path).unwrap_err().is_damaged(), "{shape:?}");
        }
        write(&path, &trial(), |file| file.array("bytes", &[1], &[0_u8])).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("`values`"));
    }

    #[test]
    fn a_disk_that_fails_damages_nothing() {
        let path = Path::new("a.npz");
        let read = NpzError::Read {
            path: path.to_owned(),
            // EIO.
            source: io::Error::from_raw_os_error(5),
        };
        let error = damaged(path, "", read);
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        let cut = NpzError::NotAnArchive {
            path: path.to_owned(),
            reason: "cut short".to_owned(),
        };
        assert!(damaged(path, "", cut).is_damaged());
    }

    #[test]
    fn a_bomb_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let zeros = vec![0_u8; 1 << 20];
        write(&path, &trial(), |file| {
            file.array("bytes", &[2 << 30], &zeros)?;
            (1..4).try_for_each(|_| file.zip.write_all(&zeros))
        })
        .unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 100_000);
        assert!(read(&path).unwrap_err().is_damaged());
    }
}
