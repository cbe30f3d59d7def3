//! Arrays from a pipe: kept in a temporary file, since an archive is read from its end.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::fault::{ArrayFault, NpzError};
use super::file::ArrayFile;
use super::header::{Header, HeaderFault};
use super::kind::{self, FileKind};
use super::open::{Form, first_bytes};
use super::place::ArrayPlace;

/// The most bytes of a stream that are kept: 4 GiB.
pub const MAX_STREAM_BYTES: u64 = 4 << 30;

/// Bytes that are copied at once.
const CHUNK: usize = 1 << 18;

impl ArrayFile {
    /// Reads a stream to its end, into a temporary file that no folder lists, and opens that; `name` is for messages.
    ///
    /// What is neither a `.npy` nor an `.npz` is refused by its first bytes, and of a `.npy` no more is read than its header
    /// promises.
    ///
    /// # Errors
    /// When the stream cannot be read or kept, brings more than [`MAX_STREAM_BYTES`], or what it brings is not right.
    pub fn of_stream(name: &Path, stream: impl Read) -> Result<Self, NpzError> {
        let mut file = tempfile::tempfile().map_err(|source| unkept(name, source))?;
        let n_bytes = keep(name, stream, &file, MAX_STREAM_BYTES)?;
        file.rewind().map_err(|source| unkept(name, source))?;
        Self::over(name, file, n_bytes)
    }
}

/// Copies the stream to the end of the file, `limit` bytes at most, and says how many they are.
fn keep(name: &Path, mut stream: impl Read, mut file: &File, limit: u64) -> Result<u64, NpzError> {
    let unread = |source| NpzError::Read {
        path: name.to_owned(),
        source,
    };
    let mut start = first_bytes(&mut stream).map_err(unread)?;
    let promised = match Form::of(&start) {
        None => {
            let start = kind::extended(start, &mut stream).map_err(unread)?;
            return Err(NpzError::NoArrays {
                path: name.to_owned(),
                kind: FileKind::of_start(&start),
            });
        }
        Some(Form::Archive) => None,
        Some(Form::Array) => Some(promised(name, &mut stream, &mut start)?),
    };
    if promised.is_some_and(|promised| limit < promised) {
        return Err(endless(name, limit));
    }
    // One byte more than there may be says that there are too many.
    let most = promised.unwrap_or(limit).saturating_add(1);
    file.write_all(&start)
        .map_err(|source| unkept(name, source))?;
    let mut kept = start.len() as u64;
    let mut chunk = vec![0; CHUNK];
    while kept < most {
        let room = (most - kept).min(CHUNK as u64) as usize;
        match stream.read(&mut chunk[..room]) {
            Ok(0) => break,
            Ok(n) => {
                file.write_all(&chunk[..n])
                    .map_err(|source| unkept(name, source))?;
                kept += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
    match limit < kept {
        true => Err(endless(name, limit)),
        false => Ok(kept),
    }
}

/// Bytes that the header of a `.npy` promises, itself with them. What is read of it is added to `start`.
fn promised(name: &Path, stream: &mut impl Read, start: &mut Vec<u8>) -> Result<u64, NpzError> {
    let mut copied = Copied {
        again: start.clone(),
        position: 0,
        stream,
    };
    let header = Header::read(&mut copied);
    *start = copied.again;
    let fault = match header {
        Ok((header, header_bytes)) => match header.n_bytes() {
            Some(n_bytes) => return Ok(n_bytes.saturating_add(header_bytes)),
            // The reader of the array says what is wrong with it; it needs no more than the header.
            None => return Ok(header_bytes),
        },
        Err(HeaderFault::Read(source)) => ArrayFault::Damaged { source },
        Err(HeaderFault::Text(reason)) => ArrayFault::Header { reason },
    };
    Err(ArrayPlace::new(name, None).fault(fault))
}

/// A stream of which some bytes are there already, and which keeps what is read of it.
struct Copied<'a, R> {
    again: Vec<u8>,
    position: usize,
    stream: &'a mut R,
}

impl<R: Read> Read for Copied<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position == self.again.len() {
            let n = self.stream.read(out)?;
            self.again.extend(&out[..n]);
            self.position += n;
            return Ok(n);
        }
        let n = (&self.again[self.position..]).read(out)?;
        self.position += n;
        Ok(n)
    }
}

fn endless(name: &Path, limit: u64) -> NpzError {
    NpzError::Endless {
        path: name.to_owned(),
        limit,
    }
}

fn unkept(name: &Path, source: io::Error) -> NpzError {
    NpzError::Keep {
        path: name.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrays::sample;

    /// What is kept of a stream of these bytes.
    fn kept(bytes: impl Read, limit: u64) -> Result<u64, String> {
        let file = tempfile::tempfile().unwrap();
        let n = keep("standard input".as_ref(), bytes, &file, limit);
        let n = n.map_err(|error| error.to_string())?;
        assert_eq!(file.metadata().unwrap().len(), n);
        Ok(n)
    }

    #[test]
    fn a_stream_is_read_as_a_file_is() {
        let array = sample::array("|u1", &[2, 2], &[1, 2, 3, 4]);
        let read = |bytes: &[u8]| ArrayFile::of_stream("standard input".as_ref(), bytes);
        let Ok(ArrayFile::Array(reader)) = read(&array) else {
            panic!("it is an array");
        };
        assert_eq!(reader.integers().unwrap(), [1, 2, 3, 4]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.npz");
        sample::write(
            &path,
            zip::CompressionMethod::Deflated,
            &[("a", array.clone())],
        );
        let archive = std::fs::read(&path).unwrap();
        let Ok(ArrayFile::Archive(mut archive)) = read(&archive) else {
            panic!("it is an archive");
        };
        assert_eq!(
            archive.array("a").unwrap().integers().unwrap(),
            [1, 2, 3, 4]
        );
        for n in 0..array.len() {
            let message = read(&array[..n]).unwrap_err().to_string();
            assert!(message.contains("standard input"), "{message}");
        }
    }

    #[test]
    fn a_stream_without_end_is_left_in_a_sentence() {
        let refused = kept(io::repeat(b'y'), 1 << 40).unwrap_err();
        assert!(
            refused.contains("is a text file, not a .npy or an .npz"),
            "{refused}"
        );
        let archive = || (&b"PK\x03\x04"[..]).chain(io::repeat(0));
        let refused = kept(archive(), 1 << 20).unwrap_err();
        assert!(refused.contains("more than 1048576 bytes"), "{refused}");
        assert_eq!(kept(archive().take(1 << 20), 1 << 20), Ok(1 << 20));
        // Of an array one byte more is read than it promises, and the array's reader refuses that.
        let array = sample::array("|u1", &[4], &[1, 2, 3, 4]);
        let n = array.len() as u64;
        assert_eq!(kept((&array[..]).chain(io::repeat(0)), 1 << 40), Ok(n + 1));
        let stream = (&array[..]).chain(io::repeat(0));
        let refused = ArrayFile::of_stream("standard input".as_ref(), stream).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("states 132 bytes, but there are 133")
        );
        // Nothing is kept of one that promises too many.
        let array = sample::array("<f8", &[1 << 50], &[]);
        let refused = kept((&array[..]).chain(io::repeat(0)), 1 << 20).unwrap_err();
        assert!(refused.contains("write the data to a file"), "{refused}");
    }
}
