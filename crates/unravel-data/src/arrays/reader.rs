//! One array on its way out of a file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::fault::{ArrayFault, NpzError};
use super::header::{Header, HeaderFault};
use super::open;
use super::place::ArrayPlace;
use crate::free_memory;

/// The most bytes that an array may have, unpacked: 16 GiB.
pub(super) const MAX_BYTES: u64 = 16 << 30;

/// An array whose elements are still to be read, once and in their order.
pub struct ArrayReader<'a> {
    place: ArrayPlace,
    header: Header,
    /// What follows the header.
    bytes: Box<dyn Read + 'a>,
}

impl ArrayReader<'static> {
    /// Opens a `.npy`.
    ///
    /// # Errors
    /// When it cannot be opened, its header is not right, or it is not as long as its header says.
    pub fn open(path: &Path) -> Result<Self, NpzError> {
        let (file, n_bytes) = open::open(path)?;
        Self::over(path, file, n_bytes)
    }

    /// A `.npy` in an open file of `n_bytes` bytes; `path` is for messages.
    pub(super) fn over(path: &Path, file: File, n_bytes: u64) -> Result<Self, NpzError> {
        Self::new(ArrayPlace::new(path, None), BufReader::new(file), n_bytes)
    }
}

impl<'a> ArrayReader<'a> {
    /// Reads the header of an array that takes `held` bytes with it, and finds them to be what it promises.
    pub(super) fn new(
        place: ArrayPlace,
        mut bytes: impl Read + 'a,
        held: u64,
    ) -> Result<Self, NpzError> {
        match checked_header(&mut bytes, held) {
            Ok(header) => Ok(Self {
                place,
                header,
                bytes: Box::new(bytes),
            }),
            Err(fault) => Err(place.fault(fault)),
        }
    }

    /// NumPy's type string, such as `<f4`.
    #[must_use]
    pub fn descr(&self) -> &str {
        &self.header.descr
    }

    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.header.shape
    }

    /// Number of elements.
    #[must_use]
    pub fn n_elements(&self) -> usize {
        // In bytes it was compared with what is there; only elements of no bytes can be too many to count.
        let product = |n: u64, &axis: &u64| n.checked_mul(axis);
        let n = self.header.shape.iter().try_fold(1, product);
        n.and_then(|n| usize::try_from(n).ok())
            .unwrap_or(usize::MAX)
    }

    /// Bytes of all elements.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        // It was counted when the header was read.
        self.header.n_bytes().unwrap_or(u64::MAX)
    }

    /// Whether the elements lie columns first, so that their order is not that of the rows.
    #[must_use]
    pub fn is_by_columns(&self) -> bool {
        self.header.fortran_order && 1 < self.header.shape.len()
    }

    /// The lengths of its `N` axes, each above 0.
    ///
    /// # Errors
    /// When it has another number of axes, or is empty; the message asks for `expected`.
    pub fn axes<const N: usize>(&self, expected: &str) -> Result<[usize; N], NpzError> {
        let lengths: Result<[u64; N], _> = self.header.shape.as_slice().try_into();
        match lengths {
            Ok(lengths) if !lengths.contains(&0) => Ok(lengths.map(|length| length as usize)),
            Ok(_) => Err(self.wrong_shape(format!("{expected}, each above 0,"))),
            Err(_) => Err(self.wrong_shape(expected)),
        }
    }

    /// Where the array is, for faults found once it is read.
    #[must_use]
    pub fn place(&self) -> ArrayPlace {
        self.place.clone()
    }

    /// `fault`, in this array.
    #[must_use]
    pub fn fault(&self, fault: ArrayFault) -> NpzError {
        self.place.fault(fault)
    }

    /// The fault of having this dtype and not `expected`; `remedy` says how to convert it without a loss.
    #[must_use]
    pub fn wrong_dtype(&self, expected: &'static str, remedy: &'static str) -> NpzError {
        let found = self.header.descr.clone();
        let remedy = match found.starts_with('>') {
            true => "x.astype(x.dtype.newbyteorder(\"<\")) keeps its values",
            false => remedy,
        };
        self.fault(ArrayFault::Dtype {
            found,
            expected,
            remedy,
        })
    }

    /// The fault of having this shape and not `expected`.
    #[must_use]
    pub fn wrong_shape(&self, expected: impl Into<String>) -> NpzError {
        self.wrong_shape_with(expected, None)
    }

    /// The fault of having this shape and not `expected`; `remedy` says how to make the one of the other.
    pub(crate) fn wrong_shape_with(
        &self,
        expected: impl Into<String>,
        remedy: Option<String>,
    ) -> NpzError {
        self.fault(ArrayFault::Shape {
            found: self.header.shape.clone(),
            expected: expected.into(),
            remedy,
        })
    }

    /// `n` elements, all `value`, or the fault that there is no memory for them.
    ///
    /// # Errors
    /// [`ArrayFault::Memory`], before any is taken.
    pub fn room<T: Copy>(&self, n: usize, value: T) -> Result<Vec<T>, NpzError> {
        free_memory::filled(n, value).map_err(|fault| self.fault(fault))
    }

    /// Reads the next elements' bytes, in the order of the file.
    ///
    /// # Errors
    /// When the file ends early or does not unpack.
    pub fn read(&mut self, out: &mut [u8]) -> Result<(), NpzError> {
        let read = self.bytes.read_exact(out);
        read.map_err(|source| self.fault(ArrayFault::Damaged { source }))
    }

    /// Checks that all elements were read and that their checksum, if the file has one, is right.
    ///
    /// # Errors
    /// When something follows, or the checksum is another.
    pub fn finish(mut self) -> Result<(), NpzError> {
        match self.bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "bytes follow its end");
                Err(self.fault(ArrayFault::Damaged { source }))
            }
            Err(source) => Err(self.fault(ArrayFault::Damaged { source })),
        }
    }
}

impl fmt::Debug for ArrayReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ArrayReader");
        debug
            .field("place", &self.place)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The header, once the number of bytes that it promises is found to be there.
fn checked_header(bytes: &mut impl Read, held: u64) -> Result<Header, ArrayFault> {
    let (header, header_bytes) = Header::read(bytes).map_err(|fault| match fault {
        HeaderFault::Read(source) => ArrayFault::Damaged { source },
        HeaderFault::Text(reason) => ArrayFault::Header { reason },
    })?;
    if header.is_of_objects() {
        return Err(ArrayFault::Pickled);
    }
    if !header.is_of_known_size() {
        return Err(unread(&header));
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
    if MAX_BYTES < held {
        return Err(ArrayFault::TooLarge {
            bytes: held,
            limit: MAX_BYTES,
        });
    }
    Ok(header)
}

/// The fault of having elements of a type that is not read.
fn unread(header: &Header) -> ArrayFault {
    /// Characters of a list of fields that are shown.
    const SHOWN: usize = 80;
    let descr = header.descr.as_str();
    let found = match header.is_of_fields() {
        true if SHOWN < descr.chars().count() => {
            let shown: String = descr.chars().take(SHOWN).collect();
            format!("a structure of the fields {shown}…")
        }
        true => format!("a structure of the fields {descr}"),
        false => format!("'{descr}'"),
    };
    let remedy = match descr
        .trim_start_matches(['<', '>', '|', '='])
        .chars()
        .next()
    {
        Some('m' | 'M') => "x.astype(np.int64) keeps its values, in the units of the dtype",
        Some('[') => {
            "numpy.lib.recfunctions.structured_to_unstructured(x) makes a column of each field, where the fields are numbers"
        }
        _ => "convert it to one of these with .astype, and compare the values before and after",
    };
    ArrayFault::Unread { found, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fails_is_told_from_a_file_that_is_damaged() {
        let place = ArrayPlace::new("codes.npz".as_ref(), Some("codes"));
        let damaged = |source| place.fault(ArrayFault::Damaged { source });
        // EIO, as a disk that fails has it.
        let error = damaged(io::Error::from_raw_os_error(5));
        assert!(matches!(error, NpzError::Read { .. }), "{error}");
        let error = damaged(io::ErrorKind::UnexpectedEof.into());
        assert!(matches!(error, NpzError::Array { .. }), "{error}");
    }
}
