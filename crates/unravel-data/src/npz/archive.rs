//! An npz file and its arrays, sizes checked before anything is allocated.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::fault::{ArrayFault, NpzError};
use super::header::{Header, HeaderFault};

/// The most bytes that an array may have, unpacked: 16 GiB.
const MAX_BYTES: u64 = 16 << 30;

/// A byte of deflate unpacks to 1032 at most; who claims more is lying.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// An open npz.
pub(crate) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    file_bytes: u64,
}

impl Archive {
    /// Opens the archive and reads its table of contents.
    pub(crate) fn open(path: &Path) -> Result<Self, NpzError> {
        let path = path.to_owned();
        let (file, file_bytes) = match open_file(&path) {
            Ok(opened) => opened,
            Err(source) => return Err(NpzError::Open { path, source }),
        };
        match ZipArchive::new(BufReader::new(file)) {
            Ok(zip) => Ok(Self {
                path,
                zip,
                file_bytes,
            }),
            Err(fault) => Err(NpzError::NotAnArchive {
                reason: fault.to_string(),
                path,
            }),
        }
    }

    /// Whether there is an array `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.zip.index_for_name(&entry_name(key)).is_some()
    }

    /// The array `key`, its header read and its length found to be what the header promises.
    pub(crate) fn array(&mut self, key: &str) -> Result<Array<'_>, NpzError> {
        if !self.has(key) {
            return Err(NpzError::Missing {
                path: self.path.clone(),
                key: key.to_owned(),
                found: self.keys(),
            });
        }
        let place = Place {
            path: self.path.clone(),
            key: key.to_owned(),
        };
        match self.zip.by_name(&entry_name(key)) {
            Ok(reader) => Array::new(place, reader, self.file_bytes),
            Err(ZipError::Io(source)) => Err(place.fault(ArrayFault::Damaged { source })),
            Err(fault) => Err(NpzError::NotAnArchive {
                path: place.path,
                reason: fault.to_string(),
            }),
        }
    }

    /// The keys, for messages.
    fn keys(&self) -> String {
        let mut keys: Vec<&str> = self
            .zip
            .file_names()
            .filter_map(|name| name.strip_suffix(".npy"))
            .collect();
        keys.sort_unstable();
        match keys.as_slice() {
            [] => "none".to_owned(),
            keys => keys.join(", "),
        }
    }
}

fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, about.len()))
}

fn entry_name(key: &str) -> String {
    format!("{key}.npy")
}

/// Which array of which file, for errors.
#[derive(Clone)]
pub(crate) struct Place {
    path: PathBuf,
    key: String,
}

impl Place {
    /// `fault`, at this place.
    pub(crate) fn fault(&self, fault: ArrayFault) -> NpzError {
        NpzError::Array {
            path: self.path.clone(),
            key: self.key.clone(),
            fault: Box::new(fault),
        }
    }
}

/// An array whose elements are still to be read, in their order.
pub(crate) struct Array<'a> {
    place: Place,
    header: Header,
    reader: ZipFile<'a, BufReader<File>>,
}

impl<'a> Array<'a> {
    fn new(
        place: Place,
        mut reader: ZipFile<'a, BufReader<File>>,
        file_bytes: u64,
    ) -> Result<Self, NpzError> {
        match checked_header(&mut reader, file_bytes) {
            Ok(header) => Ok(Self {
                place,
                header,
                reader,
            }),
            Err(fault) => Err(place.fault(fault)),
        }
    }

    /// NumPy's type string.
    pub(crate) fn descr(&self) -> &str {
        &self.header.descr
    }

    /// Lengths of the axes.
    pub(crate) fn shape(&self) -> &[u64] {
        &self.header.shape
    }

    /// Where the array is, for faults found once it is read.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// `fault`, in this array.
    pub(crate) fn fault(&self, fault: ArrayFault) -> NpzError {
        self.place.fault(fault)
    }

    /// The fault of having this dtype and not `expected`.
    pub(crate) fn wrong_dtype(&self, expected: &'static str) -> NpzError {
        self.fault(ArrayFault::Dtype {
            found: self.header.descr.clone(),
            expected,
        })
    }

    /// The fault of having this shape and not `expected`.
    pub(crate) fn wrong_shape(&self, expected: impl Into<String>) -> NpzError {
        self.fault(ArrayFault::Shape {
            found: self.header.shape.clone(),
            expected: expected.into(),
        })
    }

    /// `n` elements, all `value`, or the fault that there is no memory for them.
    pub(crate) fn room<T: Copy>(&self, n: usize, value: T) -> Result<Vec<T>, NpzError> {
        let mut room = Vec::new();
        if room.try_reserve_exact(n).is_err() {
            let bytes = n as u64 * size_of::<T>() as u64;
            return Err(self.fault(ArrayFault::Memory { bytes }));
        }
        room.resize(n, value);
        Ok(room)
    }

    /// Reads the next elements' bytes.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<(), NpzError> {
        let read = self.reader.read_exact(out);
        read.map_err(|source| self.fault(ArrayFault::Damaged { source }))
    }

    /// Reads all elements' bytes, and that nothing follows.
    pub(crate) fn read_all(mut self) -> Result<Vec<u8>, NpzError> {
        // Fits: the length was checked against the cap.
        let n = self.header.n_bytes().unwrap_or(0) as usize;
        let mut bytes = self.room(n, 0)?;
        self.read(&mut bytes)?;
        self.finish()?;
        Ok(bytes)
    }

    /// Checks that all elements were read and that their checksum is right.
    pub(crate) fn finish(mut self) -> Result<(), NpzError> {
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "bytes follow its end");
                Err(self.fault(ArrayFault::Damaged { source }))
            }
            Err(source) => Err(self.fault(ArrayFault::Damaged { source })),
        }
    }
}

/// The header of the array in `entry`, once the sizes that the archive and the header claim are
/// possible and agree.
fn checked_header(
    entry: &mut ZipFile<'_, BufReader<File>>,
    file_bytes: u64,
) -> Result<Header, ArrayFault> {
    let (held, packed) = (entry.size(), entry.compressed_size());
    let limit = match entry.compression() {
        CompressionMethod::Stored => packed,
        CompressionMethod::Deflated => packed.saturating_mul(MAX_DEFLATE_RATIO),
        other => {
            return Err(ArrayFault::Compression {
                method: format!("{other:?}"),
            });
        }
    };
    if file_bytes < packed {
        let source = io::Error::new(io::ErrorKind::UnexpectedEof, "longer than the file");
        return Err(ArrayFault::Damaged { source });
    }
    let limit = limit.min(MAX_BYTES);
    if limit < held {
        return Err(ArrayFault::TooLarge { bytes: held, limit });
    }
    let (header, header_bytes) = Header::read(entry).map_err(|fault| match fault {
        HeaderFault::Read(source) => ArrayFault::Damaged { source },
        HeaderFault::Text(reason) => ArrayFault::Header { reason },
    })?;
    if header.descr.contains('O') {
        return Err(ArrayFault::Pickled);
    }
    if header.fortran_order && 1 < header.shape.len() {
        return Err(ArrayFault::FortranOrder);
    }
    let Some(n_bytes) = header.n_bytes() else {
        return Err(ArrayFault::Header {
            reason: format!("dtype '{}' and shape {:?}", header.descr, header.shape),
        });
    };
    let promised = n_bytes.saturating_add(header_bytes);
    if promised != held {
        return Err(ArrayFault::Length { promised, held });
    }
    Ok(header)
}
