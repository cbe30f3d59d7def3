//! What can be wrong with a file of arrays, each said in one sentence with the way out.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::kind::FileKind;
use super::place::ArrayPlace;

/// Why an npz, or a `.npy`, cannot be read.
#[derive(Debug, Error)]
pub enum NpzError {
    /// The file does not open.
    #[error("cannot open {}: {source}; check the path and its permissions", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed while the file was read, which says nothing against the file.
    #[error(
        "cannot read {}: {source}; the disk or the connection to it failed, so try again",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a `.npy` nor an `.npz`.
    #[error(
        "{} is {}",
        path.display(),
        match kind {
            Some(FileKind { name, remedy }) => format!("{name}, not a .npy or an .npz; {remedy}"),
            None => "not a .npy or an .npz; write it with numpy.save or numpy.savez_compressed".to_owned(),
        }
    )]
    NoArrays {
        /// The file.
        path: PathBuf,
        /// What it is, where that is known.
        kind: Option<FileKind>,
    },
    /// A whole file, perhaps, but no `.npz`.
    #[error("{} is {}, not an npz; {}", path.display(), kind.name, kind.remedy)]
    NotAnNpz {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// The file is no zip archive, or not all of one.
    #[error(
        "{} is not a complete npz, which is a zip archive ({reason}); \
         it may be truncated, so download or write it again",
        path.display()
    )]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What the archive reader met.
        reason: String,
    },
    /// A stream that is longer than what is kept of one.
    #[error(
        "{} has more than {limit} bytes; write the data to a file and pass its path",
        path.display()
    )]
    Endless {
        /// The stream.
        path: PathBuf,
        /// Bytes that are kept.
        limit: u64,
    },
    /// The bytes of a stream cannot be kept.
    #[error(
        "cannot copy {} to a temporary file: {source}; free space in the temporary folder (TMPDIR), or write the data to a \
         file and pass its path",
        path.display()
    )]
    Keep {
        /// The stream.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A needed array is not there.
    #[error("{} has no array \"{key}\"; {}; rename the array or use another file",
        path.display(), if found.is_empty() { "it has no arrays".to_owned() } else { format!("its arrays are {found}") })]
    Missing {
        /// The file.
        path: PathBuf,
        /// The array's key.
        key: String,
        /// Keys there are, joined by commas.
        found: String,
    },
    /// Something is wrong with one array.
    #[error("{place}: {fault}")]
    Array {
        /// The file, and the key of the array if it has one.
        place: ArrayPlace,
        /// What is wrong, boxed to keep results small.
        #[source]
        fault: Box<ArrayFault>,
    },
    /// A sound npz, but of another dataset than dSprites.
    #[error(
        "{} is not dSprites: it has {found}, but dSprites has 3x6x40x32x32 images of 64x64; \
         only dSprites can be verified",
        path.display()
    )]
    NotDsprites {
        /// The file.
        path: PathBuf,
        /// Grid and image size found.
        found: String,
    },
}

/// What is wrong with one array.
#[derive(Debug, Error)]
pub enum ArrayFault {
    /// The `.npy` header cannot be understood.
    #[error("the header is not that of a NumPy array ({reason}); write it again with NumPy")]
    Header {
        /// What was met.
        reason: String,
    },
    /// An element type of which no array is read.
    #[error(
        "its dtype is {found}, and only arrays of integers, floats, booleans and text are read; {remedy}"
    )]
    Unread {
        /// NumPy's type string, quoted, or the fields of a structure.
        found: String,
        /// How to convert it; `x` is the array.
        remedy: &'static str,
    },
    /// Another element type than needed.
    #[error("the dtype is '{found}', but {expected} is required; {remedy}")]
    Dtype {
        /// NumPy's type string, such as `<f4`.
        found: String,
        /// What is needed, in words.
        expected: &'static str,
        /// How to convert it without a loss, or what is lost; `x` is the array.
        remedy: &'static str,
    },
    /// Pixels that are no bytes, whatever their type.
    #[error("the dtype is '{found}' with {values}, but uint8 from 0 to 255 is required; {remedy}")]
    Pixels {
        /// NumPy's type string, such as `<f4`.
        found: String,
        /// What they are, in words.
        values: String,
        /// How to make bytes of them that show the same images.
        remedy: String,
    },
    /// Python objects, which only unpickling could read.
    #[error(
        "it contains pickled Python objects, which are never loaded; if the elements have the same type and shape, \
         np.array(x.tolist()) has a plain dtype"
    )]
    Pickled,
    /// Another shape than needed.
    #[error(
        "the shape is {found:?}, but {expected} is required{}",
        match remedy {
            Some(remedy) => format!("; {remedy}"),
            None => String::new(),
        }
    )]
    Shape {
        /// Lengths of its axes.
        found: Vec<u64>,
        /// What is needed, in words.
        expected: String,
        /// How to make the one of the other, where that can be told.
        remedy: Option<String>,
    },
    /// Columns first, where that is not supported: in all but matrices.
    #[error("it is stored column by column (Fortran order); save numpy.ascontiguousarray of it")]
    FortranOrder,
    /// A compression that NumPy does not write.
    #[error(
        "it is compressed with {method}, but only stored and deflate are supported; write it again with \
         numpy.savez_compressed"
    )]
    Compression {
        /// The zip method's name.
        method: String,
    },
    /// The header's shape and the file disagree about the number of bytes.
    #[error(
        "its header states {promised} bytes, but there are {held}; \
         it is truncated or damaged, so download or write it again"
    )]
    Length {
        /// Bytes that shape and dtype make, with the header.
        promised: u64,
        /// Bytes that are there, unpacked.
        held: u64,
    },
    /// More bytes than the cap, or than its packed form can unpack to.
    #[error(
        "its header states {bytes} bytes, but it can have at most {limit}; download or write the file again"
    )]
    TooLarge {
        /// Bytes claimed.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not enough memory.
    #[error(
        "it requires {bytes} bytes of memory{}; free memory or use a smaller file",
        match available {
            Some(available) => format!(", but only {available} are available"),
            None => ", which are not available".to_owned(),
        }
    )]
    Memory {
        /// Bytes needed.
        bytes: u64,
        /// Bytes left, where the system says it.
        available: Option<u64>,
    },
    /// More columns of factor values than any dataset has.
    #[error(
        "it has {found} columns of factor values, but at most {limit} are allowed; save one row for each image or code, and \
         one column for each factor"
    )]
    TooManyFactors {
        /// Columns found.
        found: usize,
        /// Columns allowed.
        limit: usize,
    },
    /// A factor value that is neither a class number nor to be put into a bin.
    #[error(
        "the value in row {row}, column {column} (from 0) is {value}, which is not a whole number (dtype '{dtype}'); {remedy}"
    )]
    NotWhole {
        /// NumPy's type string, such as `<f4`.
        dtype: String,
        /// The first row that has such a value.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
        /// What makes class numbers of such values.
        remedy: &'static str,
    },
    /// A factor value that is NaN or infinite.
    #[error(
        "the value in row {row}, column {column} (from 0) is {value}; factor values must be finite; remove the row"
    )]
    NotFinite {
        /// The first row that has such a value.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The bytes do not unpack: the file ends early or a checksum fails.
    #[error("it ends early or is damaged ({source}); download or write the file again")]
    Damaged {
        /// What the reader met.
        source: io::Error,
    },
    /// The rows are no complete factorial grid.
    #[error(
        "{reason}; every combination of factor values must occur exactly once; add the missing rows or remove the repeated ones"
    )]
    NotFactorial {
        /// What was found.
        reason: String,
    },
    /// No column of factor values varies.
    #[error("no column of it varies, so it has no factor; add rows in which a factor varies")]
    NoFactor,
    /// The factors' names cannot be used.
    #[error("{reason}; save one distinct, non-empty name per factor")]
    Names {
        /// What was found.
        reason: String,
    },
}

impl ArrayFault {
    /// What a second reading finds where the first one found something else.
    pub(crate) fn changed() -> Self {
        let source = io::Error::new(io::ErrorKind::InvalidData, "it changed while it was read");
        Self::Damaged { source }
    }
}

impl ArrayPlace {
    /// `fault`, at this place; [`NpzError::Read`] where it is the system's and not the file's.
    #[must_use]
    pub fn fault(&self, fault: ArrayFault) -> NpzError {
        match fault {
            // What unpacks wrongly or ends early has no number of the system's.
            ArrayFault::Damaged { source } if source.raw_os_error().is_some() => NpzError::Read {
                path: self.path.clone(),
                source,
            },
            fault => NpzError::Array {
                place: self.clone(),
                fault: Box::new(fault),
            },
        }
    }
}
