//! What an open npz holds of memory, in a process that does nothing else.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write;

use unravel_data::arrays::Header;
use unravel_data::{NpzObservations, Observations};

/// Images of 2 MiB.
const SHAPE: [u64; 3] = [48, 1024, 2048];

#[test]
fn images_are_held_once_while_they_are_read_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let n_bytes = SHAPE.iter().product::<u64>();
    // Bytes from the first image on, and from the last only.
    for (name, first_gray) in [("gray", 0), ("late", SHAPE[0] - 1)] {
        let path = folder.path().join(name);
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        let mut array = |name: &str, descr: &str, shape: &[u64]| {
            let header = Header {
                descr: descr.to_owned(),
                fortran_order: false,
                shape: shape.to_vec(),
            };
            let options = zip::write::SimpleFileOptions::default();
            archive.start_file(format!("{name}.npy"), options).unwrap();
            archive.write_all(&header.to_bytes()).unwrap();
            for image in 0..shape[0] {
                let value = if first_gray <= image { 200 } else { 1 };
                match name {
                    "imgs" => archive.write_all(&vec![value; (SHAPE[1] * SHAPE[2]) as usize]),
                    _ => archive.write_all(&[image as u8]),
                }
                .unwrap();
            }
        };
        array("imgs", "|u1", &SHAPE);
        array("latents_classes", "|u1", &[SHAPE[0], 1]);
        archive.finish().unwrap();

        let before = bytes_of_memory("VmRSS:");
        let read = NpzObservations::open(&path).unwrap();
        let (held, most) = (
            bytes_of_memory("VmRSS:") - before,
            bytes_of_memory("VmHWM:") - before,
        );
        assert_eq!(read.held_bytes(), n_bytes);
        // What is read on the way is a chunk, and images of zeros and ones are an eighth as bits.
        let limit = n_bytes + n_bytes / 8 + (16 << 20);
        assert!(
            n_bytes <= held && held <= limit && most <= limit,
            "{name}: {held}, {most} at the most"
        );
    }
}

/// A number of bytes in what the system says of this process.
fn bytes_of_memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap();
    1024 * line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse::<u64>()
        .unwrap()
}
