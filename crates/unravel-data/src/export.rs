//! Writing the rendered dSprites as the official npz.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use crate::arrays::Header;
use crate::dsprites::{Dsprites, N_IMAGES, SIDE, latents};
use crate::fails_once::FailsOnce;
use crate::npz::IMAGES_PER_REPORT;
use crate::target::check_replaceable;

/// The array `metadata` as NumPy stores it: a header and a pickled dictionary with the official
/// fields. Made by `scripts/make_metadata.py`, the same in every export.
const METADATA: &[u8] = include_bytes!("../assets/metadata.npy");

/// Why an export failed. Nothing is left at the path then, or what was there before.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}; check the folder, its permissions and the free space", path.display())]
pub struct ExportError {
    path: PathBuf,
    source: io::Error,
}

impl ExportError {
    /// Whether the caller asked for it.
    pub fn is_interruption(&self) -> bool {
        self.source.kind() == io::ErrorKind::Interrupted
    }
}

/// Before and after the name of a file that is being written. While it is, it is locked; so one that is not locked was
/// left by a process that was killed, and the next export beside it removes it.
const TEMPORARY: [&str; 2] = [".export-", ".npz.tmp"];

/// Writes all 737,280 images to `path`, as NumPy and the tools for dSprites read them.
///
/// The arrays, in the official order: `metadata` (a pickled dictionary), `imgs` uint8
/// `[737280, 64, 64]` of zeros and ones, `latents_classes` int64 `[737280, 6]`, `latents_values`
/// float64 `[737280, 6]`; all deflated. The bytes are the same at every export. A file at `path`
/// is replaced, in one step and only when the new one is complete.
///
/// `progress(done, total)` is called with numbers of images now and then, and says whether to go on.
///
/// # Errors
/// When the file cannot be written, or `progress` breaks it off.
pub fn export_npz(
    path: impl AsRef<Path>,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<(), ExportError> {
    let path = path.as_ref();
    export(path, &mut progress).map_err(|source| ExportError {
        path: path.to_owned(),
        source,
    })
}

type Progress<'a> = dyn FnMut(usize, usize) -> ControlFlow<()> + 'a;

fn export(path: &Path, progress: &mut Progress<'_>) -> io::Result<()> {
    check_replaceable(path)?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    remove_abandoned(folder);
    let mut temporary = tempfile::Builder::new();
    temporary.prefix(TEMPORARY[0]).suffix(TEMPORARY[1]);
    // Not the private permissions of a temporary file, but those of any new one.
    #[cfg(unix)]
    temporary.permissions(readable());
    let mut file = temporary.tempfile_in(folder)?;
    // Where a file system has no locks, an export beside this one may remove its file, and `persist` says so.
    let _ = file.as_file().try_lock();
    write_npz(BufWriter::new(file.as_file_mut()), N_IMAGES, progress)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Without this the new name may be lost with the power. Only Unix opens folders.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Removes what killed exports have left in this folder; what cannot be removed stays.
fn remove_abandoned(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_temporary = name.starts_with(TEMPORARY[0]) && name.ends_with(TEMPORARY[1]);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_temporary && is_file && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(unix)]
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// Writes the first `n` images.
fn write_npz(to: impl Write + Seek, n: usize, progress: &mut Progress<'_>) -> io::Result<()> {
    let mut tell = |done| match progress(done, n) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "it was interrupted",
        )),
    };
    let mut zip = ZipWriter::new(FailsOnce::new(to));
    start(&mut zip, "metadata")?;
    zip.write_all(METADATA)?;

    start_array(&mut zip, "imgs", "|u1", &[n, SIDE, SIDE])?;
    let (dsprites, mut image) = (Dsprites::new(), [0; SIDE * SIDE]);
    for index in 0..n {
        if index % IMAGES_PER_REPORT == 0 {
            tell(index)?;
        }
        crate::bits::unpack_bytes(&dsprites.rows(index), &mut image);
        zip.write_all(&image)?;
    }

    start_array(
        &mut zip,
        "latents_classes",
        "<i8",
        &[n, latents::SIZES.len()],
    )?;
    for index in 0..n {
        for class in latents::classes(index) {
            zip.write_all(&(class as u64).to_le_bytes())?;
        }
    }

    start_array(
        &mut zip,
        "latents_values",
        "<f8",
        &[n, latents::SIZES.len()],
    )?;
    for index in 0..n {
        for value in latents::values(index) {
            zip.write_all(&value.to_le_bytes())?;
        }
    }
    zip.finish().map_err(io_error)?.flush()?;
    tell(n)
}

fn start_array<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    key: &str,
    descr: &str,
    shape: &[usize],
) -> io::Result<()> {
    start(zip, key)?;
    let header = Header {
        descr: descr.to_owned(),
        fortran_order: false,
        shape: shape.iter().map(|&axis| axis as u64).collect(),
    };
    zip.write_all(&header.to_bytes())
}

fn start<W: Write + Seek>(zip: &mut ZipWriter<W>, key: &str) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(6));
    zip.start_file(format!("{key}.npy"), options)
        .map_err(io_error)
}

fn io_error(fault: ZipError) -> io::Error {
    match fault {
        ZipError::Io(fault) => fault,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrays::Archive;

    #[test]
    fn the_first_images_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.npz");
        let (n, mut reports) = (70, Vec::new());
        let file = File::create(&path).unwrap();
        let mut progress = |done, total| {
            reports.push((done, total));
            ControlFlow::Continue(())
        };
        write_npz(file, n, &mut progress).unwrap();
        assert_eq!(reports, [(0, n), (n, n)]);

        let mut archive = Archive::open(&path).unwrap();
        let images = archive.array("imgs").unwrap();
        assert_eq!(
            (images.descr(), images.shape()),
            ("|u1", [70, 64, 64].as_slice())
        );
        let images: Vec<u8> = images.values().unwrap();
        let dsprites = Dsprites::new();
        for (index, image) in images.chunks(SIDE * SIDE).enumerate() {
            let rows = dsprites.rows(index);
            for (p, &pixel) in image.iter().enumerate() {
                assert_eq!(u64::from(pixel), rows[p / 64] >> (p % 64) & 1);
            }
        }
        let classes = archive.array("latents_classes").unwrap();
        assert_eq!(
            (classes.descr(), classes.shape()),
            ("<i8", [70, 6].as_slice())
        );
        assert_eq!(classes.integers().unwrap()[69 * 6 + 4], 2);
        let values = archive.array("latents_values").unwrap();
        assert_eq!(
            (values.descr(), values.shape()),
            ("<f8", [70, 6].as_slice())
        );
        assert_eq!(values.values::<f64>().unwrap()[69 * 6 + 4], 2.0 / 31.0);
    }

    /// Takes as many bytes as it says, and refuses all after those.
    struct Full {
        room: usize,
        n_refused: usize,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.room {
                0 => {
                    self.n_refused += 1;
                    Err(io::ErrorKind::StorageFull.into())
                }
                room => {
                    let n = room.min(bytes.len());
                    self.room -= n;
                    Ok(n)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn a_full_disk_is_written_to_no_more_once_it_has_refused() {
        for room in [0, 10, 700, 3000] {
            let mut full = Full { room, n_refused: 0 };
            let fault = write_npz(&mut full, 70, &mut |_, _| ControlFlow::Continue(()));
            assert_eq!(fault.unwrap_err().kind(), io::ErrorKind::StorageFull);
            // A second refusal would come from the archive's end, whose writer prints it.
            assert_eq!(full.n_refused, 1, "{room}");
        }
    }

    #[test]
    fn metadata_is_a_pickled_object_with_the_official_fields() {
        let (header, n) = Header::read(&mut &METADATA[..]).unwrap();
        assert_eq!(
            (header.descr.as_str(), header.shape.as_slice()),
            ("|O", [].as_slice())
        );
        let pickle = String::from_utf8_lossy(&METADATA[n as usize..]);
        for field in [
            "date",
            "description",
            "version",
            "latents_names",
            "latents_sizes",
        ] {
            assert!(pickle.contains(field), "{field}");
        }
        // NumPy 2 still finds this module; NumPy 1 does not find its new name.
        assert!(pickle.contains("numpy.core.multiarray"));
        assert!(!pickle.contains("numpy._core"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("dsprites.npz");
        let message = export_npz(&path, |_, _| panic!("began"))
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(&format!("cannot write {}", path.display())),
            "{message}"
        );
        assert!(export_npz(folder.path(), |_, _| panic!("began")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_export_that_is_broken_off_leaves_nothing_and_cleans_what_a_killed_one_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dsprites.npz");
        std::fs::write(&path, "there before").unwrap();
        let names = || -> std::collections::BTreeSet<String> {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
            entries.map(|e| name(e).into_string().unwrap()).collect()
        };
        std::fs::write(folder.path().join(".export-killed.npz.tmp"), "half").unwrap();
        let of_another = folder.path().join(".export-at-work.npz.tmp");
        let locked = File::create(&of_another).unwrap();
        locked.lock().unwrap();
        let error = export_npz(&path, |_, _| ControlFlow::Break(())).unwrap_err();
        assert!(error.is_interruption(), "{error}");
        let left = [".export-at-work.npz.tmp", "dsprites.npz"].map(str::to_owned);
        assert_eq!(names(), left.into());
        assert_eq!(std::fs::read(&path).unwrap(), b"there before");
    }
}
