//! Small npz files, written by hand.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Sizes of the factors of the images that [`write`] writes.
const SIZES: [usize; 3] = [3, 2, 2];

/// One array of a file.
pub struct NpyArray {
    pub key: &'static str,
    pub descr: &'static str,
    pub shape: Vec<usize>,
    pub data: Vec<u8>,
}

impl NpyArray {
    /// Twelve images of `side` x `side` pixels, each other than the rest: a block in a place of its own.
    pub fn images(side: usize) -> Self {
        let n = SIZES.iter().product::<usize>();
        let is_block =
            |i: usize, p: usize| p / side * 4 / side == i % 4 && p % side * 3 / side == i / 4;
        let data = (0..n * side * side).map(|at| is_block(at / (side * side), at % (side * side)));
        Self {
            key: "imgs",
            descr: "|u1",
            shape: vec![n, side, side],
            data: data.map(u8::from).collect(),
        }
    }

    /// Their factors, every combination once, the last fastest.
    pub fn classes() -> Self {
        Self::classes_of(&SIZES)
    }

    /// Factors of these sizes, every combination once, the last fastest.
    pub fn classes_of(sizes: &[usize]) -> Self {
        let n: usize = sizes.iter().product();
        let classes = |i: usize| {
            let places = (0..sizes.len()).map(|at| sizes[at + 1..].iter().product::<usize>());
            places.zip(sizes).map(move |(place, size)| i / place % size)
        };
        let bytes = |class| (class as i64).to_le_bytes();
        Self {
            key: "latents_classes",
            descr: "<i8",
            shape: vec![n, sizes.len()],
            data: (0..n).flat_map(classes).flat_map(bytes).collect(),
        }
    }

    /// The same data under another shape.
    pub fn shaped(self, shape: &[usize]) -> Self {
        Self {
            shape: shape.to_vec(),
            ..self
        }
    }

    /// The file format of NumPy, version 1.
    fn to_bytes(&self) -> Vec<u8> {
        let shape: Vec<String> = self.shape.iter().map(|n| format!("{n},")).collect();
        let header = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}\n",
            self.descr,
            shape.join(" ")
        );
        let n_bytes = u16::try_from(header.len()).unwrap();
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(n_bytes.to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(&self.data);
        bytes
    }
}

/// An array of which all but the first bytes are zero, so that it deflates to a thousandth.
pub struct Bomb {
    pub key: &'static str,
    pub descr: &'static str,
    pub shape: Vec<usize>,
    /// Bytes of an element.
    pub width: usize,
    pub first: Vec<u8>,
}

impl Bomb {
    /// Zeros only.
    pub fn zeros(key: &'static str, descr: &'static str, width: usize, shape: &[usize]) -> Self {
        Self {
            key,
            descr,
            shape: shape.to_vec(),
            width,
            first: Vec::new(),
        }
    }
}

/// Writes an npz with these arrays, which are never held.
pub fn write_bombs(path: &Path, bombs: &[Bomb]) {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_level(Some(1));
    for bomb in bombs {
        archive
            .start_file(format!("{}.npy", bomb.key), options.large_file(true))
            .unwrap();
        let array = NpyArray {
            key: bomb.key,
            descr: bomb.descr,
            shape: bomb.shape.clone(),
            data: bomb.first.clone(),
        };
        archive.write_all(&array.to_bytes()).unwrap();
        let n_bytes = bomb.shape.iter().product::<usize>() * bomb.width;
        let mut left = n_bytes - bomb.first.len();
        while 0 < left {
            let n = left.min(ZEROS.len());
            archive.write_all(&ZEROS[..n]).unwrap();
            left -= n;
        }
    }
    archive.finish().unwrap();
}

/// Writes an npz with these arrays.
pub fn write(path: &Path, arrays: &[NpyArray]) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for array in arrays {
        let name = format!("{}.npy", array.key);
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&array.to_bytes()).unwrap();
    }
    archive.finish().unwrap();
}
