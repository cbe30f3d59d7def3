//! Starts of files, and members of archives.

use super::*;

/// The name of the kind of a file that begins like this.
fn name(start: &[u8]) -> &'static str {
    FileKind::of_start(start).map_or("", |kind| kind.name)
}

/// `bytes` behind so many others.
fn behind(n: usize, bytes: &[u8]) -> Vec<u8> {
    [vec![7; n].as_slice(), bytes].concat()
}

#[test]
fn files_are_known_by_their_first_bytes() {
    let hdf5 = b"\x89HDF\r\n\x1a\n\0\0\0\0";
    let cases: [(&[u8], &str); 24] = [
        (b"", "empty"),
        (hdf5, "an HDF5 file"),
        (&behind(2048, hdf5), "an HDF5 file"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
        (
            b"MATLAB 7.3 MAT-file, Platform: GLNXA64",
            "a MATLAB 7.3 file, that is HDF5",
        ),
        (
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
            "a PyTorch file",
        ),
        (
            b"\x80\x04\x95\x10\0\0\0",
            "a Python pickle, which may run any program and is never opened here",
        ),
        (
            b"(dp0\nS'imgs'\n",
            "a Python pickle, which may run any program and is never opened here",
        ),
        (b"\x93NUMPY\x01\0", "a .npy, that is one array alone"),
        (b"\x10\0\0\0\0\0\0\0{\"codes\":", "a safetensors file"),
        (
            b"\x55\x4c\x3d\x1e\x04\0\0\0",
            "a matrix file of the NORB datasets",
        ),
        (
            b"\0\0\x08\x03\0\0\xea\x60",
            "an IDX file, as MNIST has them",
        ),
        (b"\x1f\x8b\x08\0", "a gzip file"),
        (&behind(257, b"ustar\x0000"), "a tar archive"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS, not the file itself",
        ),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML>", "a web page"),
        (b"<HTML><body>404", "a web page"),
        (b"<?xml version=\"1.0\"?><Error>", "an XML document"),
        (b"{\"a\": [1]}", "a JSON text"),
        ("0.5,1\n0.25,\u{b2}".as_bytes(), "a text file"),
        (&[0; 100], "a file that begins with zeros"),
        (b"\x07\x01\x00\xfe\xff\x03 nobody knows", ""),
    ];
    for (start, expected) in cases {
        assert_eq!(name(start), expected, "{start:?}");
    }
    // A zip archive is for its own reader, and no text; nor is a character that the start cuts in two a fault.
    assert_eq!(FileKind::of_start(b"PK\x03\x04\x14\0\0\0"), None);
    assert_eq!(
        name("1,2 \u{b2}".as_bytes().split_last().unwrap().1),
        "a text file"
    );
}

#[test]
fn archives_are_known_by_their_members() {
    let of = |members: &[&str]| FileKind::of_zip(members.iter().copied());
    assert_eq!(of(&[]), None);
    assert_eq!(of(&["readme.txt", "imgs.npy"]), None);
    assert_eq!(
        of(&["model/version", "model/data.pkl", "model/data/0"]),
        Some(TORCH)
    );
    assert_eq!(of(&["images/a.png"]), Some(OTHER_ZIP));
}

#[test]
fn no_start_of_any_length_is_too_short() {
    let starts: [&[u8]; 3] = [
        &[0x80, 4, 0x95],
        b"\x10\0\0\0\0\0\0\0{\"",
        b"<!doctype html",
    ];
    for start in starts {
        for n in 0..start.len() {
            let _ = FileKind::of_start(&start[..n]);
        }
    }
}
