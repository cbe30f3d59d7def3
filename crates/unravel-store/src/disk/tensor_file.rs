//! Safetensors files that notice when a bit of them changed.
//!
//! The first entry of the metadata is the BLAKE3 hash of the whole file, taken with zeros in its own place. Any
//! safetensors reader opens these files; ours checks the hash before it believes anything else. The header is written
//! here, since the library's own writer orders metadata at random, and equal contents must give equal bytes.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use safetensors::{SafeTensors, View};
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::disk::atomic;
use crate::error::StoreError;

/// Far above any network of this field; a longer file is refused before it is read.
const MAX_BYTES: u64 = 1 << 30;
const MAX_HEADER_BYTES: u64 = 16 << 20;

const N_LENGTH_BYTES: usize = 8;
const BEFORE_HASH: &[u8] = br#"{"__metadata__":{"blake3":""#;
const HASH_START: usize = N_LENGTH_BYTES + BEFORE_HASH.len();
const HASH_END: usize = HASH_START + 64;
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const MISFIT: &str = "the checksum does not match the contents";

/// The values of one tensor to be written.
pub(crate) enum Values<'a> {
    F32(&'a [f32]),
    F64(Vec<f64>),
    U64(Vec<u64>),
}

impl Values<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
            Self::U64(_) => Dtype::U64,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::F32(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::F64(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::U64(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
    }
}

/// One tensor to be written.
pub(crate) struct Tensor<'a> {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Values<'a>,
}

/// Writes tensors with these metadata, in this order: those of 8 bytes a value should come first, for alignment.
///
/// # Errors
/// [`StoreError::Unwritable`] for a shape that does not fit its values or a name used twice.
pub(crate) fn write(
    path: &Path,
    metadata: BTreeMap<&str, String>,
    tensors: &[Tensor<'_>],
) -> Result<(), StoreError> {
    let mut header = serde_json::to_vec(&Header::new(path, metadata, tensors)?)
        .map_err(|error| StoreError::unwritable(path, error.to_string()))?;
    header.resize(header.len().next_multiple_of(N_LENGTH_BYTES), b' ');
    let n_data_bytes: usize = tensors.iter().map(n_bytes).sum();
    let mut bytes = Vec::with_capacity(N_LENGTH_BYTES + header.len() + n_data_bytes);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for tensor in tensors {
        tensor.values.write(&mut bytes);
    }
    let hash = blake3::hash(&bytes).to_hex();
    bytes[HASH_START..HASH_END].copy_from_slice(hash.as_bytes());
    atomic::write(path, &bytes)
}

fn n_bytes(tensor: &Tensor<'_>) -> usize {
    tensor.values.len() * (tensor.values.dtype().bitsize() / 8)
}

/// The JSON at the head of a safetensors file, in the order in which it is given.
struct Header<'a> {
    /// The hash first, whatever the others are called: its place in the file is fixed.
    metadata: Vec<(&'a str, String)>,
    tensors: Vec<(&'a str, TensorInfo)>,
}

impl<'a> Header<'a> {
    fn new(
        path: &Path,
        others: BTreeMap<&'a str, String>,
        tensors: &'a [Tensor<'_>],
    ) -> Result<Self, StoreError> {
        let mut metadata = vec![("blake3", NO_HASH.to_owned())];
        metadata.extend(others);
        let mut offset = 0;
        let mut infos = BTreeMap::new();
        let mut ordered = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            let (name, shape) = (tensor.name.as_str(), &tensor.shape);
            if shape.iter().product::<usize>() != tensor.values.len() {
                let what = format!(
                    "`{name}` of shape {shape:?} has {} values",
                    tensor.values.len()
                );
                return Err(StoreError::unwritable(path, what));
            }
            if infos.insert(name, ()).is_some() || name == "__metadata__" {
                return Err(StoreError::unwritable(
                    path,
                    format!("the name `{name}` is taken"),
                ));
            }
            let end = offset + n_bytes(tensor);
            let dtype = tensor.values.dtype();
            ordered.push((
                name,
                TensorInfo {
                    dtype,
                    shape: shape.clone(),
                    data_offsets: (offset, end),
                },
            ));
            offset = end;
        }
        Ok(Self {
            metadata,
            tensors: ordered,
        })
    }
}

impl Serialize for Header<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.tensors.len()))?;
        map.serialize_entry("__metadata__", &InOrder(&self.metadata))?;
        for (name, info) in &self.tensors {
            map.serialize_entry(name, info)?;
        }
        map.end()
    }
}

/// Entries of a JSON object, in their order.
struct InOrder<'a>(&'a [(&'a str, String)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A file whose checksum fits.
pub(crate) struct TensorFile {
    bytes: Vec<u8>,
}

/// Reads a file and verifies its checksum; `None` when there is none.
///
/// # Errors
/// [`StoreError::Damaged`] when anything in it changed; [`StoreError::Io`].
pub(crate) fn read(path: &Path) -> Result<Option<TensorFile>, StoreError> {
    let Some(mut bytes) = atomic::read(path, MAX_BYTES)? else {
        return Ok(None);
    };
    if bytes.len() < HASH_END || bytes[N_LENGTH_BYTES..HASH_START] != *BEFORE_HASH {
        return Err(StoreError::damaged(
            path,
            "it does not begin as a tensor file of this program",
        ));
    }
    // Its tensors are copied out of it.
    atomic::check_memory(path, bytes.len() as u64)?;
    let written: [u8; 64] = std::array::from_fn(|i| bytes[HASH_START + i]);
    bytes[HASH_START..HASH_END].copy_from_slice(NO_HASH.as_bytes());
    if written != *blake3::hash(&bytes).to_hex().as_bytes() {
        return Err(StoreError::damaged(path, MISFIT));
    }
    if MAX_HEADER_BYTES < n_header_bytes(&bytes) {
        return Err(StoreError::damaged(
            path,
            "its header is longer than it can be",
        ));
    }
    Ok(Some(TensorFile { bytes }))
}

/// Checks a file's checksum and lengths without holding its contents; its metadata, or `None` when there is none.
///
/// # Errors
/// As [`read`].
pub(crate) fn verify(path: &Path) -> Result<Option<Metadata>, StoreError> {
    let Some((mut file, n_bytes)) = atomic::open(path, MAX_BYTES)? else {
        return Ok(None);
    };
    let failed = |source| StoreError::io("read", path, source);
    let mut start = [0; HASH_END];
    if n_bytes < HASH_END as u64 {
        return Err(StoreError::damaged(path, "it is cut short"));
    }
    file.read_exact(&mut start).map_err(failed)?;
    let written: [u8; 64] = std::array::from_fn(|i| start[HASH_START + i]);
    start[HASH_START..].copy_from_slice(NO_HASH.as_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&start);
    // A file that grows meanwhile has an end as well.
    hasher.update_reader(file.take(MAX_BYTES)).map_err(failed)?;
    if written != *hasher.finalize().to_hex().as_bytes() {
        return Err(StoreError::damaged(path, MISFIT));
    }
    read_metadata(path)
}

/// The length of the header, which the first bytes tell.
fn n_header_bytes(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[i]))
}

impl TensorFile {
    /// The metadata and the tensors.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the header and the data do not fit each other.
    pub(crate) fn parts(&self, path: &Path) -> Result<(Metadata, SafeTensors<'_>), StoreError> {
        let damaged =
            |error: safetensors::SafeTensorError| StoreError::damaged(path, error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(damaged)?;
        Ok((metadata, tensors))
    }
}

/// The metadata alone, with the file's length checked against them but not its contents: some microseconds.
///
/// # Errors
/// [`StoreError::Damaged`] for a file that was cut short or has no readable header.
pub(crate) fn read_metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    let Some((mut file, n_file_bytes)) = atomic::open(path, MAX_BYTES)? else {
        return Ok(None);
    };
    let cut_short = |_| StoreError::damaged(path, "it is cut short");
    let mut length = [0; N_LENGTH_BYTES];
    file.read_exact(&mut length).map_err(cut_short)?;
    let length = n_header_bytes(&length);
    if MAX_HEADER_BYTES.min(n_file_bytes) < length {
        return Err(StoreError::damaged(
            path,
            "its header is longer than it can be",
        ));
    }
    let mut header = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact(&mut header).map_err(cut_short)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| StoreError::damaged(path, error.to_string()))?;
    let n_data_bytes = metadata.data_len() as u64;
    let n_expected_bytes = n_data_bytes.saturating_add(N_LENGTH_BYTES as u64 + length);
    if n_file_bytes != n_expected_bytes {
        let what =
            format!("its size is {n_file_bytes} bytes, but its header states {n_expected_bytes}");
        return Err(StoreError::damaged(path, what));
    }
    Ok(Some(metadata))
}

/// The f32 values of a tensor.
pub(crate) fn f32s(view: &impl View) -> Vec<f32> {
    view.data()
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

/// The f64 values of a tensor.
pub(crate) fn f64s(view: &impl View) -> Vec<f64> {
    view.data()
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect()
}

/// The u64 values of a tensor.
pub(crate) fn u64s(view: &impl View) -> Vec<u64> {
    view.data()
        .as_chunks()
        .0
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .collect()
}
